"""Timeline, latency and groups of requests linked by brushes: mark a time or a latency, and the rest follows."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from rca.errors import NoDataError
from rca.figures.theme import AFTER, BEFORE, PALETTE, Chart, label, times, titled

__all__ = ["explorer"]

_MOST_CELLS = 5_000
_GREY = "#d5d5d5"


def explorer(cells: pl.DataFrame, *, claim: str = "") -> Chart:
    """Draw requests over time, by latency and by group, linked: drag over one panel and the others count that part only.

    The grey bars behind stay those of all requests. As a file it is a plain figure of all of them.

    Parameters
    ----------
    cells
        From :func:`rca.request_cells`: ``bin_ns, from_ms, to_ms, group, requests, errors``.
    claim
        The title.

    Raises
    ------
    NoDataError
        When there is no cell.
    """
    if cells.is_empty():
        raise NoDataError("There is no request to draw.")
    width = int(str(cells["bin_ns"].unique().sort().diff().min() or 60_000_000_000)) // 1_000_000
    frame = times(cells.sort("requests", descending=True).head(_MOST_CELLS).sort("bin_ns"), "bin_ns")
    rows = [
        {"t": row["bin_ns"], "u": row["bin_ns"] + width, "a": round(row["from_ms"], 3), "b": round(row["to_ms"], 3), "g": label(row["group"], 40), "n": round(row["requests"], 2), "e": round(row["errors"], 2)}
        for row in frame.to_dicts()
    ]  # fmt: skip
    data = alt.InlineData(values=rows)
    during = alt.selection_interval(encodings=["x"], name="time")
    slow = alt.selection_interval(encodings=["x"], name="latency")
    # axes that stay as they are: were they to follow the data, each brush would move them under the pointer
    moments = [rows[0]["t"], max(row["u"] for row in rows)]
    lengths = [min(row["a"] for row in rows), max(row["b"] for row in rows)]
    below = alt.hconcat(_by_latency(data, during, slow, lengths), _by_group(data, during, slow), spacing=24)
    panels = (_over_time(data, during, slow, moments), below)
    n = float(cells["requests"].sum())
    return alt.vconcat(*panels, spacing=14).properties(
        title=titled(
            claim or "Requests by time, latency and group",
            f"n = {n:,.0f} requests (weighted); times in UTC",
            "drag over a panel: the others show that part; a double click ends it",
        )
    )


def _over_time(data: Any, during: Any, slow: Any, ends: list[Any]) -> Chart:
    base = alt.Chart(data, description="Requests over time").encode(
        x=alt.X("t:T", title=None, scale=alt.Scale(type="utc", domain=ends), axis=alt.Axis(format="%H:%M")),
        x2="u:T",
        y=alt.Y("sum(n):Q", title="requests", stack=None),
    )
    every = base.mark_bar(color=_GREY).add_params(during).properties(name="over_time")
    part = base.mark_bar(color=BEFORE).transform_filter(slow)
    failed = base.mark_bar(color=AFTER).encode(y=alt.Y("sum(e):Q", stack=None)).transform_filter(slow)
    return alt.layer(every, part, failed).properties(width=640, height=120, title=alt.TitleParams("over time: blue requests, orange failed ones", fontSize=12, frame="group"))  # fmt: skip


def _by_latency(data: Any, during: Any, slow: Any, ends: list[Any]) -> Chart:
    base = alt.Chart(data, description="Requests by latency").encode(
        x=alt.X("a:Q", title="latency, ms (log)", scale=alt.Scale(type="log", nice=False, domain=ends)),
        x2="b:Q",
        y=alt.Y("sum(n):Q", title="requests (symlog)", stack=None, scale=alt.Scale(type="symlog")),
    )
    every = base.mark_bar(color=_GREY).add_params(slow).properties(name="by_latency")
    part = base.mark_bar(color=BEFORE).transform_filter(during)
    return alt.layer(every, part).properties(
        width=290, height=170, title=alt.TitleParams("by latency", fontSize=12, frame="group")
    )


def _by_group(data: Any, during: Any, slow: Any) -> Chart:
    base = alt.Chart(data, description="Requests by group").encode(
        y=alt.Y("g:N", title=None, sort="-x", axis=alt.Axis(labelLimit=220)),
        x=alt.X("sum(n):Q", title="requests", stack=None),
    )
    every = base.mark_bar(color=_GREY)
    part = base.mark_bar(color=PALETTE[3], height={"band": 0.5}).transform_filter(during).transform_filter(slow)
    return alt.layer(every, part).properties(width=200, height=alt.Step(26), title=alt.TitleParams("by group", fontSize=12, frame="group"))  # fmt: skip

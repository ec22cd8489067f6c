"""One request beside another: every span on a time axis, so that repetition can be seen."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from rca.figures.theme import GREY, PALETTE, Chart, label, records, titled

__all__ = ["waterfall"]

_ROWS = 40
_KINDS = ("database call", "call to another service", "own work")


def waterfall(good: pl.DataFrame, bad: pl.DataFrame, *, claim: str = "") -> Chart:
    """Draw the spans of a good and a bad request above each other on the same scale of time.

    Parameters
    ----------
    good, bad
        Spans of one trace each: ``span_id, parent_span_id, service_name, span_name, span_kind, db_system_name, start_ns,
        duration_ns``.
    claim
        The title.
    """
    longest = max(_length_ms(good), _length_ms(bad), 0.001)
    panels = [
        _panel(frame, name, longest) for frame, name in ((good, "before"), (bad, "during")) if not frame.is_empty()
    ]
    trace = ", ".join(
        str(frame["trace_id"][0]) for frame in (good, bad) if not frame.is_empty() and "trace_id" in frame.columns
    )
    return alt.vconcat(*panels, spacing=14).properties(
        title=titled(claim or "A request before and one during", f"traces {trace}")
    )


def _name(number: int, row: dict[str, Any]) -> str:
    return f"{number:>2}. {label(' '.join((row['service_name'], row['span_name'])), 44)}"


def _length_ms(frame: pl.DataFrame) -> float:
    if frame.is_empty():
        return 0.0
    ends = (frame["start_ns"] + frame["duration_ns"]).to_list()
    return float((max(ends) - min(frame["start_ns"].to_list())) / 1e6)


def _panel(frame: pl.DataFrame, name: str, longest: float) -> Chart:
    start = frame["start_ns"].min()
    rows = frame.sort("start_ns", "duration_ns", descending=[False, True]).head(_ROWS)
    kind = (
        pl.when(pl.col("db_system_name") != "").then(pl.lit(_KINDS[0]))
        .when(pl.col("span_kind") == "CLIENT").then(pl.lit(_KINDS[1])).otherwise(pl.lit(_KINDS[2]))
    )  # fmt: skip
    names = [_name(number, row) for number, row in enumerate(rows.to_dicts(), 1)]
    shown = rows.select(
        ((pl.col("start_ns") - start) / 1e6).alias("from"),
        ((pl.col("start_ns") - start + pl.col("duration_ns")) / 1e6).alias("to"),
        kind.alias("kind"),
        (pl.col("duration_ns") / 1e6).round(1).cast(pl.String).alias("ms"),
    ).with_columns(pl.Series("name", names))
    more = frame.height - rows.height
    title = f"{name}: {_length_ms(frame):,.0f} ms, {frame.height} spans" + (
        f" (the first {_ROWS} shown)" if more > 0 else ""
    )
    base = alt.Chart(
        records(shown, ("name", "from", "to", "kind", "ms")), description=f"Spans of a request {name}"
    ).encode(y=alt.Y("name:N", sort=None, title=None, axis=alt.Axis(labelLimit=330, labelFontSize=10)))
    bar = base.mark_bar(height=9).encode(
        x=alt.X("from:Q", title="ms since the request began", scale=alt.Scale(domain=[0, longest], nice=False)),
        x2="to:Q",
        color=alt.Color(
            "kind:N",
            title=None,
            scale=alt.Scale(domain=list(_KINDS), range=[PALETTE[2], PALETTE[0], GREY]),
            legend=alt.Legend(orient="bottom"),
        ),
    )
    return alt.layer(bar).properties(title=alt.TitleParams(title, fontSize=12), width=460, height=alt.Step(13))

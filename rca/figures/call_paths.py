"""Where requests spend their time, call path by call path, before and during."""

from __future__ import annotations

import altair as alt
import polars as pl

from rca.errors import NoDataError
from rca.figures.theme import AFTER, BEFORE, Chart, framed, label, records, titled
from rca.model import Finding

__all__ = ["call_paths"]


def call_paths(compared: Finding, *, top: int = 10) -> Chart:
    """Draw the calls and the critical-path time of the slowest requests by call path, before and during.

    Parameters
    ----------
    compared
        From :func:`rca.compare_traces`: ``service_name, operation, slow_calls_before, slow_calls_during, slow_ms_before,
        slow_ms_during``.
    top
        How many call paths, by what they add.

    Raises
    ------
    NoDataError
        When no call path is known.
    """
    rows = compared.table.head(top)
    if rows.is_empty():
        raise NoDataError("No call path is known.")
    names = [
        f"{at}. {label(row['service_name'] + ' ' + row['operation'], 46)}" for at, row in enumerate(rows.to_dicts(), 1)
    ]
    panels = [
        _panel(rows, names, kind, title, first=at == 0)
        for at, (kind, title) in enumerate((("calls", "calls in a slow request"), ("ms", "ms on its critical path")))
    ]
    n = compared.effect.n_before + compared.effect.n_after if compared.effect else None
    return alt.hconcat(*panels, spacing=16).properties(
        title=titled(
            compared.claim,
            framed(compared.window, compared.baseline, n),
            "open circle: baseline; filled diamond: incident; the slowest 2 % of either",
        )
    )


def _panel(rows: pl.DataFrame, names: list[str], kind: str, title: str, *, first: bool) -> Chart:
    frame = rows.select(
        pl.Series("path", names),
        pl.col(f"slow_{kind}_before").fill_null(0).alias("before"),
        pl.col(f"slow_{kind}_during").fill_null(0).alias("during"),
    )
    axis = alt.Axis(labelLimit=340) if first else alt.Axis(labels=False, ticks=False)
    base = alt.Chart(
        records(frame, ("path", "before", "during")), description=f"{title.capitalize()}, before and during"
    ).encode(y=alt.Y("path:N", sort=None, title=None, axis=axis))
    x = alt.X("before:Q", title=title, scale=alt.Scale(zero=True))
    rule = base.mark_rule(color="#bbb", strokeWidth=2).encode(x=x, x2="during:Q")
    then = base.mark_point(shape="circle", size=70, color=BEFORE, filled=False, strokeWidth=2).encode(x=x)
    now = base.mark_point(shape="diamond", size=90, color=AFTER, filled=True, opacity=1).encode(x="during:Q")
    return alt.layer(rule, then, now).properties(width=220, height=alt.Step(24))

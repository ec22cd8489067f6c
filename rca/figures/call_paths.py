"""Where requests spend their time, call path by call path, before and during."""

from __future__ import annotations

import altair as alt
import polars as pl

from rca.errors import NoDataError
from rca.figures.dumbbell import LEGEND, dumbbell
from rca.figures.theme import Chart, framed, label, titled
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
            f"{LEGEND}; the slowest 2 % of either",
        )
    )


def _panel(rows: pl.DataFrame, names: list[str], kind: str, title: str, *, first: bool) -> Chart:
    frame = rows.select(
        pl.Series("name", names),
        pl.col(f"slow_{kind}_before").fill_null(0).alias("before"),
        pl.col(f"slow_{kind}_during").fill_null(0).alias("during"),
    )
    axis = alt.Axis(labelLimit=340) if first else alt.Axis(labels=False, ticks=False)
    x = alt.X("before:Q", title=title, scale=alt.Scale(zero=True))
    drawn = dumbbell(frame, x, axis, f"{title.capitalize()}, before and during")
    return drawn.properties(width=220, height=alt.Step(24))

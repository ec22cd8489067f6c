"""Which resources filled up: each signal before and during, relative to its own baseline."""

from __future__ import annotations

import altair as alt
import polars as pl

from rca.display import format_number
from rca.errors import NoDataError
from rca.figures.dumbbell import LEGEND, dumbbell
from rca.figures.theme import Chart, framed, label, titled
from rca.model import Finding

__all__ = ["saturation"]


def saturation(found: Finding, *, top: int = 12) -> Chart:
    """Draw the strongest saturation signals as baseline and incident on one relative axis, values beside them.

    Parameters
    ----------
    found
        From :func:`rca.saturation`: ``signal, service_name, metric_name, before, during, score, unit``.
    top
        How many.

    Raises
    ------
    NoDataError
        When there is no signal.
    """
    if found.table.is_empty():
        raise NoDataError("There is no saturation signal to draw.")
    frame = found.table.with_columns(pl.col("score").abs().alias("size")).sort("size", descending=True).head(top)
    rows = []
    for row in frame.iter_rows(named=True):
        name = label(f"{row['signal']}: {row['service_name'] or 'system'} {row['metric_name']}", 58)
        largest = max(abs(row["before"] or 0.0), abs(row["during"] or 0.0)) or 1.0
        before, during = (row["before"] or 0.0) / largest, (row["during"] or 0.0) / largest
        text = f"{format_number(row['before'] or 0)} → {format_number(row['during'] or 0)} {_unit(row.get('unit'))}".strip()
        rows.append({"name": name, "before": before, "during": during, "text": text, "at": 1.06})
    x = alt.X(
        "before:Q",
        title="relative to the larger of the two",
        scale=alt.Scale(domain=[0, 1.6]),
        axis=alt.Axis(values=[0, 0.5, 1]),
    )
    chart = dumbbell(pl.DataFrame(rows), x, alt.Axis(labelLimit=420), "Saturation signals before and during")
    chart = chart.properties(width=380, height=alt.Step(24))
    return chart.properties(title=titled(found.claim, framed(found.window, found.baseline), LEGEND))


def _unit(unit: str | None) -> str:
    """Return a UCUM unit as people write it; "1" is a plain number."""
    return "" if unit in (None, "1") else str(unit)

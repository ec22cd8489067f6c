"""Before and during on one line a row: an open circle, a filled diamond, and what lies between them."""

from __future__ import annotations

import altair as alt
import polars as pl

from rca.figures.theme import AFTER, BEFORE, Chart, records

__all__ = ["LEGEND", "dumbbell"]

LEGEND = "open circle: baseline; filled diamond: incident"
"""What a figure of them says below its title."""


def dumbbell(frame: pl.DataFrame, x: alt.X, axis: alt.Axis, description: str) -> Chart:
    """Draw one line a row, in the order of the rows.

    Parameters
    ----------
    frame
        ``name, before, during``, and ``text`` where words stand beside the marks, at ``at`` on the same axis.
    x
        The axis of ``before``.
    axis
        The axis of the names.
    description
        What it shows, for those who cannot see it.
    """
    base = alt.Chart(records(frame, frame.columns), description=description).encode(
        y=alt.Y("name:N", sort=None, title=None, axis=axis)
    )
    line = base.mark_rule(color="#bbb", strokeWidth=2).encode(x=x, x2="during:Q")
    then = base.mark_point(shape="circle", size=70, color=BEFORE, filled=False, strokeWidth=2, opacity=1).encode(x=x)
    now = base.mark_point(shape="diamond", size=90, color=AFTER, filled=True, opacity=1).encode(x="during:Q")
    words = [base.mark_text(align="left", color="#333").encode(x="at:Q", text="text:N")] if "text" in frame else []
    return alt.layer(line, then, now, *words)

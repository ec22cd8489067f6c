"""The real change among the shifts at every other moment of the history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import numpy as np

from rca.errors import NoDataError
from rca.figures.theme import AFTER, GREY, Chart, titled

if TYPE_CHECKING:
    from rca.stats import PlaceboResult

__all__ = ["placebo"]

_BINS = 30


def placebo(result: PlaceboResult, *, claim: str = "") -> Chart:
    """Draw how far the series shifted at every other moment, and where the real change stands among them.

    Parameters
    ----------
    result
        From :func:`rca.stats.placebo_test`.
    claim
        The title; left out, what the test says.

    Raises
    ------
    NoDataError
        When the result holds no other moment.
    """
    if not result.placebos:
        raise NoDataError("This result holds no placebo to draw.")
    counts, edges = np.histogram(result.placebos, bins=_BINS, range=(0.0, 1.0))
    rows = [
        {"from": float(low), "to": float(high), "moments": int(count)}
        for count, low, high in zip(counts, edges[:-1], edges[1:], strict=True)
    ]
    x = alt.X(
        "from:Q",
        bin="binned",
        title="Kolmogorov-Smirnov distance, window before to window after",
        scale=alt.Scale(domain=[0, 1]),
    )
    bars = (
        alt.Chart(alt.InlineData(values=rows), description="Shifts at every other moment of the history")
        .mark_bar(color=GREY, opacity=0.7)
        .encode(x=x, x2="to:Q", y=alt.Y("moments:Q", title="other moments"))
    )
    here = alt.InlineData(values=[{"at": result.statistic, "text": "the change"}])
    rule = alt.Chart(here, description="The change").mark_rule(color=AFTER, strokeWidth=3).encode(x="at:Q")
    left = result.statistic > 0.5
    text = (
        alt.Chart(here)
        .mark_text(color=AFTER, align="right" if left else "left", dx=-6 if left else 6, dy=8, fontWeight="bold")
        .encode(x="at:Q", y=alt.value(0), text="text:N")
    )
    # equal distances are told apart by their medians, which only the p-value knows
    larger = (result.p_value - result.smallest) / (1 - result.smallest)
    said = claim or f"The shift is larger than at {1 - larger:.0%} of {result.n_placebos:,} other moments"
    return (
        alt.layer(bars, rule, text)
        .properties(height=220)
        .properties(title=titled(said, f"p = {result.p_value:.2g}, smallest possible {result.smallest:.2g}; n = {result.n:,} points; {result.method}"))
    )  # fmt: skip

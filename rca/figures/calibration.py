"""Do probabilities mean what they say: what was stated against how often it was right."""

from __future__ import annotations

import altair as alt
import numpy as np
import polars as pl

from rca.errors import OptionError
from rca.figures.theme import AFTER, Chart, records, titled

__all__ = ["calibration"]

_BINS = 5


def calibration(frame: pl.DataFrame) -> Chart:
    """Draw how often statements were right against the probability they were given.

    Parameters
    ----------
    frame
        One row a statement: ``probability`` (0 to 1) and ``right`` (boolean). What was counted stands beside each point;
        a bar is Wilson's interval (95 %) of the share that was right.

    Raises
    ------
    OptionError
        When there is no row.
    """
    if frame.is_empty():
        raise OptionError(
            "A calibration plot needs at least one statement with its probability and whether it was right."
        )
    rows = []
    stated, right = frame["probability"].to_numpy(), frame["right"].cast(pl.Float64).to_numpy()
    at = np.minimum((stated * _BINS).astype(int), _BINS - 1)
    gap = 0.0
    for number in range(_BINS):
        hit = at == number
        if not hit.any():
            continue
        n, mean, share = int(hit.sum()), float(stated[hit].mean()), float(right[hit].mean())
        low, high = _wilson(share, n)
        gap += abs(mean - share) * n / len(stated)
        rows.append({"stated": mean, "right": share, "low": low, "high": high, "text": f"n = {n}"})
    base = alt.Chart(
        records(pl.DataFrame(rows), ("stated", "right", "low", "high", "text")),
        description="Share that was right by stated probability",
    ).encode(x=alt.X("stated:Q", title="stated probability", scale=alt.Scale(domain=[0, 1])))
    bar = base.mark_rule(color=AFTER, strokeWidth=2).encode(
        y=alt.Y("low:Q", title="share that was right", scale=alt.Scale(domain=[0, 1])), y2="high:Q"
    )
    point = base.mark_point(color=AFTER, filled=True, size=70).encode(y="right:Q")
    text = base.mark_text(align="left", dx=8, color="#333").encode(y="right:Q", text="text:N")
    line = (
        alt.Chart(alt.InlineData(values=[{"x": 0, "y": 0}, {"x": 1, "y": 1}]))
        .mark_line(color="#999", strokeDash=[4, 4])
        .encode(x="x:Q", y="y:Q")
    )
    return (
        alt.layer(line, bar, point, text)
        .properties(width=320, height=320)
        .properties(
            title=titled(
                f"Stated and right differ by {gap:.0%} on average",
                f"{len(stated)} statements; on the dashed line probabilities are frequencies",
            )
        )
    )


def _wilson(share: float, n: int, z: float = 1.96) -> tuple[float, float]:
    """Return Wilson's interval of a share."""
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * float(np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)))
    return max(0.0, middle - half), min(1.0, middle + half)

"""How far a signal moved, without a unit: one number to rank very different signals by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rca.errors import NoDataError
from rca.stats.arrays import Interval, Numbers, as_numbers
from rca.stats.canary import cliffs_delta

__all__ = ["ShiftScore", "quantile_shift", "shift_score"]

_RESOLUTION = 0.01
"""A signal that never moved before is taken to vary by 1 % of its size: a share, so no unit decides. It caps the score of
a change from constant zero at 100; signals with a spread of their own are hardly touched."""


@dataclass(frozen=True, slots=True)
class ShiftScore:
    """How far a signal moved.

    Attributes
    ----------
    score
        Signed, without a unit: the change of the mean in multiples of what the signal varied by before. 0 where both are
        the same constant.
    probability
        Chance that a point after lies above a point before (ties count half): 0.5 means no shift.
    before, after
        Means, in the signal's unit.
    """

    score: float
    probability: float
    before: float
    after: float
    n: int
    method: str


def shift_score(before: Numbers, after: Numbers) -> ShiftScore:
    """Score how far a signal moved from its baseline, comparable across signals of any unit.

    Parameters
    ----------
    before, after
        Points of the baseline and of the incident; missing ones are left out.

    Returns
    -------
    ShiftScore
        `.score` stays exactly the same in seconds and in nanoseconds, and changes sign with the direction.

    Raises
    ------
    NoDataError
        Where one side has no finite point.

    Notes
    -----
    Change of the mean over the standard deviation before; the mean, since short excursions within an incident are what one looks
    for, and signed, since faults push most signals one way (both ranked services better than medians and absolute
    values on 50 public fault injections). The deviation is never taken as less than 1 % of the signal's size
    (root mean square of both periods), which replaces the usual "if it is 0, divide by 1" and its dependence on the unit.

    Examples
    --------
    >>> shift_score([100, 102, 98, 100], [120, 121]).score
    11.4133534234
    >>> shift_score([0, 0, 0], [5, 5]).score == shift_score([0, 0, 0], [5e6, 5e6]).score
    True
    """
    a, b = as_numbers(before, "before", finite=True), as_numbers(after, "after", finite=True)
    if not len(a) or not len(b):
        raise NoDataError(f"A shift needs points on both sides; there are {len(a)} before and {len(b)} after.")
    size = max(float(np.abs(a).max()), float(np.abs(b).max()))
    probability = (1 + cliffs_delta(a, b)) / 2
    method = "mean shift over deviation before"
    if size == 0:
        return ShiftScore(0.0, probability, 0.0, 0.0, len(a) + len(b), method)
    # divided first, so that neither squares of huge values overflow nor those of tiny ones vanish
    x, y = a / size, b / size
    moved = float(y.mean() - x.mean())
    typical = float(np.sqrt(((x**2).mean() + (y**2).mean()) / 2))
    score = moved / float(np.hypot(x.std(), _RESOLUTION * typical))
    score = float(f"{score:.12g}")  # the last bits differ with the unit, and would break ties
    return ShiftScore(score, probability, float(a.mean()), float(b.mean()), len(a) + len(b), method)


def quantile_shift(before: Numbers, after: Numbers, *, level: float = 0.95) -> Interval:
    """Return at which quantile of the baseline the median of the incident lies: 0.5 is no shift, 0.99 a shift to p99.

    Parameters
    ----------
    before, after
        Points of both periods.
    level
        Confidence.

    Returns
    -------
    Interval
        A share of the baseline, 0 to 1 (Wilcox 2018 calls this the quantile shift). The interval carries the order statistics
        around the median over, and Wilson's interval of each share. Points are taken for independent.

    Examples
    --------
    >>> quantile_shift(range(100), range(60, 100)).estimate
    0.8
    """
    from rca.stats.intervals import proportion_interval
    from rca.stats.quantiles import quantile_interval

    a = np.sort(as_numbers(before, "before", finite=True))
    b = as_numbers(after, "after", finite=True)
    if not len(a) or not len(b):
        raise NoDataError(f"A shift needs points on both sides; there are {len(a)} before and {len(b)} after.")

    def rank(value: float) -> float:
        return float(np.searchsorted(a, value, "left") + np.searchsorted(a, value, "right")) / 2

    around = quantile_interval(b, 0.5, level=level)
    ends = [
        None if end is None else proportion_interval(rank(end), len(a), level=level)
        for end in (around.low, around.high)
    ]
    return Interval(
        rank(float(np.median(b))) / len(a),
        0.0 if ends[0] is None else ends[0].low,
        1.0 if ends[1] is None else ends[1].high,
        level,
        len(a) + len(b),
        "quantile shift of the median",
    )

"""Changes of the mean level of a series in which neighbouring points resemble each other."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rca.errors import NoDataError
from rca.stats.arrays import Numbers, as_numbers

__all__ = ["LevelChange", "level_change"]

Array = npt.NDArray[np.float64]

_BATCHES = 10
_LEAST = 3
_SHORTEST = 2


@dataclass(frozen=True, slots=True)
class LevelChange:
    """Means of two windows, their difference with its interval, and how easily chance makes as much."""

    before: float
    after: float
    change: float
    low: float
    high: float
    p_value: float
    """Two-sided."""
    n_before: int
    n_after: int
    method: str = "batch means, Welch"


def level_change(before: Numbers, after: Numbers, *, level: float = 0.95) -> LevelChange:
    """Compare the means of two stretches of one series.

    Both stretches are cut into up to ten batches of neighbouring points. Means of batches are nearly independent where the
    batches are longer than the memory of the series, so Welch's test of the batch means holds where one of the points
    themselves would not (Conway 1963). Bursts that leave the median alone, such as a queue that fills for seconds, count.

    Parameters
    ----------
    before, after
        Values in order of time; missing ones are left out. No unit is assumed.
    level
        Confidence of the interval of the difference.

    Raises
    ------
    NoDataError
        When a stretch has fewer than six points.

    Examples
    --------
    >>> calm, busy = [0, 1, 0, 0, 1, 0] * 4, [0, 9, 0, 8, 0, 7] * 4
    >>> found = level_change(calm, busy)
    >>> round(found.change, 1), found.p_value < 0.001
    (3.7, True)
    """
    from scipy.special import stdtr, stdtrit

    x, y = (values[np.isfinite(values)] for values in (as_numbers(before, "before"), as_numbers(after, "after")))
    if min(len(x), len(y)) < _LEAST * _SHORTEST:
        raise NoDataError(
            f"A change of level needs {_LEAST * _SHORTEST} points on each side; there are {len(x)} before and {len(y)} after."
        )
    first, second = _batches(x), _batches(y)
    change = float(y.mean() - x.mean())
    parts = first.var(ddof=1) / len(first), second.var(ddof=1) / len(second)
    error = math.sqrt(sum(parts))
    least = 2.0 / math.comb(len(first) + len(second), len(first))
    if error <= 1e-12 * max(abs(float(x.mean())), abs(float(y.mean())), 1e-300):
        p_value, reach = (1.0 if abs(change) <= error else least), 0.0
    else:
        freedom = error**4 / sum(
            part**2 / (count - 1) for part, count in zip(parts, (len(first), len(second)), strict=True)
        )
        p_value = max(least, float(2 * stdtr(freedom, -abs(change) / error)))
        reach = float(stdtrit(freedom, (1 + level) / 2)) * error
    return LevelChange(
        float(x.mean()), float(y.mean()), change, change - reach, change + reach, p_value, len(x), len(y)
    )  # fmt: skip


def _batches(values: Array) -> Array:
    count = min(_BATCHES, len(values) // _SHORTEST)
    return np.array([part.mean() for part in np.array_split(values, count)])

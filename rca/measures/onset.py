"""When something began: the moment a series left its usual range for good, with an interval; and when a ramp set in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rca.measures.shifts import spread

__all__ = ["Onset", "left_range", "ramp_start"]

Array = npt.NDArray[np.float64]

_FAR = 4.0
"""Units of unrest beyond which a value is out of the usual range."""
_NEAR = 1.5
"""Units of unrest below which a value is within the usual range proper."""


@dataclass(frozen=True, slots=True)
class Onset:
    """A beginning: index of the first value out of range, of the last usual one before, and the level before and after."""

    at: int
    low: int
    before: float
    after: float
    score: float


def left_range(values: Array, *, upto: int | None = None, bad: int = 0, settle: int | None = None) -> Onset | None:
    """Return when a series left its usual range and stayed out until `upto`.

    The usual range is that of the first half of what precedes `upto` (or of `settle` values). From `upto` it is walked
    back while values are out of range; single usual values in between are allowed.

    Parameters
    ----------
    values
        The series, oldest first.
    upto
        Index by which it is known to be out of range; its end where left out.
    bad
        1 where only a rise counts, -1 where only a fall, 0 for either.
    settle
        How many of the first values are usual.

    Returns
    -------
    Onset or None
        None where the value at `upto` is usual.

    Examples
    --------
    >>> left_range(np.r_[np.tile([1.0, 1.1], 20), [5.0, 6.0, 6.0]]).at
    40
    """
    end = len(values) if upto is None else min(len(values), upto + 1)
    calm = settle if settle is not None else max(3, end // 2)
    if end < 4 or calm >= end:
        return None
    usual = values[:calm]
    middle, unrest = float(np.median(usual)), spread(usual)
    if not unrest:
        unrest = 0.05 * float(np.abs(values[:end]).max())
    if not unrest:
        return None
    moved = (values[:end] - middle) / unrest
    sign = bad or (1 if moved[-3:].mean() >= 0 else -1)
    # where it is known that it left by then, half of how far it got tells in and out apart better than unrest of a few values
    half = float(np.median(sign * moved[-3:])) / 2
    out = sign * moved > (half if upto is not None and _NEAR < half < _FAR else _FAR)
    if not out[-3:].any():
        return None
    at = int(np.flatnonzero(out)[-1])
    while at > 0 and (out[at - 1] or (at > 1 and out[at - 2])):
        at -= 1 if out[at - 1] else 2
    # back to the last value within the usual range proper: the first steps out of it are part of the onset
    low = at
    while low > 0 and sign * moved[low - 1] > _NEAR:
        low -= 1
    after = float(np.median(values[at:end]))
    return Onset(at, max(0, low - 1), middle, after, float(np.abs(moved[at:end]).max()))


def ramp_start(values: Array) -> int | None:
    """Return the index where a steady rise to the greatest value began; None where the series does not ramp.

    A flat stretch and a straight line are fitted to what precedes the greatest value; the rise must explain most of the
    variance and last at least a fifth of it.

    Examples
    --------
    >>> ramp_start(np.r_[np.ones(30), np.linspace(1, 9, 60), [0.2]])
    30
    """
    peak = int(np.argmax(values))
    series = values[: peak + 1]
    n = len(series)
    if n < 15:
        return None
    best, where = np.inf, 0
    index = np.arange(n, dtype=np.float64)
    for start in range(0, int(0.8 * n), max(1, n // 100)):
        hinge = np.maximum(index - start, 0.0)
        design = np.column_stack([np.ones(n), hinge])
        solution, residual, *_ = np.linalg.lstsq(design, series, rcond=None)
        left = float(residual[0]) if len(residual) else 0.0
        if solution[1] > 0 and left < best:
            best, where = left, start
    total = float(((series - series.mean()) ** 2).sum())
    if not total or best > 0.1 * total:
        return None
    return where

"""Whether a series of latency, errors or rate shifted for long: beyond its own unrest, and by what matters to people."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rca.errors import NoDataError
from rca.stats.onsets import onset
from rca.stats.placebo import placebo_test

__all__ = ["LEAST_BINS", "lasting_shift"]

Array = npt.NDArray[np.float64]

LEAST_BINS = 3
"""Bins that a shift must last."""
_SIZE = 2.5
"""Deviations of the rest of the series that the level of a lasting shift must reach."""
_ALPHA = 0.05


def lasting_shift(
    times: npt.NDArray[np.int64], values: Array, ratio: float, difference: float, step: int
) -> tuple[int, int, int, float] | None:
    """Return onset, its lower end, end and size (in deviations of the rest) of the largest excursion upwards, or None.

    Parameters
    ----------
    times, values
        Begin of each bin in ns, and the series.
    ratio, difference
        Least ratio and least difference to the usual level that matter.
    step
        Length of a bin in ns.

    Examples
    --------
    >>> minutes = np.arange(40) * 60_000_000_000
    >>> latency = np.r_[np.tile([100.0, 104.0], 15), np.full(6, 900.0), np.tile([100.0, 104.0], 2)]
    >>> lasting_shift(minutes, latency, 1.4, 0.0, 60_000_000_000)[0] // 60_000_000_000
    30
    """
    # roots of shares vary alike at every level, and so do logarithms of lengths and rates
    scaled = np.sqrt(values) if difference else np.log(np.maximum(values, 1e-9))
    found = onset(None, scaled, direction="increase")
    if found.index is None or found.low_index is None or found.end_index is None:
        return None
    start, end = found.index, found.end_index
    inside, outside = values[start:end], np.delete(values, np.s_[start:end])
    if len(inside) < LEAST_BINS or len(outside) < max(2 * LEAST_BINS, len(values) // 4) or start < 2 * LEAST_BINS:
        return None
    usual, level = float(np.median(outside)), float(np.median(inside))
    if level < ratio * usual or level - usual < difference:
        return None
    rest = np.delete(scaled, np.s_[start:end])
    unrest = max(float(rest.std()), 0.02 * abs(float(np.median(rest))), 1e-9)
    size = float(np.median(scaled[start:end]) - np.median(rest)) / unrest
    if size < (1.6 * _SIZE if difference else _SIZE) or not _unusual(scaled, start, end):
        return None
    finish = int(times[end]) if end < len(times) else int(times[-1]) + step
    return int(times[start]), int(times[max(0, found.low_index - 1)]), finish, size


def _unusual(values: Array, start: int, end: int) -> bool:
    """Say whether the shift is larger than at the other moments before it; True where history is too short to say."""
    size = min(end - start, start // 4, 10)
    if size < 2 or start < 4 * size:
        return True
    try:
        found = placebo_test(values[: start + size], start, size)
    except NoDataError:
        return True
    return found.p_value <= max(_ALPHA, 1.01 * found.smallest)

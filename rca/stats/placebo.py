"""Did it change here, or does it always move like this? A change ranked among every other moment of the history."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from rca.errors import NoDataError, OptionError
from rca.stats.arrays import Array, Numbers, as_numbers

__all__ = ["PlaceboResult", "placebo_test"]

_CLUMP = 6
"""Overlapping windows rise and fall together: one extreme occupies about a sixth of a window of neighbours. Measured on
AR(1) noise (phi 0 to 0.95; windows of 5 to 60 in histories of 60 to 1,500): plain ranks make the smallest p-values up to
twelve times too small, this count of neighbours keeps the rate of p <= 0.05 between 0.04 and 0.07."""

_PRESENT = 0.5
"""Share of a window that must be there for it to be compared."""


@dataclass(frozen=True, slots=True)
class PlaceboResult:
    """How a shift ranks among the shifts at every other moment.

    Attributes
    ----------
    p_value
        Share of moments with a shift at least as large, this one included. Never below `smallest`.
    statistic
        Kolmogorov-Smirnov distance between the window before and the window after: 0 to 1.
    shift
        Median after minus median before, in the unit of the values.
    n_placebos
        Moments it was compared with.
    smallest
        The smallest p-value that a history of this length can give.
    placebos
        The statistic at each of the other moments, in the order of time.
    """

    p_value: float
    statistic: float
    shift: float
    n_placebos: int
    smallest: float
    n: int
    method: str
    placebos: tuple[float, ...] = field(default=(), repr=False)


def placebo_test(
    values: Numbers, at: int, window: int, *, season: int | None = None, tolerance: int | None = None
) -> PlaceboResult:
    """Ask whether the shift at one moment is larger than at the other moments of the history.

    Tests that assume independent points fire at random moments far too often, since telemetry is autocorrelated. This
    test needs no such assumption: it computes the same statistic at every moment of the history and ranks.

    Parameters
    ----------
    values
        One series at even steps, oldest first. NaN and None are missing points.
    at
        Index of the first point after the supposed change.
    window
        Points compared on each side. The history should be at least twenty times as long for p-values near 0.01.
    season
        Points in a period (288 for a day of 5-minute points). Then only moments at the same phase are compared.
    tolerance
        With `season`: how far from the same phase a moment may lie, in points; a twelfth of the season (two hours of a
        day) if left out.

    Returns
    -------
    PlaceboResult
        See its attributes. Equal distances are told apart by the shift of the medians.

    Raises
    ------
    OptionError
        Where `window`, `season` or `tolerance` makes no sense.
    NoDataError
        Where the windows reach outside the series, are mostly missing, or no other moment is left.

    Notes
    -----
    Placebo tests are randomisation tests over time (Abadie, Diamond and Hainmueller 2010 use them for synthetic
    controls). The moments compared end before `at`, so the change itself is not among them. Earlier incidents in the
    history make the test more cautious.

    Examples
    --------
    >>> calm = [float(i * 7919 % 101) for i in range(300)]
    >>> result = placebo_test(calm + [value + 500 for value in calm[:20]], at=300, window=20)
    >>> result.statistic, round(result.p_value, 3)
    (1.0, 0.013)
    """
    series = as_numbers(values)
    series = np.where(np.isfinite(series), series, np.nan)
    moments = _moments(len(series), at, window, season, tolerance)
    views = np.lib.stride_tricks.sliding_window_view(series, window)
    before, after = views[moments - window], views[moments]
    present = np.minimum(np.isfinite(before).mean(axis=1), np.isfinite(after).mean(axis=1)) >= _PRESENT
    if not present[-1]:
        raise NoDataError(f"More than half of the {window} points before or after index {at} are missing.")
    before, after = before[present], after[present]
    if len(before) == 1:
        raise NoDataError(f"The history before index {at} holds no other moment to compare with; pass a longer one.")
    distances = ks_distances(before, after)
    shifts = np.nanmedian(after, axis=1) - np.nanmedian(before, axis=1)
    others, here = distances[:-1], distances[-1]
    size, own = np.abs(shifts[:-1]), abs(shifts[-1])
    larger = (others > here + 1e-9) | ((others > here - 1e-9) & (size >= own))
    clump = max(1.0, window / _CLUMP)
    total = clump + len(others)
    return PlaceboResult(
        p_value=float((clump + larger.sum()) / total),
        statistic=float(here),
        shift=float(shifts[-1]),
        n_placebos=len(others),
        smallest=clump / total,
        n=int(np.isfinite(series).sum()),
        method="placebo, Kolmogorov-Smirnov" + (", same phase of the season" if season else ""),
        placebos=tuple(others.tolist()),
    )


def _moments(
    n: int, at: int, window: int, season: int | None, tolerance: int | None
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the indexes to compare, the one in question last; no window reaches over it."""
    if window < 2:
        raise OptionError(f"window is {window}; at least 2 points are needed on each side.")
    if at - window < 0 or at + window > n:
        raise NoDataError(
            f"Index {at} with a window of {window} reaches outside the series of {n} points; shorten the window."
        )
    moments = np.arange(window, at - window + 1, dtype=np.int64)
    if season is not None:
        if season < 2:
            raise OptionError(f"season is {season}; it is the number of points in a period, at least 2.")
        reach = season // 12 if tolerance is None else tolerance
        if reach < 0:
            raise OptionError(f"tolerance is {tolerance}; it is a number of points, at least 0.")
        phase = (at - moments) % season
        moments = moments[np.minimum(phase, season - phase) <= reach]
    return np.append(moments, at)


def ks_distances(before: Array, after: Array) -> Array:
    """Return the Kolmogorov-Smirnov distance of each row of `before` and the same row of `after`; NaN is missing.

    Examples
    --------
    >>> ks_distances(np.array([[1.0, 2.0]]), np.array([[2.0, 3.0]]))
    array([0.5])
    """
    width = before.shape[1]
    both = np.concatenate([before, after], axis=1)
    order = np.argsort(both, axis=1)  # NaN last, where it weighs nothing
    ordered = np.take_along_axis(both, order, axis=1)
    there = np.isfinite(ordered)
    passed = [
        np.cumsum(part & there, axis=1) / _count(rows)
        for part, rows in ((order < width, before), (order >= width, after))
    ]
    gap = np.abs(passed[0] - passed[1])
    ends = np.ones(ordered.shape, dtype=bool)
    ends[:, :-1] = ordered[:, 1:] != ordered[:, :-1]  # the distance is read where a run of equal values ends
    return np.asarray(np.where(ends, gap, 0.0).max(axis=1), dtype=np.float64)


def _count(rows: Array) -> Array:
    return np.asarray(np.maximum(np.isfinite(rows).sum(axis=1, keepdims=True), 1), dtype=np.float64)

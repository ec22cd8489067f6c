"""When did requests begin to fail or to be slow? The stretch of time in which bad events were commoner than outside it."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, sqrt

import numpy as np
import numpy.typing as npt

from rca.errors import OptionError
from rca.stats.arrays import Array, Numbers, as_fraction, as_numbers

__all__ = ["Burst", "bad_stretch"]

_CHUNKS = 12
"""Pieces into which a stretch is cut to see whether bad events come in clusters."""
_MOST = 16.0
"""Most that one pair of pieces counts for, in squared deviations."""


@dataclass(frozen=True, slots=True)
class Burst:
    """The stretch ``[start, end)`` of bins in which bad events were commoner.

    Attributes
    ----------
    n
        Events in all.
    start, end
        First bin inside, first bin after.
    start_low, start_high, end_low, end_high
        Ranges of `start` and `end` at the given level.
    inside, outside
        Shares of bad events.
    gain
        Log-likelihood ratio against one share throughout, divided by the dispersion.
    dispersion
        How many times the counts vary more than independent events would; 1 at least.
    """

    level: float
    n: int
    start: int
    end: int
    start_low: int
    start_high: int
    end_low: int
    end_high: int
    inside: float
    outside: float
    gain: float
    dispersion: float
    method: str = "scan for the stretch of greatest binomial likelihood ratio"


def bad_stretch(
    bad: Numbers, total: Numbers, *, first: int | None = None, last: int | None = None, level: float = 0.95
) -> Burst | None:
    """Find the stretch of time in which a larger share of events was bad than outside it.

    Suits sampled traces and rare failures, where a quantile a minute is mostly noise: each event counts where it lies.

    Parameters
    ----------
    bad, total
        Events by bin of time; ``bad <= total``.
    first, last
        A bin at which the stretch has begun at the latest, and one that it reaches at least.
    level
        Confidence of the ranges.

    Returns
    -------
    Burst or None
        None where no stretch stands out from chance.

    Raises
    ------
    OptionError
        Where the two differ in length, or more events are bad than there are.

    Notes
    -----
    Kulldorff's scan statistic (1997) in time; its penalty for two free ends is 3 log(n) each, as for other excursions
    (Zhang and Siegmund 2007). The ranges hold the ends whose likelihood is not worse by more than -2 ln(1 - sqrt(level))
    allows (Siegmund 1988). Clustered events are discounted by the dispersion of the counts.

    Examples
    --------
    >>> found = bad_stretch([0, 0, 0, 0, 8, 9, 7, 0, 0, 0], [20] * 10)
    >>> found.start, found.end, found.start_low, found.start_high
    (4, 7, 4, 4)
    """
    as_fraction(level, "level")
    k, n = as_numbers(bad, "bad"), as_numbers(total, "total")
    if len(k) != len(n) or (k > n).any() or (k < 0).any():
        raise OptionError("bad and total must have a value for each bin, and no bin more bad events than events.")
    bins = len(k)
    if bins < 3 or not k.any():
        return None
    starts = np.arange(0, bins if first is None else min(bins, first + 1))
    ends = np.arange(1 if last is None else max(1, last + 1), bins + 1)
    gains = _gains(k, n, starts, ends)
    at = np.unravel_index(int(gains.argmax()), gains.shape)
    start, end = int(starts[at[0]]), int(ends[at[1]])
    dispersion = _dispersion(k, n, start, end)
    gain = float(gains[at]) / dispersion
    if gain < 3.0 * log(bins):
        return None
    allowed = -log(1 - sqrt(level)) * dispersion
    begin = starts[gains.max(axis=1) >= gains[at] - allowed]
    finish = ends[gains.max(axis=0) >= gains[at] - allowed]
    mask = _mask(bins, start, end)
    return Burst(
        level,
        int(n.sum()),
        start=start,
        end=end,
        start_low=int(begin.min()),
        start_high=int(begin.max()),
        end_low=int(finish.min()),
        end_high=int(finish.max()),
        inside=float(k[mask].sum() / n[mask].sum()),
        outside=float(k[~mask].sum() / max(1.0, n[~mask].sum())),
        gain=gain,
        dispersion=dispersion,
    )


def _gains(k: Array, n: Array, starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]) -> Array:
    """Return the log-likelihood gained by a share of its own for each stretch; nothing where that share is lower."""
    bad, seen = (np.concatenate([[0.0], np.cumsum(part)]) for part in (k, n))
    k_in = bad[ends][None, :] - bad[starts][:, None]
    n_in = seen[ends][None, :] - seen[starts][:, None]
    k_out, n_out = bad[-1] - k_in, seen[-1] - n_in
    # a stretch that leaves nothing outside has nothing to be compared with
    fits = (ends[None, :] > starts[:, None]) & (n_in > 0) & (n_out > 0) & (k_in * n_out > k_out * n_in)
    gained = _likelihood(k_in, n_in) + _likelihood(k_out, n_out) - _likelihood(bad[-1:], seen[-1:])
    return np.asarray(np.where(fits, gained, 0.0), dtype=np.float64)


def _likelihood(k: Array, n: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        found = k * np.log(k / n) + (n - k) * np.log1p(-k / n)
    # no bad event, or nothing else: the likelihood is 1, and 0 * log(0) stands for its logarithm
    return np.asarray(np.where((k > 0) & (k < n), found, 0.0), dtype=np.float64)


def _mask(bins: int, start: int, end: int) -> npt.NDArray[np.bool_]:
    inside = np.zeros(bins, dtype=bool)
    inside[start:end] = True
    return inside


def _dispersion(k: Array, n: Array, start: int, end: int) -> float:
    """Return how unlike neighbouring pieces are, within the stretch and on either side, over what chance makes of it.

    Neighbours are compared, not all with their mean: another stretch of bad events elsewhere is no clustering.
    """
    squares, pairs = 0.0, 0
    for low, high in ((0, start), (start, end), (end, len(k))):
        if high <= low:
            continue
        edges = np.unique(np.linspace(low, high, _CHUNKS + 1).round().astype(np.int64))[:-1]
        bad, seen = np.add.reduceat(k[:high], edges), np.add.reduceat(n[:high], edges)
        of = np.maximum(seen[1:] + seen[:-1], 1.0)
        share = (bad[1:] + bad[:-1]) / of
        expected = share * np.minimum(seen[1:], seen[:-1])
        kept = (expected >= 1) & (share < 1)  # pieces that expect less than one bad event say nothing about spread
        rest = bad[1:] - seen[1:] * share
        usual = share * (1 - share) * seen[1:] * seen[:-1] / of
        squares += float((rest[kept] ** 2 / usual[kept]).clip(max=_MOST).sum())
        pairs += int(kept.sum())
    return max(1.0, squares / pairs) if pairs else 1.0

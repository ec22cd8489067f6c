"""Whether a yes-or-no fact and an outcome go together: exact tests and the strength of the tie, for many facts at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["deviance", "enrichment", "rank_sum", "stratified"]

Array = npt.NDArray[np.float64]
_NEGLIGIBLE = 1e-17  # a term this small beside the sum changes no digit of it


def enrichment(hits: npt.ArrayLike, size: npt.ArrayLike, all_hits: npt.ArrayLike, total: npt.ArrayLike) -> Array:
    """Return the exact chance of at least so many hits in groups of that size, if the group did not matter.

    Fisher's test to one side. Where records are sampled by the outcome, or by the group, odds ratios stay what they are,
    so the counts are those seen, not weighted ones.

    Parameters
    ----------
    hits, size
        Hits and records of each group.
    all_hits, total
        Hits and records of everything.

    Examples
    --------
    >>> round(float(enrichment(5, 5, 10, 100)), 9)
    3.347e-06
    """
    given = np.broadcast_arrays(*(np.asarray(values, dtype=float) for values in (hits, size, all_hits, total)))
    hit, count, every, n = (np.atleast_1d(values) for values in given)
    least, most = np.maximum(0.0, count + every - n), np.minimum(count, every)
    inside = (hit > least) & (hit <= most)
    p = np.where(hit <= least, 1.0, 0.0)
    p[inside] = _tail(hit[inside], count[inside], every[inside], n[inside])
    result: Array = np.clip(p, 0.0, 1.0).reshape(given[0].shape)
    return result


def _tail(hit: Array, size: Array, all_hits: Array, total: Array) -> Array:
    """Sum the hypergeometric chances of `hit` and more, on the side of the mode where the terms only fall."""
    mode = np.floor((size + 1) * (all_hits + 1) / (total + 2))
    upper = hit > mode
    at = np.where(upper, hit, hit - 1)
    step = np.where(upper, 1.0, -1.0)
    first = np.exp(_choose(all_hits, at) + _choose(total - all_hits, size - at) - _choose(total, size))
    term, added = np.ones_like(first), np.ones_like(first)
    with np.errstate(divide="ignore", invalid="ignore"):
        while np.any(term > _NEGLIGIBLE * added):
            up = (all_hits - at) * (size - at) / ((at + 1) * (total - all_hits - size + at + 1))
            down = at * (total - all_hits - size + at) / ((all_hits - at + 1) * (size - at + 1))
            term = term * np.where(upper, up, down)
            at = at + step
            added += term
    return np.where(upper, first * added, 1.0 - first * added)


def _choose(n: Array, k: Array) -> Array:
    """Return the logarithm of the binomial coefficient."""
    from scipy.special import gammaln

    result: Array = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return result


def deviance(hits: npt.ArrayLike, size: npt.ArrayLike, all_hits: npt.ArrayLike, total: npt.ArrayLike) -> Array:
    """Return how much better two rates than one explain the hits (G², likelihood-ratio statistic); 0 where depleted.

    Examples
    --------
    >>> float(deviance(5, 10, 50, 100)), bool(deviance(10, 10, 20, 100) > 30)
    (0.0, True)
    """
    hit, count = np.asarray(hits, dtype=float), np.asarray(size, dtype=float)
    every, n = np.asarray(all_hits, dtype=float), np.asarray(total, dtype=float)
    rest = n - count
    g = 2 * (_binomial(hit, count) + _binomial(every - hit, rest) - _binomial(every, n))
    with np.errstate(divide="ignore", invalid="ignore"):
        richer = hit * rest > (every - hit) * count
    result: Array = np.where(richer, np.maximum(g, 0.0), 0.0)
    return result


def _binomial(hits: Array, size: Array) -> Array:
    from scipy.special import xlogy

    missed = size - hits
    result: Array = xlogy(hits, hits) + xlogy(missed, missed) - xlogy(size, size)
    return result


def stratified(hits: Array, size: Array, all_hits: Array, total: Array) -> float:
    """Return the chance of such an excess of hits in the group, given strata (Cochran, Mantel and Haenszel, one side).

    Parameters
    ----------
    hits, size, all_hits, total
        One value a stratum.

    Examples
    --------
    >>> stratified(np.array([5.0, 2.0]), np.array([10.0, 20.0]), np.array([50.0, 10.0]), np.array([100.0, 100.0]))
    0.5
    """
    from scipy.special import ndtr

    some = total > 1
    hits, size, all_hits, total = (values[some] for values in (hits, size, all_hits, total))
    expected = size * all_hits / total
    variance = float(np.sum(expected * (1 - size / total) * (total - all_hits) / (total - 1)))
    if variance <= 0:
        return 1.0
    excess = float(np.sum(hits - expected))
    return float(ndtr(-(abs(excess) - 0.5) / np.sqrt(variance))) if excess > 0.5 else 0.5 if excess >= -0.5 else 1.0


def rank_sum(values: npt.ArrayLike, outcome: npt.NDArray[np.bool_]) -> float:
    """Return the p-value, to both sides, that values rank alike with and without the outcome (Mann and Whitney).

    Examples
    --------
    >>> rank_sum([1.0, 2.0, 3.0, 4.0], np.array([True, True, False, False])) > 0.1
    True
    """
    from scipy.special import ndtr

    value = np.asarray(values, dtype=float)
    some, n = int(np.count_nonzero(outcome)), len(value)
    if not 0 < some < n or np.isnan(value).any():
        return float("nan")
    _, place, ties = np.unique(value, return_inverse=True, return_counts=True)
    last = np.cumsum(ties)
    ranks = (last - (ties - 1) / 2)[place]
    u = float(ranks[outcome].sum()) - some * (some + 1) / 2
    pairs = some * (n - some)
    spread = np.sqrt(pairs / 12 * ((n + 1) - float(np.sum(ties.astype(float) ** 3 - ties)) / (n * (n - 1))))
    if spread == 0:
        return 1.0
    return float(min(1.0, 2 * ndtr(-(max(u, pairs - u) - pairs / 2 - 0.5) / spread)))

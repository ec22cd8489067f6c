"""Quantiles with intervals that hold when requests come in bursts, and their change from before to after."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, exp, log, sqrt

import numpy as np
import numpy.typing as npt

from rca.errors import NoDataError, OptionError
from rca.stats.arrays import Array, Interval, Numbers, as_codes, as_fraction, as_numbers

__all__ = ["quantile_change", "quantile_interval"]

Labels = npt.ArrayLike | Iterable[object]

_WIDTHS = (2, 4, 8)
"""Neighbouring clusters taken together where a slow minute follows a slow one (batch means, Conway 1963)."""
_FEWEST_BLOCKS = 7


def quantile_interval(values: Numbers, q: float, clusters: Labels | None = None, level: float = 0.95) -> Interval:
    """Return a quantile with an interval made of order statistics.

    Parameters
    ----------
    values
        Observations in any unit; NaN, None and infinities are left out.
    q
        Which quantile: 0.99 for p99.
    clusters
        One label a value, such as its minute. Values of one minute resemble each other, so that many values say less
        than their number suggests; the interval is widened by this design effect.
    level
        Confidence, 0.95 for 95 %.

    Returns
    -------
    Interval
        `low` and `high` are observed values; None where the data cannot bound that end (a p99 has no upper end below
        about 370 values: then say "at least").

    Raises
    ------
    NoDataError
        Where no value is finite.

    Notes
    -----
    The share of values below the j-th of n is Beta(j, n + 1 - j), with j and n divided by the design effect (Korn and
    Graubard 1998, Woodruff 1952). The design effect is read at the quantile and at the one with twice its tail: the
    fewer minutes hold the tail, the more its own estimate misleads. Its degrees of freedom come from the kurtosis of
    the minutes' totals. Where neighbours in the order of the labels resemble each other, two, four and eight are also
    taken as one cluster, and the widest interval stands. Simulated with 60 minutes whose level varies by 0 to 0.6 (lognormal):
    coverage 0.94 to 0.98 at p50, p95 and p99, also where minutes follow each other with a correlation of 0.6 (0.71 to 0.91 if
    that were ignored); 0.86 to 0.93 at a correlation of 0.8, and 0.89 to 0.97 with three to ten minutes that differ by 0.8.

    Examples
    --------
    >>> quantile_interval(range(1, 1001), 0.99).estimate
    990.0
    >>> quantile_interval(range(100), 0.99).high is None
    True
    """
    q, level = as_fraction(q, "q"), as_fraction(level, "level")
    raw = as_numbers(values)
    kept = np.isfinite(raw)
    x = raw[kept]
    if not len(x):
        raise NoDataError("No finite value is left, so there is no quantile.")
    ordered, n = np.sort(x), len(x)
    effective, groups = float(n), None
    if clusters is not None:
        codes = as_codes(as_codes(clusters, len(raw))[kept], n)
        groups = int(codes.max()) + 1
        if groups < 2:
            raise NoDataError("All values share one cluster; an interval needs at least two. Leave clusters out?")
        sizes = np.bincount(codes, minlength=groups).astype(np.float64)
        limits = [float(ordered[_rank(p, n)]) for p in read_at(q)]
        below = [np.bincount(codes, weights=x <= limit, minlength=groups).astype(np.float64) for limit in limits]
        effective = effective_size(below, sizes, n, level)
    low, high = beta_ends(n, effective, q, level)
    return Interval(
        estimate=float(ordered[_rank(q, n)]),
        low=None if low is None else float(ordered[low]),
        high=None if high is None else float(ordered[high]),
        level=level,
        n=n,
        method="order statistics" + (", design effect of clusters" if groups else ""),
        clusters=groups,
    )


def _rank(q: float, n: int) -> int:
    return min(n - 1, max(0, ceil(q * n - 1e-9) - 1))


def read_at(q: float) -> tuple[float, float]:
    """Return where the design effect of a quantile is read: there, and where twice as much is beyond it.

    Examples
    --------
    >>> read_at(0.99)
    (0.99, 0.9802)
    """
    tail = min(q, 1 - q)
    wide = tail * (2 - 2 * tail)
    return q, wide if q < 0.5 else 1 - wide


def effective_size(below: list[Array], sizes: Array, n: int, level: float) -> float:
    """Return how many independent values clustered ones are worth for an interval of a quantile.

    Parameters
    ----------
    below
        For each place where the design effect is read: values of each cluster up to there (counts or weights).
    sizes
        All values of each cluster, in the same measure. Clusters are in the order of their labels.
    n
        Values seen.
    level
        Confidence; Student's t for few clusters is part of the answer.

    Examples
    --------
    >>> effective_size([np.array([10.0, 0.0])], np.array([10.0, 10.0]), 20, 0.95) < 2
    True
    """
    found = [_effective(below, sizes, n, level, width) for width in (1, *_WIDTHS)]
    return min(value for value in found if value is not None)


def _effective(below: list[Array], sizes: Array, n: int, level: float, width: int) -> float | None:
    """Return the same with so many neighbouring clusters as one; None where they do not resemble each other."""
    from scipy.special import ndtri, stdtrit

    groups = -(-len(sizes) // width)
    if width > 1 and groups < _FEWEST_BLOCKS:
        return None
    worst, least = 1.0, groups - 1.0
    for part in below:
        share = float(part.sum() / sizes.sum())
        off = part - share * sizes
        if not 0 < share < 1 or float((off**2).sum()) <= 0 or (width > 1 and not _alike(off)):
            continue
        off = np.add.reduceat(off, np.arange(0, len(off), width)) if width > 1 else off
        squares = float((off**2).sum())
        variance = squares * groups / (groups - 1) / float(sizes.sum()) ** 2
        worst = max(worst, variance * n / (share * (1 - share)))
        kurtosis = groups * float((off**4).sum()) / squares**2 if squares > 0 else 0.0
        if kurtosis > 1:
            least = min(least, 2 * (groups - 1) / (kurtosis - 1))
    if width > 1 and worst <= 1:
        return None
    upper = (1 + level) / 2
    wider = float(stdtrit(max(1.0, least), upper) / ndtri(upper))
    return n / worst / wider**2


def _alike(off: Array) -> bool:
    """Tell whether neighbours resemble each other by more than one standard error of a correlation."""
    return float((off[1:] * off[:-1]).sum() / (off**2).sum()) > 1 / sqrt(len(off))


def beta_ends(n: int, effective: float, q: float, level: float) -> tuple[int | None, int | None]:
    """Return the positions (from 0) of the order statistics that bound a quantile; None where there is none.

    `effective` is how many independent values the `n` values are worth.

    Examples
    --------
    >>> beta_ends(1000, 1000, 0.5, 0.95)
    (468, 531)
    """
    from scipy.special import betainc

    factor = min(1.0, effective / n)
    position = np.arange(1, n + 1, dtype=np.float64)
    below = betainc(position * factor, (n + 1 - position) * factor, q)  # P(share below the j-th value <= q)
    out = (1 - level) / 2
    low = np.flatnonzero(1 - below <= out)
    high = np.flatnonzero(below <= out)
    return (int(low[-1]) if len(low) else None, int(high[0]) if len(high) else None)


def quantile_change(
    before: Numbers,
    after: Numbers,
    q: float,
    *,
    scale: str = "ratio",
    clusters_before: Labels | None = None,
    clusters_after: Labels | None = None,
    level: float = 0.95,
) -> Interval:
    """Return how a quantile changed: after divided by before, or after minus before.

    Parameters
    ----------
    before, after
        Observations of the two periods.
    q
        Which quantile.
    scale
        ``"ratio"`` (values must be positive) or ``"difference"``.
    clusters_before, clusters_after
        One label a value, as for :func:`quantile_interval`.
    level
        Confidence.

    Returns
    -------
    Interval
        An end is None where one of the two quantiles has no bound on that side. `n` counts both periods.

    Notes
    -----
    The two intervals are combined without assuming symmetry (MOVER: Zou and Donner 2008; Newcombe 1998), so that the
    result inherits the coverage of :func:`quantile_interval`.

    Examples
    --------
    >>> slow = quantile_change(range(1, 2001), [3 * i for i in range(1, 2001)], 0.95)
    >>> slow.estimate, slow.excludes(1)
    (3.0, True)
    """
    if scale not in ("ratio", "difference"):
        raise OptionError(f"scale is {scale!r}; it must be 'ratio' or 'difference'.")
    old = quantile_interval(before, q, clusters_before, level)
    new = quantile_interval(after, q, clusters_after, level)
    method = f"{scale} of quantiles, MOVER of {new.method}"
    both = old.n + new.n
    groups = None if old.clusters is None or new.clusters is None else old.clusters + new.clusters
    if scale == "difference":
        low, high = mover(new, old)
        return Interval(new.estimate - old.estimate, low, high, level, both, method, groups)
    if min(old.estimate, new.estimate) <= 0:
        raise NoDataError(f"The ratio of quantiles {new.estimate:g} / {old.estimate:g} needs positive values.")
    low, high = mover(_logged(new), _logged(old))
    return Interval(
        new.estimate / old.estimate,
        None if low is None else exp(low),
        None if high is None else exp(high),
        level,
        both,
        method,
        groups,
    )


def _logged(of: Interval) -> Interval:
    """Return an interval of logarithms; an end at or below 0 bounds nothing."""
    low = log(of.low) if of.low is not None and of.low > 0 else None
    high = log(of.high) if of.high is not None else None
    return Interval(log(of.estimate), low, high, of.level, of.n, of.method, of.clusters)


def mover(first: Interval, second: Interval) -> tuple[float | None, float | None]:
    """Return the ends of `first` minus `second` from their own intervals.

    Examples
    --------
    >>> mover(Interval(5, 2, 8, 0.95, 1, ""), Interval(1, -3, 5, 0.95, 1, ""))
    (-1.0, 9.0)
    """
    difference = first.estimate - second.estimate
    low = high = None
    if first.low is not None and second.high is not None:
        low = difference - sqrt((first.estimate - first.low) ** 2 + (second.high - second.estimate) ** 2)
    if first.high is not None and second.low is not None:
        high = difference + sqrt((first.high - first.estimate) ** 2 + (second.estimate - second.low) ** 2)
    return low, high

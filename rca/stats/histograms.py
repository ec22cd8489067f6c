"""What log histograms tell: a quantile with its interval, and how two distributions differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rca.errors import NoDataError, OptionError
from rca.stats.arrays import Interval, as_fraction
from rca.stats.loghistogram import LogHistogram, bucket_value
from rca.stats.quantiles import beta_ends, effective_size, read_at

__all__ = ["HistogramComparison", "compare_histograms", "histogram_quantile_interval"]

_RANKS = 200_000
"""Ranks told apart in an interval; with more values the width of a bucket is what limits it."""


def histogram_quantile_interval(
    histogram: LogHistogram, q: float, *, clusters: npt.ArrayLike | None = None, level: float = 0.95
) -> Interval:
    """Return a quantile of a histogram with an interval.

    Parameters
    ----------
    histogram
        The distribution. Where weights differ from 1, `n` says how many values they stand for.
    q
        Which quantile.
    clusters
        Counts of the same values by cluster: a matrix with a row a minute (or trace) and a column a bucket of
        ``histogram.index``. Its rows tell how much the values of one minute resemble each other.
    level
        Confidence.

    Returns
    -------
    Interval
        The ends are outer edges of buckets, so the rounding to buckets never makes the interval too narrow; None where
        the data cannot bound that side.

    Examples
    --------
    >>> histogram_quantile_interval(LogHistogram.of(range(1, 101)), 0.99).high is None
    True
    """
    as_fraction(level, "level")
    estimate = histogram.quantile(q)
    effective, groups, method = float(histogram.n), None, "order statistics of a log histogram"
    if clusters is not None:
        matrix = np.asarray(clusters, dtype=np.float64)
        if matrix.ndim != 2 or matrix.shape[1] != len(histogram.index):
            raise OptionError(
                f"clusters has shape {matrix.shape}; pass a row a cluster and {len(histogram.index)} columns."
            )
        matrix = matrix[matrix.sum(axis=1) > 0]
        groups, method = len(matrix), method + ", design effect of clusters"
        if groups < 2:
            raise NoDataError("An interval by cluster needs at least two clusters with values. Leave clusters out?")
        running = np.cumsum(matrix, axis=1)
        whole = running.sum(axis=0)
        at = [min(int(np.searchsorted(whole, p * whole[-1] - 1e-9)), len(whole) - 1) for p in read_at(q)]
        effective = effective_size([running[:, column] for column in at], running[:, -1], histogram.n, level)
    ranks = max(1, min(histogram.n, _RANKS))
    low, high = beta_ends(ranks, min(effective, ranks), q, level)
    return Interval(
        estimate,
        None if low is None else histogram.edge(low / ranks, upper=False),
        None if high is None else histogram.edge((high + 1) / ranks, upper=True),
        level,
        histogram.n,
        method,
        groups,
    )


@dataclass(frozen=True, slots=True)
class HistogramComparison:
    """How two distributions differ.

    Attributes
    ----------
    distance
        Kolmogorov-Smirnov: the largest difference of the two shares below any one value, 0 to 1.
    at
        The value where it is largest.
    p_value
        Of that distance if values were independent; in bursts it is too small, so use it to rank, not to conclude.
    typical_ratio
        Geometric mean of the ratios of equal ranks, after over before: 2 means twice as slow on the whole.
    """

    distance: float
    at: float
    p_value: float
    typical_ratio: float
    n: int
    method: str


def compare_histograms(before: LogHistogram, after: LogHistogram) -> HistogramComparison:
    """Compare two distributions bucket by bucket, at the coarser of their scales.

    Examples
    --------
    >>> slower = compare_histograms(LogHistogram.of(range(1, 500)), LogHistogram.of(range(4, 2000, 4)))
    >>> round(slower.typical_ratio, 1), slower.p_value < 1e-6
    (4.0, True)
    """
    from scipy.special import kolmogorov

    scale = min(before.scale, after.scale)
    one, two = before.downscale(scale), after.downscale(scale)
    for part in (one, two):
        if part.count.sum() <= 0:
            raise NoDataError("One of the histograms holds no positive value, so there is nothing to compare.")
    index = np.union1d(one.index, two.index)
    shares = []
    for part in (one, two):
        count = np.zeros(len(index))
        count[np.searchsorted(index, part.index)] = part.count
        shares.append((part.zero + np.cumsum(count)) / part.total)
    gap = np.abs(shares[0] - shares[1])
    worth = one.n * two.n / (one.n + two.n)
    logs = [
        float((np.log(bucket_value(part.index, scale=scale)) * part.count).sum() / part.count.sum())
        for part in (one, two)
    ]
    return HistogramComparison(
        distance=float(gap.max()),
        at=float(np.exp2((index[gap.argmax()] + 1) / 2.0**scale)),
        p_value=float(kolmogorov(np.sqrt(worth) * gap.max())),
        typical_ratio=float(np.exp(logs[1] - logs[0])),
        n=one.n + two.n,
        method=f"Kolmogorov-Smirnov of log histograms at scale {scale}",
    )

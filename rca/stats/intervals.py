"""Intervals of proportions, rates and means, also where observations come in clusters or with sampling weights."""

from __future__ import annotations

from math import sqrt

import numpy as np
import numpy.typing as npt

from rca.errors import NoDataError, OptionError
from rca.stats.arrays import Interval, Numbers, as_codes, as_fraction, as_numbers, as_weights
from rca.stats.quantiles import Labels, effective_size

__all__ = ["mean_interval", "proportion_interval", "rate_ratio_interval"]

_SEED = 20260304
_MOST_CLUSTERS = 1000
"""Above so many clusters the mean is normal for all purposes, and a formula replaces the bootstrap."""


def proportion_interval(
    successes: float | Numbers,
    trials: float | Numbers,
    *,
    method: str = "wilson",
    level: float = 0.95,
    design_effect: float | None = None,
) -> Interval:
    """Return a share, such as an error ratio, with its interval.

    Parameters
    ----------
    successes, trials
        Two counts; or two sequences, one count a cluster (a minute), from which the design effect is estimated.
    method
        ``"wilson"`` (score interval) or ``"jeffreys"`` (Beta posterior, equal tails).
    level
        Confidence.
    design_effect
        How many times larger the variance is than for independent trials; overrides the estimate.

    Raises
    ------
    OptionError
        For an unknown method, or counts that cannot be.
    NoDataError
        Without trials.

    Notes
    -----
    Wilson (1927); Brown, Cai and DasGupta (2001) recommend both methods for their coverage. Trials are divided by the
    design effect before the interval is made (Korn and Graubard 1998), which for few or uneven clusters includes
    Student's t.

    Examples
    --------
    >>> errors = proportion_interval(21, 1000)
    >>> errors.estimate, round(errors.low, 4), round(errors.high, 4)
    (0.021, 0.0138, 0.0319)
    >>> proportion_interval([0, 30, 0, 0], [100] * 4).high > proportion_interval(30, 400).high
    True
    """
    as_fraction(level, "level")
    if method not in ("wilson", "jeffreys"):
        raise OptionError(f"method is {method!r}; it must be 'wilson' or 'jeffreys'.")
    k, n = np.atleast_1d(np.asarray(successes, dtype=np.float64)), np.atleast_1d(np.asarray(trials, dtype=np.float64))
    if k.shape != n.shape or not (np.isfinite(k) & np.isfinite(n) & (k >= 0) & (k <= n)).all():
        raise OptionError(f"successes must lie between 0 and trials and be as many: {successes!r} of {trials!r}.")
    total, groups = float(n.sum()), int((n > 0).sum()) if len(n) > 1 else None
    if total <= 0:
        raise NoDataError("There are no trials, so there is no share.")
    share = float(k.sum()) / total
    if design_effect is not None and not design_effect > 0:
        raise OptionError(f"design_effect is {design_effect!r}; it must be above 0 (1 for independent trials).")
    effective = total / design_effect if design_effect is not None else total
    if design_effect is None and groups is not None and groups > 1:
        effective = effective_size([k[n > 0]], n[n > 0], round(total), level)
    effect = total / effective
    low, high = (_wilson if method == "wilson" else _jeffreys)(share, effective, level)
    name = f"{method}, design effect {effect:.3g}" if effect > 1.0005 else method
    return Interval(share, low, high, level, round(total), name, groups)


def _wilson(share: float, n: float, level: float) -> tuple[float, float]:
    from scipy.special import ndtri

    z2 = float(ndtri((1 + level) / 2)) ** 2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    low = 0.0 if share <= 0 else max(0.0, centre - reach)
    return low, 1.0 if share >= 1 else min(1.0, centre + reach)


def _jeffreys(share: float, n: float, level: float) -> tuple[float, float]:
    from scipy.special import betaincinv

    a, b, out = share * n + 0.5, (1 - share) * n + 0.5, (1 - level) / 2
    low = 0.0 if share <= 0 else float(betaincinv(a, b, out))
    return low, 1.0 if share >= 1 else float(betaincinv(a, b, 1 - out))


def rate_ratio_interval(
    events_before: float | Numbers,
    exposure_before: float | Numbers,
    events_after: float | Numbers,
    exposure_after: float | Numbers,
    *,
    level: float = 0.95,
) -> Interval:
    """Return rate after divided by rate before, with its interval.

    Parameters
    ----------
    events_before, events_after
        Counts; or sequences with a count a minute, from which overdispersion is estimated.
    exposure_before, exposure_after
        Requests, seconds or whatever the events are counted against.
    level
        Confidence.

    Returns
    -------
    Interval
        `high` is None (and the estimate infinite) where nothing happened before; `low` is 0 where nothing happened after.
        `n` counts events.

    Notes
    -----
    Given the total, the events after are binomial with a share that the ratio determines; Jeffreys' interval of that
    share is carried over. Overdispersion shrinks the counts it rests on.

    Examples
    --------
    >>> errors = rate_ratio_interval(20, 10_000, 210, 10_000)
    >>> errors.estimate, round(errors.low, 1), round(errors.high, 1)
    (10.5, 6.8, 17.0)
    """
    as_fraction(level, "level")
    arms = []
    for events, exposure, name in ((events_before, exposure_before, "before"), (events_after, exposure_after, "after")):
        k, m = (
            np.atleast_1d(np.asarray(events, dtype=np.float64)),
            np.atleast_1d(np.asarray(exposure, dtype=np.float64)),
        )
        if k.shape != m.shape or not (np.isfinite(k) & np.isfinite(m) & (k >= 0) & (m >= 0)).all():
            raise OptionError(f"Events and exposure {name} must be equally many numbers of at least 0.")
        if m.sum() <= 0:
            raise NoDataError(f"There is no exposure {name}, so there is no rate.")
        arms.append((k, m))
    (k0, m0), (k1, m1) = arms
    total = float(k0.sum() + k1.sum())
    if total <= 0:
        raise NoDataError("There are no events before or after, so their rates cannot be compared.")
    spread = max(1.0, _dispersion(k0, m0), _dispersion(k1, m1))
    low, high = _jeffreys(float(k1.sum()) / total, total / spread, level)
    scale = float(m0.sum() / m1.sum())
    estimate = float(k1.sum() / k0.sum()) * scale if k0.sum() else float("inf")
    groups = len(k0) + len(k1) if max(len(k0), len(k1)) > 1 else None
    name = "conditional binomial, Jeffreys" + (f", dispersion {spread:.3g}" if spread > 1 else "")
    top = None if high >= 1 else scale * high / (1 - high)
    return Interval(estimate, scale * low / (1 - low), top, level, round(total), name, groups)


def _dispersion(k: npt.NDArray[np.float64], m: npt.NDArray[np.float64]) -> float:
    """Return Pearson's chi-squared a degree of freedom: 1 for Poisson counts."""
    kept = m > 0
    if kept.sum() < 2 or k.sum() <= 0:
        return 1.0
    expected = m[kept] * k.sum() / m.sum()
    return float(((k[kept] - expected) ** 2 / expected).sum() / (kept.sum() - 1))


def mean_interval(
    values: Numbers,
    *,
    clusters: Labels | None = None,
    weights: Numbers | None = None,
    level: float = 0.95,
    resamples: int = 2000,
) -> Interval:
    """Return a weighted mean with an interval that respects clusters.

    Parameters
    ----------
    values
        Observations; missing ones are left out.
    clusters
        One label a value, such as its trace: spans of a trace are drawn together.
    weights
        Sampling weight of each value (``adjusted_count``).
    level
        Confidence.
    resamples
        Bootstrap resamples of clusters; the seed is fixed.

    Raises
    ------
    NoDataError
        Without a value, or with a single cluster.

    Notes
    -----
    Up to 1,000 clusters: bootstrap of Student's ratio over clusters, which follows skewness (Hall 1988). More: the linearised variance
    of a ratio and a normal quantile.

    Examples
    --------
    >>> calls = mean_interval([1, 1, 1, 12, 12, 12], clusters=["a", "a", "b", "b", "c", "c"])
    >>> calls.estimate, calls.clusters
    (6.5, 3)
    """
    as_fraction(level, "level")
    raw = as_numbers(values)
    weight = as_weights(weights, len(raw))
    kept = np.isfinite(raw) & (weight > 0)
    x, w = raw[kept], weight[kept]
    if not len(x):
        raise NoDataError("No finite value is left, so there is no mean.")
    codes = np.arange(len(x)) if clusters is None else as_codes(as_codes(clusters, len(raw))[kept], len(x))
    top = np.bincount(codes, weights=w * x).astype(np.float64)
    bottom = np.bincount(codes, weights=w).astype(np.float64)
    groups, estimate = len(top), float(top.sum() / bottom.sum())
    if groups < 2:
        raise NoDataError("A mean of one observation or one cluster has no interval.")
    error = float(_standard_error(top[None], bottom[None])[0])
    low_t, high_t, name = _student_ends(top, bottom, estimate, level, resamples)
    shown = None if clusters is None else groups
    return Interval(estimate, estimate - high_t * error, estimate - low_t * error, level, len(x), name, shown)


def _standard_error(top: npt.NDArray[np.float64], bottom: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    groups = top.shape[1]
    mean = top.sum(axis=1) / bottom.sum(axis=1)
    off = top - mean[:, None] * bottom
    out = np.sqrt((off**2).sum(axis=1) * groups / (groups - 1)) / bottom.sum(axis=1)
    return np.asarray(out, dtype=np.float64)


def _student_ends(
    top: npt.NDArray[np.float64], bottom: npt.NDArray[np.float64], estimate: float, level: float, resamples: int
) -> tuple[float, float, str]:
    """Return the lower and upper quantile of (mean - truth) / standard error, and how they were found."""
    from scipy.special import ndtri, stdtrit

    groups, out = len(top), (1 - level) / 2
    if groups < 6 or groups > _MOST_CLUSTERS:
        reach = float(ndtri(1 - out) if groups > _MOST_CLUSTERS else stdtrit(groups - 1, 1 - out))
        return -reach, reach, "linearised mean of clusters"
    drawn = np.random.default_rng(_SEED).integers(0, groups, (resamples, groups))
    tops, bottoms = top[drawn], bottom[drawn]
    error = _standard_error(tops, bottoms)
    fine = error > 0
    if fine.sum() < 0.9 * resamples:
        reach = float(stdtrit(groups - 1, 1 - out))
        return -reach, reach, "linearised mean of clusters"
    ratio = ((tops.sum(axis=1) / bottoms.sum(axis=1))[fine] - estimate) / error[fine]
    low, high = np.quantile(ratio, [out, 1 - out])
    return float(low), float(high), "studentised bootstrap of clusters"

"""Means and quantiles of weighted requests, with intervals by resampling whole requests.

A request is one cluster: its calls, its time and its weight are drawn together. Requests that are alike (same value, same
weight) are one cell, and a bootstrap over requests is then a multinomial draw over cells: exact, and cheap for millions.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["DRAWS", "count_draws", "interval", "mean_draws", "share_draws", "weighted_mean", "weighted_quantile"]

Array = npt.NDArray[np.float64]

DRAWS = 1000
_MOST_CELLS = 4000
_HALF = 0.5
"""Requests at either end that count as seen: Jeffreys' prior."""


def weighted_mean(values: npt.ArrayLike, weights: npt.ArrayLike) -> float:
    """Return the mean of `values` with `weights`; NaN where there are none.

    Examples
    --------
    >>> weighted_mean([1.0, 3.0], [3.0, 1.0])
    1.5
    """
    value, weight = np.asarray(values, dtype=float), np.asarray(weights, dtype=float)
    total = float(weight.sum())
    return float(value @ weight) / total if total > 0 else float("nan")


def weighted_quantile(
    values: npt.ArrayLike, q: float, weights: npt.ArrayLike, *, order: npt.NDArray[np.int64] | None = None
) -> float:
    """Return the smallest value at or below which a share `q` of the weight lies; NaN where there are none.

    `order` sorts the values, where the quantiles of many parts of them are asked for: what is not in a part weighs 0.

    Examples
    --------
    >>> weighted_quantile([1.0, 2.0, 10.0], 0.5, [1.0, 1.0, 5.0])
    10.0
    >>> weighted_quantile([1.0, 2.0, 10.0], 0.99, [1.0, 1.0, 0.0], order=np.arange(3))
    2.0
    """
    value, weight = np.asarray(values, dtype=float), np.asarray(weights, dtype=float)
    if not value.size or weight.sum() <= 0:
        return float("nan")
    order = np.argsort(value, kind="stable") if order is None else order
    reached = np.cumsum(weight[order])
    at = int(np.searchsorted(reached, q * reached[-1] * (1 - 1e-12)))
    return float(value[order[min(at, value.size - 1)]])


def mean_draws(values: npt.ArrayLike, weights: npt.ArrayLike, *, draws: int = DRAWS, seed: int = 0) -> Array:
    """Return bootstrap draws of the weighted mean, resampling requests.

    Parameters
    ----------
    values, weights
        One a request.
    draws
        How many resamples.
    seed
        Of the generator: the same data gives the same interval.

    Examples
    --------
    >>> bool(np.all(mean_draws([12.0] * 60, [1.0] * 60) == 12.0))
    True
    """
    value, weight = np.asarray(values, dtype=float), np.asarray(weights, dtype=float)
    if not value.size or weight.sum() <= 0:
        return np.full(draws, np.nan)
    rng = np.random.default_rng(seed)
    cells, count = np.unique(np.column_stack((value, weight)), axis=0, return_counts=True)
    if len(cells) > _MOST_CELLS:  # as many cells as requests: the mean is normal, its error that of a ratio
        mean = weighted_mean(value, weight)
        error = float(np.sqrt(np.sum((weight * (value - mean)) ** 2))) / float(weight.sum())
        return rng.normal(mean, error, draws)
    drawn = rng.multinomial(value.size, count / value.size, size=draws).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        means: Array = (drawn @ (cells[:, 0] * cells[:, 1])) / (drawn @ cells[:, 1])
    return means


def count_draws(
    values: npt.ArrayLike,
    weights: npt.ArrayLike,
    *,
    most: float,
    seen: npt.ArrayLike | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Array:
    """Return draws of the weighted mean of a count that a few requests make large: some of these may not have been seen.

    A bootstrap cannot draw what the sample does not hold, and is far too sure where it happens to hold no request with
    many calls. Here the shares of all values, and of half a request at 0 and half a request at `most`, are drawn together
    from their Dirichlet posterior: Jeffreys' interval for a share where only these two values occur, the Bayesian
    bootstrap where there are many requests.

    Parameters
    ----------
    values, weights
        One a request, or one a cell of like requests.
    most
        The largest count that a request is taken to have, seen here or elsewhere.
    seen
        Requests of each cell; left out, 1.
    draws
        How many.
    seed
        Of the generator: the same data gives the same interval.

    Examples
    --------
    >>> low, high = interval(count_draws([1.0] * 36, [1.0] * 36, most=12))
    >>> 0.9 < low < 1 and 1.5 < high < 2.2
    True
    """
    value, weight = np.asarray(values, dtype=float), np.asarray(weights, dtype=float)
    number = np.ones(value.size) if seen is None else np.asarray(seen, dtype=float)
    if not value.size or weight @ number <= 0:
        return np.full(draws, np.nan)
    rng = np.random.default_rng(seed)
    cells, which = np.unique(np.column_stack((value, weight)), axis=0, return_inverse=True)
    number = np.bincount(which.ravel(), weights=number)
    heaviest = float(weight.max())
    unseen = rng.standard_gamma(_HALF, size=(draws, 2)) * heaviest
    if len(cells) > _MOST_CELLS:  # as many cells as requests: the sums are normal
        share = np.sqrt(number) * cells[:, 1]
        whole = float(number @ cells[:, 1])
        mean = float((number * cells[:, 1]) @ cells[:, 0]) / whole
        error = float(np.sqrt(np.sum((share * (cells[:, 0] - mean)) ** 2)))
        total = whole * mean + rng.normal(0.0, error, draws)
        drawn: Array = (total + unseen[:, 1] * max(most, float(value.max()))) / (whole + unseen.sum(axis=1))
        return drawn
    drawn = rng.standard_gamma(number, size=(draws, number.size)) * cells[:, 1]
    ends = unseen[:, 1] * max(most, float(value.max()))
    means: Array = (drawn @ cells[:, 0] + ends) / (drawn.sum(axis=1) + unseen.sum(axis=1))
    return means


def share_draws(hits: npt.ArrayLike, weights: npt.ArrayLike, *, draws: int = DRAWS, seed: int = 0) -> Array:
    """Return draws of a weighted share: a Beta posterior at the effective number of requests.

    Unlike a bootstrap it has a width where no request, or every request, is a hit.

    Examples
    --------
    >>> low, high = interval(share_draws([0.0] * 100, [1.0] * 100))
    >>> 0 <= low < 0.01 < high < 0.06
    True
    """
    hit, weight = np.asarray(hits, dtype=float), np.asarray(weights, dtype=float)
    total = float(weight.sum())
    if total <= 0:
        return np.full(draws, np.nan)
    effective = total**2 / float((weight**2).sum())
    share = float(hit @ weight) / total
    return np.random.default_rng(seed).beta(0.5 + effective * share, 0.5 + effective * (1 - share), draws)


def interval(draws: npt.ArrayLike, level: float = 0.95) -> tuple[float | None, float | None]:
    """Return the central interval of draws; None for both where there are none.

    Examples
    --------
    >>> interval([1.0, 1.0, 1.0])
    (1.0, 1.0)
    """
    known = np.asarray(draws, dtype=float)
    known = known[np.isfinite(known)]
    if not known.size:
        return None, None
    tail = (1 - level) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return float(low), float(high)

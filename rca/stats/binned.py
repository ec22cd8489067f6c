"""Requests counted by time bin and latency bucket: quantiles, ratios and where time went, with intervals.

Telemetry arrives in bursts: requests of one second resemble each other more than those of another. So the bins of time
are resampled, not the requests (a cluster bootstrap), and everything is computed from the same resample, which keeps
ratios of differences honest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["PLACES", "Binned", "Estimate", "estimate", "resample", "summarize"]

PLACES = ("database", "downstream", "network", "own")
"""Where a request's time can go, seen from the service that serves it."""

_SCALE = 32
_QUANTILES = (0.5, 0.95, 0.99)
_SLOW_SHARE = 0.05
"""The slowest share of requests in which time is divided up: they are what a high quantile is made of."""

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Binned:
    """Requests of one cohort. Rows of each array are time bins, columns are latency buckets of `index`.

    `index` holds bucket numbers of an exponential histogram of nanoseconds at scale 5; `places` holds milliseconds: of traced
    requests in all of :data:`PLACES`, of logged ones in those that the log tells of, and in ``rest``.
    """

    index: npt.NDArray[np.int64]
    weight: Array
    requests: Array
    errors: Array
    calls: Array
    places: Mapping[str, Array]

    @property
    def n(self) -> int:
        """Requests seen, unweighted."""
        return int(self.requests.sum())

    @property
    def bins(self) -> int:
        """Time bins with requests."""
        return int((self.requests.sum(axis=1) > 0).sum())

    @property
    def sampling(self) -> float | None:
        """Share of requests that was seen; None where it was all of them."""
        total = float(self.weight.sum())
        share = self.n / total if total else 1.0
        return share if share < 0.999 else None


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its percentile interval."""

    value: float
    low: float | None
    high: float | None


def milliseconds(index: npt.NDArray[np.int64]) -> Array:
    """Return the middle of each bucket in milliseconds; at most 1.09 % off any value in it.

    Examples
    --------
    >>> bool(abs(milliseconds(np.array([int(np.ceil(np.log2(1e9) * 32)) - 1]))[0] / 1000 - 1) < 0.0109)
    True
    """
    return np.asarray(np.where(index < 0, 0.0, np.exp2((index + 0.5) / _SCALE) / 1e6), dtype=np.float64)


def summarize(binned: Binned, multiplicity: Array | None = None) -> dict[str, Array]:
    """Return statistics of each resample: quantiles, error ratio, calls a request, and where the slowest spend time.

    Parameters
    ----------
    binned
        The cohort.
    multiplicity
        How often each resample (row) takes each time bin (column); left out, every bin once.

    Returns
    -------
    dict
        ``p50_ms``, ``p95_ms``, ``p99_ms``, ``mean_ms``, ``error_ratio``, ``queries_per_request``, ``slow_queries_per_request`` and
        ``slow_<place>_ms``, ``mean_<place>_ms`` for each place; one value a resample, NaN where it holds no request.
    """
    times = np.ones((1, len(binned.weight))) if multiplicity is None else multiplicity
    histogram = times @ binned.weight
    total = histogram.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = milliseconds(binned.index)
        running = np.cumsum(histogram, axis=1)
        out = {f"p{round(q * 100)}_ms": _quantile(running, total, middle, q) for q in _QUANTILES}
        out["mean_ms"] = histogram @ middle / total
        out["error_ratio"] = (times @ binned.errors).sum(axis=1) / total
        out["queries_per_request"] = (times @ binned.calls).sum(axis=1) / total
        # the slowest share: whole buckets from the one that holds its edge, so that numerator and denominator agree
        slow = running > (1 - _SLOW_SHARE) * total[:, None]
        slow_total = (histogram * slow).sum(axis=1)
        out["slow_queries_per_request"] = ((times @ binned.calls) * slow).sum(axis=1) / slow_total
        for place, values in binned.places.items():
            spent = times @ values
            out[f"mean_{place}_ms"] = spent.sum(axis=1) / total
            out[f"slow_{place}_ms"] = (spent * slow).sum(axis=1) / slow_total
    return out


def _quantile(running: Array, total: Array, middle: Array, q: float) -> Array:
    if not running.shape[1]:
        return np.full(len(running), np.nan)
    at = (running < (q * total)[:, None] - 1e-9).sum(axis=1).clip(max=running.shape[1] - 1)
    return np.where(total > 0, middle[at], np.nan)


def resample(binned: Binned, *, resamples: int = 1000, seed: int = 20260304) -> dict[str, Array]:
    """Return the statistics of `resamples` cluster-bootstrap resamples of the time bins.

    The seed is fixed so that the same data give the same interval.
    """
    filled = binned.requests.sum(axis=1) > 0
    count = int(filled.sum())
    if not count:
        return {name: np.full(resamples, np.nan) for name in summarize(binned)}
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(count, np.full(count, 1 / count), size=resamples).astype(np.float64)
    times = np.zeros((resamples, len(filled)))
    times[:, filled] = drawn
    return summarize(binned, times)


def estimate(value: float, draws: Array, *, level: float = 0.95) -> Estimate:
    """Return a value with the percentile interval of its resamples; ends are None where too few are finite.

    Examples
    --------
    >>> estimate(1.0, np.linspace(0.5, 1.5, 101)).low
    0.525
    """
    finite = draws[np.isfinite(draws)]
    if len(finite) < 0.9 * len(draws):
        return Estimate(value, None, None)
    low, high = np.quantile(finite, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(value, float(low), float(high))

"""How sure one can be that a run is worse: intervals for quantiles, shares and means of weighted, clustered requests.

Requests of one moment resemble each other and sampled ones stand for several, so each statistic first counts how many
independent requests the sample is worth: Kish's effective size, divided by the overdispersion seen across bins of time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Change", "Sample", "mean_difference", "quantile_change", "share_difference"]

Array = npt.NDArray[np.float64]
_BINS = 30
_MOST_COUNTED = 2_000_000


@dataclass(frozen=True, slots=True)
class Sample:
    """One measure of the requests of one side: a value, a weight and a time bin each."""

    values: Array
    weights: Array
    bins: npt.NDArray[np.int64]

    @classmethod
    def of(cls, values: Array, weights: Array, times_ns: Array) -> Sample:
        """Sort requests into bins of equal length."""
        if not len(values):
            return cls(values, weights, np.zeros(0, dtype=np.int64))
        first, last = float(times_ns.min()), float(times_ns.max())
        length = max((last - first) / _BINS, 1.0)
        return cls(values, weights, np.minimum((times_ns - first) // length, _BINS - 1).astype(np.int64))

    @property
    def n(self) -> int:
        """Requests seen."""
        return len(self.values)

    def worth(self, hits: npt.NDArray[np.bool_]) -> float:
        """Return how many independent requests the sample is worth for the share of `hits`."""
        total = float(self.weights.sum())
        size = total**2 / float((self.weights**2).sum())
        share = float(self.weights[hits].sum()) / total
        if not 0 < share < 1:
            return size
        counts = np.bincount(self.bins, minlength=_BINS).astype(float)
        seen = np.bincount(self.bins, weights=hits.astype(float), minlength=_BINS)
        filled = counts > 0
        plain = float(hits.mean())
        excess = (seen[filled] - counts[filled] * plain) ** 2 / (counts[filled] * plain * (1 - plain))
        return size / max(1.0, float(excess.sum()) / max(1, int(filled.sum()) - 1))

    def quantile(self, q: float) -> float:
        """Return the smallest value that has a share `q` of the weight at or below it."""
        order = np.argsort(self.values, kind="stable")
        running = np.cumsum(self.weights[order])
        at = int(np.searchsorted(running, q * running[-1] * (1 - 1e-12)))
        return float(self.values[order][min(at, self.n - 1)])

    def share(self) -> float:
        """Return the weighted mean, which is the share of ones where the values are 0 and 1."""
        return float(np.average(self.values, weights=self.weights))


@dataclass(frozen=True, slots=True)
class Change:
    """From baseline to candidate, with an interval of which each end is wrong with probability `alpha` at most."""

    before: float
    after: float
    change: float
    low: float | None
    high: float | None


def quantile_change(baseline: Sample, candidate: Sample, q: float, alpha: float) -> Change:
    """Return candidate's quantile over the baseline's.

    The control quantile test (Mathisen 1943) turned into an interval: if the candidate, scaled, were no worse, the number of its
    requests beyond the baseline's quantile would be beta-binomial, whatever the distribution of latencies.

    Examples
    --------
    >>> times = np.arange(2000.0)
    >>> base = Sample.of(np.random.default_rng(1).exponential(100, 2000), np.ones(2000), times)
    >>> slow = Sample.of(base.values * 2, base.weights, times)
    >>> found = quantile_change(base, slow, 0.95, 0.001)
    >>> round(found.change, 2), found.low > 1.5
    (2.0, True)
    """
    edge, after = baseline.quantile(q), candidate.quantile(q)
    if edge <= 0:
        return Change(edge, after, float("nan"), None, None)
    n_base = max(1, int(baseline.worth(baseline.values > edge)))
    n_cand = min(_MOST_COUNTED, max(1, int(candidate.worth(candidate.values > after))))
    rank = min(n_base, int(np.ceil(q * n_base - 1e-9)))
    below = np.cumsum(_beta_binomial(n_cand, n_base - rank + 1, rank))
    beyond = 1 - np.concatenate(([0.0], below[:-1]))
    most = int(np.searchsorted(-beyond, -alpha))  # the fewest beyond the edge that chance would not bring
    fewest = int(np.searchsorted(below, alpha, side="right")) - 1
    low = candidate.quantile(1 - most / n_cand) / edge if 0 < most <= n_cand else None
    high = candidate.quantile(1 - fewest / n_cand) / edge if fewest >= 0 else None
    return Change(edge, after, after / edge, low, high)


def _beta_binomial(n: int, a: float, b: float) -> Array:
    from scipy.special import betaln, gammaln

    k = np.arange(n + 1.0)
    choose = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return np.asarray(np.exp(choose + betaln(k + a, n - k + b) - betaln(a, b)), dtype=np.float64)


def share_difference(baseline: Sample, candidate: Sample, alpha: float) -> Change:
    """Return candidate's share less the baseline's; the interval is Newcombe's (1998, method 10) from Wilson's."""
    z = _normal(alpha)
    sides = []
    for side in (baseline, candidate):
        share = side.share()
        sides.append((share, *_wilson(share, side.worth(side.values > 0), z)))
    (before, low_b, high_b), (after, low_c, high_c) = sides
    change = after - before
    low = change - float(np.hypot(after - low_c, high_b - before))
    high = change + float(np.hypot(high_c - after, before - low_b))
    return Change(before, after, change, low, high)


def _wilson(share: float, n: float, z: float) -> tuple[float, float]:
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * float(np.sqrt(max(0.0, share * (1 - share)) / n + z * z / (4 * n * n)))
    return max(0.0, middle - half), min(1.0, middle + half)


def mean_difference(baseline: Sample, candidate: Sample, alpha: float) -> Change:
    """Return candidate's mean less the baseline's, with Welch's standard error."""
    z, squared, means = _normal(alpha), 0.0, []
    for side in (baseline, candidate):
        mean = side.share()
        variance = float(np.average((side.values - mean) ** 2, weights=side.weights))
        squared += variance / max(1.0, side.worth(side.values > mean) - 1)
        means.append(mean)
    change, error = means[1] - means[0], z * float(np.sqrt(squared))
    return Change(means[0], means[1], change, change - error, change + error)


def _normal(alpha: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(1 - alpha))

"""What an experiment changed: shares of an excess, and differences of differences, by resampling clusters.

A resample is a row of whole numbers: how often each cluster is taken. Values are counted once, by cluster and rank; every
resample then is one row of a matrix product, so thousands of them take tens of milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
import numpy.typing as npt

from rca.errors import NoDataError, OptionError
from rca.stats.arrays import Array, Interval, Numbers, as_codes, as_fraction, as_numbers
from rca.stats.quantiles import Labels

__all__ = ["difference_in_differences", "recovered_share"]

_SEED = 20260304
_CELLS = 400
"""Groups of neighbouring ranks a quantile is looked up in. Near the quantile each rank has its own."""

_MOST_CLUSTERS = 500
"""More clusters than this are dealt at random into as many groups, which leaves the spread of resamples as it is."""


@dataclass(frozen=True, slots=True)
class _Arm:
    """One sample, reduced to what each cluster contributes."""

    n: int
    clusters: int
    estimate: float
    table: Array
    """A row a cluster: counts by rank cell (quantile), or sum and count (mean)."""
    values: Array | None
    q: float | None
    ordered: Array | None = None
    """The sorted values, where each is its own cluster and a quantile is wanted."""

    def draws(self, times: Array) -> Array:
        """Return the statistic of each resample; a row of `times` says how often each cluster is taken."""
        cells = times @ self.table
        with np.errstate(invalid="ignore", divide="ignore"):
            if self.values is None or self.q is None:
                return np.asarray(cells[:, 0] / cells[:, 1], dtype=np.float64)
            running = np.cumsum(cells, axis=1)
            wanted = np.maximum(self.q * running[:, -1:] - 1e-6, 1e-6)
            at = (running < wanted).sum(axis=1).clip(max=len(self.values) - 1)
        return np.where(running[:, -1] > 0, self.values[at], np.nan)


def _arm(values: Numbers, labels: Labels | None, q: float | None, name: str) -> tuple[_Arm, npt.NDArray[np.int64]]:
    """Return a sample by cluster, and which of the labels' codes each row of its table is."""
    raw = as_numbers(values, name)
    kept = np.isfinite(raw)
    x = raw[kept]
    if not len(x):
        raise NoDataError(f"{name} holds no finite value, so nothing can be compared.")
    every = np.arange(len(raw)) if labels is None else as_codes(labels, len(raw), f"clusters of {name}")
    present, codes = np.unique(every[kept], return_inverse=True)
    groups = len(present)
    if q is None:
        table = np.stack([np.bincount(codes, weights=x), np.bincount(codes).astype(np.float64)], axis=1)
        return _Arm(len(x), groups, float(x.mean()), table, None, None), present
    order = np.argsort(x, kind="stable")
    estimate = float(x[order][min(len(x) - 1, max(0, ceil(q * len(x) - 1e-9) - 1))])
    if labels is None:
        return _Arm(len(x), groups, estimate, np.empty((groups, 0)), None, q, x[order]), present
    edges = _rank_edges(len(x), q)
    cell = np.repeat(np.arange(len(edges) - 1), np.diff(edges))
    table = np.zeros((groups, len(edges) - 1))
    np.add.at(table, (codes[order], cell), 1.0)
    middle = x[order][(edges[:-1] + edges[1:] - 1) // 2]
    return _Arm(len(x), groups, estimate, table, middle, q), present


def _rank_edges(n: int, q: float) -> npt.NDArray[np.int64]:
    """Return the edges of rank cells: single ranks around the quantile, ever wider ones away from it."""
    if n <= _CELLS:
        return np.arange(n + 1)
    grid = np.sinh(np.linspace(-1, 1, _CELLS) * 4) / np.sinh(4)
    centre = q * n
    reach = np.where(grid < 0, centre, n - centre)
    return np.unique(np.concatenate([[0], np.clip(np.round(centre + grid * reach), 0, n), [n]]).astype(np.int64))


def _times(groups: int, resamples: int, generator: np.random.Generator) -> Array:
    if groups < 2:
        raise NoDataError("A single cluster has nothing to resample; pass at least two, or leave the labels out.")
    return generator.multinomial(groups, np.full(groups, 1 / groups), size=resamples).astype(np.float64)


def _grouped(arm: _Arm, resamples: int, generator: np.random.Generator) -> Array:
    """Return the statistic of each resample; very many clusters are first dealt into groups."""
    if arm.ordered is not None and arm.q is not None:
        # the k-th smallest of a resample of single values lies at a rank that is Beta distributed
        k = max(1, ceil(arm.q * arm.n - 1e-9))
        rank = generator.beta(k, arm.n + 1 - k, resamples)
        return np.asarray(arm.ordered[np.minimum((rank * arm.n).astype(np.int64), arm.n - 1)], dtype=np.float64)
    if arm.clusters > _MOST_CLUSTERS:
        dealt = generator.permutation(arm.clusters) % _MOST_CLUSTERS
        table = np.zeros((_MOST_CLUSTERS, arm.table.shape[1]))
        np.add.at(table, dealt, arm.table)
        arm = _Arm(arm.n, _MOST_CLUSTERS, arm.estimate, table, arm.values, arm.q)
    return arm.draws(_times(arm.clusters, resamples, generator))


def _statistic(statistic: str | float) -> tuple[float | None, str]:
    if statistic == "mean":
        return None, "mean"
    if isinstance(statistic, str):
        raise OptionError(f"statistic is {statistic!r}; it must be 'mean' or a quantile such as 0.99.")
    return as_fraction(statistic, "statistic"), f"p{100 * statistic:g}"


def recovered_share(
    before: Numbers,
    during: Numbers,
    treated: Numbers,
    *,
    statistic: str | float = 0.99,
    clusters_before: Labels | None = None,
    clusters_during: Labels | None = None,
    clusters_treated: Labels | None = None,
    level: float = 0.95,
    resamples: int = 2000,
) -> Interval:
    """Return how much of the incident's excess an experiment removed: (during - treated) / (during - before).

    Parameters
    ----------
    before, during, treated
        Latencies (or 0 and 1 for errors) of normal times, of the incident and under the experiment.
    statistic
        A quantile, or ``"mean"`` (error ratio, for zeros and ones).
    clusters_before, clusters_during, clusters_treated
        One label a value, such as its minute.
    level, resamples
        Confidence, and resamples of clusters; the seed is fixed.

    Returns
    -------
    Interval
        1 means all of the excess went away, 0 nothing, below 0 that it got worse. Both ends are None where the excess
        itself is not clear of zero: a share of nothing can be anything. `n` counts the values of all three.

    Raises
    ------
    NoDataError
        Where a sample is empty or during equals before.

    Notes
    -----
    Percentile bootstrap of clusters, each sample resampled on its own. Few clusters make it too narrow; its reach is
    widened by sqrt(G / (G - 1)) for the smallest number of clusters G.

    Examples
    --------
    >>> share = recovered_share([400] * 50, [2500] * 50, [480] * 50, statistic="mean")
    >>> round(share.estimate, 3)
    0.962
    """
    q, name = _statistic(statistic)
    as_fraction(level, "level")
    given = (
        (before, clusters_before, "before"),
        (during, clusters_during, "during"),
        (treated, clusters_treated, "treated"),
    )
    arms = [_arm(values, labels, q, what)[0] for values, labels, what in given]
    base, bad, test = (arm.estimate for arm in arms)
    if bad == base:
        raise NoDataError(f"There is no excess: the {name} is {base:g} before and during the incident.")
    generator = np.random.default_rng(_SEED)
    old, now, new = (_grouped(arm, resamples, generator) for arm in arms)
    excess = now - old
    fewest = min(arm.clusters for arm in arms)
    labelled = any(labels is not None for labels in (clusters_before, clusters_during, clusters_treated))
    estimate, n = (bad - test) / (bad - base), sum(arm.n for arm in arms)
    method = f"{name}, bootstrap of clusters" if labelled else f"{name}, bootstrap"
    groups = fewest if labelled else None
    if (np.sign(excess) == np.sign(bad - base)).mean() < (1 + level) / 2:
        return Interval(estimate, None, None, level, n, method + "; the excess is not clear of zero", groups)
    low, high = _widened(estimate, (now - new) / excess, level, fewest)
    return Interval(estimate, low, high, level, n, method, groups)


def _widened(estimate: float, draws: Array, level: float, groups: int) -> tuple[float | None, float | None]:
    fine = draws[np.isfinite(draws)]
    if len(fine) < 0.9 * len(draws):
        return None, None
    low, high = np.quantile(fine, [(1 - level) / 2, (1 + level) / 2])
    wider = sqrt(groups / (groups - 1))
    return float(min(estimate, estimate + (low - estimate) * wider)), float(
        max(estimate, estimate + (high - estimate) * wider)
    )


def difference_in_differences(
    treated_before: Numbers,
    treated_after: Numbers,
    control_before: Numbers,
    control_after: Numbers,
    clusters: Sequence[Labels] | None = None,
    *,
    statistic: str | float = "mean",
    scale: str = "difference",
    level: float = 0.95,
    resamples: int = 2000,
) -> Interval:
    """Return what a change did to the treated arm beyond what happened to the control in the same time.

    Parameters
    ----------
    treated_before, treated_after, control_before, control_after
        Values of the four cells.
    clusters
        Four sequences of labels in the same order, such as minutes. A minute that both arms share is drawn for both, so
        that what they have in common cancels.
    statistic
        ``"mean"`` or a quantile.
    scale
        ``"difference"``, or ``"ratio"``: (treated after / before) / (control after / before), for what grows in proportion.
    level, resamples
        Confidence, and resamples of clusters; the seed is fixed.

    Returns
    -------
    Interval
        0 (difference) or 1 (ratio) means no effect. It rests on parallel trends: without the change both arms would
        have moved alike.

    Examples
    --------
    >>> effect = difference_in_differences([10, 12] * 9, [30, 32] * 9, [10, 12] * 9, [15, 17] * 9)
    >>> effect.estimate, effect.excludes(0)
    (15.0, True)
    """
    q, name = _statistic(statistic)
    as_fraction(level, "level")
    if scale not in ("difference", "ratio"):
        raise OptionError(f"scale is {scale!r}; it must be 'difference' or 'ratio'.")
    cells = (treated_before, treated_after, control_before, control_after)
    if clusters is not None and len(clusters) != 4:
        raise OptionError(
            f"clusters has {len(clusters)} parts; pass one sequence of labels for each of the four samples."
        )
    generator = np.random.default_rng(_SEED)
    made: list[tuple[float, Array]] = [(0.0, np.empty(0))] * 4
    n, fewest = 0, 10**9
    for pair in ((0, 2), (1, 3)):
        labels = None if clusters is None else [np.asarray(clusters[k]).astype(str) for k in pair]
        arms, drawn = _pair([cells[k] for k in pair], labels, q, resamples, generator)
        for k, arm, draws in zip(pair, arms, drawn, strict=True):
            made[k] = (arm.estimate, draws)
            n, fewest = n + arm.n, min(fewest, arm.clusters)
    points = [value for value, _ in made]
    if scale == "ratio" and min(points) <= 0:
        raise NoDataError(
            f"A ratio needs positive values, but the cells are {', '.join(f'{value:g}' for value in points)}."
        )
    estimate = float(_combined([np.array([value]) for value in points], scale)[0])
    low, high = _widened(estimate, _combined([draws for _, draws in made], scale), level, fewest)
    method = f"{scale} of {scale}s of {name}, bootstrap{' of clusters' if clusters is not None else ''}"
    return Interval(estimate, low, high, level, n, method, fewest if clusters is not None else None)


def _combined(cells: list[Array], scale: str) -> Array:
    with np.errstate(invalid="ignore", divide="ignore"):
        if scale == "ratio":
            return np.asarray(cells[1] / cells[0] / (cells[3] / cells[2]), dtype=np.float64)
        return np.asarray((cells[1] - cells[0]) - (cells[3] - cells[2]), dtype=np.float64)


def _pair(
    values: list[Numbers],
    labels: list[npt.NDArray[np.str_]] | None,
    q: float | None,
    resamples: int,
    generator: np.random.Generator,
) -> tuple[list[_Arm], list[Array]]:
    """Return both arms of one period and their resamples; shared labels are drawn together."""
    if labels is None:
        arms = [_arm(part, None, q, "a sample")[0] for part in values]
        return arms, [_grouped(arm, resamples, generator) for arm in arms]
    kinds = np.unique(np.concatenate(labels))
    codes = [np.searchsorted(kinds, part) for part in labels]
    times = _times(len(kinds), resamples, generator)
    arms, drawn = [], []
    for part, code in zip(values, codes, strict=True):
        seen = np.unique(code)
        arm, present = _arm(part, code, q, "a sample")
        arms.append(arm)
        drawn.append(arm.draws(times[:, seen[present]]))
    return arms, drawn

"""Where the excess of a metric comes from: time and failures are conserved along calls.

A service's extra latency, times its calls, is time that its callers wait. So the excess of the alerting service is
divided up: each service's own share is its excess less that of the services it calls. Points of the incident in which
the alerting service was calm serve as the reference where there are any: the baseline may be months away and another level.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import polars as pl

from rca.errors import NoDataError, did_you_mean
from rca.measures.calls import CallGraph
from rca.measures.periods import Periods
from rca.measures.shifts import metric_series, step_of
from rca.measures.vocabulary import meaning
from rca.store import Store

__all__ = ["SCHEMA", "attribute"]

Array = npt.NDArray[np.float64]
Series = dict[str, tuple[Array, Array]]
"""Values before, and values during on the incident's grid of times (NaN where there is none), by service."""

SCHEMA = {
    "service_name": pl.String,
    "score": pl.Float64,
    "signal": pl.String,
    "share": pl.Float64,
    "own_share": pl.Float64,
    "shift": pl.Float64,
    "before": pl.Float64,
    "during": pl.Float64,
    "reachable": pl.Boolean,
}
_HEARSAY = 0.1
"""Worth of a shift that is measured against another reference than the rest."""
_PART = 0.25
"""Share of the excess from which a service can be where it comes from, where nobody says who calls whom."""
_SURE = 3.0
"""Shift, in units of the baseline's unrest, at which half of a share is believed."""


def attribute(store: Store, windows: Periods, service: str, metric: str, graph: CallGraph) -> pl.DataFrame:
    """Divide the excess of `metric` at `service` among the services below it.

    Parameters
    ----------
    store, windows
        The telemetry and the two windows.
    service
        Where the excess is felt.
    metric
        Name of the metric as ingested; other services must have it too.
    graph
        Who calls whom; without edges every service may explain the excess.

    Returns
    -------
    polars.DataFrame
        ``service_name, score`` (own share of the excess, at most 1, times how sure the shift is), ``signal, share``
        (of the excess that passes through the service), ``own_share, shift`` (in units of the baseline's unrest),
        ``before, during, reachable``; best first.

    Raises
    ------
    NoDataError
        When no service has the metric in both windows.
    """
    values, times = _series(store, windows, metric)
    if not values:
        known = store.query("SELECT DISTINCT metric_name FROM metrics")["metric_name"].to_list()
        raise NoDataError(
            f"No service has points of {metric!r} in both windows. {did_you_mean(metric, [str(name) for name in known])}"
        )
    sign = _direction(metric, values.get(service))
    values = {name: (sign * before, sign * during) for name, (before, during) in values.items()}
    hot, calm = _hot(values.get(service), len(times))
    volume = _volume(store, windows, times)
    weights = {name: _weight(volume.get(name), volume.get(service), len(times)) for name in values}
    found = {name: _excess(*values[name], weights[name], hot, calm) for name in values}
    return _frame(found, values, service, metric, graph, sign)


def _series(store: Store, windows: Periods, metric: str) -> tuple[Series, list[int]]:
    step = step_of(windows)
    before = metric_series(store, windows.baseline, bin_ns=step, metric=metric)
    during = metric_series(store, windows.incident, bin_ns=step, metric=metric)
    times = sorted(during["bin_ns"].unique().to_list())
    at = {time: index for index, time in enumerate(times)}
    past = {str(key[0]): part["value"].to_numpy() for key, part in before.group_by("service_name")}
    out: Series = {}
    for key, part in during.group_by("service_name"):
        name = str(key[0])
        if name not in past:
            continue
        row = np.full(len(times), np.nan)
        row[[at[time] for time in part["bin_ns"].to_list()]] = part["value"].to_numpy()
        out[name] = (past[name], row)
    return out, times


def _direction(metric: str, felt: tuple[Array, Array] | None) -> int:
    bad = meaning(metric).bad
    if bad or felt is None:
        return bad or 1
    return 1 if float(np.nanmedian(felt[1])) >= float(np.median(felt[0])) else -1


def _hot(felt: tuple[Array, Array] | None, length: int) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return which points of the incident hurt and which were calm; no calm ones where the level moved as a whole."""
    everything, nothing = np.ones(length, bool), np.zeros(length, bool)
    if felt is None or length < 3:
        return everything, nothing
    before, during = felt
    known = np.isfinite(during)
    if known.sum() < 3:
        return everything, nothing
    low, high = float(during[known].min()), float(during[known].max())
    unrest = _unrest(before)
    middle = float(np.median(before))
    if high - low < 3 * unrest or low > middle + 3 * unrest:
        return everything, nothing
    hot = known & (during >= (low + high) / 2)
    return hot, known & ~hot


def _volume(store: Store, windows: Periods, times: list[int]) -> dict[str, Array]:
    """Return requests of each service on the incident's grid, from the metric that most services have."""
    step = step_of(windows)
    names = store.query(
        "SELECT metric_name, COUNT(DISTINCT service_name) AS services FROM metrics GROUP BY metric_name"
    )
    counts = [
        (int(row["services"]), str(row["metric_name"]))
        for row in names.iter_rows(named=True)
        if meaning(str(row["metric_name"])).signal == "requests" and not meaning(str(row["metric_name"])).ratio
    ]
    if not counts:
        return {}
    frame = metric_series(store, windows.incident, bin_ns=step, metric=max(counts)[1])
    at = {time: index for index, time in enumerate(times)}
    out: dict[str, Array] = {}
    for key, part in frame.filter(pl.col("bin_ns").is_in(times)).group_by("service_name"):
        row = np.zeros(len(times))
        row[[at[time] for time in part["bin_ns"].to_list()]] = part["value"].to_numpy()
        out[str(key[0])] = row
    return out


def _weight(calls: Array | None, felt: Array | None, length: int) -> Array:
    """Return calls of a service for each request of the alerting one; 1 where nothing counts them."""
    if calls is None or felt is None or not felt.sum():
        return np.ones(length)
    return calls / float(felt.mean())


def _excess(
    before: Array, during: Array, weight: Array, hot: npt.NDArray[np.bool_], calm: npt.NDArray[np.bool_]
) -> tuple[float, float, float]:
    """Return weighted excess, reference level and shift in units of unrest."""
    known = np.isfinite(during)
    at, rest = known & hot, known & calm
    if not at.any():
        at = known
    reference = float(during[rest].mean()) if rest.any() else float(np.median(before))
    excess = float(((during[at] - reference) * weight[at]).sum() / max(1, int(hot.sum())))
    unrest = _unrest(before) or 0.05 * float(np.abs(during[at]).max())
    shift = float(during[at].mean() - reference) / unrest if unrest else 0.0
    if calm.any() and not rest.any():  # nothing to compare with where the others have something: hardly evidence
        return _HEARSAY * excess, reference, _HEARSAY * shift
    return excess, reference, shift


def _unrest(before: Array) -> float:
    """Return the central spread of a baseline, and a five-hundredth of its level so that constants have one."""
    low, middle, high = np.quantile(before, [0.1, 0.5, 0.9])
    deviation = 1.4826 * float(np.median(np.abs(before - middle)))
    return max(deviation, float(high - low) / 2.563) + 0.002 * abs(float(middle))


def _frame(
    found: dict[str, tuple[float, float, float]],
    values: Series,
    service: str,
    metric: str,
    graph: CallGraph,
    sign: int,
) -> pl.DataFrame:
    total = found[service][0] if service in found else max(item[0] for item in found.values())
    total = total if total > 0 else max([item[0] for item in found.values()] + [1e-300])
    below = graph.below(service)
    steepest = max((shift for excess, _, shift in found.values() if excess >= _PART * total), default=1.0) or 1.0
    rows = []
    for name, (excess, reference, shift) in found.items():
        children = sum(max(found[item][0], 0.0) for item in graph.callees.get(name, ()) if item in found)
        own = (excess - children) / total
        reachable = not below or name == service or name in below
        sure = max(shift, 0.0) / (max(shift, 0.0) + _SURE)
        twin = 1.0 if graph.callees.get(name) or name == service else 0.97
        worth = min(max(own, 0.0), 1.0)
        if not below:  # who passes on another's excess has as much of it, but more unrest of its own to see it by
            worth *= math.sqrt(max(shift, 0.0) / steepest) if worth > 0 else 0.0
        score = worth * sure * (twin if reachable else 0.1 * twin)
        level = float(np.nanmean(values[name][1])) if np.isfinite(values[name][1]).any() else reference
        rows.append((name, score, metric, excess / total, own, shift, sign * reference, sign * level, reachable))
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    return frame.sort("score", "shift", "service_name", descending=[True, True, False])

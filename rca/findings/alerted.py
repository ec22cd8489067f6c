"""The incident that an alert tells of: its onset and end by the metric that fired, or by the requests of the service."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rca.errors import NoDataError
from rca.measures.felt import Felt, felt
from rca.measures.metered import metered_requests, spans_miss
from rca.measures.onset import Onset, left_range
from rca.measures.red import red, red_of
from rca.measures.shifts import metric_series
from rca.measures.vocabulary import meaning
from rca.model import Incident, Window
from rca.sql import statement
from rca.store import Store

__all__ = ["as_felt", "incident_of_alert"]

Array = npt.NDArray[np.float64]

_Series = tuple[npt.NDArray[np.int64], Array, int]
"""Times in ns, values, and 1 or -1 where only a rise or a fall is bad."""

_SECOND = 1_000_000_000
_MINUTE = 60 * _SECOND
_KINDS = {"errors": "errors", "availability": "errors", "latency": "latency"}
"""What an alert on such a signal says of single requests."""
_LOOK_BACK = _MINUTE
"""What an alert saw before it fired, at least."""
_BINS = 240
_LEAST_BINS = 10
"""Bins that there are at least, however few requests each holds."""
_ENOUGH = 30
"""Requests that a bin should hold."""
_PATIENCE = 3
"""Usual bins in a row after which an incident counts as over."""


def incident_of_alert(
    store: Store,
    alert: dict[str, object],
    service: str | None,
    start_ns: int | None,
    end_ns: int | None,
    extent: Window,
) -> Incident:
    """Return the incident of an alert; `service`, `start_ns` and `end_ns` hold where they are given."""
    name = service or str(alert["service_name"])
    fired = int(str(alert["time_ns"]))
    metric = str(alert["metric"])
    series = _metric_behind(store, name, metric, extent)
    before = Window(max(extent.start_ns, fired - _LOOK_BACK), max(fired, extent.start_ns + 1))
    if series is None and _KINDS.get(meaning(metric).signal) != "errors" and spans_miss(store, name, before):
        series = _histogram_behind(store, name, extent)
    if series is None:
        exact = felt(store, name, fired, extent=extent, signal=_KINDS.get(meaning(metric).signal, ""))
        if exact is not None:
            return as_felt(name, exact, metric or exact.signal, start_ns, end_ns)
        series = _red_behind(store, name, metric, extent)
    times, values, bad = series
    at = int(np.searchsorted(times, fired, side="right")) - 1
    found = left_range(values, upto=min(at + 2, len(values) - 1), bad=bad) if at >= 4 else None
    step = int(np.median(np.diff(times))) if len(times) > 1 else _MINUTE
    if found is None:
        # an alert looks back some minutes; half of what is on record before it is left to compare with
        begin = max(fired - 5 * _MINUTE, (extent.start_ns + fired) // 2)
        low, finish = None, max(extent.end_ns, fired + _MINUTE)
    else:
        begin, low = int(times[found.at]), int(times[found.low])
        finish = min(_over(times, values, found, step), max(extent.end_ns, fired + step))
    begin = start_ns if start_ns is not None else min(begin, fired)
    finish = end_ns if end_ns is not None else max(finish, fired + step, begin + step)
    return Incident(
        name,
        start=begin,
        end=finish,
        signal=metric,
        onset_ns=int(times[found.at]) if found else begin,
        onset_low_ns=low,
        onset_high_ns=int(times[found.at]) + step if found else fired,
    )


def _metric_behind(store: Store, service: str, metric: str, extent: Window) -> _Series | None:
    """Return the metric that an alert names, None where the store does not have it."""
    if not metric:
        return None
    fine = max(1, extent.length_ns // _SECOND // 20_000) * _SECOND  # so fine that points keep their own times
    frame = metric_series(store, extent, bin_ns=fine, service=service, metric=metric)
    return (frame["bin_ns"].to_numpy(), frame["value"].to_numpy(), meaning(metric).bad) if frame.height >= 4 else None


def _histogram_behind(store: Store, service: str, extent: Window) -> _Series | None:
    """Return p99 of the requests that the service's histogram counts, None where there are too few points."""
    step = _step(store, service, extent)
    frame = red_of(metered_requests(store, service, extent, step)).drop_nulls("p99_ms")
    if frame.height < 4:
        return None
    return frame["bucket_ns"].to_numpy(), frame["p99_ms"].to_numpy(), 1


def _red_behind(store: Store, service: str, metric: str, extent: Window) -> _Series:
    """Return what the name of an alert's metric means, by the requests of the service."""
    step = _step(store, service, extent)
    try:
        frame = red(store, service=service, window=extent, bucket_ns=step)
    except NoDataError:
        return np.zeros(0, np.int64), np.zeros(0), meaning(metric).bad
    column = "error_ratio" if _KINDS.get(meaning(metric).signal) == "errors" else "p99_ms"
    frame = frame.drop_nulls(column)
    return frame["bucket_ns"].to_numpy(), frame[column].to_numpy(), 1


def _step(store: Store, service: str, extent: Window) -> int:
    """Return a length of time bin that holds enough requests for a share or a high quantile of them to mean something."""
    params = {"service": service, "start_ns": extent.start_ns, "end_ns": extent.end_ns, "bin_ns": extent.length_ns}
    seen = int(store.query(statement("red").sql, params)["requests"].sum())
    filled = _ENOUGH * extent.length_ns // seen if seen else 0
    finest = extent.length_ns // _BINS
    return max(_SECOND, finest, min(filled, extent.length_ns // _LEAST_BINS)) // _SECOND * _SECOND


def _over(times: npt.NDArray[np.int64], values: Array, onset: Onset, step: int) -> int:
    """Return when the series was back in its usual range, or the end of the data."""
    middle = onset.before
    half = abs(onset.after - middle) / 4
    sign = 1 if onset.after >= middle else -1
    calm = 0
    for index in range(onset.at, len(values)):
        calm = calm + 1 if sign * (values[index] - middle) < half else 0
        if calm >= _PATIENCE:
            return int(times[index - calm + 1])
    return int(times[-1]) + step


def as_felt(name: str, exact: Felt, signal: str, start_ns: int | None, end_ns: int | None) -> Incident:
    """Return the stretch that single requests tell of as an incident; `start_ns` and `end_ns` hold where they are given."""
    return Incident(
        name,
        start=exact.start_ns if start_ns is None else start_ns,
        end=exact.end_ns if end_ns is None else end_ns,
        signal=signal,
        onset_ns=exact.start_ns,
        onset_low_ns=exact.start_low_ns,
        onset_high_ns=exact.start_high_ns,
    )

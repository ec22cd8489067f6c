"""Finding the incident: from an alert where there is one, else from the requests of the services themselves."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from rca.errors import NoDataError, NotInStoreError, OptionError, did_you_mean
from rca.measures.calls import CallGraph, call_graph
from rca.measures.felt import Felt, felt
from rca.measures.lasting import LEAST_BINS, lasting_shift
from rca.measures.logged import NO_SERVICE, logged_errors
from rca.measures.onset import Onset, left_range
from rca.measures.red import red, whole_window
from rca.measures.shifts import metric_series
from rca.measures.vocabulary import meaning
from rca.model import Incident, Window
from rca.sql import statement
from rca.store import Store
from rca.times import TimeLike, format_time, parse_time

__all__ = ["detect_incident"]

Array = npt.NDArray[np.float64]

_Series = tuple[npt.NDArray[np.int64], Array, int]
"""Times in ns, values, and 1 or -1 where only a rise or a fall is bad."""

_SECOND = 1_000_000_000
_MINUTE = 60 * _SECOND
_KINDS = {"errors": "errors", "availability": "errors", "latency": "latency"}
"""What an alert on such a signal says of single requests."""
_BINS = 240
_PATIENCE = 3
"""Usual bins in a row after which an incident counts as over."""
_MORE_ERRORS, _LEAST_ERRORS = 3.0, 3.0
"""Times as many logged errors a bin as usual, and as many more, that matter."""
_SIGNALS = (
    ("p99_ms", "p99", 1.4, 0.0),
    ("p50_ms", "p50", 1.3, 0.0),
    ("error_ratio", "error_ratio", 2.0, 0.008),
    ("requests", "requests", 2.0, 0.0),
)
"""Column, name, least ratio and least difference of a shift that matters to people."""


@dataclass(frozen=True, slots=True)
class _Shift:
    service: str
    signal: str
    onset_ns: int
    low_ns: int
    end_ns: int
    score: float


def detect_incident(
    store: Store, *, service: str | None = None, start: TimeLike | None = None, end: TimeLike | None = None
) -> Incident:
    """Find the incident in a store.

    An alert among the changes sets service and time where the arguments do not, and the onset is then sought in the metric
    that fired it, or in the requests of the service, before and after it. Without an alert, p99, error ratio and rate of every service, from spans, metrics or logs of requests (else the number of logged errors), are searched for a shift that lasts, is far
    beyond the series' own unrest, matters in size, and is more than what the series does at other moments (placebo test).

    Parameters
    ----------
    store
        The telemetry.
    service
        Only this service.
    start, end
        Only this window; with both, and `service`, they are the incident.

    Returns
    -------
    Incident
        With `signal`, `onset_ns` and its interval.

    Raises
    ------
    NoDataError
        When nothing stands out (“no incident found …”).
    NotInStoreError
        When the service or the window is not in the data.
    OptionError
        When the window is empty.

    Examples
    --------
    >>> import rca
    >>> from rca.errors import NoDataError
    >>> try:
    ...     detect_incident(rca.open())
    ... except NoDataError as error:
    ...     print(error)
    No incident found: the store holds no spans, no metrics and no logs.
    """
    start_ns = None if start is None else parse_time(start)
    end_ns = None if end is None else parse_time(end, day_of_ns=start_ns)
    extent = _extent(store)
    if extent is None:
        raise NoDataError("No incident found: the store holds no spans, no metrics and no logs.")
    _check(store, service, start_ns, end_ns, extent)
    alert = _alert(store, service, start_ns, end_ns)
    if alert is not None:
        return _from_alert(store, alert, service, start_ns, end_ns, extent)
    if start_ns is not None and end_ns is not None:
        return _named(store, service, start_ns, end_ns)
    return _searched(store, service, start_ns, end_ns, extent)


def _extent(store: Store) -> Window | None:
    whole = whole_window(store)
    return None if whole.end_ns == 1 else whole


def _check(store: Store, service: str | None, start_ns: int | None, end_ns: int | None, extent: Window) -> None:
    if start_ns is not None and end_ns is not None and end_ns <= start_ns:
        raise OptionError(f"The incident must end after it starts: {format_time(start_ns)} to {format_time(end_ns)}.")
    late, early = start_ns is not None and start_ns >= extent.end_ns, end_ns is not None and end_ns <= extent.start_ns
    if late or early:
        raise NotInStoreError(f"There is no telemetry in this window; the store covers {extent}.")
    if service is None:
        return
    known = {str(name) for name in _services(store)}
    if service not in known:
        raise NotInStoreError(f"There is no service {service!r} in the store. {did_you_mean(service, known)}")


def _services(store: Store) -> Iterable[str]:
    for name in ("inventory_spans", "inventory_metrics", "inventory_logs"):
        for item in store.query(statement(name).sql)["service_name"].unique().to_list():
            if item or name == "inventory_logs":
                yield str(item) or NO_SERVICE


def _alert(store: Store, service: str | None, start_ns: int | None, end_ns: int | None) -> dict[str, object] | None:
    frame = store.query(statement("local/alerts").sql).filter(~pl.col("is_feed") & (pl.col("service_name") != ""))
    if service is not None:
        frame = frame.filter(pl.col("service_name") == service)
    if start_ns is not None:
        frame = frame.filter(pl.col("time_ns") >= start_ns)
    if end_ns is not None:
        frame = frame.filter(pl.col("time_ns") < end_ns)
    return frame.row(0, named=True) if frame.height else None


def _from_alert(
    store: Store,
    alert: dict[str, object],
    service: str | None,
    start_ns: int | None,
    end_ns: int | None,
    extent: Window,
) -> Incident:
    name = service or str(alert["service_name"])
    fired = int(str(alert["time_ns"]))
    metric = str(alert["metric"])
    series = _metric_behind(store, name, metric, extent)
    if series is None:
        exact = felt(store, name, fired, extent=extent, signal=_KINDS.get(meaning(metric).signal, ""))
        if exact is not None:
            return _as_felt(name, exact, metric or exact.signal, start_ns, end_ns)
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
        finish = _over(times, values, found, step)
    begin = start_ns if start_ns is not None else min(begin, fired)
    finish = end_ns if end_ns is not None else max(finish, fired + step, begin + step)
    return Incident(name, start=begin, end=finish, signal=metric, onset_ns=begin if found is None else int(times[found.at]), onset_low_ns=low, onset_high_ns=int(times[found.at]) if found else fired)  # fmt: skip


def _as_felt(name: str, exact: Felt, signal: str, start_ns: int | None, end_ns: int | None) -> Incident:
    return Incident(
        name,
        start=exact.start_ns if start_ns is None else start_ns,
        end=exact.end_ns if end_ns is None else end_ns,
        signal=signal,
        onset_ns=exact.start_ns,
        onset_low_ns=exact.start_low_ns,
        onset_high_ns=exact.start_high_ns,
    )


def _metric_behind(store: Store, service: str, metric: str, extent: Window) -> _Series | None:
    """Return the metric that an alert names, None where the store does not have it."""
    if not metric:
        return None
    fine = max(1, extent.length_ns // _SECOND // 20_000) * _SECOND  # so fine that points keep their own times
    frame = metric_series(store, extent, bin_ns=fine, service=service, metric=metric)
    return (frame["bin_ns"].to_numpy(), frame["value"].to_numpy(), meaning(metric).bad) if frame.height >= 4 else None


def _red_behind(store: Store, service: str, metric: str, extent: Window) -> _Series:
    """Return what the name of an alert's metric means, by the requests of the service."""
    step = max(_SECOND, extent.length_ns // _BINS // _SECOND * _SECOND)
    try:
        frame = red(store, service=service, window=extent, bucket_ns=step)
    except NoDataError:
        return np.zeros(0, np.int64), np.zeros(0), meaning(metric).bad
    column = "error_ratio" if _KINDS.get(meaning(metric).signal) == "errors" else "p99_ms"
    frame = frame.drop_nulls(column)
    return frame["bucket_ns"].to_numpy(), frame[column].to_numpy(), 1


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


def _named(store: Store, service: str | None, start_ns: int, end_ns: int) -> Incident:
    if service is not None:
        return Incident(service, start=start_ns, end=end_ns)
    from rca.measures.services import rank_services

    # the service is not known: the one that stands out in this window
    everyone = [name for name in _services(store) if name]
    ranked = rank_services(store, Incident(everyone[0] if everyone else "", start=start_ns, end=end_ns))
    return Incident(str(ranked["service_name"][0]), start=start_ns, end=end_ns, signal=str(ranked["signal"][0]))


def _searched(store: Store, service: str | None, start_ns: int | None, end_ns: int | None, extent: Window) -> Incident:
    step = max(1, math.ceil(extent.length_ns / _BINS / _MINUTE)) * _MINUTE
    if extent.length_ns < 30 * _MINUTE:
        step = max(_SECOND, extent.length_ns // 40 // _SECOND * _SECOND)
    try:
        frame = red(store, service=service or "", window=extent, bucket_ns=step)
    except NoDataError:
        return _by_records(store, service, start_ns, end_ns, extent, step)
    found = []
    series = 0
    for key, part in frame.sort("bucket_ns").group_by("service_name", maintain_order=True):
        for column, name, ratio, difference in _SIGNALS:
            rows = part.drop_nulls(column)
            if rows.height < 4 * LEAST_BINS:
                continue
            series += 1
            shift = lasting_shift(rows["bucket_ns"].to_numpy(), rows[column].to_numpy(), ratio, difference, step)
            if shift is not None:
                found.append(_Shift(str(key[0]), name, *shift[:4]))
    found = [item for item in found if _inside(item, start_ns, end_ns)]
    # a rise of traffic alone hurts nobody; it explains, but it is no incident
    felt = [item for item in found if item.signal != "requests"]
    if not felt:
        where = f" of {service!r}" if service else ""
        raise NoDataError(
            f"No incident found: none of {series} series of latency, errors and rate{where} shifted for long beyond its own unrest."
        )
    best = _deepest(felt, call_graph(store))
    same = {
        item.signal
        for item in felt
        if item.service == best.service and item.onset_ns < best.end_ns and item.end_ns > best.onset_ns
    }
    signal = "p99" if best.signal == "p50" and "p99" in same else best.signal
    exact = _closer(store, best, signal, extent)
    if exact is not None:
        return _as_felt(best.service, exact, signal, start_ns, end_ns)
    begin = start_ns if start_ns is not None else best.onset_ns
    finish = end_ns if end_ns is not None else best.end_ns
    return Incident(
        best.service,
        start=begin,
        end=finish,
        signal=signal,
        onset_ns=best.onset_ns,
        onset_low_ns=best.low_ns,
        onset_high_ns=best.onset_ns + step,
    )


def _by_records(
    store: Store, service: str | None, start_ns: int | None, end_ns: int | None, extent: Window, step: int
) -> Incident:
    """Find the incident in the number of errors that services log, where nothing tells of requests."""
    found = []
    for name, rows in logged_errors(store, service or "", extent, step).items():
        if rows.height < 4 * LEAST_BINS:
            continue
        errors = rows["errors"].to_numpy().astype(np.float64)
        shift = lasting_shift(rows["bin_ns"].to_numpy(), errors, _MORE_ERRORS, _LEAST_ERRORS, step)
        if shift is not None:
            found.append(_Shift(name, "logged_errors", *shift[:4]))
    found = [item for item in found if _inside(item, start_ns, end_ns)]
    if not found:
        raise NoDataError(
            "No incident found: nothing here tells of single requests, and no service logs more errors for long than usual."
        )
    best = max(found, key=lambda item: item.score)
    return Incident(
        best.service,
        start=best.onset_ns if start_ns is None else start_ns,
        end=best.end_ns if end_ns is None else end_ns,
        signal=best.signal,
        onset_ns=best.onset_ns,
        onset_low_ns=best.low_ns,
        onset_high_ns=best.onset_ns + step,
    )


def _closer(store: Store, shift: _Shift, signal: str, extent: Window) -> Felt | None:
    """Return the same stretch by its single requests, None where these show none there."""
    kind = "errors" if signal == "error_ratio" else "latency"
    found = felt(store, shift.service, (shift.onset_ns + shift.end_ns) // 2, extent=extent, signal=kind)
    if found is None:
        return None
    common = min(found.end_ns, shift.end_ns) - max(found.start_ns, shift.onset_ns)
    return found if 2 * common >= max(found.end_ns - found.start_ns, shift.end_ns - shift.onset_ns) else None


def _inside(item: _Shift, start_ns: int | None, end_ns: int | None) -> bool:
    return (start_ns is None or item.end_ns > start_ns) and (end_ns is None or item.onset_ns < end_ns)


def _deepest(found: list[_Shift], graph: CallGraph) -> _Shift:
    """Return the plainest shift, or that of a service below it which shifted half as plainly: callers only wait."""
    best = max(found, key=lambda item: item.score)
    below = graph.below(best.service)
    deeper = [item for item in found if item.service in below and item.score >= 0.5 * best.score]
    return max(deeper, key=lambda item: (below[item.service], item.score), default=best)

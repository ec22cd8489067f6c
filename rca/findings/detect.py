"""Finding the incident: from an alert where there is one, else from the requests of the services themselves."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from rca.errors import NoDataError, NotInStoreError, OptionError, did_you_mean
from rca.findings.alerted import incident_of_alert
from rca.findings.searched import search_incident
from rca.measures.logged import NO_SERVICE
from rca.measures.red import whole_window
from rca.model import Incident, Window
from rca.sql import statement
from rca.store import Store
from rca.times import TimeLike, format_time, parse_time

__all__ = ["detect_incident"]


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
        return incident_of_alert(store, alert, service, start_ns, end_ns, extent)
    if start_ns is not None and end_ns is not None:
        return _named(store, service, start_ns, end_ns)
    return search_incident(store, service, start_ns, end_ns, extent)


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


def _named(store: Store, service: str | None, start_ns: int, end_ns: int) -> Incident:
    if service is not None:
        return Incident(service, start=start_ns, end=end_ns)
    from rca.measures.services import rank_services

    # the service is not known: the one that stands out in this window
    everyone = [name for name in _services(store) if name]
    ranked = rank_services(store, Incident(everyone[0] if everyone else "", start=start_ns, end=end_ns))
    return Incident(str(ranked["service_name"][0]), start=start_ns, end=end_ns, signal=str(ranked["signal"][0]))

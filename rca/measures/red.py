"""Rate, errors and duration by minute: from spans where there are any, else from metrics of the service."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from rca.errors import NoDataError, did_you_mean
from rca.measures.counted import binned_counts
from rca.measures.logged import complete_log, logged_requests
from rca.measures.metered import metered_requests
from rca.measures.periods import Periods, periods
from rca.measures.shifts import metric_series
from rca.measures.vocabulary import meaning, to_ms, words
from rca.model import Incident, Window
from rca.sql import statement
from rca.stats.binned import Binned
from rca.stats.loghistogram import bucket_value
from rca.store import Store

__all__ = ["SCHEMA", "entry_requests", "red", "red_of", "request_metrics", "whole_window"]

_MINUTE = 60_000_000_000
_MOST = 2_000
"""Rows at which bins become wider than a minute."""
_LOGGED = 2_000_000
"""Logged requests that are read one by one; of more, sampled spans tell enough."""
_ENOUGH = 20
"""Entry spans below which metrics, where there are any, tell more."""

SCHEMA = {
    "bucket_ns": pl.Int64,
    "service_name": pl.String,
    "requests": pl.Float64,
    "errors": pl.Float64,
    "error_ratio": pl.Float64,
    "p50_ms": pl.Float64,
    "p95_ms": pl.Float64,
    "p99_ms": pl.Float64,
    "period": pl.String,
    "sampled": pl.Float64,
}


def red(
    store: Store,
    incident: Incident | None = None,
    *,
    service: str | None = None,
    window: Window | None = None,
    bucket_ns: int | None = None,
) -> pl.DataFrame:
    """Return requests, errors and latency by minute, from spans; else from metrics or logs of requests.

    Where spans are sampled and the service's log tells of every request, the log counts; where hardly a span is there, metrics do,
    and logs of requests (access logs, too) for services without metrics.

    Parameters
    ----------
    store
        The telemetry.
    incident
        Gives the service and the window (baseline to as long again after the incident), and names the periods.
    service, window
        Another service or window; without an incident, all services and all time.
    bucket_ns
        Length of a bin; a minute if left out, more where that gave over two thousand rows.

    Returns
    -------
    polars.DataFrame
        ``bucket_ns, service_name, requests`` (weighted by sampling; as histograms of metrics count them where there are no
        spans; a rate per second where only other metrics tell),
        ``errors, error_ratio, p50_ms, p95_ms, p99_ms, period`` (``before``, ``during``, ``after`` or ``''``), ``sampled``
        (share of requests seen; null for metrics).

    Raises
    ------
    NoDataError
        When neither spans nor metrics nor logged requests of the service lie in the window.

    Examples
    --------
    >>> import rca
    >>> from rca.errors import NoDataError
    >>> try:
    ...     red(rca.open())
    ... except NoDataError as error:
    ...     print(error)
    No spans, metrics or logs of requests lie in this window.
    """
    name = service if service is not None else incident.service_name if incident else ""
    windows = periods(store, incident) if incident else None
    span = window or (_around(windows) if windows else whole_window(store))
    step = bucket_ns or max(_MINUTE, span.length_ns // _MOST // _MINUTE * _MINUTE)
    params = {"service": name, "start_ns": span.start_ns, "end_ns": span.end_ns, "bin_ns": step}
    counted = store.query(statement("red").sql, params)
    frame = red_of(counted)
    log = complete_log(store, name, span, most=_LOGGED) if name else None
    if log is not None:
        frame = _from_log(log[0], step)
    elif int(counted["requests"].sum()) < _ENOUGH:
        told = _untraced(store, span, name, step)
        frame = frame if told is None else told
    if frame.is_empty():
        known = [str(item) for item in store.query(statement("service_calls").sql)["callee"].to_list()]
        hint = f" of {name!r}" if name else ""
        raise NoDataError(
            f"No spans, metrics or logs of requests{hint} lie in this window."
            + (f" {did_you_mean(name, known)}" if name else "")
        )
    return frame.with_columns(_period(windows)).select(list(SCHEMA))


def _around(windows: Periods) -> Window:
    hot = windows.incident
    start = min(windows.baseline.start_ns, hot.start_ns)
    if hot.start_ns - start > 24 * max(hot.length_ns, 60 * _MINUTE):  # a baseline of another day is shown on its own
        start = hot.start_ns - hot.length_ns
    return Window(start, hot.end_ns + max(hot.length_ns, 10 * _MINUTE))


def whole_window(store: Store) -> Window:
    """Return the time that spans and metrics cover, or, where there are none, logs; an instant where nothing is."""
    return _covered(store, "inventory_spans", "inventory_metrics") or _covered(store, "inventory_logs") or Window(0, 1)


def _covered(store: Store, *inventories: str) -> Window | None:
    firsts, lasts = [], []
    for name in inventories:
        frame = store.query(statement(name).sql)
        firsts += [int(value) for value in frame["first_ns"].to_list() if value is not None]
        lasts += [int(value) for value in frame["last_ns"].to_list() if value is not None]
    return Window(min(firsts), max(lasts) + 1) if firsts else None


def _period(windows: Periods | None) -> pl.Expr:
    at = pl.col("bucket_ns")
    if windows is None:
        return pl.lit("").alias("period")
    base, hot = windows.baseline, windows.incident
    return (
        pl.when((at >= hot.start_ns) & (at < hot.end_ns))
        .then(pl.lit("during"))
        .when((at >= base.start_ns) & (at < base.end_ns))
        .then(pl.lit("before"))
        .when(at >= hot.end_ns)
        .then(pl.lit("after"))
        .otherwise(pl.lit(""))
        .alias("period")
    )


def red_of(counted: pl.DataFrame) -> pl.DataFrame:
    """Return rate, errors and durations of requests that are counted by time bin, service and latency bucket.

    Parameters
    ----------
    counted
        As ``rca/sql/red.sql`` returns it: ``bin_ns, service_name, bucket, requests, weight, errors``.

    Returns
    -------
    polars.DataFrame
        As :func:`red`, its ``period`` empty.
    """
    rows = []
    for key, part in counted.group_by("bin_ns", "service_name", maintain_order=True):
        buckets, weight = part["bucket"].to_numpy(), part["weight"].to_numpy()
        total, errors = float(weight.sum()), float(part["errors"].sum())
        quantiles = [_quantile(buckets, weight, q) for q in (0.5, 0.95, 0.99)]
        sampled = float(part["requests"].sum()) / total if total else None
        rows.append((*key, total, errors, errors / total if total else None, *quantiles, "", sampled))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _from_log(log: pl.DataFrame, step: int) -> pl.DataFrame:
    length, failed = pl.col("duration_ms"), pl.col("failed").sum()
    return (
        log.group_by((pl.col("time_ns") - pl.col("time_ns") % step).alias("bucket_ns"), "service_name")
        .agg(
            pl.len().cast(pl.Float64).alias("requests"),
            failed.alias("errors"),
            pl.col("failed").mean().alias("error_ratio"),
            *(length.quantile(q).alias(f"p{round(100 * q)}_ms") for q in (0.5, 0.95, 0.99)),
            pl.lit("").alias("period"),
            pl.lit(1.0).alias("sampled"),
        )
        .sort("bucket_ns", "service_name")
    )


def _untraced(store: Store, span: Window, service: str, step: int) -> pl.DataFrame | None:
    """Return what metrics tell, and the logs of services that have none; None where neither does."""
    counted = red_of(metered_requests(store, service, span, step)).with_columns(sampled=pl.lit(None, pl.Float64))
    others = _from_metrics(store, span, service, step, without=frozenset(counted["service_name"]))
    measured = pl.concat([counted, others])
    log = logged_requests(store, service, span, lengthless=True)
    told = _from_log(log.filter(~pl.col("service_name").is_in(measured["service_name"].unique().to_list())), step)
    both = pl.concat([measured, told.select(measured.columns)]).sort("bucket_ns", "service_name")
    return None if both.is_empty() else both


def _quantile(buckets: npt.NDArray[np.int64], weight: npt.NDArray[np.float64], q: float) -> float:
    order = np.argsort(buckets)
    running = np.cumsum(weight[order])
    at = min(int(np.searchsorted(running, q * running[-1] - 1e-9)), len(order) - 1)
    bucket = int(buckets[order[at]])
    return 0.0 if bucket < 0 else float(bucket_value(bucket)) / 1e6


def request_metrics(store: Store, service: str = "") -> dict[tuple[str, str], str]:
    """Return (service, what) → metric for the metrics that tell of requests: requests, error_ratio, p50, p95, p99.

    Of several, the shortest name is taken: it has the fewest qualifications.
    """
    found: dict[tuple[str, str], str] = {}
    frame = store.query(statement("metric_names").sql)
    for row in frame.sort(pl.col("metric_name").str.len_chars(), descending=True).iter_rows(named=True):
        if service and row["service_name"] != service:
            continue
        means = meaning(row["metric_name"])
        what = ""
        if means.signal == "latency":
            what = (
                means.statistic
                if means.statistic in ("p50", "p95", "p99")
                else "p50"
                if means.statistic == "mean"
                else ""
            )
        elif means.signal == "errors" and means.ratio:
            what = "error_ratio"
        elif means.signal == "requests":
            what = "requests"
        if what:
            found[row["service_name"], what] = row["metric_name"]
    return found


def _from_metrics(store: Store, window: Window, service: str, step: int, *, without: frozenset[str]) -> pl.DataFrame:
    chosen = {key: metric for key, metric in request_metrics(store, service).items() if key[0] not in without}
    cells: dict[tuple[int, str], dict[str, float]] = {}
    for (name, what), metric in chosen.items():
        factor = to_ms(metric) if what.startswith("p") else 0.01 if _percent(metric) else 1.0
        for row in metric_series(store, window, bin_ns=step, service=name, metric=metric).iter_rows(named=True):
            cells.setdefault((row["bin_ns"], name), {})[what] = row["value"] * factor
    rows = []
    for (time, name), values in sorted(cells.items()):
        rate, ratio = values.get("requests"), values.get("error_ratio")
        errors = rate * ratio if rate is not None and ratio is not None else None
        rows.append(
            (time, name, rate, errors, ratio, values.get("p50"), values.get("p95"), values.get("p99"), "", None)
        )
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _percent(metric: str) -> bool:
    text = f" {words(metric)} "
    return " pct " in text or " percent" in text or "%" in text


def entry_requests(store: Store, service: str, window: Window) -> Binned:
    """Return the entry spans of a service as counts by time bin and latency bucket.

    Parameters
    ----------
    store, service, window
        Which requests.

    Returns
    -------
    Binned
        Its `n` is 0 where there are none.
    """
    step = max(1_000_000_000, window.length_ns // 60)
    params = {"service": service, "start_ns": window.start_ns, "end_ns": window.end_ns, "bin_ns": step}
    return binned_counts(store.query(statement("red").sql, params), calls=0.0)

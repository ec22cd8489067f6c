"""What users felt: latency and errors of the incident's service before and during, with the distribution."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from rca.display import format_number
from rca.errors import NoDataError
from rca.measures.logged import binned_log, complete_log, logged_errors
from rca.measures.metered import binned_metrics, spans_miss
from rca.measures.periods import Periods, periods
from rca.measures.red import entry_requests, request_metrics
from rca.measures.shifts import metric_series, step_of
from rca.measures.vocabulary import meaning, to_ms
from rca.model import Effect, Finding, Incident, Window
from rca.sql import statement
from rca.stats.binned import Binned, estimate, resample, summarize
from rca.stats.intervals import rate_ratio_interval
from rca.stats.quantiles import quantile_change
from rca.store import Store

__all__ = ["latency"]

_ENOUGH = 20
_MINUTE = 60_000_000_000
_FACTOR = 2.0 ** (1 / 32)
_SQL = {"logs": "logged_requests", "spans": "red", "histograms": "request_histograms"}
"""Statement that each source of requests is read by."""

SCHEMA = {
    "period": pl.String,
    "n": pl.Int64,
    "p50_ms": pl.Float64,
    "p95_ms": pl.Float64,
    "p99_ms": pl.Float64,
    "error_ratio": pl.Float64,
}


def latency(store: Store, incident: Incident) -> Finding:
    """Compare latency and errors of the incident's service with its baseline.

    From the service's log where that tells of every request and traces are sampled; from spans where each window holds
    enough of them, weighted by sampling; from the service's histogram of requests where there are none, or where it shows
    that requests wait before their spans begin; else from the metric that shows the incident, or the service's own metrics of
    latency and errors; else the number of errors that the service logs.

    Parameters
    ----------
    store
        The telemetry.
    incident
        Service, window and baseline.

    Returns
    -------
    Finding
        Table: ``period`` (before, during), ``n, p50_ms, p95_ms, p99_ms, error_ratio``. The effect is the one that moved
        most plainly: p99, error_ratio or the incident's metric. ``details["distribution"]`` has rows ``period,
        bucket_low_ms, bucket_high_ms, count``; ``details["effects"]`` every effect measured; ``details["source"]``
        ``logs``, ``spans``, ``histograms``, ``metrics`` or ``records``.

    Raises
    ------
    NoDataError
        When neither spans nor metrics of the service lie in both windows, and it logs no errors.
    """
    windows = periods(store, incident)
    service, both = incident.service_name, (windows.baseline, windows.incident)
    examples = _examples(store, service, windows.incident)
    logged = complete_log(store, service, *both)
    told = [binned_log(frame, window) for frame, window in zip(logged or [], both, strict=False)]
    seen = [item for item in told if item is not None and item.n >= _ENOUGH]
    if len(seen) == len(both) and all(frame["duration_ms"].is_null().all() for frame in logged or []):
        return _failures(incident, windows, seen[0], seen[1])
    if len(seen) == len(both):
        return _from_requests(incident, windows, seen[0], seen[1], examples, "logs")
    before, during = (entry_requests(store, service, window) for window in both)
    traced = min(before.n, during.n) >= _ENOUGH
    if traced and not spans_miss(store, service, windows.incident):
        return _from_requests(incident, windows, before, during, examples, "spans")
    metered = [binned_metrics(store, service, window) for window in both]
    if min(item.n for item in metered) >= _ENOUGH:
        found = _from_requests(incident, windows, metered[0], metered[1], examples, "histograms")
        return replace(found, caveats=(*found.caveats, _unseen(during))) if traced else found
    try:
        return _from_metrics(store, incident, windows, before, during)
    except NoDataError:
        told_of = _from_records(store, incident, windows)
        if told_of is None:
            raise
        return told_of


def _unseen(during: Binned) -> str:
    p99 = float(summarize(during)["p99_ms"][0])
    return (
        f"By its own spans the service is not as slow (p99 {p99:,.0f} ms): a span begins when a request is taken up, "
        "so the rest was spent waiting before."
    )


def _row(period: str, data: Binned) -> tuple[object, ...]:
    if not data.n:
        return period, 0, None, None, None, None
    found = {name: float(value[0]) for name, value in summarize(data).items()}
    return period, data.n, found["p50_ms"], found["p95_ms"], found["p99_ms"], found["error_ratio"]


def _examples(store: Store, service: str, window: Window) -> tuple[str, ...]:
    params = {"service": service, "start_ns": window.start_ns, "end_ns": window.end_ns, "bin_ns": window.length_ns}
    slowest = store.query(statement("red").sql, params).sort("bucket", descending=True)
    return tuple(dict.fromkeys(str(item) for item in slowest["example_trace_id"].head(3).to_list() if item))


def _from_requests(
    incident: Incident, windows: Periods, before: Binned, during: Binned, examples: tuple[str, ...], source: str
) -> Finding:
    draws = [resample(before, seed=1), resample(during, seed=2)]
    values = [{name: float(item[0]) for name, item in summarize(data).items()} for data in (before, during)]
    effects = {}
    for name, label, unit in (
        ("p50_ms", "p50", "ms"),
        ("p95_ms", "p95", "ms"),
        ("p99_ms", "p99", "ms"),
        ("error_ratio", "error_ratio", "1"),
    ):
        found = estimate(values[1][name] - values[0][name], draws[1][name] - draws[0][name])
        effects[label] = Effect(
            name=label, before=values[0][name], after=values[1][name], low=found.low, high=found.high, unit=unit,
            n_before=before.n, n_after=during.n, method="cluster bootstrap over time bins", sampling=during.sampling,
        )  # fmt: skip
    top = effects["p99"]
    errors = effects["error_ratio"]
    grew = (top.after or 0) / max(top.before or 0, 1e-9)
    if incident.signal == "error_ratio" or ((errors.low or 0) > 0 and grew < 1.2):
        top = errors
    table = pl.DataFrame([_row("before", before), _row("during", during)], schema=SCHEMA, orient="row")
    p99 = effects["p99"]
    claim = (
        f"{incident.service_name}: p99 {p99.before:,.0f} → {p99.after:,.0f} ms, "
        f"errors {errors.before:.2%} → {errors.after:.2%}."
    )
    caveats = [*windows.notes]
    if source == "histograms":
        caveats.append("Every request counts, as the service's histogram does; latencies are known to its buckets.")
    elif source == "logs":
        traced = "traces are sampled" if examples else "there are no traces of it"
        caveats.append(f"Every request counts, as the service's own log tells of them; {traced}.")
    elif during.sampling is not None:
        caveats.append(f"{during.sampling:.0%} of the incident's requests were traced; counts are weighted.")
    rows = [*_distribution("before", before), *_distribution("during", during)]
    return Finding(
        name="latency", claim=claim, table=table, effect=top, sql=(statement(_SQL[source]).sql,), window=windows.incident,
        baseline=windows.baseline, examples=examples, caveats=tuple(caveats),
        details={"source": source, "distribution": rows, "effects": {name: item.to_dict() for name, item in effects.items()}},
    )  # fmt: skip


def _failures(incident: Incident, windows: Periods, before: Binned, during: Binned) -> Finding:
    """Compare errors alone: the log does not say how long requests took."""
    shares = [float(summarize(data)["error_ratio"][0]) for data in (before, during)]
    draws = [resample(data, seed=seed)["error_ratio"] for seed, data in ((1, before), (2, during))]
    found = estimate(shares[1] - shares[0], draws[1] - draws[0])
    effect = Effect(
        name="error_ratio", before=shares[0], after=shares[1], low=found.low, high=found.high, unit="1",
        n_before=before.n, n_after=during.n, method="cluster bootstrap over time bins",
    )  # fmt: skip
    rows = [(name, data.n, None, None, None, share) for name, data, share in zip(("before", "during"), (before, during), shares, strict=True)]  # fmt: skip
    return Finding(
        name="latency",
        claim=f"{incident.service_name}: errors {shares[0]:.2%} → {shares[1]:.2%}; the log does not say how long requests took.",
        table=pl.DataFrame(rows, schema=SCHEMA, orient="row"), effect=effect, sql=(statement("logged_requests").sql,),
        window=windows.incident, baseline=windows.baseline,
        caveats=(*windows.notes, "Every request counts, as the log tells of them; there are no traces of it."),
        details={"source": "logs", "distribution": [], "effects": {effect.name: effect.to_dict()}},
    )  # fmt: skip


def _distribution(period: str, data: Binned) -> list[dict[str, object]]:
    out = []
    for bucket, count in zip(data.index.tolist(), data.weight.sum(axis=0).tolist(), strict=True):
        if count:
            low = 0.0 if bucket < 0 else _FACTOR**bucket / 1e6
            out.append({"period": period, "bucket_low_ms": low, "bucket_high_ms": low * _FACTOR, "count": count})
    return out


def _from_metrics(store: Store, incident: Incident, windows: Periods, before: Binned, during: Binned) -> Finding:
    service = incident.service_name
    known = {what: metric for (_, what), metric in request_metrics(store, service).items()}
    wanted = list(
        dict.fromkeys(
            [incident.signal, *(known.get(what, "") for what in ("p99", "error_ratio", "p95", "p50", "requests"))]
        )
    )
    effects = {}
    for metric in wanted:
        found = _metric_effect(store, windows, service, metric) if metric else None
        if found is not None:
            effects[metric] = found
    if not effects:
        raise NoDataError(
            f"Neither {_ENOUGH} spans nor a metric of requests of {service!r} lie in both the baseline ({windows.baseline}) and {incident}."
        )
    top = next(iter(effects.values()))

    def value(what: str, *, is_after: bool) -> float | None:
        effect = effects.get(known.get(what, ""))
        if effect is None:
            return None
        return effect.after if is_after else effect.before

    rows = []
    for period, data, is_after in (("before", before, False), ("during", during, True)):
        rows.append(
            (period, data.n, *(value(what, is_after=is_after) for what in ("p50", "p95", "p99", "error_ratio")))
        )
    table = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    claim = "; ".join(f"{item.name} {item.before:.4g} → {item.after:.4g}" for item in effects.values())
    return Finding(
        name="latency", claim=f"{service}: {claim}.", table=table, effect=top, sql=(statement("metric_points").sql,),
        window=windows.incident, baseline=windows.baseline,
        caveats=(*windows.notes, "From metrics: too few spans to count requests; each value is a median over the window."),
        details={"source": "metrics", "distribution": [], "effects": {name: item.to_dict() for name, item in effects.items()}},
    )  # fmt: skip


def _from_records(store: Store, incident: Incident, windows: Periods) -> Finding | None:
    """Return how many errors the service logs, where nothing tells of its requests; None where it logs none."""
    service, both = incident.service_name, (windows.baseline, windows.incident)
    counts = [logged_errors(store, service, window, _MINUTE).get(service) for window in both]
    if counts[1] is None or not counts[1]["errors"].sum():
        return None
    sums = [(0, 0) if part is None else (int(part["errors"].sum()), int(part["records"].sum())) for part in counts]
    rates = [errors * _MINUTE / window.length_ns for (errors, _), window in zip(sums, both, strict=True)]
    found = rate_ratio_interval(sums[0][0], windows.baseline.length_ns, sums[1][0], windows.incident.length_ns)
    effect = Effect(
        name="logged errors a minute", before=rates[0], after=rates[1], low=rates[0] * (found.low - 1) if found.low is not None else None,
        high=rates[0] * (found.high - 1) if found.high is not None else None, unit="", n_before=sums[0][1], n_after=sums[1][1],
        method=found.method,
    )  # fmt: skip
    rows = [(name, total, None, None, None, None) for name, (_, total) in zip(("before", "during"), sums, strict=True)]
    return Finding(
        name="latency",
        claim=f"{service} logs {format_number(rates[1])} errors a minute, {format_number(rates[0])} before; nothing here tells of its requests.",
        table=pl.DataFrame(rows, schema=SCHEMA, orient="row"), effect=effect, sql=(statement("logged_errors").sql,),
        window=windows.incident, baseline=windows.baseline,
        caveats=(*windows.notes, "Neither spans nor metrics nor logs tell of requests: n counts log records."),
        details={"source": "records", "distribution": [], "effects": {effect.name: effect.to_dict()}},
    )  # fmt: skip


def _metric_effect(store: Store, windows: Periods, service: str, metric: str) -> Effect | None:
    step = step_of(windows)
    is_latency = meaning(metric).signal == "latency"
    factor = to_ms(metric) if is_latency else 1.0
    values = []
    for window in (windows.baseline, windows.incident):
        series = metric_series(store, window, bin_ns=step, service=service, metric=metric)
        values.append(factor * series["value"].to_numpy())
    before, during = values
    if not len(before) or not len(during):
        return None
    try:
        found = quantile_change(before, during, 0.5, scale="difference")
        low, high = found.low, found.high
    except NoDataError:
        low = high = None
    return Effect(
        name=metric, before=float(np.median(before)), after=float(np.median(during)), low=low, high=high,
        unit="ms" if is_latency else "1" if meaning(metric).ratio else "",
        n_before=len(before), n_after=len(during), method="difference of medians of bins, order statistics",
    )  # fmt: skip

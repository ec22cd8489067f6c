"""Which call to another service, database or elsewhere changed: more calls, slower callee, slower way, more failures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from rca.display import format_number
from rca.errors import NoDataError
from rca.measures.hops import connections, hop_rows, own_by_service, quantile_draws
from rca.measures.periods import periods
from rca.model import Effect, Finding, Incident, Window
from rca.sql import statement
from rca.stats.weighted import interval
from rca.store import Store

__all__ = ["dependencies"]

_GREW = 1.2
_LEAST_MS = 1.0
_HALF = 0.5
_FEW = 100

_SCHEMA = {
    "caller": pl.String, "callee": pl.String, "kind": pl.String, "calls_before": pl.Float64, "calls_during": pl.Float64,
    "calls_per_request_before": pl.Float64, "calls_per_request_during": pl.Float64,
    "error_ratio_before": pl.Float64, "error_ratio_during": pl.Float64,
    "client_p50_ms_before": pl.Float64, "client_p50_ms_during": pl.Float64,
    "client_p99_ms_before": pl.Float64, "client_p99_ms_during": pl.Float64,
    "server_p50_ms_before": pl.Float64, "server_p50_ms_during": pl.Float64,
    "server_p99_ms_before": pl.Float64, "server_p99_ms_during": pl.Float64,
    "network_ms_before": pl.Float64, "network_ms_during": pl.Float64,
    "network_p99_ms_before": pl.Float64, "network_p99_ms_during": pl.Float64,
    "own_p99_ms_before": pl.Float64, "own_p99_ms_during": pl.Float64,
    "timeouts_before": pl.Float64, "timeouts_during": pl.Float64, "breaker_before": pl.Float64,
    "breaker_during": pl.Float64, "ms_per_request_before": pl.Float64, "ms_per_request_during": pl.Float64,
    "shifted": pl.String, "seen_before": pl.Int64, "seen_during": pl.Int64, "trace_id": pl.String,
}  # fmt: skip


def dependencies(store: Store, incident: Incident) -> Finding:
    """Say what each call between services, to databases and elsewhere takes and how it changed, seen from both sides.

    Parameters
    ----------
    store
        The store.
    incident
        Service and window.

    Returns
    -------
    Finding
        The table has one row a caller and callee, calls of the incident's service first, by the time that requests spend
        on them more than before: calls (weighted, and a request of the incident's service), share of errors, p50 and p99 in milliseconds as the
        caller sees it (``client_…``) and as the callee's own span says (``server_…``), ``network_ms_…`` (client less
        server, median) and ``network_p99_ms_…``, ``own_p99_ms_…`` (time that the callee's operations spend themselves),
        timeouts and calls refused by a circuit breaker, ``ms_per_request_…`` and ``shifted``: what of the hop changed,
        ``own`` (the callee itself, or the way to it where the callee is not traced), ``callees`` (what it calls), ``network``, ``calls`` (more of them), or ''. Quantiles
        come from buckets and are right within 1.1 %. ``details["connections"]`` has name look-ups, connects and TLS.

    Raises
    ------
    NoDataError
        When no call is traced in either window.

    Examples
    --------
    >>> import rca
    >>> dependencies(rca.open(), rca.Incident("a", start="2026-03-04T14:10Z", end="2026-03-04T15:00Z", baseline="1h"))
    Traceback (most recent call last):
    rca.errors.NoDataError: No call to another service, database or address is traced before or during the incident.
    """
    compared = periods(store, incident)
    params = {
        "before_start_ns": compared.baseline.start_ns,
        "before_end_ns": compared.baseline.end_ns,
        "start_ns": compared.incident.start_ns,
        "end_ns": compared.incident.end_ns,
    }
    rows, parts = hop_rows(store, params)
    if not rows:
        raise NoDataError("No call to another service, database or address is traced before or during the incident.")
    own = own_by_service(store, params)
    asked = {
        name: _asked(store, incident.service_name, window)
        for name, window in (("before", compared.baseline), ("during", compared.incident))
    }
    table = _table([_finished(row, own.get(row["callee"], {}), asked) for row in rows], incident.service_name)
    lead = table.row(0, named=True)
    effect = _effect(lead, parts[lead["caller"], lead["callee"]])
    links = connections(store, params)
    return Finding(
        name="dependencies",
        claim=_claim(table, links),
        table=table,
        effect=effect,
        sql=tuple(statement(name).sql for name in ("dependency_hops", "own_time", "connection_spans")),
        window=compared.incident,
        baseline=compared.baseline,
        examples=(lead["trace_id"],) if lead["trace_id"] else (),
        caveats=(*compared.notes, *_caveats(table)),
        details={"connections": links},
    )


def _asked(store: Store, service: str, window: Window) -> float:
    bounds = {"service": service, "from_ns": window.start_ns, "to_ns": window.end_ns}
    return float(store.query(statement("request_totals").sql, bounds)["requests"][0])


def _finished(row: dict[str, Any], own: Mapping[str, float | None], asked: Mapping[str, float]) -> dict[str, Any]:
    row = row | dict(own)
    for name in ("before", "during"):
        each = row[f"calls_{name}"] / asked[name] if asked[name] else None
        row[f"calls_per_request_{name}"] = each
        mean = row.get(f"mean_ms_{name}")
        row[f"ms_per_request_{name}"] = each * (mean or 0.0) if each is not None else None
    row["shifted"] = _shifted(row)
    return row


def _rise(row: Mapping[str, Any], name: str) -> float:
    before, during = row.get(f"{name}_before"), row.get(f"{name}_during")
    return 0.0 if before is None or during is None else float(during) - float(before)


def _grew(row: Mapping[str, Any], name: str, least: float) -> bool:
    before = row.get(f"{name}_before")
    return before is not None and _rise(row, name) >= max(least, (_GREW - 1) * float(before))


def _shifted(row: Mapping[str, Any]) -> str:
    """Say which part of a hop grew; the calls themselves where none did but there are more of them."""
    slower = next((q for q in ("p50", "p99") if _grew(row, f"client_{q}_ms", _LEAST_MS)), None)
    if slower is None:
        return "calls" if _grew(row, "calls_per_request", 0.2) else ""
    client = _rise(row, f"client_{slower}_ms")
    if row.get("server_p99_ms_during") is None:
        return "own"
    server = _rise(row, f"server_{slower}_ms")
    if server < _HALF * client:
        return "network"
    return "own" if _rise(row, f"own_{slower}_ms") >= _HALF * server else "callees"


def _table(rows: list[dict[str, Any]], service: str) -> pl.DataFrame:
    """Put hops of the service first, then by the time that requests spend there more than before."""
    table = pl.DataFrame([{name: row.get(name) for name in _SCHEMA} for row in rows], schema=_SCHEMA, orient="row")
    lost = pl.col("ms_per_request_during").fill_null(0.0) - pl.col("ms_per_request_before").fill_null(0.0)
    keys = {"own": pl.col("caller") == service, "lost": lost}
    ordered = table.with_columns(**keys).sort("own", "lost", "caller", "callee", descending=[True, True, False, False])
    return ordered.drop("own", "lost")


def _effect(lead: Mapping[str, Any], part: pl.DataFrame) -> Effect:
    draws = quantile_draws(part, "during", 0.99, seed=1) - quantile_draws(part, "before", 0.99, seed=2)
    low, high = interval(draws)
    weight, seen = lead["calls_before"] + lead["calls_during"], lead["seen_before"] + lead["seen_during"]
    return Effect(
        name=f"p99 of {lead['caller']} calling {lead['callee']}",
        before=lead["client_p99_ms_before"],
        after=lead["client_p99_ms_during"],
        low=low,
        high=high,
        unit="ms",
        n_before=lead["seen_before"],
        n_after=lead["seen_during"],
        method="log-histogram quantile, bootstrap over calls",
        sampling=seen / weight if weight > seen * 1.001 else None,
    )


_WORDS = {
    "own": "the callee itself is slower",
    "callees": "the callee waits for what it calls",
    "network": "the time is lost between the two",
    "calls": "there are more calls, not slower ones",
}


def _claim(table: pl.DataFrame, links: list[dict[str, Any]]) -> str:
    changed = table.filter(pl.col("shifted") != "")
    if changed.is_empty():
        return f"None of {table.height} calls between services and to databases takes longer or is made more often."
    row = changed.row(0, named=True)
    before, during = row["client_p99_ms_before"], row["client_p99_ms_during"]
    p99 = (
        f", p99 {format_number(before)} → {format_number(during)} ms"
        if before is not None and during is not None
        else ""
    )
    each = ""
    if row["calls_per_request_before"] is not None and row["calls_per_request_during"] is not None:
        each = f", {row['calls_per_request_before']:.3g} → {row['calls_per_request_during']:.3g} calls a request"
    slow = [link for link in links if _grew(link, "p99_ms", 5.0)]
    dns = f"; {slow[0]['service_name']} {slow[0]['span_name']} takes longer too" if slow else ""
    words = _WORDS[row["shifted"]]
    if row["shifted"] == "own" and row["server_p99_ms_during"] is None:
        words = "it takes longer, and the callee's side is not traced"
    return f"{row['caller']} to {row['callee']}: {words}{p99}{each}{dns}."


def _caveats(table: pl.DataFrame) -> list[str]:
    found = []
    services = table.filter(pl.col("kind") == "service")
    if services.filter(pl.col("network_ms_during") < 0).height:
        found.append("Some servers take longer than their clients wait: clocks or spans disagree there.")
    if table.filter((pl.col("seen_before") < _FEW) | (pl.col("seen_during") < _FEW)).height:
        found.append(f"Some hops have fewer than {_FEW} calls in a window; their p99 is the slowest few.")
    if table.filter(pl.col("kind") != "service").height:
        found.append("Databases and external addresses have no span of their own: their time includes the way there.")
    return found

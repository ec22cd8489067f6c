"""The slow log, statement by statement: what it costs, what it looks like, and what the log leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from rca.digests import describe
from rca.errors import NoDataError
from rca.findings.suspicion import Facts, suspect
from rca.measures.lock_graph import Wait, lock_waits, root_of
from rca.measures.periods import periods
from rca.model import Finding, Incident, Window
from rca.sql import statement
from rca.stats.binned import milliseconds
from rca.store import Store
from rca.times import format_duration

__all__ = ["slow_queries"]

_BINS = 60
_PLANS = 60
_WAITS = 500
"""Waits for locks that the details hold at most."""
_QUANTILES = (("p50_ms", 0.5), ("p95_ms", 0.95), ("p99_ms", 0.99))


def slow_queries(store: Store, incident: Incident | None = None) -> Finding:
    """Say which statements of the slow log cost most, and which of them look like a missing index, locks or a new plan.

    Every number is truncated: the log holds no statement below its threshold, so counts, means and calls per request
    cannot be had from it. Sampling rates that the log names are weighted.

    Parameters
    ----------
    incident
        Compares the baseline with the incident; left out, the whole log counts.

    Returns
    -------
    Finding
        One row a statement, most time first: ``db_query_digest, db_system_name, db_collection_name, calls`` (weighted
        events), ``calls_before, calls_during``, ``total_ms, share`` (of the log's time), ``p50_ms, p95_ms, p99_ms`` (at most
        1.09 % off), ``lock_share``, ``rows_examined_per_row`` (None where the log has no rows), ``suspicion``
        (``missing_index lock_contention plan_change none``), ``index_candidate, blocker, reason, example``.
        ``details["waits"]``: who waited for whom, ``waiter, holder, mode, db_query_digest``.

    Raises
    ------
    NoDataError
        When the store holds no slow-log event in the windows.
    """
    window, baseline, start = _windows(store, incident)
    whole = Window(min(baseline.start_ns, window.start_ns), max(baseline.end_ns, window.end_ns)) if baseline else window
    params = {
        "from_ns": whole.start_ns,
        "end_ns": whole.end_ns,
        "start_ns": start,
        "bin_ns": max(1, whole.length_ns // _BINS),
    }
    rows = store.query(statement("statements").sql, params)
    if baseline:
        rows = rows.filter((pl.col("bin_ns") < baseline.end_ns) | (pl.col("period") == "during"))
    if rows.is_empty():
        raise NoDataError(
            f"The slow log holds no statement between {whole}. It holds only what is slower than its threshold."
        )
    systems = {row["db_query_digest"]: row for row in store.query(statement("statement_systems").sql).to_dicts()}
    plans = store.query(statement("statement_plans").sql, from_ns=whole.start_ns, end_ns=whole.end_ns, most=_PLANS)
    waits = lock_waits(store, whole.start_ns, whole.end_ns)
    total = float(rows["duration_us"].sum())
    table = [
        _row(
            str(digest), group, systems.get(digest, {}), plans.filter(pl.col("db_query_digest") == digest), waits, total
        )
        for (digest,), group in rows.group_by("db_query_digest", maintain_order=True)
    ]
    frame = pl.DataFrame(table, infer_schema_length=None).sort("total_ms", "db_query_digest", descending=[True, False])
    return Finding(
        name="slow_queries",
        claim=_claim(frame),
        table=frame,
        sql=(statement("statements").sql, statement("statement_plans").sql),
        window=window,
        baseline=baseline,
        examples=tuple(row["example_trace_id"] for row in frame.to_dicts() if row["example_trace_id"])[:5],
        caveats=tuple(_caveats(systems, waits)),
        details={"waits": _pairs(waits)},
    )


def _pairs(waits: list[Wait]) -> list[dict[str, str]]:
    """Return who waited for whom, a row a pair, as :func:`rca.figures.lock_graph` draws it."""
    return [
        {"waiter": wait.waiter, "holder": holder, "mode": wait.mode, "db_query_digest": wait.db_query_digest}
        for wait in waits[:_WAITS]
        for holder in wait.holders
    ]


def _windows(store: Store, incident: Incident | None) -> tuple[Window, Window | None, int]:
    if incident is not None:
        found = periods(store, incident)
        return found.incident, found.baseline, found.incident.start_ns
    extent = store.query(statement("queries_extent").sql).row(0, named=True)
    if not extent["events"] or extent["first_ns"] is None:
        raise NoDataError("The store holds no slow-log event with a time and a length.")
    return Window(int(extent["first_ns"]), int(extent["last_ns"]) + 1), None, int(extent["first_ns"])


def _row(
    digest: str, rows: pl.DataFrame, system: Mapping[str, Any], plans: pl.DataFrame, waits: list[Wait], total: float
) -> dict[str, Any]:
    mine = [wait for wait in waits if wait.db_query_digest == digest]
    facts = _facts(rows, str(system.get("db_system_name") or ""), plans, len(mine))
    found = suspect(facts)
    by_period = {str(name): float(part["weight"].sum()) for (name,), part in rows.group_by("period")}
    calls, duration = float(rows["weight"].sum()), float(rows["duration_us"].sum())
    return {
        "db_query_digest": digest,
        "db_system_name": system.get("db_system_name", ""),
        "db_collection_name": system.get("db_collection_name", ""),
        "calls": int(calls) if calls.is_integer() else calls,
        "calls_before": by_period.get("before", 0.0),
        "calls_during": by_period.get("during", 0.0),
        "total_ms": duration / 1000,
        "share": duration / total if total else 0.0,
        **_quantiles(rows),
        "lock_share": facts.lock_share,
        "rows_examined_per_row": facts.examined_per_row,
        "suspicion": found.name,
        "index_candidate": found.index,
        "blocker": root_of(waits) if mine and found.name == "lock_contention" else "",
        "reason": found.reason,
        "example": _example(rows)[:500],
        "example_trace_id": system.get("example_trace_id", ""),
    }


def _facts(rows: pl.DataFrame, system: str, plans: pl.DataFrame, waits: int) -> Facts:
    """Return what the log says of one statement, by time bin and as a whole."""
    counted = ("weight", "duration_us", "examined", "with_rows", "events")
    bins = rows.group_by("bin_ns").agg(pl.col(name).sum() for name in counted).sort("bin_ns")
    duration, examined, returned = (float(rows[name].sum()) for name in ("duration_us", "examined", "returned"))
    return Facts(
        described=describe(_example(rows), system or None),
        events=int(rows["events"].sum()),
        duration_ms=(bins["duration_us"] / bins["weight"] / 1000).to_numpy(),
        examined=np.where(bins["with_rows"].to_numpy() > 0, (bins["examined"] / bins["weight"]).to_numpy(), np.nan),
        examined_per_row=examined / max(1.0, returned) if int(rows["with_rows"].sum()) else None,
        lock_share=float(rows["lock_us"].sum()) / duration if duration else 0.0,
        locked=int(rows["locked"].sum()),
        full_scans=int(rows["full_scans"].sum()),
        waits=waits,
        plans=plans["plan"].to_list(),
    )


def _example(rows: pl.DataFrame) -> str:
    return str(rows["example"].min())


def _quantiles(rows: pl.DataFrame) -> dict[str, float]:
    """Return quantiles of the length, each the middle of the bucket that holds it."""
    buckets = rows.group_by("bucket").agg(pl.col("weight").sum()).sort("bucket")
    running = buckets["weight"].cum_sum().to_numpy()
    middle = milliseconds(buckets["bucket"].to_numpy())
    last = len(middle) - 1
    return {
        name: float(middle[min(last, int(np.searchsorted(running, q * (running[-1] - 1) + 1 - 1e-9)))])
        for name, q in _QUANTILES
    }


def _claim(frame: pl.DataFrame) -> str:
    suspicious = frame.filter(pl.col("suspicion") != "none")
    top = (suspicious if suspicious.height else frame).row(0, named=True)
    what = str(top["suspicion"]).replace("_", " ")
    looks = (
        f"it looks like {what}: {top['reason']}"
        if top["suspicion"] != "none"
        else "nothing about it is suspicious by itself"
    )
    index = f" Candidate: {top['index_candidate']}." if top["index_candidate"] else ""
    text = str(top["db_query_digest"])
    short = text if len(text) <= 90 else text[:89] + "…"
    return (
        f"“{short}” takes {top['share']:.0%} of the slow log's time in {top['calls']:,.0f} statements; {looks}.{index}"
    )


def _caveats(systems: Mapping[Any, Mapping[str, Any]], waits: list[Wait]) -> list[str]:
    thresholds = [int(row["threshold_ns"]) for row in systems.values() if row["threshold_ns"]]
    least = format_duration(min(thresholds)) if thresholds else "a threshold that it does not name"
    events, linked = sum(row["events"] for row in systems.values()), sum(row["with_trace"] for row in systems.values())
    found = [
        f"Truncated: statements shorter than {least} are not in the log; counts, means and calls per request cannot be read from it."
    ]
    if linked < events:
        found.append(f"{events - linked:,} of {events:,} statements ({(events - linked) / events:.0%}) name no trace.")
    if waits:
        found.append(f"The server's log tells of {len(waits)} waits for locks.")
    return found

"""What the telemetry can and cannot carry, said before anything is concluded from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import polars as pl

from rca.measures.inventory import Inventory, inventory, sampling_by_minute, trace_integrity
from rca.model import Finding
from rca.store import Store
from rca.times import format_duration, format_time

__all__ = ["data_quality"]

_MIN_ENTRIES = 20
"""Entry spans a minute below which a mean weight is too uncertain to call a change of sampling."""
_STRAY = 0.01
"""Share of all log records below which those that name no service are strays, such as a shipper's own, and not doubted."""


def data_quality(store: Store) -> Finding:
    """Say what the store holds and what is wrong with it: gaps, orphans, skewed clocks, sampling, missing correlation IDs.

    Returns
    -------
    Finding
        The table has one row a doubt: ``check``, ``service_name``, ``severity`` (``note`` or ``warning``), ``count``,
        ``share``, ``claim``. ``details["inventory"]`` holds the counts.

    Examples
    --------
    >>> import rca
    >>> data_quality(rca.open()).claim
    'The store is empty.'
    """
    holds = inventory(store)
    every = int(holds.spans["spans"].sum())
    rows = [
        *_span_doubts(trace_integrity(store, every), every),
        *_sampling_doubts(sampling_by_minute(store)),
        *_correlation_doubts(holds.logs),
        *_queries_doubts(holds.queries),
        *_ingest_doubts(store.inputs()),
    ]
    schema = {
        "check": pl.String,
        "service_name": pl.String,
        "severity": pl.String,
        "count": pl.Int64,
        "share": pl.Float64,
        "claim": pl.String,
    }
    table = pl.DataFrame(rows, schema=schema, orient="row")
    return Finding(name="data_quality", claim=_claim(holds, table), table=table, details=_details(holds))


def _row(
    check: str, claim: str, count: int, *, share: float | None = None, service: str = "", warning: bool = True
) -> dict[str, Any]:
    severity = "warning" if warning else "note"
    return {
        "check": check,
        "service_name": service,
        "severity": severity,
        "count": count,
        "share": share,
        "claim": claim,
    }


def _claim(holds: Inventory, table: pl.DataFrame) -> str:
    extent = holds.extent_ns
    if extent is None:
        return "The store is empty." if holds.changes.is_empty() else "The store holds changes but no telemetry."
    warnings = table.filter(pl.col("severity") == "warning").height
    doubts = "nothing to doubt" if not warnings else f"{warnings} thing{'s' if warnings > 1 else ''} to doubt"
    length = format_duration(extent[1] - extent[0])
    return f"{len(holds.services)} services over {length} from {format_time(extent[0])}; {doubts}."


def _details(holds: Inventory) -> dict[str, Any]:
    frames = {
        "spans": holds.spans,
        "logs": holds.logs,
        "metrics": holds.metrics,
        "queries": holds.queries,
        "changes": holds.changes,
    }
    return {
        "services": holds.services,
        "extent_ns": holds.extent_ns,
        "inventory": {name: frame.to_dicts() for name, frame in frames.items()},
    }


def _span_doubts(found: dict[str, int], every: int) -> Iterator[dict[str, Any]]:
    spans = found["spans"]
    if not spans:
        return
    checks = (
        ("orphans", "spans name a parent that is not there: part of their trace was not recorded or not exported"),
        (
            "early",
            f"child spans start before their parent in another service, by up to {format_duration(found['widest_early_ns'])}: clocks disagree, and none was adjusted",
        ),
        ("negative", "spans have a negative length"),
        ("without_time", "spans have no start and are left out of every time window"),
        ("very_long", "spans last more than a day"),
    )
    for name, text in checks:
        if found[name]:
            yield _row(name, f"{found[name]:,} of {spans:,} {text}.", found[name], share=found[name] / spans)
    if spans < every:
        claim = f"Parents were looked up for {spans:,} of {every:,} spans: whole traces, the first by their ids."
        yield _row("examined", claim, spans, share=spans / every, warning=False)
    if not found["roots"]:
        yield _row(
            "no_roots", "No span is the root of a trace: requests are counted at entry spans instead.", spans, share=1.0
        )


def _sampling_doubts(minutes: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield one doubt for all services that are sampled alike, and one for all whose sampling changed alike."""
    sampled: dict[str, list[tuple[str, int, float]]] = defaultdict(list)
    changed: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for (service,), group in minutes.group_by("service_name", maintain_order=True):
        entries, weight = int(group["entries"].sum()), float(group["weight"].sum())
        if weight > entries * 1.001:
            sampled[f"{entries / weight:.1%}"].append((str(service), entries, weight))
        enough = group.filter(pl.col("entries") >= _MIN_ENTRIES).with_columns(
            (pl.col("entries") / pl.col("weight")).alias("kept")
        )
        if enough.height >= 2:
            low, high = enough.select(pl.col("kept").min().alias("low"), pl.col("kept").max().alias("high")).row(0)
            if high > 1.5 * low:
                changed[f"from {low:.0%} to {high:.0%}"].append((str(service), enough.height))
    for share, alike in sampled.items():
        entries = sum(item[1] for item in alike)
        names = [item[0] for item in alike]
        claim = f"About {share} of the requests of {_listed(names)} are kept as traces; counts are weighted by that."
        kept = entries / sum(item[2] for item in alike)
        yield _row("sampled", claim, entries, share=kept, service=_only(names), warning=False)
    for moved, services in changed.items():
        names = [item[0] for item in services]
        claim = f"The traced share of the requests of {_listed(names)} changed, {moved}: compare weighted counts, never raw ones."
        yield _row("sampling_changed", claim, max(item[1] for item in services), service=_only(names))


def _listed(names: list[str], most: int = 6) -> str:
    """Return names as a list in words, the first of many."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more services"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def _only(names: list[str]) -> str:
    return names[0] if len(names) == 1 else ""


def _correlation_doubts(logs: pl.DataFrame) -> Iterator[dict[str, Any]]:
    every = int(logs["records"].sum())
    for row in logs.iter_rows(named=True):
        records, service = int(row["records"]), row["service_name"] or "no named service"
        linked = max(int(row["with_trace"]), int(row["with_request"]))
        if linked < 0.95 * records and (row["service_name"] or records >= _STRAY * every):
            claim = f"{linked:,} of {records:,} log records of {service} carry a trace or request id; the rest cannot be tied to a request."
            yield _row(
                "correlation",
                claim,
                records - linked,
                share=linked / records,
                service=row["service_name"],
                warning=linked < 0.5 * records,
            )
        if row["without_time"]:
            claim = f"{row['without_time']:,} log records of {service} have no time."
            yield _row(
                "without_time",
                claim,
                int(row["without_time"]),
                share=int(row["without_time"]) / records,
                service=row["service_name"],
            )


def _queries_doubts(queries: pl.DataFrame) -> Iterator[dict[str, Any]]:
    for row in queries.iter_rows(named=True):
        threshold = row["threshold_ns"]
        least = format_duration(threshold) if threshold else "a threshold that it does not name"
        claim = f"The {row['db_system_name'] or 'database'} slow log leaves out statements shorter than {least}: its counts and means are cut off there."
        yield _row("truncated", claim, int(row["events"]), warning=False)


def _ingest_doubts(inputs: pl.DataFrame) -> Iterator[dict[str, Any]]:
    bad = inputs.filter(pl.col("records_quarantined") > 0)
    if bad.height:
        count, read = int(bad["records_quarantined"].sum()), int(inputs["records_read"].sum())
        claim = (
            f"{count:,} of {read:,} records in {bad.height} files could not be understood; see the table quarantine."
        )
        yield _row("quarantined", claim, count, share=count / read)
    failed = inputs.filter(pl.col("status") == "failed")
    if failed.height:
        yield _row("failed", f"{failed.height} files could not be read; see the table ingests.", failed.height)
    for row in inputs.filter((pl.col("message") != "") & (pl.col("status") != "failed")).iter_rows(named=True):
        if not str(row["message"]).startswith("read before"):
            yield _row("note", f"{row['path']}: {row['message']}", 1, warning=False)

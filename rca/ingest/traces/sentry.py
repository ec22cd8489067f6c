"""Transactions of Sentry: a root span in the context of its trace, the spans below it in a list."""

from __future__ import annotations

from typing import Any

from rca.ingest.clock import Clock
from rca.ingest.exact import flatten, text_of
from rca.ingest.tables.span_ids import Span
from rca.ingest.traces.spanparts import CLIENT, CONSUMER, INTERNAL, PRODUCER, SERVER, known_by, length, moment, plain
from rca.ingest.values import double

__all__ = ["sentry"]

_KINDS = {"http.server": SERVER, "http.client": CLIENT, "db": CLIENT, "cache": CLIENT, "queue.process": CONSUMER, "queue.publish": PRODUCER, "rpc.server": SERVER,
          "rpc.client": CLIENT, "websocket.server": SERVER, "grpc.client": CLIENT, "grpc.server": SERVER}  # fmt: skip
_USED = ("trace_id", "span_id", "parent_span_id", "start_timestamp", "timestamp", "op", "status", "description")


def _knows(document: dict[str, Any]) -> bool:
    contexts = document.get("contexts")
    return (
        isinstance(contexts, dict)
        and isinstance(contexts.get("trace"), dict)
        and ("start_timestamp" in document or "startTimestamp" in document)
    )


@known_by(_knows)
def sentry(document: dict[str, Any], clock: Clock) -> list[Span]:
    """Return the transaction and the spans below it."""
    trace = document["contexts"]["trace"]
    children = document.get("spans")
    if not isinstance(children, list):
        entries = [entry for entry in document.get("entries") or () if isinstance(entry, dict)]
        children = next((entry["data"] for entry in entries if entry.get("type") == "spans"), []) or []
    service = text_of(document.get("project_name") or document.get("server_name") or document.get("projectSlug") or document.get("project"))  # fmt: skip
    named = document.get("transaction") or document.get("title") or trace.get("description")
    times = {
        "start_timestamp": document.get("start_timestamp", document.get("startTimestamp")),
        "timestamp": document.get("timestamp", document.get("endTimestamp")),
    }
    root = _span({**trace, **times, "description": named}, service, text_of(trace.get("trace_id")), clock)
    used = ("contexts.trace", "spans", "entries", "start_timestamp", "startTimestamp", "timestamp", "endTimestamp", "transaction")  # fmt: skip
    flat = {key: item for key, item in flatten(document).items() if not key.startswith("contexts.trace.")}
    root.attributes |= plain(flat, *used)
    rate = double(trace.get("client_sample_rate"))
    root.weight = 1.0 / rate if rate and 0 < rate <= 1 else 0.0
    root.resource = {"service.version": text_of(document["release"])} if isinstance(document.get("release"), str) else {}  # fmt: skip
    if document.get("environment"):
        root.resource["deployment.environment.name"] = text_of(document["environment"])
    return [root] + [_span(child, service, root.trace, clock, root) for child in children if isinstance(child, dict)]


def _span(part: dict[str, Any], service: str, trace: str, clock: Clock, root: Span | None = None) -> Span:
    start, end = moment(clock, part.get("start_timestamp")), moment(clock, part.get("timestamp"))
    sort, status = text_of(part.get("op")), text_of(part.get("status"))
    name = text_of(part.get("description")) or sort
    span = Span(
        text_of(part.get("trace_id")) or trace, text_of(part.get("span_id")), text_of(part.get("parent_span_id")), service, name, start,
        length(start, end),
    )  # fmt: skip
    span.kind = _KINDS.get(sort) or (CLIENT if sort.startswith(("db.", "cache.")) else INTERNAL)
    span.status = 1 if status == "ok" else 0 if status in {"", "unknown", "cancelled"} else 2
    span.attributes = plain(flatten(part), *_USED)
    span.attributes |= {key: text for key, text in (("sentry.op", sort), ("sentry.status", status)) if text}
    if sort == "db" or sort.startswith("db.sql"):
        span.attributes.setdefault("db.query.text", name)
    if root is not None:
        span.resource, span.weight = dict(root.resource), root.weight
    return span

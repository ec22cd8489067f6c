"""Documents of Elastic APM: transactions and spans, whose ids and lengths stand under different names."""

from __future__ import annotations

from typing import Any

from rca.ingest.clock import Clock
from rca.ingest.exact import flatten, text_of
from rca.ingest.tables.span_ids import Span
from rca.ingest.traces.spanparts import CLIENT, CONSUMER, INTERNAL, SERVER, kind_named, known_by, length, moment, plain
from rca.ingest.values import double

__all__ = ["elastic_apm"]

_RESOURCE = {
    "service.version": "service.version", "service.environment": "deployment.environment.name", "service.node.name": "service.instance.id",
}  # fmt: skip
_MEANT = {
    "span.db.statement": "db.query.text", "span.db.instance": "db.namespace", "service.target.name": "peer.service",
    "span.destination.service.resource": "server.address", "transaction.custom.route": "http.route", "error.exception.type": "error.type",
}  # fmt: skip
_OUT = {"db", "external", "messaging", "storage", "cache"}
_USED = ("trace.id", "parent.id", "timestamp.us", "@timestamp", "service.name")


def _knows(document: dict[str, Any]) -> bool:
    flat = flatten(document) if "trace" in document or "trace.id" in document else {}
    if "trace.id" not in flat:
        return False
    event = text_of(flat.get("processor.event"))
    if event:
        return event in {"transaction", "span"}
    return "span.duration.us" in flat or "transaction.duration.us" in flat


@known_by(_knows)
def elastic_apm(document: dict[str, Any], clock: Clock) -> list[Span]:
    """Return the span of a transaction or a span."""
    flat = flatten(document)
    is_span = flat.get("processor.event") == "span" or "span.duration.us" in flat
    part = "span" if is_span else "transaction"

    def text(name: str) -> str:
        return text_of(flat.get(name))

    parent = text("parent.id") or (text("transaction.id") if is_span else "")
    start = moment(clock, flat.get("@timestamp"))
    exact = text("timestamp.us")
    if exact.isdigit():
        start = int(exact) * 1_000
    span = Span(
        text("trace.id"), text(f"{part}.id"), parent, text("service.name"), text(f"{part}.name"), start,
        length(None, None, flat.get(f"{part}.duration.us"), scale=1_000),
    )  # fmt: skip
    span.kind = kind_named(flat.get("span.kind")) or _kind(is_span=is_span, sort=text(f"{part}.type"))
    span.status = {"failure": 2, "success": 1}.get(text("event.outcome"), 0)
    span.weight = double(flat.get(f"{part}.representative_count")) or 0.0
    span.attributes = plain(flat, *_USED, f"{part}.id", f"{part}.name")
    span.resource = {name: text(key) for key, name in _RESOURCE.items() if text(key)}
    for key, name in _MEANT.items():
        if text(key):
            span.attributes.setdefault(name, text(key))
    if is_span and text("span.type") == "db" and text("span.subtype"):
        span.attributes.setdefault("db.system.name", text("span.subtype"))
    return [span]


def _kind(*, is_span: bool, sort: str) -> int:
    if is_span:
        return CLIENT if sort in _OUT else INTERNAL
    return SERVER if sort == "request" else CONSUMER if sort == "messaging" else INTERNAL

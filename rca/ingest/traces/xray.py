"""AWS X-Ray segment documents: one a line, in a list, or inside the answer of BatchGetTraces."""

from __future__ import annotations

from functools import partial
from typing import Any

from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.exact import flatten, loads, text_of
from rca.ingest.source import Source
from rca.ingest.spans import Resource, SpanRows
from rca.ingest.traces.shapes import each_record, guarded, micro, texts, truthy
from rca.ingest.values import BadRecord, hex_id

__all__ = ["XRAY"]

_SERVER, _CLIENT, _INTERNAL = 2, 3, 1
_SECOND = 1_000_000_000
_SQL = {
    "sanitized_query": "db.query.text",
    "database_type": "db.system.name",
    "url": "aws.xray.sql.url",
    "user": "db.user",
}
_READ = frozenset((
    "id", "parent_id", "trace_id", "name", "start_time", "end_time", "type", "subsegments", "fault", "error", "throttle", "cause", "sql", "http", "annotations",
    "metadata", "namespace", "aws",
))  # fmt: skip
"""Fields that have their place; the others become attributes."""
_HTTP = {
    "request": {"method": "http.request.method", "url": "url.full", "user_agent": "user_agent.original", "client_ip": "client.address"},
    "response": {"status": "http.response.status_code", "content_length": "http.response.body.size"},
}  # fmt: skip


def sniff(sample: Sample) -> Guess:
    """Say whether segments with X-Ray's names and ids occur."""
    if not sample.looks_json:
        return NO
    if sample.has("Traces", "Segments") and sample.has("Document"):
        return Guess(0.96, "has Traces with Segments")
    if sample.has("trace_id", "start_time") and '"1-' in sample.text and sample.has("id"):
        return Guess(0.95, "has segments with trace_id, id and start_time")
    if sample.has("trace_id", "start_time", "id", "name") and (sample.has("subsegments") or sample.has("in_progress")):
        return Guess(0.9, "has trace_id, start_time and what segments say")
    return NO


def read(source: Source, sink: Sink) -> None:
    """Read segments one after the other, each with all below it."""
    rows = SpanRows(sink)

    def take(value: Any) -> None:
        if isinstance(value, str):
            value = loads(value)
        if isinstance(value, list):
            for item in value:
                guarded(sink, take, item)
        elif isinstance(value, dict) and isinstance(value.get("Traces"), list):
            take(value["Traces"])
        elif isinstance(value, dict) and isinstance(value.get("Segments"), list):
            take([segment.get("Document") for segment in value["Segments"]])
        elif isinstance(value, dict) and "start_time" in value:
            _segment(sink, rows, value)
        elif not (isinstance(value, dict) and value.get("format") == "json"):  # the header of the daemon's protocol
            raise BadRecord("no segment of X-Ray: it has no start_time")
        rows.flush_if_full()

    each_record(source, sink, rows, take)


def _segment(sink: Sink, rows: SpanRows, segment: dict[str, Any]) -> None:
    resource = {"service.name": str(segment.get("name") or "")}
    resource |= texts(flatten({"aws": segment["aws"]})) if segment.get("aws") else {}
    version = (segment.get("service") or {}).get("version")
    if version:
        resource["service.version"] = str(version)
    if segment.get("origin"):
        resource["cloud.platform"] = str(segment["origin"])
    segment = {key: value for key, value in segment.items() if key not in {"aws", "service", "origin"}}
    kind = _INTERNAL if segment.get("type") == "subsegment" else _SERVER
    found = rows.resource({key: text for key, text in resource.items() if text})
    trace_id = _trace_id(segment.get("trace_id"))
    waiting = [(segment, hex_id(segment.get("parent_id"), 16), kind)]
    while waiting:  # not by recursion: nesting is the sender's choice
        item, parent, as_kind = waiting.pop()
        guarded(sink, partial(_span, rows, found, trace_id, parent, as_kind), item)
        if isinstance(item, dict):
            span_id = str(item.get("id") or "")
            waiting += [(child, span_id, _below(child)) for child in reversed(item.get("subsegments") or [])]


def _below(child: Any) -> int:
    return _CLIENT if isinstance(child, dict) and child.get("namespace") in ("remote", "aws") else _INTERNAL


def _span(rows: SpanRows, resource: Resource, trace_id: str, parent: str, kind: int, item: dict[str, Any]) -> None:
    start, end = micro(item.get("start_time"), scale=_SECOND), micro(item.get("end_time"), scale=_SECOND)
    bad = [name for name in ("fault", "error", "throttle") if truthy(item.get(name))]
    exceptions = (item.get("cause") or {}).get("exceptions") or [] if isinstance(item.get("cause"), dict) else []
    attributes = _attributes(item) | {f"aws.xray.{name}": "true" for name in bad}
    span_id = hex_id(item.get("id"), 16)
    if not span_id:
        raise BadRecord("no segment of X-Ray: it has no id")
    rows.add(
        resource, trace_id=trace_id, span_id=span_id, parent_span_id=hex_id(parent, 16), name=str(item.get("name") or ""),
        kind=kind, start_ns=start, duration_ns=None if start is None or end is None else end - start,
        status=2 if bad else 0, message=text_of(exceptions[0].get("message")) if exceptions else "", attributes=attributes,
    )  # fmt: skip
    for exception in exceptions:
        more = {
            "exception.type": text_of(exception.get("type")),
            "exception.message": text_of(exception.get("message")),
        }
        rows.event(trace_id, span_id, end or start, "exception", more)


def _attributes(item: dict[str, Any]) -> dict[str, str]:
    found = {_SQL.get(key, f"aws.xray.sql.{key}"): text_of(value) for key, value in (item.get("sql") or {}).items()}
    for part, names in _HTTP.items():
        for key, value in ((item.get("http") or {}).get(part) or {}).items():
            found[names.get(key, f"aws.xray.http.{part}.{key}")] = text_of(value)
    found |= _of_aws(item)
    found |= texts(item.get("annotations"))
    found |= texts(flatten({"aws.xray.metadata": item.get("metadata") or {}})) if item.get("metadata") else {}
    if item.get("namespace"):
        found["aws.xray.namespace"] = text_of(item["namespace"])
        found.setdefault("peer.service", text_of(item.get("name")))
    more = {key: value for key, value in item.items() if key not in _READ and value not in (None, "", [], {})}
    return found | {f"aws.xray.{key}": text for key, text in texts(flatten(more)).items()}


def _of_aws(item: dict[str, Any]) -> dict[str, str]:
    """Return what a call of AWS says of itself: its operation, and the table, bucket or queue that it is about."""
    said = item.get("aws")
    if not isinstance(said, dict):
        return {}
    found = {f"aws.{key}": text for key, text in texts(flatten(said)).items()}
    operation, service = text_of(said.get("operation")), text_of(item.get("name"))
    if operation:
        found |= {"rpc.system": "aws-api", "rpc.service": service, "rpc.method": operation}
    if operation and service.lower() == "dynamodb":
        found |= {"db.system.name": "aws.dynamodb", "db.operation.name": operation}
        if said.get("table_name"):
            found["db.collection.name"] = text_of(said["table_name"])
    return found


def _trace_id(value: Any) -> str:
    """Return ``1-5759e988-bd862e3fe1be46a994272793`` as 32 hex digits."""
    text = str(value or "")
    return hex_id(text[2:].replace("-", "") if text.startswith("1-") else text, 32)


XRAY = Format("xray", "AWS X-Ray segments", ("spans", "span_events"), sniff, read)

"""Spans as search indices and query APIs of tracing back ends give them away, one function a shape."""

from __future__ import annotations

from typing import Any

from rca.ingest.clock import Clock
from rca.ingest.exact import flatten, text_of
from rca.ingest.tables.span_ids import Span
from rca.ingest.traces.shapes import micro, truthy
from rca.ingest.traces.spanparts import kind_named, known_by, length, moment, plain, tags
from rca.ingest.values import BadRecord, count_of

__all__ = ["cloud_trace", "data_prepper", "lightstep", "otel_document", "skywalking", "tempo_search"]

_MILLI, _MICRO = 1_000_000, 1_000


def _has(document: dict[str, Any], *keys: str) -> bool:
    return all(key in document for key in keys)


def _status(code: Any) -> int:
    text = text_of(code).upper().removeprefix("STATUS_CODE_")
    return {"ERROR": 2, "2": 2, "OK": 1, "1": 1}.get(text, 0)


@known_by(lambda document: _has(document, "traceId", "spanId", "durationInNanos"))
def data_prepper(document: dict[str, Any], clock: Clock) -> list[Span]:
    """Return a span of OpenSearch's trace analytics, whose attributes have @ in place of dots."""
    flat = flatten({key: item for key, item in document.items() if key not in {"events", "links"}})
    start = moment(clock, document.get("startTime"))
    span = Span(
        text_of(document["traceId"]), text_of(document["spanId"]), text_of(document.get("parentSpanId")), text_of(document.get("serviceName")),
        text_of(document.get("name")), start, length(start, None, document["durationInNanos"]),
    )  # fmt: skip
    span.kind, span.status = kind_named(document.get("kind")), _status(flat.get("status.code"))
    span.message = text_of(flat.get("status.message"))
    used = ("traceId", "spanId", "parentSpanId", "serviceName", "name", "kind", "startTime", "endTime", "durationInNanos", "status.code")  # fmt: skip
    for key, text in plain(flat, *used).items():
        place, _, rest = key.partition(".attributes.")
        name = (rest or key.removeprefix("attributes.")).replace("@", ".")
        (span.resource if place == "resource" and rest else span.attributes)[name] = text
    for event in document.get("events") or ():
        span.events.append((moment(clock, event.get("time")), text_of(event.get("name")), plain(event.get("attributes") or {})))  # fmt: skip
    return [span]


def _is_otel(document: dict[str, Any]) -> bool:
    resource = document.get("resource")
    return (
        _has(document, "trace_id", "span_id", "duration", "@timestamp")
        and isinstance(resource, dict)
        and "attributes" in resource
    )


@known_by(_is_otel)
def otel_document(document: dict[str, Any], clock: Clock) -> list[Span]:
    """Return a span as the collector's Elasticsearch exporter writes it in OpenTelemetry's own layout."""
    resource = plain(flatten(document["resource"]["attributes"]))
    start = moment(clock, document["@timestamp"])
    span = Span(
        text_of(document["trace_id"]), text_of(document["span_id"]), text_of(document.get("parent_span_id")), resource.get("service.name", ""),
        text_of(document.get("name")), start, length(start, None, document["duration"]),
    )  # fmt: skip
    status = document.get("status") or {}
    span.kind, span.status, span.message = kind_named(document.get("kind")), _status(status.get("code")), text_of(status.get("message"))  # fmt: skip
    span.resource, span.attributes = resource, plain(flatten(document.get("attributes") or {}))
    used = ("trace_id", "span_id", "parent_span_id", "name", "kind", "duration", "@timestamp", "status", "resource", "attributes")  # fmt: skip
    span.attributes |= plain({key: item for key, item in document.items() if key not in used and not isinstance(item, dict)})  # fmt: skip
    return [span]


@known_by(lambda document: _has(document, "segmentId", "spanId", "startTime", "endTime"))
def skywalking(document: dict[str, Any], clock: Clock) -> list[Span]:
    """Return a span of SkyWalking's query API; its id is a number within its segment."""
    segment, above = text_of(document["segmentId"]), text_of(document.get("parentSpanId"))
    references = [item for item in document.get("refs") or () if isinstance(item, dict)]
    parent = f"{segment}-{above}" if above.isdigit() else ""
    if not parent and references:
        parent = f"{text_of(references[0].get('parentSegmentId'))}-{text_of(references[0].get('parentSpanId'))}"
    start, end = moment(clock, document["startTime"]), moment(clock, document["endTime"])
    service = text_of(document.get("serviceCode")).partition("::")[2] or text_of(document.get("serviceCode"))
    span = Span(text_of(document.get("traceId")), f"{segment}-{text_of(document['spanId'])}", parent, service, text_of(document.get("endpointName")), start, length(start, end))  # fmt: skip
    span.kind, span.status = kind_named(document.get("type")), 2 if truthy(document.get("isError")) else 0
    found = tags(document.get("tags"))
    used = ("traceId", "segmentId", "spanId", "parentSpanId", "refs", "serviceCode", "startTime", "endTime", "endpointName", "type", "isError", "tags", "logs", "attachedEvents")  # fmt: skip
    span.attributes = plain(document, *used) | found
    names = {"db.statement": "db.query.text", "db.type": "db.system.name", "http.status_code": "http.response.status_code", "status_code": "http.response.status_code"}  # fmt: skip
    for key, name in names.items():
        if found.get(key):
            span.attributes.setdefault(name, found[key])
    if document.get("peer"):
        span.attributes.setdefault("server.address", text_of(document["peer"]))
    for log in document.get("logs") or ():
        said = tags(log.get("data"))
        span.events.append((moment(clock, log.get("time")), said.get("event", "log"), said))
    return [span]


def _is_cloud(document: dict[str, Any]) -> bool:
    return _has(document, "traceId", "projectId", "spans") or (
        "displayName" in document and "/traces/" in str(document.get("name"))
    )


@known_by(_is_cloud)
def cloud_trace(document: dict[str, Any], clock: Clock) -> list[Span]:
    """Return the spans of a trace of Google's API v1, or the one span of a document of v2."""
    if "spans" in document:
        return [_google(text_of(document["traceId"]), span, clock) for span in document["spans"]]
    shown, map_ = document["displayName"], (document.get("attributes") or {}).get("attributeMap") or {}
    labels = {key: _inner(value) for key, value in map_.items()}
    named = {**document, "name": _inner(shown), "labels": labels, "kind": document.get("spanKind")}
    return [_google(str(document["name"]).split("/traces/")[1].split("/")[0], named, clock)]


def _inner(value: Any) -> str:
    while isinstance(value, dict):
        value = value.get("value", next(iter(value.values()), ""))
    return text_of(value)


def _google(trace: str, part: dict[str, Any], clock: Clock) -> Span:
    start, end = moment(clock, part.get("startTime")), moment(clock, part.get("endTime"))
    labels = plain(part.get("labels") or {})
    service = next((labels[key] for key in ("service.name", "g.co/gae/app/module", "g.co/r/k8s_container/container_name", "component") if labels.get(key)), "")  # fmt: skip
    span = Span(trace, _decimal(part.get("spanId")), _decimal(part.get("parentSpanId")), service, text_of(part.get("name")), start, length(start, end))  # fmt: skip
    code = labels.get("/http/status_code", "")
    failed = (part.get("status") or {}).get("code") not in (None, "0", 0, "")
    span.kind = kind_named(part.get("kind") or part.get("spanKind"))
    span.status = 2 if failed or code.startswith("5") or "/error/message" in labels else 0
    span.message = text_of((part.get("status") or {}).get("message")) or labels.get("/error/message", "")
    span.attributes = labels
    for key, name in (("/http/status_code", "http.response.status_code"), ("/http/method", "http.request.method"), ("/http/route", "http.route"), ("/http/host", "server.address")):  # fmt: skip
        if labels.get(key):
            span.attributes.setdefault(name, labels[key])
    return span


def _decimal(value: Any) -> str:
    """Return an id that is a decimal number of 64 bits as hex; one that is hex stays."""
    text = text_of(value)
    if not text.isdigit() or (len(text) == 16 and text.startswith("0")):
        return text
    number = count_of(int(text) - (1 << 63)) if text != "0" else None
    return f"{number + (1 << 63):016x}" if number is not None else ""


@known_by(
    lambda document: (
        "traceID" in document and bool({"rootServiceName", "rootTraceName", "spanSets", "spanSet"} & document.keys())
    )
)
def tempo_search(document: dict[str, Any], clock: Clock) -> list[Span]:
    """Return the spans that a search of Tempo found in a trace; the root as the trace tells it where it found none."""
    del clock
    trace, around = text_of(document["traceID"]).rjust(32, "0"), {"tempo.root_service_name": text_of(document.get("rootServiceName")), "tempo.root_trace_name": text_of(document.get("rootTraceName"))}  # fmt: skip
    sets = document.get("spanSets") or ([document["spanSet"]] if document.get("spanSet") else [])
    found: dict[str, Span] = {}
    for part in [part for item in sets for part in item.get("spans") or ()]:
        said = tags(part.get("attributes"))
        service = next((said[key] for key in ("resource.service.name", "service.name", ".service.name", "rootServiceName") if said.get(key)), "")  # fmt: skip
        start = micro(part.get("startTimeUnixNano"), scale=1)
        name = text_of(part.get("name")) or said.get("name", "")
        span = Span(trace, text_of(part.get("spanID")), "", service, name, start, micro(part.get("durationNanos"), scale=1))  # fmt: skip
        span.kind, span.status = kind_named(said.get("kind")), _status(said.get("status"))
        span.attributes = said | plain(around)
        found.setdefault(span.span, span)
    if found:
        return list(found.values())
    root = Span(
        trace, "", "", around["tempo.root_service_name"], around["tempo.root_trace_name"], micro(document.get("startTimeUnixNano"), scale=1),
        micro(document.get("durationMs"), scale=_MILLI),
    )  # fmt: skip
    root.attributes = {"rca.source": "trace summary"}
    return [root]


@known_by(lambda document: ("span-id" in document and "start-time-micros" in document) or _holds_lightstep(document))
def lightstep(document: dict[str, Any], clock: Clock) -> list[Span]:
    """Return the spans of a stored trace of Lightstep."""
    del clock
    inner = document.get("attributes")
    reporters = (document.get("relationships") or {}).get("reporters") or []
    services = {text_of(one.get("reporter-id")): text_of((one.get("attributes") or {}).get("lightstep.component_name")) for one in reporters}  # fmt: skip
    parts = inner["spans"] if isinstance(inner, dict) and "spans" in inner else [document]
    spans = []
    for part in parts:
        start, end = micro(part.get("start-time-micros")), micro(part.get("end-time-micros"))
        if not part.get("span-id"):
            raise BadRecord("a span without span-id")
        said = plain(part.get("tags") or {})
        span = Span(
            text_of(part.get("trace-id")), text_of(part["span-id"]), said.pop("parent_span_guid", "") or text_of(part.get("parent-span-id")),
            services.get(text_of(part.get("reporter-id")), "") or said.get("service.name", ""), text_of(part.get("span-name")), start, length(start, end),
        )  # fmt: skip
        span.kind, span.status = kind_named(said.get("span.kind")), 2 if truthy(part.get("is-error")) else 0
        span.attributes = said
        spans.append(span)
    return spans


def _holds_lightstep(document: dict[str, Any]) -> bool:
    inner = document.get("attributes")
    spans = inner.get("spans") if isinstance(inner, dict) else None
    return isinstance(spans, list) and bool(spans) and isinstance(spans[0], dict) and "span-id" in spans[0]

"""Spans as agents and SDKs of vendors send them: New Relic, Application Insights, Instana, Elastic's intake, OpenCensus."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rca.ingest.clock import Clock
from rca.ingest.exact import flatten, text_of
from rca.ingest.tables.span_ids import Span
from rca.ingest.tables.units import length_ns
from rca.ingest.traces.shapes import micro, truthy
from rca.ingest.traces.spanparts import CLIENT, CONSUMER, INTERNAL, SERVER, kind_named, known_by, length, moment, plain
from rca.ingest.values import BadRecord, double, hex_id

__all__ = ["app_insights", "elastic_intake", "instana", "new_relic", "new_relic_event", "opencensus"]

_MILLI = 1_000_000
_TELEMETRY = {"RequestData": SERVER, "RemoteDependencyData": CLIENT}
_INSTANA = {"1": SERVER, "2": CLIENT, "3": INTERNAL}
_OUT = frozenset(("db", "external", "messaging", "storage", "cache"))


def _has(document: Mapping[str, Any], *keys: str) -> bool:
    return all(key in document for key in keys)


def _is_new_relic(document: dict[str, Any]) -> bool:
    spans = document.get("spans")
    return isinstance(spans, list) and bool(spans) and isinstance(spans[0], dict) and _has(spans[0], "trace.id", "id")


@known_by(_is_new_relic)
def new_relic(document: dict[str, Any], clock: Clock) -> list[Span]:
    """Return the spans of a payload of New Relic's trace API."""
    shared = (document.get("common") or {}).get("attributes") or {}
    return [_new_relic({**shared, **part, **(part.get("attributes") or {})}, clock) for part in document["spans"]]


@known_by(lambda document: _has(document, "trace.id", "timestamp", "name") and bool({"guid", "id"} & document.keys()) and bool({"duration.ms", "duration"} & document.keys()))  # fmt: skip
def new_relic_event(document: dict[str, Any], clock: Clock) -> list[Span]:
    """Return a span as a query of New Relic answers with it."""
    return [_new_relic(document, clock)]


def _new_relic(part: Mapping[str, Any], clock: Clock) -> Span:
    def text(*names: str) -> str:
        return next((text_of(part[name]) for name in names if part.get(name) not in (None, "")), "")

    start = moment(clock, part.get("timestamp"))
    given = micro(part.get("duration.ms"), scale=_MILLI)
    if given is None:
        given = micro(part.get("duration"), scale=1_000 * _MILLI)
    span = Span(text("trace.id", "traceId"), text("id", "guid", "span.id"), text("parent.id", "parentId"), text("service.name", "appName", "entity.name"), text("name"), start, given)  # fmt: skip
    span.kind = kind_named(text("span.kind", "kind"))
    span.status = {"ERROR": 2, "OK": 1}.get(text("otel.status_code").upper(), 2 if text("error.class", "error.message") or truthy(part.get("error")) else 0)  # fmt: skip
    span.message = text("error.message", "otel.status_description")
    used = ("trace.id", "traceId", "id", "guid", "parent.id", "parentId", "service.name", "timestamp", "duration.ms", "duration", "name", "attributes")  # fmt: skip
    span.attributes = plain(part, *used)
    return span


def _is_insights(document: dict[str, Any]) -> bool:
    data = document.get("data")
    return isinstance(data, dict) and data.get("baseType") in _TELEMETRY and isinstance(data.get("baseData"), dict)


@known_by(_is_insights)
def app_insights(document: dict[str, Any], clock: Clock) -> list[Span]:
    """Return a request or a dependency of an envelope that an SDK of Application Insights sends."""
    told, tags = document["data"]["baseData"], document.get("tags") or {}
    kind = _TELEMETRY[document["data"]["baseType"]]
    written = text_of(told.get("duration"))
    lasted = length_ns(written, "") if ":" in written else micro(written, scale=_MILLI)
    start = moment(clock, document.get("time"))
    span = Span(
        text_of(tags.get("ai.operation.id")), text_of(told.get("id")).strip("|.").rsplit(".", 1)[-1], text_of(tags.get("ai.operation.parentId")).strip("|.").rsplit(".", 1)[-1],
        text_of(tags.get("ai.cloud.role")), text_of(told.get("name")), start, lasted,
    )  # fmt: skip
    if span.parent == span.trace:  # the root says that its operation is above it
        span.parent = ""
    span.kind, span.status = kind, 2 if told.get("success") is False else 0
    rate = double(document.get("sampleRate"))
    span.weight = 100.0 / rate if rate and 0 < rate <= 100 else 0.0
    span.attributes = plain(flatten({key: item for key, item in told.items() if key not in {"id", "name", "duration", "ver", "success"}}))  # fmt: skip
    code = "resultCode" if kind == CLIENT else "responseCode"
    if span.attributes.get(code, "").isdigit() and (kind == SERVER or text_of(told.get("type")).lower() == "http"):
        span.attributes.setdefault("http.response.status_code", span.attributes[code])
    if text_of(told.get("type")).upper() == "SQL":
        span.attributes |= {"db.system.name": "microsoft.sql_server", "db.query.text": text_of(told.get("data"))}
    span.resource = {key: text_of(tags[tag]) for tag, key in (("ai.application.ver", "service.version"), ("ai.cloud.roleInstance", "service.instance.id")) if tags.get(tag)}  # fmt: skip
    return [span]


@known_by(lambda document: _has(document, "t", "s", "ts", "d", "n", "data"))
def instana(document: dict[str, Any], clock: Clock) -> list[Span]:
    """Return a span as Instana's sensors send it."""
    del clock
    data = document["data"] if isinstance(document["data"], dict) else {}
    flat = plain(flatten({key: item for key, item in data.items() if key != "service"}))
    start, lasted = micro(document["ts"], scale=_MILLI), micro(document["d"], scale=_MILLI)
    sdk = (data.get("sdk") or {}).get("name") if isinstance(data.get("sdk"), dict) else None
    span = Span(text_of(document.get("lt")) or text_of(document["t"]), text_of(document["s"]), text_of(document.get("p")), text_of(data.get("service")), text_of(sdk or document["n"]), start, lasted)  # fmt: skip
    span.kind, span.status = _INSTANA.get(text_of(document.get("k")), 0), 2 if (double(document.get("ec")) or 0) > 0 else 0  # fmt: skip
    span.attributes = flat
    for key, name in (("http.status", "http.response.status_code"), ("http.method", "http.request.method"), ("http.url", "url.full"), ("http.path_tpl", "http.route")):  # fmt: skip
        if flat.get(key):
            span.attributes.setdefault(name, flat[key])
    for short, system in (("pg", "postgresql"), ("mysql", "mysql"), ("mssql", "microsoft.sql_server"), ("db2", "ibm.db2")):  # fmt: skip
        if flat.get(f"{short}.stmt"):
            span.attributes |= {"db.system.name": system, "db.query.text": flat[f"{short}.stmt"]}
    batch = document.get("b")
    if isinstance(batch, dict) and text_of(batch.get("s")).isdigit():
        span.attributes["composite.count"] = text_of(batch["s"])  # calls that the sensor put into one span
    return [span]


def _is_intake(document: dict[str, Any]) -> bool:
    part = document.get("transaction") or document.get("span")
    return isinstance(part, dict) and _has(part, "id", "trace_id", "duration", "timestamp")


@known_by(_is_intake)
def elastic_intake(document: dict[str, Any], clock: Clock) -> list[Span]:
    """Return a transaction or a span as Elastic's agents send it, a line each; the line of metadata comes with each."""
    del clock
    is_span = "span" in document
    part = document["span" if is_span else "transaction"]
    service = (document.get("metadata") or {}).get("service") or {}
    own = ((part.get("context") or {}).get("service") or {}).get("name") if isinstance(part.get("context"), dict) else None  # fmt: skip
    parent = text_of(part.get("parent_id")) or (text_of(part.get("transaction_id")) if is_span else "")
    span = Span(
        text_of(part["trace_id"]), text_of(part["id"]), parent, text_of(own) or text_of(service.get("name")), text_of(part.get("name")), micro(part["timestamp"]),
        micro(part["duration"], scale=_MILLI),
    )  # fmt: skip
    sort = text_of(part.get("type"))
    inner = CLIENT if sort in _OUT else INTERNAL
    outer = SERVER if sort == "request" else CONSUMER if sort == "messaging" else INTERNAL
    span.kind, span.status = inner if is_span else outer, {"failure": 2, "success": 1}.get(text_of(part.get("outcome")), 0)  # fmt: skip
    rate = double(part.get("sample_rate"))
    span.weight = 1.0 / rate if rate and 0 < rate <= 1 else 0.0
    used = ("id", "trace_id", "parent_id", "transaction_id", "timestamp", "duration", "name")
    span.attributes = plain(flatten({key: item for key, item in part.items() if key not in used}))
    found = {"context.db.statement": "db.query.text", "context.db.instance": "db.namespace", "context.response.status_code": "http.response.status_code", "context.request.method": "http.request.method"}  # fmt: skip
    for key, name in found.items():
        if span.attributes.get(key):
            span.attributes.setdefault(name, span.attributes[key])
    if sort == "db" and part.get("subtype"):
        span.attributes.setdefault("db.system.name", text_of(part["subtype"]))
    span.resource = {name: text_of(service[key]) for key, name in (("version", "service.version"), ("environment", "deployment.environment.name")) if service.get(key)}  # fmt: skip
    return [span]


def _is_census(document: dict[str, Any]) -> bool:
    spans = document.get("spans")
    first = spans[0] if isinstance(spans, list) and spans else None
    return isinstance(first, dict) and _has(first, "traceId", "spanId", "startTime") and isinstance(first.get("name"), dict)  # fmt: skip


@known_by(_is_census)
def opencensus(document: dict[str, Any], clock: Clock) -> list[Span]:
    """Return the spans of a request to the agent of OpenCensus, as JSON."""
    node = document.get("node") or {}
    service = text_of((node.get("serviceInfo") or {}).get("name"))
    spans = []
    for part in document["spans"]:
        if not part.get("spanId"):
            raise BadRecord("a span without spanId")
        start, end = moment(clock, part.get("startTime")), moment(clock, part.get("endTime"))
        span = Span(hex_id(part.get("traceId"), 32), hex_id(part["spanId"], 16), hex_id(part.get("parentSpanId"), 16), service, _said(part.get("name")), start, length(start, end))  # fmt: skip
        status = part.get("status") or {}
        span.kind, span.status = kind_named(part.get("kind")), 2 if text_of(status.get("code")) not in {"", "0"} else 0
        span.message = text_of(status.get("message"))
        span.attributes = {key: _said(value) for key, value in ((part.get("attributes") or {}).get("attributeMap") or {}).items()}  # fmt: skip
        spans.append(span)
    return spans


def _said(value: Any) -> str:
    while isinstance(value, dict):
        value = value.get("value", next(iter(value.values()), ""))
    return text_of(value)

"""Canonical spans drawn from a seed, and every encoding they can be written in.

An encoding gives the file's bytes. Times are whole microseconds, so that every encoding can hold them.
"""

from __future__ import annotations

import base64
import bz2
import csv
import gzip
import io
import json
import lzma
import random
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
from google.protobuf import json_format
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

T0 = 1772633400 * 10**9
KINDS = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
STATUSES = ("UNSET", "OK", "ERROR")
TEXTS = ("a", "ünïcode ✓", 'quo"te', "back\\slash", "new\nline", "tab\there", "1", "true", "null", "{not json", "comma, semicolon;", "it's", " spaced ", "x" * 300)  # fmt: skip


@dataclass
class Span:
    """A span as the store should have it."""

    trace_id: str
    span_id: str
    parent: str
    service: str
    name: str
    kind: int
    start: int
    length: int
    status: int
    message: str
    attributes: dict[str, object] = field(default_factory=dict)
    events: list[tuple[int, str, dict[str, str]]] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    state: str = ""

    @property
    def row(self):
        """Return the row of the store."""
        return (self.trace_id, self.span_id, self.parent, self.service, self.name, KINDS[self.kind], self.start, self.length, STATUSES[self.status])  # fmt: skip


def _zstd(data):
    return pa.Codec("zstd").compress(data, asbytes=True)


def drawn(seed):
    """Return spans of a few traces."""
    rng = random.Random(seed)  # noqa: S311
    spans = []
    for _ in range(rng.randint(1, 4)):
        trace = f"{rng.getrandbits(128) | 1:032x}"
        above = [""]
        for _ in range(rng.randint(1, 12)):
            span = Span(
                trace, f"{rng.getrandbits(64) | 1:016x}", rng.choice(above), rng.choice(["shop", "prices", "it's, \"odd\""]), rng.choice(["GET /cart", "query", "é ✓", "a,b"]),
                rng.randint(1, 5), T0 + rng.randint(0, 10**9) * 1000, rng.choice([0, 1000, rng.randint(1, 10**7) * 1000]), rng.choice([0, 0, 1, 2]), "",
            )  # fmt: skip
            if span.status == 2 and rng.random() < 0.5:
                span.message = "gone"
            for _ in range(rng.randint(0, 4)):
                value = rng.choice([rng.choice(TEXTS), rng.randint(-(2**63), 2**63 - 1), rng.random() < 0.5, 0.5, -1e-9, 7])  # fmt: skip
                span.attributes[rng.choice(["app.a", "app.b", "http.route", "app.Ü", "app.with space"])] = value
            if rng.random() < 0.3:
                span.events.append((span.start + 1000, "exception", {"exception.type": "E", "exception.message": rng.choice(TEXTS)}))  # fmt: skip
            if rng.random() < 0.2:
                span.links.append((f"{rng.getrandbits(128) | 1:032x}", f"{rng.getrandbits(64) | 1:016x}"))
            if rng.random() < 0.2:
                span.state = "ot=th:c"
            above.append(span.span_id)
            spans.append(span)
    return spans


# ---- OTLP -------------------------------------------------------------------------------------------------------------------
def _value(value):
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": value}


def _pairs(attributes):
    return [{"key": key, "value": _value(value)} for key, value in attributes.items()]


def _otlp_span(span):
    return {
        "traceId": span.trace_id, "spanId": span.span_id, "parentSpanId": span.parent, "name": span.name, "kind": span.kind, "traceState": span.state,
        "startTimeUnixNano": str(span.start), "endTimeUnixNano": str(span.start + span.length), "attributes": _pairs(span.attributes),
        "events": [{"timeUnixNano": str(at), "name": name, "attributes": _pairs(more)} for at, name, more in span.events],
        "links": [{"traceId": trace, "spanId": other} for trace, other in span.links], "status": {"code": span.status, "message": span.message},
    }  # fmt: skip


def otlp(spans, change=None):
    """Return one document; `change` is given each span."""
    blocks = {}
    for span in spans:
        one = _otlp_span(span)
        blocks.setdefault(span.service, []).append(change(one) if change else one)
    return {"resourceSpans": [{"resource": {"attributes": _pairs({"service.name": service})}, "scopeSpans": [{"scope": {}, "spans": group}]} for service, group in blocks.items()]}  # fmt: skip


def _ids(change):
    def each(span):
        keys = ("traceId", "spanId", "parentSpanId")
        links = [{key: change(link[key]) for key in ("traceId", "spanId")} for link in span["links"]]
        return span | {key: change(span[key]) for key in keys} | {"links": links}

    return each


def _packed(text):
    return base64.b64encode(bytes.fromhex(text)).decode()


def _named(span):
    return span | {"kind": f"SPAN_KIND_{KINDS[span['kind']]}", "status": span["status"] | {"code": f"STATUS_CODE_{STATUSES[span['status']['code']]}"}}  # fmt: skip


def _numbers(span):
    typed = [{"key": pair["key"], "value": {"intValue": int(pair["value"]["intValue"])} if "intValue" in pair["value"] else pair["value"]} for pair in span["attributes"]]  # fmt: skip
    return span | {"startTimeUnixNano": int(span["startTimeUnixNano"]), "endTimeUnixNano": int(span["endTimeUnixNano"]), "attributes": typed}  # fmt: skip


def _nulls(span):
    empty = {key: None for key in ("parentSpanId", "traceState", "events", "links", "attributes") if not span[key]}
    return span | empty | {"droppedLinksCount": None, "flags": 257, "futureField": {"deep": [1, {"x": None}]}}


def _sparse(span):
    return {key: value for key, value in span.items() if value not in ("", [], 0)}


def _snake(value):
    if isinstance(value, list):
        return [_snake(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {"".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key): _snake(item) for key, item in value.items()}  # fmt: skip


def _old(document):
    for block in document["resourceSpans"]:
        block["instrumentationLibrarySpans"] = [{"instrumentationLibrary": {}, "spans": part["spans"]} for part in block.pop("scopeSpans")]  # fmt: skip
    return document


def _lines(documents):
    return "".join(json.dumps(document) + "\n" for document in documents).encode()


def _one(document, **options):
    return json.dumps(document, **options).encode()


def _singly(spans):
    return [otlp([span]) for span in spans]


OTLP = {
    "document": lambda spans: _one(otlp(spans)),
    "lines": lambda spans: _lines(_singly(spans)),
    "pretty": lambda spans: _one(otlp(spans), indent=2),
    "pretty, one after another": lambda spans: b"".join(_one(one, indent=1) + b"\n" for one in _singly(spans)),
    "one after another, no space": lambda spans: b"".join(map(_one, _singly(spans))),
    "array": lambda spans: _one(_singly(spans)),
    "escaped to ASCII, Windows line ends": lambda spans: _lines(_singly(spans)).replace(b"\n", b"\r\n"),
    "byte-order mark, UTF-8": lambda spans: b"\xef\xbb\xbf" + json.dumps(otlp(spans), ensure_ascii=False).encode(),
    "upper-case ids": lambda spans: _one(otlp(spans, _ids(str.upper))),
    "base64 ids": lambda spans: _one(otlp(spans, _ids(_packed))),
    "kinds by name": lambda spans: _one(otlp(spans, _named)),
    "numbers": lambda spans: _lines([otlp(spans, _numbers)]),
    "nulls and unknown fields": lambda spans: _lines([otlp(spans, _nulls)]),
    "without what is empty": lambda spans: _lines([otlp(spans, _sparse)]),
    "old names": lambda spans: _one(_old(otlp(spans))),
    "snake case": lambda spans: _one(_snake(otlp(spans))),
    "tempo": lambda spans: _one({"batches": otlp(spans, lambda span: _named(_ids(_packed)(span)))["resourceSpans"]}),
    "tempo 2": lambda spans: _one({"trace": otlp(spans, lambda span: _named(_ids(_packed)(span)))}),
    "gzip": lambda spans: gzip.compress(_one(otlp(spans))),
    "bzip2": lambda spans: bz2.compress(_lines(_singly(spans))),
    "xz": lambda spans: lzma.compress(_one(otlp(spans))),
    "zstd": lambda spans: _zstd(_one(otlp(spans))),
}


# ---- protobuf ---------------------------------------------------------------------------------------------------------------
def _message(spans):
    packed = otlp(spans, _ids(_packed))
    return json_format.ParseDict(packed, TracesData()).SerializeToString()


def _varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


PROTOBUF = {
    "body": _message,
    "body, gzip": lambda spans: gzip.compress(_message(spans)),
    "lengths of four bytes": lambda spans: b"".join(struct.pack(">I", len(one)) + one for one in (_message([span]) for span in spans)),
    "lengths of four bytes, each zstd": lambda spans: b"".join(struct.pack(">I", len(one)) + one for one in (_zstd(_message([span])) for span in spans)),
    "lengths of four bytes, zstd": lambda spans: _zstd(b"".join(struct.pack(">I", len(one)) + one for one in (_message([span]) for span in spans))),
    "lengths of varints": lambda spans: b"".join(_varint(len(one)) + one for one in (_message([span]) for span in spans)),
    "bodies one after another": lambda spans: b"".join(_message([span]) for span in spans),
}  # fmt: skip


# ---- ClickHouse -------------------------------------------------------------------------------------------------------------
def _stamp(ns):
    seconds, rest = divmod(ns, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}.{rest:09d}"


def _texts(attributes):
    return {key: str(value).lower() if isinstance(value, bool) else repr(value) if isinstance(value, float) else str(value) for key, value in attributes.items()}  # fmt: skip


def _row(span):
    return {
        "Timestamp": _stamp(span.start), "TraceId": span.trace_id, "SpanId": span.span_id, "ParentSpanId": span.parent, "TraceState": span.state, "SpanName": span.name,
        "SpanKind": KINDS[span.kind].capitalize(), "ServiceName": span.service, "ResourceAttributes": {"service.name": span.service}, "ScopeName": "", "ScopeVersion": "",
        "SpanAttributes": _texts(span.attributes), "Duration": span.length, "StatusCode": STATUSES[span.status].capitalize(), "StatusMessage": span.message,
        "Events.Timestamp": [_stamp(at) for at, *_ in span.events], "Events.Name": [name for _, name, _ in span.events], "Events.Attributes": [more for *_, more in span.events],
        "Links.TraceId": [trace for trace, _ in span.links], "Links.SpanId": [other for _, other in span.links], "Links.TraceState": ["" for _ in span.links], "Links.Attributes": [{} for _ in span.links],
    }  # fmt: skip


def _literal(value):
    if isinstance(value, dict):
        return "{" + ",".join(f"{_literal(key)}:{_literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_literal, value)) + "]"
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\t", "\\t") + "'"


def _cell(value):
    return _literal(value) if isinstance(value, dict | list) else str(value)


def _csv(rows):
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(rows[0])
    writer.writerows([_cell(value) for value in row.values()] for row in rows)
    return out.getvalue().encode()


def _tsv(rows):
    def escaped(value):
        text = _cell(value)
        return text if isinstance(value, dict | list) else text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")  # fmt: skip

    return "\n".join("\t".join(line) for line in [list(rows[0]), *([escaped(value) for value in row.values()] for row in rows)]).encode()  # fmt: skip


def _parquet(rows):
    maps = pa.map_(pa.string(), pa.string())
    kinds = {"Duration": pa.uint64(), "ResourceAttributes": maps, "SpanAttributes": maps, "Events.Attributes": pa.list_(maps), "Links.Attributes": pa.list_(maps)}  # fmt: skip
    columns = {}
    for name in rows[0]:
        values = [row[name] for row in rows]
        if name == "Timestamp":
            columns[name] = pa.array([_read_back(value) for value in values], pa.timestamp("ns"))
        elif name == "Events.Timestamp":
            columns[name] = pa.array([[_read_back(at) for at in value] for value in values], pa.list_(pa.timestamp("ns")))  # fmt: skip
        else:
            kind = kinds.get(name) or (pa.list_(pa.string()) if "." in name else pa.string())
            plain = [[list(item.items()) for item in value] for value in values] if kind == pa.list_(maps) else [list(value.items()) for value in values] if kind == maps else values  # fmt: skip
            columns[name] = pa.array(plain, kind)
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def _read_back(text):
    whole, rest = text.split(".")
    return int(datetime.strptime(f"{whole}+0000", "%Y-%m-%d %H:%M:%S%z").timestamp()) * 10**9 + int(rest)


def _rows(write):
    return lambda spans: write([_row(span) for span in spans])


CLICKHOUSE = {
    "JSONEachRow": _rows(_lines),
    "JSON": _rows(lambda rows: _one({"meta": [{"name": name, "type": "String"} for name in rows[0]], "data": rows, "rows": len(rows)}, indent=1)),
    "JSONCompact": _rows(lambda rows: _one({"meta": [{"name": name, "type": "String"} for name in rows[0]], "data": [list(row.values()) for row in rows]})),
    "JSONCompactEachRowWithNames": _rows(lambda rows: _lines([list(rows[0]), *(list(row.values()) for row in rows)])),
    "CSVWithNames": _rows(_csv),
    "TSVWithNames": _rows(_tsv),
    "Parquet": _rows(_parquet),
}  # fmt: skip


# ---- Tempo's blocks -----------------------------------------------------------------------------------------------------------
def _attribute_type(*, lists):
    wrap = pa.list_ if lists else lambda kind: kind
    members = [("Key", pa.string()), ("Value", wrap(pa.string())), ("ValueInt", wrap(pa.int64())), ("ValueDouble", wrap(pa.float64())), ("ValueBool", wrap(pa.bool_()))]  # fmt: skip
    more = [("IsArray", pa.bool_())] if lists else [("ValueKVList", pa.string()), ("ValueArray", pa.string())]
    return pa.list_(pa.struct(members + more))


def _block_type(*, lists):
    attributes = _attribute_type(lists=lists)
    since = [("TimeSinceStartNano", pa.uint64())] if lists else [("TimeUnixNano", pa.uint64())]
    event = pa.struct([*since, ("Name", pa.string()), ("Attrs", attributes)])
    link = pa.struct([("TraceID", pa.binary()), ("SpanID", pa.binary()), ("TraceState", pa.string()), ("Attrs", attributes)])  # fmt: skip
    span = pa.struct([
        ("SpanID", pa.binary()), ("ParentSpanID", pa.binary()), ("NestedSetLeft", pa.int32()), ("Name", pa.string()), ("Kind", pa.int64()), ("TraceState", pa.string()), ("StartTimeUnixNano", pa.uint64()),
        ("DurationNano", pa.uint64()), ("StatusCode", pa.int64()), ("StatusMessage", pa.string()), ("Attrs", attributes), ("Events", pa.list_(event)), ("Links", pa.list_(link)),
    ])  # fmt: skip
    scoped = pa.struct([("Scope", pa.struct([("Name", pa.string()), ("Version", pa.string())])), ("Spans", pa.list_(span))])  # fmt: skip
    resource = pa.struct([("Attrs", attributes), ("ServiceName", pa.string())])
    entry = pa.struct([("Resource", resource), ("ss", pa.list_(scoped))])
    return pa.schema([("TraceID", pa.binary()), ("TraceIDText", pa.string()), ("StartTimeUnixNano", pa.uint64()), ("RootServiceName", pa.string()), ("rs", pa.list_(entry))])  # fmt: skip


def _stored_attributes(attributes, *, lists):
    found = []
    for key, value in attributes.items():
        column = "ValueBool" if isinstance(value, bool) else "ValueInt" if isinstance(value, int) else "ValueDouble" if isinstance(value, float) else "Value"  # fmt: skip
        found.append({"Key": key, column: [value] if lists else value})
    return found


def _block(spans, *, lists):
    """Return a block of vParquet 4 (values in lists) or 3."""
    traces = {}
    for span in spans:
        keep = {"lists": lists}
        events = [{("TimeSinceStartNano" if lists else "TimeUnixNano"): at - span.start if lists else at, "Name": name, "Attrs": _stored_attributes(more, **keep)} for at, name, more in span.events]  # fmt: skip
        row = {
            "SpanID": bytes.fromhex(span.span_id), "ParentSpanID": bytes.fromhex(span.parent), "NestedSetLeft": 1, "Name": span.name, "Kind": span.kind, "TraceState": span.state, "StartTimeUnixNano": span.start,
            "DurationNano": span.length, "StatusCode": span.status, "StatusMessage": span.message, "Attrs": _stored_attributes(span.attributes, **keep), "Events": events,
            "Links": [{"TraceID": bytes.fromhex(trace), "SpanID": bytes.fromhex(other), "TraceState": "", "Attrs": []} for trace, other in span.links],
        }  # fmt: skip
        traces.setdefault(span.trace_id, {}).setdefault(span.service, []).append(row)
    rows = [
        {"TraceID": bytes.fromhex(trace), "TraceIDText": trace.lstrip("0"), "rs": [{"Resource": {"Attrs": [], "ServiceName": service}, "ss": [{"Scope": {"Name": ""}, "Spans": group}]} for service, group in services.items()]}
        for trace, services in traces.items()
    ]  # fmt: skip
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, _block_type(lists=lists)), out)
    return out.getvalue()


TEMPO = {
    "tempo block, vParquet4": lambda spans: _block(spans, lists=True),
    "tempo block, vParquet3": lambda spans: _block(spans, lists=False),
}


# ---- others: not every column fits --------------------------------------------------------------------------------------------
def _tag(key, value):
    kind = "bool" if isinstance(value, bool) else "int64" if isinstance(value, int) else "float64" if isinstance(value, float) else "string"  # fmt: skip
    return {"key": key, "type": kind, "value": value}


def _jaeger_span(span, process):
    tags = [_tag("span.kind", KINDS[span.kind].lower()), *(_tag(key, value) for key, value in span.attributes.items())]
    if span.status:
        tags.append(_tag("otel.status_code", STATUSES[span.status]))
    if span.status == 2:
        tags.append(_tag("error", value=True))
    if span.message:
        tags.append(_tag("otel.status_description", span.message))
    if span.state:
        tags.append(_tag("w3c.tracestate", span.state))
    references = [{"refType": "CHILD_OF", "traceID": span.trace_id, "spanID": span.parent}] if span.parent else []
    references += [{"refType": "FOLLOWS_FROM", "traceID": trace, "spanID": other} for trace, other in span.links]
    return {
        "traceID": span.trace_id, "spanID": span.span_id, "flags": 1, "operationName": span.name, "references": references, "startTime": span.start // 1000, "duration": span.length // 1000,
        "tags": tags, "logs": [{"timestamp": at // 1000, "fields": [_tag("event", name), *(_tag(key, value) for key, value in more.items())]} for at, name, more in span.events],
        "processID": process, "warnings": None,
    }  # fmt: skip


def jaeger(spans):
    """Return the answer of Jaeger's API."""
    data = {}
    for span in spans:
        trace = data.setdefault(span.trace_id, {"traceID": span.trace_id, "spans": [], "processes": {}, "warnings": None})  # fmt: skip
        process = next((key for key, item in trace["processes"].items() if item["serviceName"] == span.service), f"p{len(trace['processes']) + 1}")  # fmt: skip
        trace["processes"][process] = {"serviceName": span.service, "tags": []}
        trace["spans"].append(_jaeger_span(span, process))
    return {"data": list(data.values()), "total": 0, "limit": 0, "offset": 0, "errors": None}


def _saved(spans):
    """Return what Jaeger's page saves: with what it worked out."""
    answer = jaeger(spans)
    for trace in answer["data"]:
        first = min(span["startTime"] for span in trace["spans"])
        for span in trace["spans"]:
            above = [dict(other) for other in trace["spans"] if other["spanID"] in {item["spanID"] for item in span["references"]}]  # fmt: skip
            span |= {"process": trace["processes"][span["processID"]], "depth": 1, "relativeStartTime": span["startTime"] - first, "hasChildren": False, "childSpanIds": [], "subsidiarilyReferencedBy": []}  # fmt: skip
            for reference in span["references"]:
                reference["span"] = next((other for other in above if other["spanID"] == reference["spanID"]), None)
    return answer


def _stored(spans):
    """Return documents as Jaeger keeps them in Elasticsearch."""
    for trace in jaeger(spans)["data"]:
        for span in trace["spans"]:
            process = trace["processes"][span.pop("processID")]
            yield {"_index": "jaeger-span-2026-03-04", "_id": span["spanID"], "_source": span | {"process": process, "startTimeMillis": span["startTime"] // 1000}}  # fmt: skip


def zipkin(spans):
    """Return Zipkin's spans of the second kind."""
    found = []
    for span in spans:
        tags = _texts(span.attributes) | ({"error": span.message or "true"} if span.status == 2 else {}) | ({"otel.status_code": "OK"} if span.status == 1 else {})  # fmt: skip
        one = {"traceId": span.trace_id, "id": span.span_id, "parentId": span.parent or None, "name": span.name, "kind": KINDS[span.kind], "timestamp": span.start // 1000,
               "duration": span.length // 1000, "localEndpoint": {"serviceName": span.service, "ipv4": "10.0.0.7"}, "tags": tags, "annotations": [{"timestamp": at // 1000, "value": name} for at, name, _ in span.events]}  # fmt: skip
        found.append({key: value for key, value in one.items() if value is not None and not (key == "kind" and value == "INTERNAL")})  # fmt: skip
    return found


def datadog(spans):
    """Return traces as Datadog's agent takes them."""
    traces = {}
    for span in spans:
        meta = {key: str(value) for key, value in _texts(span.attributes).items()} | {"span.kind": KINDS[span.kind].lower(), "_dd.p.tid": span.trace_id[:16]}  # fmt: skip
        traces.setdefault(span.trace_id, []).append(
            {"trace_id": int(span.trace_id[16:], 16), "span_id": int(span.span_id, 16), "parent_id": int(span.parent, 16) if span.parent else 0, "service": span.service, "name": span.name,
             "resource": span.name, "type": "custom", "start": span.start, "duration": span.length, "error": int(span.status == 2), "meta": meta, "metrics": {"_sampling_priority_v1": 1}}
        )  # fmt: skip
    return list(traces.values())


OTHERS = {
    "jaeger": lambda spans: _one(jaeger(spans)),
    "jaeger, pretty": lambda spans: _one(jaeger(spans), indent=4),
    "jaeger, one trace a line": lambda spans: _lines(jaeger(spans)["data"]),
    "jaeger, a bare trace list": lambda spans: _one(jaeger(spans)["data"]),
    "jaeger, saved page": lambda spans: _one(_saved(spans)),
    "jaeger in elasticsearch": lambda spans: _lines(_stored(spans)),
    "jaeger in elasticsearch, search": lambda spans: _one({"took": 1, "hits": {"total": {"value": 1}, "hits": list(_stored(spans))}}),
    "zipkin": lambda spans: _one(zipkin(spans)),
    "zipkin, list of lists": lambda spans: _one([zipkin([span]) for span in spans]),
    "zipkin, lines": lambda spans: _lines(zipkin(spans)),
    "datadog": lambda spans: _one(datadog(spans)),
    "datadog, lines": lambda spans: _lines(datadog(spans)),
}  # fmt: skip

"""Span formats: every shape in which a backend, an SDK or an export gives spans away becomes the same two rows."""

from __future__ import annotations

import base64
import csv
import io
import json

import pytest

import rca

TRACE, ROOT, CHILD = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174", "eee19b7ec3c1b175"
T0 = 1772633400 * 10**9
NAMES = ("trace_id", "span_id", "parent_span_id", "service_name", "span_name", "span_kind", "start_ns", "duration_ns", "status_code")  # fmt: skip
EXPECTED = [
    (TRACE, ROOT, "", "shop", "get", "SERVER", T0, 2_000_000, "UNSET"),
    (TRACE, CHILD, ROOT, "shop", "query", "CLIENT", T0 + 1_000_000, 500_000, "ERROR"),
]
"""A request and the failed query below it."""


def packed(text):
    return base64.b64encode(bytes.fromhex(text)).decode()


def pairs(**texts):
    return [{"key": key.replace("_", "."), "value": {"stringValue": text}} for key, text in texts.items()]


def otlp(ids=str, kinds=(2, 3), code=2, scopes="scopeSpans", scope="scope"):
    spans = [
        {"traceId": ids(TRACE), "spanId": ids(ROOT), "name": "get", "kind": kinds[0], "startTimeUnixNano": str(T0), "endTimeUnixNano": str(T0 + 2_000_000)},
        {"traceId": ids(TRACE), "spanId": ids(CHILD), "parentSpanId": ids(ROOT), "name": "query", "kind": kinds[1], "startTimeUnixNano": T0 + 1_000_000,
         "endTimeUnixNano": T0 + 1_500_000, "status": {"code": code}, "attributes": pairs(db_statement="SELECT 1")},
    ]  # fmt: skip
    return {"resource": {"attributes": pairs(service_name="shop")}, scopes: [{scope: {"name": "lib"}, "spans": spans}]}


def tempo(**more):
    return otlp(packed, ("SPAN_KIND_SERVER", "SPAN_KIND_CLIENT"), "STATUS_CODE_ERROR", **more)


def signed(text):
    number = int(text, 16)
    return number - (1 << 64) if number >> 63 else number


def thrift():
    def ids(span):
        return {"traceIdLow": signed(TRACE[16:]), "traceIdHigh": signed(TRACE[:16]), "spanId": signed(span)}

    spans = [
        {**ids(ROOT), "parentSpanId": 0, "operationName": "get", "startTime": T0 // 1000, "duration": 2000, "tags": [{"key": "span.kind", "vType": "STRING", "vStr": "server"}]},
        {**ids(CHILD), "parentSpanId": signed(ROOT), "operationName": "query", "startTime": T0 // 1000 + 1000, "duration": 500, "references": [{"refType": "CHILD_OF", **ids(ROOT)}],
         "tags": [{"key": "span.kind", "vType": "STRING", "vStr": "client"}, {"key": "error", "vType": "BOOL", "vBool": True}]},
    ]  # fmt: skip
    return {"process": {"serviceName": "shop"}, "spans": spans}


def cassandra(span_id):
    root = span_id == ROOT
    tags = [("span.kind", "string", "server" if root else "client"), *([] if root else [("error", "bool", True)])]
    return {
        "trace_id": f"0x{TRACE}", "span_id": signed(span_id), "span_hash": -7, "parent_id": 0 if root else signed(ROOT), "operation_name": "get" if root else "query", "flags": 1,
        "start_time": T0 // 1000 + (0 if root else 1000), "duration": 2000 if root else 500, "logs": None, "refs": None if root else [{"ref_type": "child-of", "trace_id": f"0x{TRACE}", "span_id": signed(ROOT)}],
        "tags": [{"key": key, "value_type": kind, f"value_{kind}": value} for key, kind, value in tags], "process": {"service_name": "shop", "tags": None},
    }  # fmt: skip


def zipkin_v1():
    shop = {"serviceName": "shop", "ipv4": "10.0.0.1", "port": 80}
    at = T0 // 1000
    return [
        {"traceId": TRACE, "id": ROOT, "name": "get", "annotations": [{"timestamp": at, "value": "sr", "endpoint": shop}, {"timestamp": at + 2000, "value": "ss", "endpoint": shop}],
         "binaryAnnotations": [{"key": "http.path", "value": "/", "endpoint": shop}]},
        {"traceId": TRACE, "id": CHILD, "parentId": ROOT, "name": "query", "timestamp": at + 1000, "duration": 500,
         "annotations": [{"timestamp": at + 1000, "value": "cs", "endpoint": shop}, {"timestamp": at + 1500, "value": "cr", "endpoint": shop}],
         "binaryAnnotations": [{"key": "sa", "value": True, "endpoint": {"serviceName": "db"}}, {"key": "error", "value": "boom", "endpoint": shop}]},
    ]  # fmt: skip


def datadog(span_id, *, agent=True):
    root = span_id == ROOT
    ids = {"trace_id": int(TRACE[16:], 16), "span_id": int(span_id, 16), "parent_id": 0 if root else int(ROOT, 16)}
    if agent:
        more = {"_dd.p.tid": TRACE[:16]} if root else {}
        return ids | {
            "service": "shop", "name": "get" if root else "query", "resource": "GET /", "type": "web" if root else "sql", "start": T0 + (0 if root else 1_000_000),
            "duration": 2_000_000 if root else 500_000, "error": 0 if root else 1, "meta": more, "metrics": {},
        }  # fmt: skip
    times = ("00.000Z", "00.002Z") if root else ("00.001Z", "00.0015Z")
    return {"id": "x", "type": "spans", "attributes": {
        "trace_id": TRACE, "span_id": str(ids["span_id"]), "parent_id": str(ids["parent_id"]), "service": "shop", "operation_name": "get" if root else "query",
        "resource_name": "GET /", "type": "web" if root else "sql", "start_timestamp": f"2026-03-04T14:10:{times[0]}", "end_timestamp": f"2026-03-04T14:10:{times[1]}",
        "status": "ok" if root else "error", "tags": ["team:a"], "custom": {"http": {"method": "GET"}}}}  # fmt: skip


def console(span_id):
    root = span_id == ROOT
    times = ("00.000000Z", "00.002000Z") if root else ("00.001000Z", "00.001500Z")
    return {
        "name": "get" if root else "query", "context": {"trace_id": f"0x{TRACE}", "span_id": f"0x{span_id}", "trace_state": "[]"},
        "kind": "SpanKind.SERVER" if root else "SpanKind.CLIENT", "parent_id": None if root else f"0x{ROOT}", "start_time": f"2026-03-04T14:10:{times[0]}",
        "end_time": f"2026-03-04T14:10:{times[1]}", "status": {"status_code": "UNSET" if root else "ERROR"}, "attributes": {"a": 1}, "events": [], "links": [],
        "resource": {"attributes": {"service.name": "shop"}, "schema_url": ""},
    }  # fmt: skip


def stdouttrace(span_id):
    root = span_id == ROOT
    times = ("00Z", "00.002Z") if root else ("00.001Z", "00.0015Z")
    return {
        "Name": "get" if root else "query", "SpanContext": {"TraceID": TRACE, "SpanID": span_id, "TraceState": ""},
        "Parent": {"TraceID": "0" * 32 if root else TRACE, "SpanID": "0" * 16 if root else ROOT}, "SpanKind": 2 if root else 3,
        "StartTime": f"2026-03-04T14:10:{times[0]}", "EndTime": f"2026-03-04T14:10:{times[1]}", "Attributes": [{"Key": "a", "Value": {"Type": "INT64", "Value": 1}}],
        "Events": None, "Links": None, "Status": {"Code": "Unset" if root else "Error", "Description": ""},
        "Resource": [{"Key": "service.name", "Value": {"Type": "STRING", "Value": "shop"}}], "InstrumentationScope": {"Name": "lib", "Version": ""},
    }  # fmt: skip


def signoz_table(span_id):
    root = span_id == ROOT
    return {
        "timestamp": f"2026-03-04 14:10:00.{0 if root else 1_000_000:09d}", "trace_id": TRACE, "span_id": span_id, "parent_span_id": "" if root else ROOT, "name": "get" if root else "query",
        "kind": 2 if root else 3, "kind_string": "Server", "duration_nano": "2000000" if root else "500000", "status_code": 0 if root else 2, "status_code_string": "Unset" if root else "Error",
        "attributes_string": {"db.system": "mysql"}, "attributes_number": {"n": 1.5}, "attributes_bool": {"b": True}, "resources_string": {"service.name": "shop"},
        "events": [json.dumps({"name": "e", "timeUnixNano": T0, "attributeMap": {"k": "v"}})], "links": "[]", "has_error": not root,
    }  # fmt: skip


def signoz_answer(span_id):
    root = span_id == ROOT
    return {
        "timestamp": T0 // 10**6 + (0 if root else 1), "durationNano": 2_000_000 if root else 500_000, "spanId": span_id, "traceId": TRACE, "parentSpanId": "" if root else ROOT,
        "hasError": not root, "kind": "Server" if root else "Client", "serviceName": "shop", "name": "get" if root else "query", "tagMap": {"a": "b"}, "event": [],
    }  # fmt: skip


def clickhouse(span_id):
    root = span_id == ROOT
    return {
        "Timestamp": f"2026-03-04 14:10:00.{0 if root else 1_000_000:09d}", "TraceId": TRACE, "SpanId": span_id, "ParentSpanId": "" if root else ROOT, "TraceState": "",
        "SpanName": "get" if root else "query", "SpanKind": "Server" if root else "SPAN_KIND_CLIENT", "ServiceName": "shop", "ResourceAttributes": {"service.name": "shop"},
        "ScopeName": "lib", "ScopeVersion": "", "SpanAttributes": {"http.method": "GET"}, "Duration": "2000000" if root else 500_000,
        "StatusCode": "Unset" if root else "STATUS_CODE_ERROR", "StatusMessage": "", "Events.Timestamp": [], "Events.Name": [], "Events.Attributes": [],
    }  # fmt: skip


def plain(value):
    return "{" + ",".join(f"'{key}':'{text}'" for key, text in value.items()) + "}" if isinstance(value, dict) else str(value)  # fmt: skip


def lines(rows):
    return "\n".join(json.dumps(row) for row in rows) + "\n"


def tabbed(*, types):
    rows = [clickhouse(ROOT), clickhouse(CHILD)]
    head = [list(rows[0]), *([["String"] * len(rows[0])] if types else [])]
    return "\n".join("\t".join(row) for row in [*head, *([plain(value) for value in row.values()] for row in rows)])


def commas():
    rows, text = [clickhouse(ROOT), clickhouse(CHILD)], io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(rows[0])
    writer.writerows([plain(value) for value in row.values()] for row in rows)
    return text.getvalue()


BOTH = (ROOT, CHILD)
CASES = {
    "tempo-v1": json.dumps({"batches": [tempo()]}),
    "tempo-v1-old": json.dumps({"batches": [tempo(scopes="instrumentationLibrarySpans", scope="instrumentationLibrary")]}, indent=1),
    "tempo-v2": json.dumps({"trace": {"resourceSpans": [tempo()]}, "metrics": {"inspectedBytes": "9"}, "status": "PARTIAL"}),
    "one-entry-by-itself": lines([otlp()]),
    "jaeger-v3-answer": json.dumps({"result": {"resourceSpans": [otlp()]}}),
    "jaeger-thrift": json.dumps(thrift()),
    "jaeger-cassandra": lines(map(cassandra, BOTH)),
    "zipkin-v1": json.dumps(zipkin_v1()),
    "datadog-agent": json.dumps([[datadog(ROOT), datadog(CHILD)]]),
    "datadog-api": json.dumps({"data": [datadog(ROOT, agent=False), datadog(CHILD, agent=False)], "meta": {"elapsed": 1}}),
    "python-console": "\n".join(json.dumps(console(at), indent=4) for at in BOTH),
    "go-stdout": "\n".join(json.dumps(stdouttrace(at), indent="\t") for at in BOTH),
    "signoz-table": lines(map(signoz_table, BOTH)),
    "signoz-answer": json.dumps({"status": "success", "data": {"spans": [signoz_answer(at) for at in BOTH]}}),
    "clickhouse-rows": lines(map(clickhouse, BOTH)),
    "clickhouse-result": json.dumps({"meta": [{"name": name, "type": "String"} for name in clickhouse(ROOT)], "data": [clickhouse(at) for at in BOTH], "rows": 2}),
    "clickhouse-compact": lines([list(clickhouse(ROOT)), ["String"] * len(clickhouse(ROOT)), *(list(clickhouse(at).values()) for at in BOTH)]),
    "clickhouse-csv": commas(),
    "clickhouse-tsv": tabbed(types=False),
    "clickhouse-tsv-with-types": tabbed(types=True),
}  # fmt: skip


def ingested(tmp_path, text, name="spans.txt"):
    path = tmp_path / name
    path.write_text(text)
    store = rca.open()
    report = store.ingest(path)
    assert report.total("records_quarantined") == 0
    return store


@pytest.mark.parametrize("name", CASES)
def test_every_shape_gives_the_same_rows(tmp_path, name):
    store = ingested(tmp_path, CASES[name])
    found = store.query(f"SELECT {', '.join(NAMES)} FROM spans ORDER BY record_no").rows()
    assert found == EXPECTED


def test_both_halves_of_one_object_are_two_rows(tmp_path):
    there, here = {"serviceName": "shop"}, {"serviceName": "db"}
    noted = [("cs", 10, there), ("sr", 12, here), ("ss", 18, here), ("cr", 20, there), ("cached", 15, here)]
    span = {
        "traceId": "1",
        "id": "2",
        "name": "q",
        "annotations": [{"value": value, "timestamp": at, "endpoint": who} for value, at, who in noted],
        "binaryAnnotations": [{"key": "rows", "value": "3", "endpoint": here}],
    }
    store = ingested(tmp_path, json.dumps([span]))
    rows = store.query("SELECT span_kind, service_name, start_ns, duration_ns FROM spans ORDER BY span_kind").rows()
    assert rows == [("CLIENT", "shop", 10_000, 10_000), ("SERVER", "db", 12_000, 6_000)]
    assert store.query("SELECT attributes['rows'] AS n FROM spans WHERE span_kind = 'SERVER'")["n"][0] == "3"
    assert store.query("SELECT event_name FROM span_events")["event_name"].to_list() == ["cached"]


def test_short_ids_are_padded_where_nothing_but_zipkins_fields_occur(tmp_path):
    spans = [{"traceId": "abc1", "id": "abc1", "name": "x", "timestamp": 5, "duration": 5}, {"traceId": "abc1", "id": "abc2", "parentId": "abc1"}]  # fmt: skip
    store = ingested(tmp_path, json.dumps(spans))
    assert store.query("SELECT trace_id, parent_span_id FROM spans ORDER BY record_no").rows() == [
        ("abc1".rjust(32, "0"), ""),
        ("abc1".rjust(32, "0"), "abc1".rjust(16, "0")),
    ]


def test_a_segment_in_progress_has_no_length(tmp_path):
    segment = {"name": "w", "id": "70de5b6f19ff9a0b", "start_time": 1478293361.271, "trace_id": "581cf771a006649127e371903a2de979", "in_progress": True}  # fmt: skip
    store = ingested(tmp_path, json.dumps(segment))
    assert store.query("SELECT span_id, start_ns, duration_ns FROM spans").rows() == [
        ("70de5b6f19ff9a0b", 1478293361271000000, None)
    ]


def test_nested_columns_as_rows_keep_their_events(tmp_path):
    row = {name: value for name, value in clickhouse(ROOT).items() if "." not in name}
    row["Events"] = [{"Timestamp": "2026-03-04 14:10:00.5", "Name": "exception", "Attributes": {"exception.type": "E"}}]
    row["Links"] = [{"TraceId": TRACE, "SpanId": CHILD, "TraceState": "", "Attributes": {}}]
    store = ingested(tmp_path, json.dumps(row))
    assert store.query("SELECT time_ns, event_name, attributes['exception.type'] AS kind FROM span_events").rows() == [
        (T0 + 500_000_000, "exception", "E")
    ]
    assert store.query("SELECT linked_span_id FROM span_links")["linked_span_id"].to_list() == [CHILD]


def test_tabs_and_line_ends_of_tsv_are_read_back(tmp_path):
    row = clickhouse(ROOT) | {"SpanName": r"a\tb\nc", "SpanAttributes": r"{'q':'it\'s'}"}
    text = "\n".join("\t".join(part) for part in (row, [plain(value) for value in row.values()]))
    store = ingested(tmp_path, text)
    assert store.query("SELECT span_name, attributes['q'] AS q FROM spans").rows() == [("a\tb\nc", "it's")]


@pytest.mark.parametrize(
    "text",
    [
        '{"data": [], "total": 0, "limit": 0, "offset": 0, "errors": null}', '{"data": null, "errors": [{"code": 404, "msg": "trace not found"}]}', '{"traces": []}', '{"trace": {}, "metrics": {}}',
        '{"status": "success", "data": {"resultType": "matrix", "result": []}}', '{"took": 1, "hits": {"total": {"value": 0}, "hits": []}}', '{"Traces": [], "UnprocessedTraceIds": []}', '{"resourceSpans": []}',
    ],
)  # fmt: skip
def test_an_answer_that_found_nothing_is_no_record(tmp_path, text):
    store = ingested(tmp_path, text)
    assert store.query("SELECT records_read, status FROM ingests").rows() == [(0, "complete")]


def test_a_record_with_an_empty_list_is_a_record(tmp_path):
    store = ingested(tmp_path, '{"user": "u1", "data": []}')
    assert store.query("SELECT attributes['user'] AS u FROM logs")["u"].to_list() == ["u1"]


def test_powers_of_sampling_before_there_were_thresholds(tmp_path):
    document = {"resourceSpans": [otlp()]}
    for span, state in zip(document["resourceSpans"][0]["scopeSpans"][0]["spans"], ("ot=r:9;p:3", "x=y,ot=p:63"), strict=True):  # fmt: skip
        span["traceState"] = state
    store = ingested(tmp_path, json.dumps(document))
    assert store.query("SELECT adjusted_count FROM spans ORDER BY record_no")["adjusted_count"].to_list() == [8.0, 1.0]


def metric(**data):
    return json.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "m", **data}]}]}]})


def test_kinds_of_metrics_before_otlp_1(tmp_path):
    store = ingested(tmp_path, metric(intSum={"isMonotonic": True, "aggregationTemporality": 2, "dataPoints": [{"timeUnixNano": str(T0), "value": "7", "labels": [{"key": "a", "value": "b"}]}]}))  # fmt: skip
    rows = store.query("SELECT metric_type, temporality, value, attributes['a'] AS a FROM metrics").rows()
    assert rows == [("sum", "cumulative", 7.0, "b")]


def test_a_temporality_that_there_is_none_of_is_set_apart(tmp_path):
    path = tmp_path / "metrics.json"
    path.write_text(metric(sum={"aggregationTemporality": "SOMETIMES", "dataPoints": [{"timeUnixNano": str(T0), "asInt": "7"}]}))  # fmt: skip
    store = rca.open()
    assert store.ingest(path).total("records_quarantined") == 1
    assert "SOMETIMES" in store.query("SELECT reason FROM quarantine")["reason"][0]


def test_spans_of_zipkin_without_ids_are_set_apart(tmp_path):
    path = tmp_path / "spans.json"
    path.write_text('[{"traceId": "a1", "name": "x", "timestamp": 5, "localEndpoint": {"serviceName": "shop"}}]')
    store = rca.open()
    assert store.ingest(path).total("records_quarantined") == 1
    assert "no id" in store.query("SELECT reason FROM quarantine")["reason"][0]


@pytest.mark.parametrize(
    ("attributes", "weight"),
    [
        ({"sampler.type": "adaptive", "sampler.param": "0.125"}, 8.0),
        ({"_dd.rule_psr": "0.5", "_dd.limit_psr": "0.5"}, 4.0),
        ({"_dd.rule_psr": "0.5", "_dd.agent_psr": "0.1"}, 2.0),
    ],
)
def test_what_samplers_say(tmp_path, attributes, weight):
    document = {"resourceSpans": [otlp()]}
    document["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"] = [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()]  # fmt: skip
    store = ingested(tmp_path, json.dumps(document))
    assert store.query("SELECT adjusted_count FROM spans ORDER BY record_no")["adjusted_count"][0] == weight


def test_a_tag_of_an_odd_kind_costs_no_span(tmp_path):
    span = {"traceID": TRACE, "spanID": ROOT, "operationName": "get", "startTime": T0 // 1000, "duration": 5, "tags": [{"key": "span.kind", "value": "gateway"}], "process": {"serviceName": "shop"}}  # fmt: skip
    store = ingested(tmp_path, json.dumps({"data": [{"traceID": TRACE, "spans": [span]}]}))
    assert store.query("SELECT span_kind, attributes['span.kind'] AS said FROM spans").rows() == [("UNSPECIFIED", "gateway")]  # fmt: skip

"""Spans as back ends export them: names of their own for ids and lengths, envelopes, weights, rows that are no spans."""

from __future__ import annotations

import csv
import json

import pytest

import rca

T0 = 1772633400 * 10**9
WHEN, LATER = "2026-03-04T14:10:00Z", "2026-03-04T14:11:00Z"
TRACE, ROOT, CHILD = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174", "eee19b7ec3c1b175"  # fmt: skip
COLUMNS = "trace_id, span_id, parent_span_id, service_name, span_name, span_kind, start_ns, duration_ns, status_code, adjusted_count"


def ingest(path, text):
    path.write_text(text)
    store = rca.open()
    item = store.ingest(path).inputs[0]
    assert item.records_read == item.records_kept + item.records_duplicate + item.records_quarantined
    return store, item


def spans(store):
    return store.query(f"SELECT {COLUMNS} FROM spans ORDER BY record_no").rows()


def table(path, rows):
    names = list(dict.fromkeys(key for row in rows for key in row))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    return path.read_text()


EVENTS = [
    {"Timestamp": WHEN, "trace.trace_id": TRACE, "trace.span_id": ROOT, "name": "get", "service.name": "shop", "duration_ms": 2.5, "SampleRate": 10},
    {"Timestamp": WHEN, "trace.trace_id": TRACE, "trace.span_id": CHILD, "trace.parent_id": ROOT, "name": "query", "service.name": "shop", "duration_ms": 0.5, "SampleRate": 10,
     "error": True},
    {"Timestamp": WHEN, "trace.trace_id": TRACE, "trace.parent_id": ROOT, "name": "retried", "service.name": "shop", "meta.annotation_type": "span_event"},
]  # fmt: skip
EXPECTED = [
    (TRACE, ROOT, "", "shop", "get", "UNSPECIFIED", T0, 2_500_000, "UNSET", 10.0),
    (TRACE, CHILD, ROOT, "shop", "query", "UNSPECIFIED", T0, 500_000, "ERROR", 10.0),
]


@pytest.mark.parametrize("shape", ["list", "lines", "data", "csv"])
def test_wide_events(tmp_path, shape):
    path = tmp_path / f"events.{'csv' if shape == 'csv' else 'json'}"
    data = [{"time": WHEN, "samplerate": event.get("SampleRate", 1), "data": {key: item for key, item in event.items() if key not in {"Timestamp", "SampleRate"}}} for event in EVENTS]  # fmt: skip
    text = {
        "list": json.dumps(EVENTS),
        "lines": "\n".join(map(json.dumps, EVENTS)),
        "data": "\n".join(map(json.dumps, data)),
        "csv": table(path, EVENTS),
    }
    store, item = ingest(path, text[shape])
    assert spans(store) == EXPECTED
    assert item.records_read == 3
    assert store.query("SELECT count(*) FROM logs").item() == 1, "a moment on a span is no span"


REQUESTS = {"timestamp": WHEN, "id": ROOT, "name": "GET /cart", "operation_Name": "GET", "success": False, "resultCode": "503", "duration": 12.5, "operation_Id": TRACE,
            "operation_ParentId": CHILD, "cloud_RoleName": "cart", "itemCount": 5}  # fmt: skip
DEPENDENCIES = {"TimeGenerated": WHEN, "Id": CHILD, "Name": "orders", "DependencyType": "SQL", "Target": "db1", "Data": "SELECT 1", "Success": True, "ResultCode": "0",
                "DurationMs": 3, "OperationId": TRACE, "ParentId": ROOT, "AppRoleName": "cart", "ItemCount": 1, "Type": "AppDependencies"}  # fmt: skip


@pytest.mark.parametrize("shape", ["answer", "csv"])
@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (REQUESTS, (TRACE, ROOT, CHILD, "cart", "GET /cart", "SERVER", T0, 12_500_000, "ERROR", 5.0)),
        (DEPENDENCIES, (TRACE, CHILD, ROOT, "cart", "orders", "CLIENT", T0, 3_000_000, "OK", 1.0)),
    ],
)
def test_requests_and_dependencies(tmp_path, shape, row, expected):
    path = tmp_path / f"query.{'csv' if shape == 'csv' else 'json'}"
    answer = {"tables": [{"name": "PrimaryResult", "columns": [{"name": key} for key in row], "rows": [list(row.values())]}]}  # fmt: skip
    store, _ = ingest(path, table(path, [row]) if shape == "csv" else json.dumps(answer))
    assert spans(store) == [expected]
    found = store.query("SELECT http_response_status_code, db_query_text, server_address FROM spans").rows()[0]
    assert found == ((503, "", "") if row is REQUESTS else (None, "SELECT 1", "db1"))


def test_a_length_that_tells_its_unit_wins(tmp_path):
    span = {"timestamp": T0 // 10**6, "trace.id": TRACE, "id": ROOT, "name": "get", "duration": 0.25, "duration.ms": 250, "service.name": "shop"}  # fmt: skip
    store, _ = ingest(tmp_path / "nrql.json", json.dumps({"data": {"actor": {"account": {"nrql": {"results": [span]}}}}}))  # fmt: skip
    assert [row[7] for row in spans(store)] == [250_000_000]


def apm(kind, **more):
    return {"@timestamp": WHEN, "processor": {"event": kind}, "trace": {"id": TRACE}, "service": {"name": "shop", "environment": "prod"}, **more}  # fmt: skip


APM = [
    apm("transaction", transaction={"id": ROOT, "name": "get", "type": "request", "duration": {"us": 2500}, "representative_count": 4}, event={"outcome": "failure"}),
    apm("span", transaction={"id": ROOT}, span={"id": CHILD, "name": "query", "type": "db", "subtype": "mysql", "duration": {"us": 500}, "db": {"statement": "SELECT 1"}},
        parent={"id": ROOT}, timestamp={"us": T0 // 1000 + 7}),
    apm("error", message="no stock", log={"level": "error"}),
]  # fmt: skip
FROM_APM = [
    (TRACE, ROOT, "", "shop", "get", "SERVER", T0, 2_500_000, "ERROR", 4.0),
    (TRACE, CHILD, ROOT, "shop", "query", "CLIENT", T0 + 7_000, 500_000, "UNSET", 1.0),
]


@pytest.mark.parametrize("shape", ["lines", "hits", "dump", "scroll"])
def test_elastic_apm(tmp_path, shape):
    hits = [{"_index": "apm", "_id": str(at), "_source": document} for at, document in enumerate(APM)]
    pages = [{"_scroll_id": "x", "hits": {"hits": [hit]}} for hit in hits]
    documents = {"lines": APM, "hits": [{"took": 1, "hits": {"hits": hits}}], "dump": hits, "scroll": [*pages, {"hits": {"hits": []}}]}  # fmt: skip
    store, item = ingest(tmp_path / "apm.json", "\n".join(map(json.dumps, documents[shape])))
    assert (item.format, item.records_read, spans(store)) == ("span-documents", 3, FROM_APM)
    assert store.query("SELECT db_query_text, db_system_name FROM spans ORDER BY record_no").rows()[1] == ("SELECT 1", "mysql")  # fmt: skip
    assert store.query("SELECT body, severity_number, trace_id FROM logs").rows() == [("no stock", 17, TRACE)]


SHAPES = {
    "sentry": {
        "type": "transaction", "transaction": "get", "start_timestamp": T0 / 10**9, "timestamp": T0 / 10**9 + 2, "project_name": "shop",
        "contexts": {"trace": {"trace_id": TRACE, "span_id": ROOT, "op": "http.server", "status": "internal_error"}},
        "spans": [{"span_id": CHILD, "parent_span_id": ROOT, "op": "db", "description": "query", "start_timestamp": T0 / 10**9 + 1, "timestamp": T0 / 10**9 + 1.5, "status": "ok"}],
    },
    "data-prepper": {"hits": {"hits": [
        {"_index": "otel-v1-apm-span", "_source": {"traceId": TRACE, "spanId": ROOT, "parentSpanId": "", "serviceName": "shop", "name": "get", "kind": "SPAN_KIND_SERVER",
            "startTime": WHEN, "durationInNanos": 2 * 10**9, "status.code": 2, "span.attributes.http@method": "GET", "resource.attributes.service@version": "3"}},
        {"_index": "otel-v1-apm-span", "_source": {"traceId": TRACE, "spanId": CHILD, "parentSpanId": ROOT, "serviceName": "shop", "name": "query", "kind": "SPAN_KIND_CLIENT",
            "startTime": "2026-03-04T14:10:01Z", "durationInNanos": 5 * 10**8, "status": {"code": 1}, "events": [{"time": WHEN, "name": "e", "attributes": {"a": "b"}}]}}]}},
    "otel": [
        {"@timestamp": WHEN, "trace_id": TRACE, "span_id": ROOT, "name": "get", "kind": "Server", "duration": 2 * 10**9, "status": {"code": "Error"},
         "resource": {"attributes": {"service.name": "shop"}}, "attributes": {"http.request.method": "GET"}},
        {"@timestamp": "2026-03-04T14:10:01Z", "trace_id": TRACE, "span_id": CHILD, "parent_span_id": ROOT, "name": "query", "kind": "Client", "duration": 5 * 10**8,
         "status": {"code": "Ok"}, "resource": {"attributes": {"service.name": "shop"}}}],
    "cloud-trace": {"traces": [{"projectId": "p", "traceId": TRACE, "spans": [
        {"spanId": str(int(ROOT, 16)), "kind": "RPC_SERVER", "name": "get", "startTime": WHEN, "endTime": "2026-03-04T14:10:02Z", "labels": {"/http/status_code": "503", "service.name": "shop"}},
        {"spanId": str(int(CHILD, 16)), "parentSpanId": str(int(ROOT, 16)), "kind": "RPC_CLIENT", "name": "query", "startTime": "2026-03-04T14:10:01Z",
         "endTime": "2026-03-04T14:10:01.5Z", "labels": {"service.name": "shop"}}]}]},
    "lightstep": {"data": [{"type": "stored_traces", "attributes": {"spans": [
        {"trace-id": TRACE, "span-id": ROOT, "span-name": "get", "start-time-micros": T0 // 1000, "end-time-micros": T0 // 1000 + 2_000_000, "reporter-id": "r", "is-error": True,
         "tags": {"span.kind": "server"}},
        {"trace-id": TRACE, "span-id": CHILD, "span-name": "query", "start-time-micros": T0 // 1000 + 1_000_000, "end-time-micros": T0 // 1000 + 1_500_000, "reporter-id": "r",
         "tags": {"span.kind": "client", "parent_span_guid": ROOT}}]},
        "relationships": {"reporters": [{"reporter-id": "r", "attributes": {"lightstep.component_name": "shop"}}]}}]},
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_of_back_ends(tmp_path, name):
    store, item = ingest(tmp_path / "spans.json", json.dumps(SHAPES[name]))
    found = [(*row[:8], "OK" if row[8] == "UNSET" else row[8]) for row in spans(store)]
    assert item.format == "span-documents"
    assert found == [
        (TRACE, ROOT, "", "shop", "get", "SERVER", T0, 2 * 10**9, "ERROR"),
        (TRACE, CHILD, ROOT, "shop", "query", "CLIENT", T0 + 10**9, 5 * 10**8, "OK"),
    ]


def test_numbers_within_segments_become_ids(tmp_path):
    shared = {"traceId": "a.b.c", "serviceCode": "shop", "startTime": T0 // 10**6, "endTime": T0 // 10**6 + 5, "refs": [], "tags": [{"key": "url", "value": "/"}]}  # fmt: skip
    found = [
        {**shared, "segmentId": "s1", "spanId": 0, "parentSpanId": -1, "endpointName": "/get", "type": "Entry", "isError": True},
        {**shared, "segmentId": "s1", "spanId": 1, "parentSpanId": 0, "endpointName": "call", "type": "Exit", "isError": False},
        {**shared, "segmentId": "s2", "spanId": 0, "parentSpanId": -1, "endpointName": "/in", "type": "Entry", "isError": False,
         "refs": [{"parentSegmentId": "s1", "parentSpanId": 1, "type": "CROSS_PROCESS"}]},
    ]  # fmt: skip
    store, _ = ingest(tmp_path / "sw.json", json.dumps({"data": {"trace": {"spans": found}}}))
    rows = spans(store)
    assert [row[5] for row in rows] == ["SERVER", "CLIENT", "SERVER"]
    assert [row[2] for row in rows] == ["", rows[0][1], rows[1][1]]
    assert len({row[0] for row in rows}) == 1
    assert [row[8] for row in rows] == ["ERROR", "UNSET", "UNSET"]


def test_a_search_gives_the_spans_it_found_or_the_roots(tmp_path):
    part = {"spanID": CHILD, "startTimeUnixNano": str(T0), "durationNanos": "500", "attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}, {"key": "status", "value": {"stringValue": "error"}}]}  # fmt: skip
    about = {"rootServiceName": "gw", "rootTraceName": "get", "startTimeUnixNano": str(T0), "durationMs": 3}
    document = {"traces": [{"traceID": TRACE, **about, "spanSets": [{"spans": [part], "matched": 1}]}, {"traceID": "e5f", **about}]}  # fmt: skip
    store, _ = ingest(tmp_path / "search.json", json.dumps(document))
    rows = spans(store)
    assert (rows[0][0], rows[0][1], rows[0][3], rows[0][7], rows[0][8]) == (TRACE, CHILD, "shop", 500, "ERROR")
    assert (rows[1][0], rows[1][3], rows[1][4], rows[1][7]) == ("e5f".rjust(32, "0"), "gw", "get", 3_000_000)


def test_jaeger_in_elasticsearch(tmp_path):
    source = {"traceID": TRACE, "spanID": ROOT, "operationName": "get", "startTime": T0 // 1000, "startTimeMillis": T0 // 10**6, "duration": 7, "references": [],
              "tags": [{"key": "span.kind", "type": "string", "value": "server"}], "process": {"serviceName": "shop", "tags": []}}  # fmt: skip
    hits = [{"_index": "jaeger-span-2026-03-04", "_source": source}]
    for text in (json.dumps({"took": 1, "hits": {"hits": hits}}), "\n".join(map(json.dumps, hits))):
        store, item = ingest(tmp_path / "jaeger.json", text)
        assert (item.format, spans(store)) == ("jaeger", [(TRACE, ROOT, "", "shop", "get", "SERVER", T0, 7_000, "UNSET", 1.0)])  # fmt: skip


def test_a_document_that_is_no_span_keeps_what_is_around_it(tmp_path):
    other = {"timestamp": WHEN, "message": "done", "data": [{"a": 1}], "order": 7}
    store, item = ingest(tmp_path / "mixed.json", json.dumps([APM[0], other]))
    assert (item.records_read, item.records_kept) == (2, 2)
    assert dict(store.query("SELECT attributes FROM logs").item())["order"] == "7"


def test_a_query_language_with_types_beside_its_records(tmp_path):
    span = {"trace.id": TRACE, "span.id": ROOT, "span.parent_id": None, "span.name": "get", "span.kind": "server", "start_time": WHEN, "end_time": LATER, "duration": "60000000000",
            "service.name": "shop", "request.is_failed": True}  # fmt: skip
    answer = {"state": "SUCCEEDED", "result": {"records": [span], "types": [{"indexRange": [0, 0], "mappings": {}}]}}
    store, item = ingest(tmp_path / "dql.json", json.dumps(answer))
    assert (item.records_read, spans(store)) == (1, [(TRACE, ROOT, "", "shop", "get", "SERVER", T0, 60 * 10**9, "ERROR", 1.0)])  # fmt: skip


def test_a_trace_as_data_frame(tmp_path):
    cells = {"traceID": TRACE, "spanID": ROOT, "parentSpanID": None, "operationName": "get", "serviceName": "shop", "startTime": T0 // 10**6, "duration": 2.5, "kind": "server", "statusCode": 2}  # fmt: skip
    frame = {"schema": {"name": "Trace", "fields": [{"name": name} for name in cells]}, "data": {"values": [[cell] for cell in cells.values()]}}  # fmt: skip
    store, _ = ingest(tmp_path / "frames.json", json.dumps({"results": {"A": {"frames": [frame]}}}))
    assert spans(store) == [(TRACE, ROOT, "", "shop", "get", "SERVER", T0, 2_500_000, "ERROR", 1.0)]

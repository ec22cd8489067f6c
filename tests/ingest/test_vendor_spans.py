"""Spans as agents and SDKs of vendors send them, and what looks like spans and is none."""

from __future__ import annotations

import json

import pytest

import rca

TRACE, ROOT, CHILD = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174", "eee19b7ec3c1b175"
T0 = 1772633400 * 10**9
MS = T0 // 10**6
COLUMNS = "trace_id, span_id, parent_span_id, service_name, span_name, span_kind, start_ns, duration_ns, status_code, calls, adjusted_count"  # fmt: skip

INTAKE = [
    {"metadata": {"service": {"name": "shop", "version": "1.2"}}},
    {"transaction": {"id": ROOT, "trace_id": TRACE, "name": "GET /cart", "type": "request", "duration": 12.5, "timestamp": T0 // 1000, "outcome": "failure", "sample_rate": 0.5}},
    {"span": {"id": CHILD, "transaction_id": ROOT, "trace_id": TRACE, "name": "SELECT", "type": "db", "subtype": "postgresql", "duration": 2.5, "timestamp": T0 // 1000,
              "composite": {"count": 7}, "context": {"db": {"statement": "SELECT 1"}}}},
]  # fmt: skip
INSIGHTS = {"name": "x", "time": "2026-03-04T14:10:00.000Z", "sampleRate": 20, "tags": {"ai.operation.id": TRACE, "ai.operation.parentId": TRACE, "ai.cloud.role": "shop"},
            "data": {"baseType": "RequestData", "baseData": {"ver": 2, "id": ROOT, "name": "GET /cart", "duration": "00:00:00.0125000", "success": False, "responseCode": "500"}}}  # fmt: skip
NEW_RELIC = {"trace.id": TRACE, "id": ROOT, "timestamp": MS, "attributes": {"duration.ms": 12.5, "name": "GET /cart", "error.message": "gone", "span.kind": "server"}}  # fmt: skip
EVENT = {"timestamp": MS, "duration.ms": 12.5, "name": "GET /cart", "trace.id": TRACE, "guid": ROOT, "appName": "shop", "error.message": "gone", "span.kind": "server"}  # fmt: skip
INSTANA = {"t": TRACE[16:], "s": ROOT, "n": "node.http.server", "k": 1, "ts": MS, "d": 12, "ec": 1, "b": {"s": 3}, "data": {"service": "shop", "http": {"status": 500}}}  # fmt: skip
CENSUS = {"node": {"serviceInfo": {"name": "shop"}}, "spans": [{"traceId": "W47/95gDgQPSabYzgT/GDA==", "spanId": "7uGbfsPBsXQ=", "name": {"value": "GET /cart"}, "kind": "SERVER",
          "startTime": "2026-03-04T14:10:00Z", "endTime": "2026-03-04T14:10:00.0125Z", "status": {"code": 13}}]}  # fmt: skip
AGENT = {"tracerPayloads": [{"chunks": [{"spans": [{"service": "shop", "name": "GET /cart", "resource": "GET /cart", "traceID": str(int(TRACE[16:], 16)), "spanID": str(int(ROOT, 16)), "parentID": "0", "start": str(T0),
         "duration": "12500000", "error": 1, "type": "web", "meta": {"_dd.p.tid": TRACE[:16]}, "metrics": {}}]}]}]}  # fmt: skip


def row(*, trace=TRACE, lasted=12_500_000, calls=1, weight=1.0, name="GET /cart"):
    return (trace, ROOT, "", "shop", name, "SERVER", T0, lasted, "ERROR", calls, weight)


CASES = {
    "elastic": ("\n".join(map(json.dumps, INTAKE)), [row(weight=2.0), (TRACE, CHILD, ROOT, "shop", "SELECT", "CLIENT", T0, 2_500_000, "UNSET", 7, 1.0)]),
    "insights": (json.dumps(INSIGHTS), [row(weight=5.0)]),
    "new relic": (json.dumps([{"common": {"attributes": {"service.name": "shop"}}, "spans": [NEW_RELIC]}]), [row()]),
    "new relic, query": (json.dumps({"results": [{"events": [EVENT]}]}), [row()]),
    "instana": (json.dumps([INSTANA]), [row(trace=TRACE[16:].rjust(32, "0"), lasted=12_000_000, calls=3, name="node.http.server")]),
    "opencensus": (json.dumps(CENSUS), [row()]),
    "datadog's agent": (json.dumps(AGENT), [row()]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_spans_of_vendors(tmp_path, name):
    text, expected = CASES[name]
    path = tmp_path / "spans.json"
    path.write_text(text)
    store = rca.open()
    assert store.ingest(path).total("records_quarantined") == 0
    assert store.query(f"SELECT {COLUMNS} FROM spans ORDER BY record_no").rows() == expected


def test_calls_of_aws_keep_what_they_are_about(tmp_path):
    call = {"name": "DynamoDB", "id": CHILD, "start_time": 1772633400.1, "end_time": 1772633400.2, "namespace": "aws", "aws": {"operation": "GetItem", "table_name": "carts", "retries": 2}}  # fmt: skip
    segment = {"name": "shop", "id": ROOT, "trace_id": f"1-{TRACE[:8]}-{TRACE[8:]}", "start_time": 1772633400, "end_time": 1772633401, "user": "u7", "subsegments": [call]}  # fmt: skip
    path = tmp_path / "segments.json"
    path.write_text(json.dumps(segment))
    store = rca.open()
    store.ingest(path)
    found = store.query(
        "SELECT db_system_name, db_operation_name, db_collection_name, attributes['aws.retries'] AS n FROM spans WHERE span_kind = 'CLIENT'"
    )
    assert found.rows() == [("aws.dynamodb", "GetItem", "carts", "2")]
    assert store.query("SELECT attributes['aws.xray.user'] AS u FROM spans WHERE span_kind = 'SERVER'")["u"].to_list() == ["u7"]  # fmt: skip


def test_a_profile_is_refused(tmp_path):
    path = tmp_path / "trace.json"
    path.write_text(json.dumps({"traceEvents": [{"name": "a", "ph": "X", "ts": 1, "dur": 5, "pid": 1, "tid": 1}]}))
    report = rca.open().ingest(path)
    assert [(item.status, item.records_read) for item in report.inputs] == [("failed", 0)]
    assert "Chrome's trace event format" in report.inputs[0].message

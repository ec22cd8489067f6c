"""Spans as back ends export them: names of their own for ids and lengths, envelopes, weights, rows that are no spans."""

from __future__ import annotations

import csv
import json

import pytest

import rca

T0 = 1772633400 * 10**9
WHEN, TRACE, ROOT, CHILD = "2026-03-04T14:10:00Z", "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174", "eee19b7ec3c1b175"  # fmt: skip
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

"""Logs as search APIs and back ends answer with them: envelopes are opened, ids and times found, nothing becomes one row."""

from __future__ import annotations

import json

import pytest

import rca

T0 = 1772633400 * 10**9
WHEN, TRACE, SPAN = "2026-03-04T14:10:00Z", "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"
LINE = {"timestamp": WHEN, "message": "no stock", "level": "error", "trace.id": TRACE}


def ingest(tmp_path, *documents):
    path = tmp_path / "export.json"
    path.write_text("\n".join(json.dumps(document) for document in documents))
    store = rca.open()
    item = store.ingest(path).inputs[0]
    assert item.records_read == item.records_kept + item.records_duplicate + item.records_quarantined
    found = store.query("SELECT * FROM logs ORDER BY record_no").to_dicts()
    return item, found


def kusto(name, columns, rows):
    return {name: [{"name": "PrimaryResult", columns[0]: [{columns[1]: key} for key in LINE], rows: [list(LINE.values())]}]}  # fmt: skip


ANSWERS = {
    "azure": [kusto("tables", ("columns", "name"), "rows")],
    "kusto-1": [kusto("Tables", ("Columns", "ColumnName"), "Rows")],
    "kusto-2": [
        [
            {"FrameType": "DataSetHeader", "Version": "v2.0"},
            {"FrameType": "DataTable", "TableKind": "PrimaryResult", "Columns": [{"ColumnName": key} for key in LINE], "Rows": [list(LINE.values())]},
            {"FrameType": "DataTable", "TableKind": "QueryCompletionInformation", "Columns": [{"ColumnName": "Payload"}], "Rows": [["x"]]},
        ]
    ],
    "new-relic": [{"results": [{"events": [LINE]}], "performanceStats": {}}],
    "nerdgraph": [{"data": {"actor": {"account": {"nrql": {"results": [LINE]}}}}}],
    "hits": [{"hits": {"hits": [{"_index": "a", "_id": "1", "_source": LINE}]}}],
    "fields": [{"hits": {"hits": [{"_index": "a", "_id": "1", "fields": {key: [text] for key, text in LINE.items()}}]}}],
    "frames": [{"results": {"A": {"frames": [{"schema": {"fields": [{"name": key} for key in LINE]}, "data": {"values": [[text] for text in LINE.values()]}}]}}}],
    "pages": [{"messages": [{"map": LINE}], "fields": [{"name": "message"}]}],
    "matches": [{"format": "x", "matches": [{"_time": WHEN, "data": {"message": "no stock", "level": "error", "trace_id": TRACE}}]}],
    "esql": [{"columns": [{"name": key, "type": "keyword"} for key in LINE], "values": [list(LINE.values())]}],
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_hold_records(tmp_path, name):
    item, found = ingest(tmp_path, *ANSWERS[name])
    assert (item.format, item.records_read) == ("json-document", 1)
    row = found[0]
    assert (row["time_ns"], row["body"], row["severity_number"], row["trace_id"]) == (T0, "no stock", 17, TRACE)


@pytest.mark.parametrize(
    ("record", "body"),
    [
        ({"time": WHEN, "level": "Error", "operationName": "Log", "resultDescription": "no stock"}, "no stock"),
        ({"time": WHEN, "level": "Error", "operationName": "Log", "properties": {"message": "no stock"}}, "no stock"),
        ({"time": WHEN, "level": "Error", "operationName": {"value": "a/write", "localizedValue": "Update"}}, "Update"),
        ({"timestamp": WHEN, "loglevel": "ERROR", "content": "no stock"}, "no stock"),
        ({"received_at": WHEN, "severity": "Error", "program": "cart", "message": "no stock"}, "no stock"),
        ({"@timestamp": T0 // 10**6, "@rawstring": f"{WHEN} ERROR no stock"}, "no stock"),
        ({"_source": {"_ts": T0 // 10**6, "_app": "cart", "_line": 'level=error msg="no stock"'}}, "no stock"),
    ],
)  # fmt: skip
def test_names_of_messages(tmp_path, record, body):
    _, found = ingest(tmp_path, record)
    assert [(row["time_ns"], row["body"], row["severity_number"]) for row in found] == [(T0, body, 17)]


def test_pages_of_a_scroll_end_with_an_empty_one(tmp_path):
    pages = [{"_scroll_id": "x", "hits": {"hits": [{"_index": "a", "_id": str(at), "_source": LINE}]}} for at in range(3)]  # fmt: skip
    item, found = ingest(tmp_path, *pages, {"_scroll_id": "x", "hits": {"hits": []}})
    assert (item.records_read, [dict(row["attributes"])["_id"] for row in found]) == (3, ["0", "1", "2"])


def test_a_page_that_breaks_off_is_set_apart(tmp_path):
    path = tmp_path / "pages.json"
    page = json.dumps({"hits": {"hits": [{"_index": "a", "_id": "1", "_source": LINE}]}}, indent=1)
    path.write_text(page + "\n" + page[:80])
    item = rca.open().ingest(path).inputs[0]
    assert (item.records_read, item.records_kept, item.records_quarantined) == (2, 1, 1)


def test_records_of_an_audit_trail(tmp_path):
    _, found = ingest(tmp_path, {"Records": [{"eventTime": WHEN, "eventName": "PutItem", "eventSource": "db.example", "requestID": "r1"}]})  # fmt: skip
    assert [(row["time_ns"], row["body"], row["request_id"]) for row in found] == [(T0, "PutItem", "r1")]


def test_splunk_opens_what_was_raw(tmp_path):
    raw = ["2026-03-04 16:10:00,000 ERROR [http-1] shop.Cart - no stock", json.dumps({"level": "warn", "msg": "slow"})]
    lines = [{"preview": False, "offset": at, "result": {"_raw": text, "_time": "2026-03-04T16:10:00.000+02:00", "host": "h1"}} for at, text in enumerate(raw)]  # fmt: skip
    item, found = ingest(tmp_path, *lines)
    assert item.format == "json"
    assert [(row["time_ns"], row["body"], row["severity_number"]) for row in found] == [(T0, "no stock", 17), (T0, "slow", 13)]  # fmt: skip
    assert dict(found[1]["attributes"]) == {"host": "h1", "preview": "false", "offset": "1"}


def test_error_trackers_name_trace_time_and_title(tmp_path):
    contexts = {"trace": {"trace_id": TRACE, "span_id": SPAN}}
    event = {"eventID": "a" * 32, "dateCreated": WHEN, "title": "KeyError: sku", "message": "", "contexts": contexts, "tags": [{"key": "level", "value": "error"}]}  # fmt: skip
    _, found = ingest(tmp_path, event)
    row = found[0]
    assert (row["time_ns"], row["body"], row["severity_number"], row["trace_id"], row["span_id"]) == (T0, "KeyError: sku", 17, TRACE, SPAN)  # fmt: skip


def test_decimal_ids_below_the_tracers_key(tmp_path):
    inner = {"dd": {"trace_id": "123456789", "span_id": "255"}}
    _, found = ingest(tmp_path, {"data": [{"id": "A", "type": "log", "attributes": {"timestamp": WHEN, "status": "error", "service": "cart", "message": "no", "attributes": inner}}]})  # fmt: skip
    row = found[0]
    assert (row["trace_id"], row["span_id"], row["service_name"]) == (f"{123456789:032x}", f"{255:016x}", "cart")


@pytest.mark.parametrize(
    "outer",
    [
        {"line": 'level=error msg="no stock"', "timestamp": str(T0), "date": WHEN, "fields": {"app": "cart"}},
        {"message": f'{{"level": "error", "msg": "no stock", "time": "{WHEN}"}}', "podName": "cart-1", "containerName": "cart", "namespace": "p"},
        {"message": f"{WHEN} ERROR no stock", "podName": "cart-1", "containerName": "cart", "namespace": "p"},
    ],
)  # fmt: skip
def test_lines_inside_lines(tmp_path, outer):
    _, found = ingest(tmp_path, outer)
    row = found[0]
    assert (row["time_ns"], row["body"], row["severity_number"], row["service_name"]) == (T0, "no stock", 17, "cart")


@pytest.mark.parametrize("frame", [None, 1, {"schema": 1}, {"schema": {"fields": 1}, "data": {"values": [[1]]}}, {"schema": {"fields": [{"name": "Line"}]}, "data": {"values": [1]}}])  # fmt: skip
def test_frames_of_another_shape_are_no_frames(tmp_path, frame):
    item, _ = ingest(tmp_path, {"time": WHEN, "message": "m", "results": {"A": {"frames": [frame]}}})
    assert item.records_read == 1

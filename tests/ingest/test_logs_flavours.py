"""Loggers, shippers and clouds: each writes the same event in its own way, and all give the same row."""

from __future__ import annotations

import json

import polars as pl
import pytest

import rca

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SECOND = 1772625600
NS = SECOND * 10**9 + 123_000_000
ISO = "2026-03-04T12:00:00.123Z"
TEXT = "lookup 17 took 3 ms"


def read(tmp_path, name: str, content: str | bytes) -> pl.DataFrame:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with rca.open() as store:
        report = store.ingest(path)
        row = report.inputs[0]
        assert row.status == "complete", row.message
        assert row.records_read == row.records_kept
        return store.query("SELECT * FROM logs ORDER BY record_no")


JSON_FLAVOURS = {
    "ecs": {"@timestamp": ISO, "log.level": "warn", "message": TEXT, "trace.id": TRACE, "span.id": SPAN, "service": {"name": "cart"}},
    "ecs_transaction": {"@timestamp": ISO, "log": {"level": "WARN"}, "message": TEXT, "trace": {"id": TRACE}, "transaction": {"id": SPAN}, "service.name": "cart"},
    "pino": {"level": 40, "time": NS // 10**6, "pid": 1, "hostname": "h", "name": "cart", "trace_id": TRACE, "span_id": SPAN, "msg": TEXT},
    "pino_labels": {"level": "warn", "time": NS // 10**6, "service": "cart", "trace_id": TRACE, "span_id": SPAN, "msg": TEXT},
    "bunyan": {"name": "cart", "hostname": "h", "pid": 1, "level": 40, "msg": TEXT, "time": ISO, "v": 0, "trace_id": TRACE, "span_id": SPAN},
    "structlog": {"event": TEXT, "level": "warning", "timestamp": ISO, "service": "cart", "trace_id": TRACE, "span_id": SPAN},
    "python_json_logger": {"asctime": "2026-03-04 12:00:00,123", "levelname": "WARNING", "message": TEXT, "otelTraceID": TRACE, "otelSpanID": SPAN, "otelServiceName": "cart", "name": "a.b"},
    "zap": {"level": "warn", "ts": SECOND + 0.123, "caller": "a/b.go:1", "msg": TEXT, "traceID": TRACE, "spanID": SPAN, "service": "cart"},
    "zerolog": {"level": "warn", "time": ISO, "message": TEXT, "service": "cart", "trace_id": TRACE, "span_id": SPAN},
    "slog": {"time": "2026-03-04T13:00:00.123+01:00", "level": "WARN", "source": {"file": "a.go", "line": 7}, "msg": TEXT, "service": "cart", "traceId": TRACE, "spanId": SPAN},
    "logstash": {"@timestamp": "2026-03-04T13:00:00.123+01:00", "@version": "1", "message": TEXT, "logger_name": "a.B", "level": "WARN", "level_value": 30000, "traceId": TRACE, "spanId": SPAN, "service": "cart"},
    "logback": {"timestamp": str(NS // 10**6), "level": "WARN", "formattedMessage": TEXT, "mdc": {"traceId": TRACE, "spanId": SPAN}, "service": "cart"},
    "log4j2": {"instant": {"epochSecond": SECOND, "nanoOfSecond": 123000000}, "level": "WARN", "message": TEXT, "contextMap": {"trace_id": TRACE, "span_id": SPAN}, "service": "cart"},
    "clef": {"@t": "2026-03-04T12:00:00.1230000Z", "@l": "Warning", "@m": TEXT, "@mt": "lookup {Key} took {Ms} ms", "@tr": TRACE, "@sp": SPAN, "Application": "cart"},
    "rust_tracing": {"timestamp": ISO, "level": "WARN", "fields": {"message": TEXT, "trace_id": TRACE, "span_id": SPAN}, "target": "cart::x", "service": "cart"},
    "gelf": {"version": "1.1", "host": "h", "short_message": TEXT, "timestamp": SECOND + 0.123, "level": 4, "_trace_id": TRACE, "_span_id": SPAN, "_service": "cart"},
    "gcp": {"timestamp": ISO, "receiveTimestamp": "2026-03-04T12:00:01Z", "severity": "WARNING", "jsonPayload": {"message": TEXT}, "trace": f"projects/p/traces/{TRACE}", "spanId": SPAN, "resource": {"labels": {"container_name": "cart"}}, "insertId": "x"},
    "gcp_application": {"time": ISO, "severity": "WARNING", "message": TEXT, "logging.googleapis.com/trace": f"projects/p/traces/{TRACE}", "logging.googleapis.com/spanId": SPAN, "service": "cart"},
    "azure": {"TimeGenerated": ISO, "SeverityLevel": 2, "Message": TEXT, "OperationId": TRACE, "ParentId": SPAN, "AppRoleName": "cart"},
    "datadog": {"timestamp": NS // 10**6, "status": "warn", "message": TEXT, "dd.trace_id": str(int(TRACE, 16)), "dd.span_id": str(int(SPAN, 16)), "service": "cart"},
    "datadog_export": {"id": "A", "type": "log", "attributes": {"status": "warn", "timestamp": ISO, "message": TEXT, "service": "cart", "attributes": {"trace_id": TRACE, "span_id": SPAN}}},
    "journald": {"__REALTIME_TIMESTAMP": str(NS // 1000), "PRIORITY": "4", "MESSAGE": list(TEXT.encode()), "_SYSTEMD_UNIT": "cart.service", "TRACE_ID": TRACE, "SPAN_ID": SPAN, "__CURSOR": "s=1"},
    "logcli": {"labels": {"app": "cart"}, "line": json.dumps({"level": "warn", "msg": TEXT, "traceID": TRACE, "spanID": SPAN}), "timestamp": ISO},
    "docker": {"log": json.dumps({"level": "warn", "msg": TEXT, "traceID": TRACE, "spanID": SPAN, "service": "cart"}) + "\n", "stream": "stderr", "time": ISO},
    "double": {"time": ISO, "service": "cart", "message": json.dumps({"level": "warn", "msg": TEXT, "traceId": TRACE, "spanId": SPAN})},
    "cloudwatch": {"timestamp": NS // 10**6, "ingestionTime": 1, "logStreamName": "s", "eventId": "e", "message": f'level=warn msg="{TEXT}" trace_id={TRACE} span_id={SPAN} service=cart'},
    "elastic_hit": {"_index": "i", "_id": "1", "_source": {"@timestamp": ISO, "level": "warn", "message": TEXT, "trace_id": TRACE, "span_id": SPAN, "service": "cart"}},
    "mongo": {"t": {"$date": ISO}, "s": "W", "c": "X", "msg": TEXT, "service": "cart", "attr": {"traceId": TRACE, "spanId": SPAN}},
    "traceparent": {"time": ISO, "level": "warn", "msg": TEXT, "service": "cart", "traceparent": f"00-{TRACE}-{SPAN}-01"},
    "b3": {"time": ISO, "level": "warn", "msg": TEXT, "service": "cart", "headers": {"b3": f"{TRACE}-{SPAN}-1"}},
    "jaeger": {"time": ISO, "level": "warn", "msg": TEXT, "service": "cart", "uber-trace-id": f"{TRACE}:{SPAN}:0:1"},
    "xray": {"time": ISO, "level": "warn", "msg": TEXT, "service": "cart", "X-Amzn-Trace-Id": f"Root=1-{TRACE[:8]}-{TRACE[8:]};Parent={SPAN};Sampled=1"},
    "sentry": {"time": ISO, "level": "warn", "msg": TEXT, "service": "cart", "sentry-trace": f"{TRACE}-{SPAN}-1"},
    "monolog": {"message": TEXT, "context": {"trace_id": TRACE, "span_id": SPAN}, "level": 300, "level_name": "WARNING", "channel": "app", "datetime": ISO, "service": "cart"},
    "table": {"timestamp": "2026-03-04 12:00:00.123", "service": "cart", "severity": "WARN", "msg": TEXT, "trace_id": TRACE, "span_id": SPAN},
}  # fmt: skip


@pytest.mark.parametrize("name", JSON_FLAVOURS)
@pytest.mark.parametrize("copies", [2, 90])
def test_json_flavour(tmp_path, name, copies):
    rows = read(tmp_path, "app.jsonl", (json.dumps(JSON_FLAVOURS[name]) + "\n") * copies)
    assert len(rows) == copies
    first, last = rows.row(0, named=True), rows.row(-1, named=True)
    for key in ("time_ns", "severity_number", "body", "trace_id", "span_id", "service_name", "attributes", "template"):
        assert first[key] == last[key]
    assert first["time_ns"] == NS
    assert 13 <= first["severity_number"] <= 16
    assert first["body"] == TEXT
    assert (first["trace_id"], first["span_id"], first["service_name"]) == (TRACE, SPAN, "cart")
    assert first["template"].startswith("lookup <*> took <*>")


INNER = json.dumps({"level": "warn", "msg": TEXT, "traceID": TRACE, "spanID": SPAN})
DOCUMENTS = {
    "loki.json": {"status": "success", "data": {"resultType": "streams", "result": [{"stream": {"app": "cart"}, "values": [[str(NS), INNER], [str(NS + 1), INNER, {"structuredMetadata": {"k": "v"}}]]}]}},
    "push.json": {"streams": [{"stream": {"service_name": "cart"}, "values": [[str(NS), INNER], [str(NS + 1), INNER]]}]},
    "events.json": {"events": [{"timestamp": NS // 10**6, "message": INNER, "eventId": "1", "service": "cart"}, {"timestamp": NS // 10**6, "message": INNER, "eventId": "2", "service": "cart"}]},
    "insights.json": {"status": "Complete", "results": [[{"field": "@timestamp", "value": "2026-03-04 12:00:00.123"}, {"field": "@message", "value": INNER}, {"field": "service", "value": "cart"}, {"field": "@ptr", "value": "p"}]] * 2},
    "hits.json": {"took": 1, "hits": {"total": 2, "hits": [{"_index": "i", "_id": "1", "_source": JSON_FLAVOURS["structlog"]}, {"_index": "i", "_id": "2", "_source": JSON_FLAVOURS["structlog"]}]}},
    "array.json": [JSON_FLAVOURS["slog"], JSON_FLAVOURS["slog"]],
}  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("indent", [None, 2])
def test_document(tmp_path, name, indent):
    rows = read(tmp_path, name, json.dumps(DOCUMENTS[name], indent=indent))
    assert len(rows) == 2
    row = rows.row(0, named=True)
    assert (row["time_ns"], row["body"], row["trace_id"], row["span_id"], row["service_name"]) == (
        NS,
        TEXT,
        TRACE,
        SPAN,
        "cart",
    )
    assert 13 <= row["severity_number"] <= 16


def test_pretty_objects_one_after_the_other(tmp_path):
    rows = read(tmp_path, "app.json", "\n".join(json.dumps(JSON_FLAVOURS["slog"], indent=2) for _ in range(3)))
    assert rows["body"].to_list() == [TEXT] * 3


def test_cri_joins_its_pieces_and_reads_its_path(tmp_path):
    inner = json.dumps({"level": "warn", "msg": TEXT, "pad": "x" * 50})
    lines = [
        f"{ISO} stdout P {inner[:20]}",
        f"{ISO} stderr F other",
        f"{ISO} stdout P {inner[20:30]}",
        f"{ISO} stdout F {inner[30:]}",
    ]
    folder = "var/log/pods/shop_cart-1_93a99fc6-f43b-44fd-ae92-f1d8e79639ba/cart"
    rows = read(tmp_path, f"{folder}/0.log", "\n".join(lines) + "\n")
    assert rows["body"].to_list() == ["other", TEXT]
    assert rows["service_name"].to_list() == ["cart", "cart"]
    assert rows["resource_attributes"][0] is not None
    assert dict(rows["resource_attributes"][0])["k8s.namespace.name"] == "shop"


def test_docker_joins_lines_of_more_than_16_kib(tmp_path):
    inner = json.dumps({"level": "warn", "msg": TEXT, "pad": "x" * 20_000}) + "\n"
    pieces = [inner[:16384], inner[16384:]]
    rows = read(
        tmp_path,
        "c-json.log",
        "".join(json.dumps({"log": piece, "stream": "stdout", "time": ISO}) + "\n" for piece in pieces),
    )
    assert rows["body"].to_list() == [TEXT]


def test_a_stack_trace_belongs_to_its_record(tmp_path):
    text = "2026-03-04 12:00:00,123 ERROR broken\njava.io.IOException: x\n\tat a.B.c(B.java:1)\n\n2026-03-04 12:00:01,123 INFO fine\n"
    rows = read(tmp_path, "app.log", text)
    assert rows["body"].to_list() == ["broken\njava.io.IOException: x\n\tat a.B.c(B.java:1)", "fine"]


def test_w3c_names_its_columns(tmp_path):
    text = "#Version: 1.0\n#Date: 2026-03-04 00:00:00\n#Fields: time cs-method cs-uri-stem sc-status\n12:00:00 GET /a/1 200\n12:00:01 GET /a/2 500\n"
    rows = read(tmp_path, "u_ex.log", text)
    assert rows["time_ns"].to_list() == [SECOND * 10**9, (SECOND + 1) * 10**9]
    assert rows["template"].to_list() == ["GET /a/<*> 200", "GET /a/<*> 500"]


def test_bytes_that_are_no_utf8_are_not_lost(tmp_path):
    rows = read(tmp_path, "app.log", b"2026-03-04 12:00:00,123 INFO caf\xe9\n")
    assert rows["body"].to_list() == ["café"]


def test_unknown_fields_keep_key_and_digits(tmp_path):
    line = f'{{"ts":"{ISO}","msg":"a","a.b":1.10,"a":{{"c":[1, 2.50],"d":{{}}}},"x\\"y":null,"big":123456789012345678901234567890}}\n'
    rows = read(tmp_path, "app.jsonl", line)
    found = dict(rows["attributes"][0])
    assert found == {
        "a.b": "1.10",
        "a.c": "[1, 2.50]",
        "a.d": "{}",
        'x"y': "null",
        "big": "123456789012345678901234567890",
    }

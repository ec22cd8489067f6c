"""Plain tables: metrics, spans, call graphs, logs and patterns by their column names, in every container."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rca
from rca.ingest.contract import Context
from rca.ingest.sink import TableSink
from rca.ingest.source import Source
from rca.ingest.tables.delimited import CSV
from rca.ingest.tables.document import DOCUMENT

SHARED = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "incidents"
LONG = """timestamp,service,metric,value
2026-03-04T14:10:00Z,checkout,latency_ms,12.5
2026-03-04T14:10:00Z,pricing,latency_ms,3
2026-03-04T14:11:00Z,checkout,latency_ms,13.25
"""
T0 = 1772633400 * 10**9


def ingest(tmp_path, name, data, **options):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    store = rca.open()
    report = store.ingest(path, **options)
    assert balanced(report)
    return store, report.inputs[0]


def balanced(report):
    return all(
        item.records_read == item.records_kept + item.records_duplicate + item.records_quarantined
        for item in report.inputs
    )


def sifted(data, name, reader):
    """Read bytes into a list, without a store: rows by table, and what was set apart."""
    taken, source = {}, Source(name, lambda: io.BytesIO(data), len(data))
    sink = TableSink(lambda table, block: taken.setdefault(table, []).extend(block.to_pylist()), "x", Context())
    reader.read(source, sink)
    sink.finish()
    bad = taken.pop("quarantine", [])
    assert sink.read == sink.kept + sink.duplicates + sink.quarantined
    assert (sink.kept, sink.quarantined) == (sum(map(len, taken.values())), len(bad))
    numbers = sorted(
        [row["record_no"] for found in taken.values() for row in found] + [row["record_no"] for row in bad]
    )
    assert numbers == list(range(sink.read))
    return taken, bad


def rows(store, table, *columns):
    return store.query("SELECT " + ", ".join(columns) + ' FROM "' + table + '" ORDER BY ingest_id, record_no').rows()


EXPECTED = [
    (T0, "checkout", "latency_ms", 12.5, "ms"),
    (T0, "pricing", "latency_ms", 3.0, "ms"),
    (T0 + 60 * 10**9, "checkout", "latency_ms", 13.25, "ms"),
]
POINT = ("time_ns", "service_name", "metric_name", "value", "unit")
RECORDS = list(csv.DictReader(io.StringIO(LONG)))


def parquet(frame):
    out = io.BytesIO()
    frame.write_parquet(out)
    return out.getvalue()


CONTAINERS = {
    "long.csv": LONG,
    "long.tsv": LONG.replace(",", "\t"),
    "long.txt": "sep=;\n" + LONG.replace(",", ";"),
    "crlf.csv": LONG.replace("\n", "\r\n"),
    "bom.csv": "\ufeff" + LONG,
    "long.csv.gz": gzip.compress(LONG.encode()),
    "long.csv.bz2": bz2.compress(LONG.encode()),
    "spaces.csv": LONG.replace(",", ", "),
    "quoted.csv": '"timestamp","service","metric","value"\n'
    + "\n".join(",".join(f'"{cell}"' for cell in row.values()) for row in RECORDS),
    "long.json": json.dumps(RECORDS),
    "numbers.json": json.dumps([{**row, "value": float(row["value"])} for row in RECORDS]),
    "long.ndjson": "\n".join(json.dumps(row) for row in RECORDS) + "\n",
    "wrapped.json": json.dumps({"status": "ok", "data": {"points": RECORDS}}, indent=1),
    "split.json": json.dumps({"columns": list(RECORDS[0]), "rows": [list(row.values()) for row in RECORDS]}),
    "columns.json": json.dumps({key: [row[key] for row in RECORDS] for key in RECORDS[0]}),
    "typed.parquet": parquet(
        pl.DataFrame(RECORDS).with_columns(
            pl.col("timestamp").str.to_datetime(time_zone="UTC"), pl.col("value").cast(float)
        )
    ),
    "text.parquet": parquet(pl.DataFrame(RECORDS)),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_container_gives_the_same_points(tmp_path, name):
    store, item = ingest(tmp_path, name, CONTAINERS[name])
    assert item.status == "complete"
    assert rows(store, "metrics", *POINT) == EXPECTED


@pytest.mark.parametrize(
    ("header", "first"),
    [
        ("ts,service_name,metric_name,val", "1772633400,checkout,latency_ms,12.5"),
        ("Timestamp,Service,KPI,Value", "2026-03-04 14:10:00,checkout,latency_ms,12.5"),
        ("time_ms,app,metric,value", "1772633400000,checkout,latency_ms,12.5"),
        ("value,metric,cmdb_id,datetime", "12.5,latency_ms,checkout,2026-03-04T15:10:00+01:00"),
        ("timeUnixNano,serviceName,metricName,value", "1772633400000000000,checkout,latency_ms,12.5"),
        ("time,metric,value", '04/Mar/2026:14:10:00 +0000,"latency_ms{service=""checkout""}",12.5'),
    ],
)
def test_names_that_people_give_to_columns(tmp_path, header, first):
    store, _ = ingest(tmp_path, "m.csv", f"{header}\n{first}\n")
    assert rows(store, "metrics", *POINT) == EXPECTED[:1]


def test_labels_and_units_keep_their_digits(tmp_path):
    text = 'timestamp,metric,value,unit,labels,zone,ratio\n2026-03-04T14:10:00Z,latency,5,Milliseconds,"service=pay;code=200",eu-1,1.10\n'
    store, _ = ingest(tmp_path, "m.csv", text)
    assert rows(store, "metrics", "service_name", "unit", "value") == [("pay", "ms", 5.0)]
    assert dict(rows(store, "metrics", "attributes")[0][0]) == {"zone": "eu-1", "ratio": "1.10", "code": "200"}


def test_json_numbers_keep_their_digits(tmp_path):
    store, _ = ingest(
        tmp_path,
        "m.json",
        '[{"time": 1772633400.1234567, "metric": "m", "value": 1, "build": 12345678901234567890, "share": 1.10}]',
    )
    assert rows(store, "metrics", "time_ns") == [(1772633400123456700,)]
    assert dict(rows(store, "metrics", "attributes")[0][0]) == {"build": "12345678901234567890", "share": "1.10"}


def test_absent_and_odd_values(tmp_path):
    body = "\n".join(
        f"2026-03-04T14:10:00Z,a,m,{value}" for value in ("", "NaN", "+Inf", "1e3", "12.5 ms", "45%", "high", "1_0")
    )
    store, item = ingest(tmp_path, "m.csv", "timestamp,service,metric,value\n" + body)
    assert [row[0] for row in rows(store, "metrics", "value")] == [None, None, float("inf"), 1000.0, 12.5, 45.0]
    assert [row[0] for row in rows(store, "metrics", "unit")][-2:] == ["ms", "%"]
    assert (item.status, item.records_quarantined) == ("partial", 2)
    assert [row[0] for row in rows(store, "quarantine", "reason")] == ["not a number"] * 2


def test_bad_records_are_set_apart_with_their_place(tmp_path):
    lines = [*LONG.splitlines()[:2], "too,few", "not a time,checkout,latency_ms,1", *LONG.splitlines()[2:], "a,b,c,d,e"]
    text = "\n".join(lines) + "\n"
    store, item = ingest(tmp_path, "m.csv", text)
    assert rows(store, "metrics", *POINT) == EXPECTED
    found = rows(store, "quarantine", "record_no", "byte_offset", "excerpt")
    assert [(number, text.encode()[at : at + len(excerpt)].decode()) for number, at, excerpt in found] == [
        (1, "too,few"),
        (2, lines[3]),
        (5, "a,b,c,d,e"),
    ]
    assert item.records_read == 6


def test_a_time_that_does_not_fit_is_never_wrapped(tmp_path):
    store, item = ingest(
        tmp_path, "m.csv", "timestamp,service,metric,value\n9999-01-01T00:00:00Z,a,m,1\n2026-03-04T14:10:00Z,a,m,2\n"
    )
    assert rows(store, "metrics", "time_ns", "value") == [(T0, 2.0)]
    assert item.records_quarantined == 1


def test_cells_over_several_lines_and_stray_quotes(tmp_path):
    text = 'timestamp,service,metric,value,note\n2026-03-04T14:10:00Z,a,m,1,"two\nlines, and a comma"\n2026-03-04T14:10:00Z,a,m,2,5" disk\n2026-03-04T14:10:00Z,a,m,3,x\n'
    store, item = ingest(tmp_path, "m.csv", text)
    assert [row[0] for row in rows(store, "metrics", "value")] == [1.0, 2.0, 3.0]
    assert dict(rows(store, "metrics", "attributes")[0][0])["note"] == "two\nlines, and a comma"
    assert item.records_quarantined == 0


def test_comments_blank_lines_and_repeated_headers_are_no_records(tmp_path):
    lines = LONG.splitlines()
    store, item = ingest(
        tmp_path, "m.csv", "\n".join(["# exported", lines[0], lines[1], "", "# more", lines[0], *lines[2:]])
    )
    assert rows(store, "metrics", *POINT) == EXPECTED
    assert item.records_read == 3


WIDE = "time,carts_cpu,carts_latency_p99,orders_cpu,orders_latency_p99\n1772633400,1,2,3,\n1772633460,5,6,7,8\n"


def test_wide_tables_are_a_point_a_cell(tmp_path):
    store, item = ingest(tmp_path, "w.csv", WIDE)
    assert item.records_read == 7
    assert rows(store, "metrics", "time_ns", "service_name", "metric_name", "value")[:4] == [
        (T0, "carts", "cpu", 1.0),
        (T0, "carts", "latency_p99", 2.0),
        (T0, "orders", "cpu", 3.0),
        (T0 + 60 * 10**9, "carts", "cpu", 5.0),
    ]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (
            ["front-end.cpu", "front-end.mem", "user-db.cpu"],
            [("front-end", "cpu"), ("front-end", "mem"), ("user-db", "cpu")],
        ),
        (
            ["user_service_cpu", "user_service_p99", "order_service_cpu"],
            [("user_service", "cpu"), ("user_service", "p99"), ("order_service", "cpu")],
        ),
        (["cpu_usage", "cpu_limit", "memory_usage"], [("", "cpu_usage"), ("", "cpu_limit"), ("", "memory_usage")]),
        (
            ["http.server.duration", "http.client.duration"],
            [("", "http.server.duration"), ("", "http.client.duration")],
        ),
        (['up{job="shop/cart"}', 'up{job="shop/pay"}'], [("shop/cart", "up"), ("shop/pay", "up")]),
    ],
)
def test_names_of_wide_columns(tmp_path, names, expected):
    header = ",".join('"' + name.replace('"', '""') + '"' for name in ["time", *names])
    store, _ = ingest(
        tmp_path, "w.csv", header + "\n" + ",".join(["2026-03-04T14:10:00Z", *(["1"] * len(names))]) + "\n"
    )
    assert rows(store, "metrics", "service_name", "metric_name") == expected


def test_wide_with_a_service_column_and_labels(tmp_path):
    store, _ = ingest(
        tmp_path,
        "w.csv",
        "timestamp,service,zone,cpu_pct,latency_ms\n2026-03-04T14:10:00Z,pay,eu,50,7\n2026-03-04T14:11:00Z,pay,us,51,x\n",
    )
    assert rows(store, "metrics", "service_name", "metric_name", "value", "unit")[:2] == [
        ("pay", "cpu_pct", 50.0, "%"),
        ("pay", "latency_ms", 7.0, "ms"),
    ]
    assert [dict(row[0]) for row in rows(store, "metrics", "attributes")] == [
        {"zone": "eu"},
        {"zone": "eu"},
        {"zone": "us"},
    ]
    assert rows(store, "quarantine", "reason", "excerpt") == [("not a number in column latency_ms", "x")]


def test_one_series_takes_its_name_from_the_file(tmp_path):
    store, _ = ingest(
        tmp_path,
        "queue_depth.csv",
        "timestamp,value\n2014-01-16 00:00:00,33.5\n2014-01-16 00:05:00,34\n",
        service="broker",
    )
    assert rows(store, "metrics", "service_name", "metric_name", "value") == [
        ("broker", "queue_depth", 33.5),
        ("broker", "queue_depth", 34.0),
    ]


def test_call_graphs(tmp_path):
    store, item = ingest(tmp_path, "edges.csv", 'caller,callee\n"a, b",c\nc,d\n,e\n')
    assert rows(store, "service_edges", "caller", "callee", "source") == [
        ("a, b", "c", "edges.csv"),
        ("c", "d", "edges.csv"),
    ]
    assert item.records_quarantined == 1
    store, _ = ingest(tmp_path, "g.json", json.dumps({"edges": [{"source": "a", "target": "b"}]}))
    assert rows(store, "service_edges", "caller", "callee") == [("a", "b")]


SPANS = [
    {
        "trace_id": "0a" * 16,
        "span_id": "a1",
        "parent_id": None,
        "service": "web",
        "name": "GET /",
        "start": "2026-03-04T14:10:00Z",
        "duration_ms": 5.5,
        "status": "ERROR",
        "error": "boom",
    },
    {
        "trace_id": "same",
        "span_id": "b1",
        "parent_id": "a1",
        "service": "cart",
        "name": "Get",
        "start": "2026-03-04T14:10:00Z",
        "duration_ms": 4,
        "status": "OK",
        "http.status_code": 200,
    },
    {
        "trace_id": "same",
        "span_id": "c1",
        "parent_id": "b1",
        "service": "db",
        "name": "SELECT",
        "start": "2026-03-04T14:10:00Z",
        "duration_ms": 3,
        "status": "OK",
        "db.statement": "SELECT 1",
    },
    {
        "trace_id": "base1",
        "span_id": "z1",
        "parent_id": None,
        "service": "web",
        "name": "GET /",
        "start": "2026-03-04T14:00:00Z",
        "duration_ms": 2,
        "status": "OK",
    },
    {
        "trace_id": "base1",
        "span_id": "z2",
        "parent_id": "z1",
        "service": "cart",
        "name": "Get",
        "start": "2026-03-04T14:00:00Z",
        "duration_ms": 1,
        "status": "OK",
    },
]


def test_spans_find_their_trace(tmp_path):
    store, item = ingest(tmp_path, "traces.json", json.dumps(SPANS))
    assert item.records_kept == 5
    found = store.query("SELECT * FROM spans ORDER BY record_no").to_dicts()
    assert [row["trace_id"] for row in found[:3]] == ["0a" * 16] * 3
    assert found[3]["trace_id"] == found[4]["trace_id"] != "0a" * 16
    assert len(found[3]["trace_id"]) == 32
    assert [row["parent_span_id"] for row in found] == [
        "",
        found[0]["span_id"],
        found[1]["span_id"],
        "",
        found[3]["span_id"],
    ]
    assert [row["duration_ns"] for row in found] == [5_500_000, 4_000_000, 3_000_000, 2_000_000, 1_000_000]
    assert [row["status_code"] for row in found] == ["ERROR", "OK", "OK", "OK", "OK"]
    assert (found[0]["status_message"], found[1]["http_response_status_code"], found[2]["db_query_text"]) == (
        "boom",
        200,
        "SELECT 1",
    )
    assert found[0]["span_id"] == "00000000000000a1"


def test_roots_that_say_as_above_are_traces_of_their_own(tmp_path):
    one = [
        {**SPANS[0], "trace_id": "same"},
        SPANS[1],
        {**SPANS[0], "trace_id": "same", "span_id": "x9", "name": "other"},
    ]
    store, _ = ingest(tmp_path, "traces.json", json.dumps(one))
    traces = [row[0] for row in rows(store, "spans", "trace_id")]
    assert traces[0] == traces[1] != traces[2]


def test_spans_are_the_same_wherever_they_are_read(tmp_path):
    whole, _ = ingest(tmp_path, "a/traces.json", json.dumps(SPANS))
    lines, _ = ingest(tmp_path, "b/spans.ndjson", "\n".join(json.dumps(row) for row in SPANS))
    what = ("trace_id", "span_id", "parent_span_id", "service_name", "start_ns", "duration_ns", "status_code")
    assert rows(whole, "spans", *what) == rows(lines, "spans", *what)


@pytest.mark.parametrize(
    ("columns", "cells", "expected"),
    [
        (
            "traceID,spanID,parentSpanID,serviceName,operationName,startTime,duration",
            "ab,1f,,web,GET,1772633400000000,2500",
            (T0, 2_500_000),
        ),
        (
            "trace_id,span_id,parent_span_id,service,name,start_time,end_time",
            "ab,1f,,web,GET,2026-03-04T14:10:00Z,2026-03-04T14:10:00.0025Z",
            (T0, 2_500_000),
        ),
        ("trace_id,span_id,service,name,timestamp,duration_us", "ab,1f,web,GET,1772633400,2500", (T0, 2_500_000)),
        (
            "trace_id,span_id,service,operation,start,duration",
            "ab,1f,web,GET,2026-03-04T14:10:00Z,2.5ms",
            (T0, 2_500_000),
        ),
        (
            "TraceId,SpanId,ParentId,PodName,OperationName,StartTimeUnixNano,EndTimeUnixNano",
            "ab,1f,root,web,GET,1772633400000000000,1772633400002500000",
            (T0, 2_500_000),
        ),
    ],
)
def test_times_and_lengths_of_spans(tmp_path, columns, cells, expected):
    store, _ = ingest(tmp_path, "s.csv", f"{columns}\n{cells}\n")
    assert rows(store, "spans", "start_ns", "duration_ns", "service_name", "span_name", "parent_span_id") == [
        (*expected, "web", "GET", "")
    ]


def test_span_ids_are_made_up_from_content(tmp_path):
    text = "trace_id,service,name,start,duration_ms\nabcdefab,web,GET,2026-03-04T14:10:00Z,1\nabcdefab,web,GET /x,2026-03-04T14:10:00Z,1\n"
    one, _ = ingest(tmp_path, "a/s.csv", text)
    two, _ = ingest(tmp_path, "b/s.csv", text)
    ids = [row[0] for row in rows(one, "spans", "span_id")]
    assert ids == [row[0] for row in rows(two, "spans", "span_id")]
    assert len(set(ids)) == 2
    assert all(len(text) == 16 for text in ids)


def test_logs_in_csv(tmp_path):
    store, _ = ingest(
        tmp_path,
        "logs.csv",
        'time,level,service,message,trace_id,user\n2026-03-04T14:10:00Z,WARN,pay,"slow, again",0af7651916cd43dd8448eb211c80319c,u1\n',
    )
    assert rows(store, "logs", "time_ns", "service_name", "severity_number", "body", "trace_id") == [
        (T0, "pay", 13, "slow, again", "0af7651916cd43dd8448eb211c80319c")
    ]
    assert dict(rows(store, "logs", "attributes")[0][0]) == {"user": "u1"}


def test_patterns_are_kept_with_their_counts(tmp_path):
    store, _ = ingest(
        tmp_path,
        "patterns.json",
        json.dumps([{"signature": "lookup <host> failed", "service": "pay", "count": 312, "delta": "+312"}]),
    )
    assert rows(store, "logs", "time_ns", "service_name", "body", "template", "adjusted_count") == [
        (None, "pay", "lookup <host> failed", "lookup <host> failed", 1.0)
    ]
    assert dict(rows(store, "logs", "attributes")[0][0]) == {
        "rca.source": "pattern_summary",
        "count": "312",
        "delta": "+312",
    }


def test_a_document_of_several_tables(tmp_path):
    document = {
        "team": "shop",
        "deploys": [{"at": "2026-03-04T14:00:00Z", "service": "pay", "version": "1.2"}],
        "metrics": RECORDS,
        "unknowns": [{"foo": 1}],
    }
    store, item = ingest(tmp_path, "context.json", json.dumps(document))
    assert rows(store, "changes", "kind", "service_name", "service_version") == [("deploy", "pay", "1.2")]
    assert len(rows(store, "metrics", "value")) == 3
    assert item.records_quarantined == 1


def test_a_document_that_breaks_off_keeps_what_came_before(tmp_path):
    text = json.dumps(RECORDS)
    store, item = ingest(tmp_path, "m.json", text[: text.rindex("value") - 20])
    assert rows(store, "metrics", *POINT) == EXPECTED[:2]
    assert (item.status, item.records_quarantined) == ("partial", 1)


def test_more_columns_than_allowed(tmp_path):
    names = ",".join(f"s{at}_cpu" for at in range(3000))
    _, item = ingest(tmp_path, "w.csv", f"time,{names}\n1772633400,{','.join(['1'] * 3000)}\n", format="csv")
    assert item.status == "failed"
    assert "3,001 columns" in item.message


def test_a_grown_table_gives_the_rows_of_the_whole(tmp_path):
    path = tmp_path / "m.csv"
    lines = LONG.splitlines(keepends=True)
    with rca.open() as store:
        for cut in ("".join(lines[:3])[:-4], LONG):
            path.write_text(cut)
            assert balanced(store.ingest(path))
        assert sorted(rows(store, "metrics", *POINT)) == sorted(EXPECTED)


CELL = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="\r\0"), max_size=12)


@settings(max_examples=50, deadline=None)
@given(table=st.lists(st.tuples(st.floats(allow_nan=False, allow_infinity=False), CELL), min_size=1, max_size=12))
def test_what_csv_writes_is_read_back(table):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["timestamp", "service", "metric", "value", "note"])
    for value, note in table:
        writer.writerow(["2026-03-04T14:10:00Z", "a", "m", repr(value), note])
    taken, bad = sifted(out.getvalue().encode(), "m.csv", CSV)
    assert not bad
    assert [row["value"] for row in taken["metrics"]] == [value for value, _ in table]
    assert [dict(row["attributes"]).get("note", "") for row in taken["metrics"]] == [note for _, note in table]


@settings(max_examples=60, deadline=None)
@given(
    junk=st.lists(
        st.one_of(st.sampled_from(LONG.splitlines()[1:]), CELL, st.text('",;\n0123456789T:-Zabc', max_size=30)),
        max_size=15,
    )
)
def test_whatever_follows_a_header_every_record_is_accounted_for(junk):
    text = LONG.splitlines()[0] + "\n" + LONG.splitlines()[1] + "\n" + "\n".join(junk)
    taken, _ = sifted(text.encode(), "m.csv", CSV)
    assert set(taken) == {"metrics"}


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), CELL),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(CELL, inner, max_size=3)),
    max_leaves=8,
)
NAMES = [
    "timestamp",
    "service",
    "metric",
    "value",
    "kind",
    "sha",
    "flag",
    "version",
    "title",
    "files",
    "diff",
    "at",
    "labels",
    "unit",
]


@settings(max_examples=60, deadline=None)
@given(extra=st.lists(JSON, max_size=6), fields=st.dictionaries(st.sampled_from(NAMES), JSON))
def test_whatever_json_holds_every_record_is_accounted_for(extra, fields):
    document = [RECORDS[0], RECORDS[2], *extra, {**RECORDS[1], **fields}, fields]
    sifted(json.dumps(document).encode(), "m.json", DOCUMENT)


FIELDS = [
    "time",
    "at",
    "service",
    "version",
    "sha",
    "flag",
    "from",
    "to",
    "change",
    "author",
    "files",
    "diff",
    "title",
    "message",
    "end",
    "commits",
]


@settings(max_examples=60, deadline=None)
@given(
    fields=st.dictionaries(st.sampled_from(FIELDS), JSON),
    kind=st.sampled_from(["deploy", "flag", "commit", "scale", "incident", "experiment", "config", ""]),
)
def test_whatever_a_change_holds_it_is_accounted_for(fields, kind):
    changes = [{"kind": "deploy", "time": "2026-03-04T14:10:00Z", "title": "first"}, {"kind": kind, **fields}]
    taken, _ = sifted(json.dumps(changes).encode(), "changes.json", DOCUMENT)
    assert set(taken) == {"changes"}


SPAN_FIELDS = ["trace_id", "span_id", "parent_id", "service", "name", "start", "duration_ms", "status", "error"]


@settings(max_examples=60, deadline=None)
@given(
    more=st.lists(
        st.dictionaries(st.sampled_from(SPAN_FIELDS), st.one_of(JSON, st.sampled_from(["a1", "b1", "same", "1"]))),
        max_size=8,
    )
)
def test_whatever_spans_hold_every_record_is_accounted_for(more):
    taken, _ = sifted(json.dumps([*SPANS, *more]).encode(), "traces.json", DOCUMENT)
    assert all(len(row["trace_id"]) == 32 and len(row["span_id"]) == 16 for row in taken["spans"])


@pytest.mark.shared
@pytest.mark.parametrize("folder", ["petshop", "sockshop", "rootcausebench", "nezha"])
def test_rows_are_the_lines_of_real_tables(folder):
    if not SHARED.exists():
        pytest.skip("the acceptance corpus is not beside the project")
    paths = sorted((SHARED / folder).rglob("*.csv*"))[:12]
    with rca.open() as store:
        for item in store.ingest(*paths).inputs:
            path = Path(item.path)
            text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            assert item.format == "csv"
            assert item.records_kept == item.records_read == len(text.splitlines()) - 1


SHAPES = [
    ({"pay": {"latency_ms": [{"timestamp": "2026-03-04T14:10:00Z", "value": 1}]}}, "metrics", ("service_name", "metric_name", "value"), [("pay", "latency_ms", 1.0)]),
    ([{"service": "pay", "metric": "lat", "points": [[1772633400, 1], [1772633460, 2]]}], "metrics", ("service_name", "value"), [("pay", 1.0), ("pay", 2.0)]),
    ([{"service": "pay", "metric": "lat", "timestamps": ["2026-03-04T14:10:00Z"], "values": [1]}], "metrics", ("time_ns", "value"), [(T0, 1.0)]),
    ([{"timestamp": "2026-03-04T14:10:00Z", "pod": "pay-7d9f8b6c5d-x2k4p", "cpu": 3, "mem": 4}], "metrics", ("service_name", "metric_name"), [("pay", "cpu"), ("pay", "mem")]),
    ([{"trace_id": "ab" * 16, "spans": [{"span_id": "1", "service": "a", "name": "x", "start": "2026-03-04T14:10:00Z", "duration_ms": 5}]}], "spans", ("trace_id", "service_name"), [("ab" * 16, "a")]),
    ([{"trace_id": "ab" * 16, "span_id": "1", "service": "a", "name": "x", "start": "2026-03-04T14:10:00Z", "duration_ms": 5, "children": [{"span_id": "2", "service": "b", "name": "y", "start": "2026-03-04T14:10:00Z", "duration_ms": 3}]}], "spans", ("trace_id", "parent_span_id"), [("ab" * 16, ""), ("ab" * 16, "0" * 15 + "1")]),
    ([{"service": "a", "depends_on": ["b", "c"]}], "service_edges", ("caller", "callee"), [("a", "b"), ("a", "c")]),
    ([{"timestamp": "2026-03-04T14:10:00Z", "service": "pay", "query": "SELECT 1", "duration_ms": 1500, "rows_examined": 100}], "queries", ("time_ns", "duration_ns", "rows_examined", "db_query_digest"), [(T0, 1_500_000_000, 100, "select ?")]),
    ({"flags": [{"key": "x", "enabled": True, "updated_at": "2026-03-04T14:10:00Z", "updated_by": "ann"}]}, "changes", ("kind", "feature_flag_key", "to_value", "author"), [("flag", "x", "on", "ann")]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("document", "table", "columns", "expected"),
    SHAPES,
    ids=[f"{table}-{at}" for at, (_, table, _, _) in enumerate(SHAPES)],
)
def test_shapes_of_documents(tmp_path, document, table, columns, expected):
    store, item = ingest(tmp_path, "document.json", json.dumps(document))
    assert rows(store, table, *columns) == expected
    assert item.records_quarantined == 0


def test_deploys_under_the_key_of_their_service(tmp_path):
    document = {
        "pay": [{"version": "v1", "time": "2026-03-04T14:10:00Z"}],
        "cart": [{"version": "v2", "time": "2026-03-04T14:11:00Z"}],
    }
    store, _ = ingest(tmp_path, "deployments.json", json.dumps(document))
    assert rows(store, "changes", "kind", "service_name", "service_version") == [
        ("deploy", "pay", "v1"),
        ("deploy", "cart", "v2"),
    ]


@pytest.mark.parametrize(
    "record",
    [
        {
            "time": "2026-03-04T14:10:00Z",
            "level": "info",
            "msg": "deploy finished",
            "service": "deployer",
            "version": "1",
        },
        {
            "timestamp": "2026-03-04T14:10:00Z",
            "status": 200,
            "bytes": 12,
            "duration": 0.5,
            "method": "GET",
            "path": "/",
        },
        {"@timestamp": "2026-03-04T14:10:00Z", "event": "config loaded", "level": "debug"},
        {"time": 1772633400000, "name": "api", "level": 30, "msg": "hi", "v": 0, "pid": 1},
        {
            "ts": "2026-03-04T14:10:00Z",
            "trace_id": "ab" * 16,
            "span_id": "cd" * 8,
            "message": "done",
            "level": "INFO",
            "duration_ms": 3,
            "service": "a",
        },
    ],
)
def test_records_of_loggers_stay_logs(tmp_path, record):
    store, item = ingest(tmp_path, "deploy-service.ndjson", "\n".join(json.dumps(record) for _ in range(3)) + "\n")
    assert item.format == "json"
    assert store.tables()["logs"] == 3


@pytest.mark.parametrize(
    ("services", "metrics"),
    [
        # names of metrics that begin alike and end alike
        (["cart", "pay-service", "user"], ["istio_requests_total", "istio_requests_5xx_total", "container_cpu_usage_seconds_total", "container_fs_writes_bytes_total", "container_memory_rss"]),
        (["cart", "pay-service", "user"], ["kubernetes.cpu.usage.total", "kubernetes.memory.usage", "trace.http.request.hits", "trace.http.request.errors"]),
        # services whose names begin like metrics
        (["rate-7d9c", "WriteTimeline", "geo-1a2b", "search"], ["cpu", "mem", "latency-50", "workload"]),
    ],
)  # fmt: skip
def test_services_of_a_wide_table_are_told_from_metrics(services, metrics):
    from rca.ingest.tables.series_names import split_names

    columns = {f"{service}_{metric}": (service, metric) for service in services for metric in metrics}
    found = split_names(list(columns), hint="metrics.csv", alone=False)
    assert {name: parts[:2] for name, parts in found.items()} == columns

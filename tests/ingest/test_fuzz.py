"""Damaged and mixed-up files: whatever the bytes, every record is accounted for and only errors of `rca` are raised.

Hypothesis damages small files of many formats. ``RCA_FUZZ_EXAMPLES=20000 python -m pytest tests/ingest/test_fuzz.py`` goes on for
longer; ``benchmarks/fuzz.py`` does the same, guided by coverage, for as long as it is told.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rca.errors import RcaError
from rca.ingest.contract import Context
from rca.ingest.formats import choose
from rca.ingest.reading import beginning, read_into
from rca.ingest.sink import TableSink
from rca.ingest.discover import discover
from rca.ingest.limits import Limits
from rca.schema import PRIMARY, arrow_schema

EXAMPLES = int(os.environ.get("RCA_FUZZ_EXAMPLES", "150"))
SPAN = {"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "name": "GET /cart", "kind": 2, "startTimeUnixNano": "1772633400000000000", "endTimeUnixNano": "1772633400005000000", "attributes": [{"key": "http.route", "value": {"stringValue": "/cart"}}]}  # fmt: skip
OTLP = json.dumps(
    {
        "resourceSpans": [
            {"resource": {"attributes": []}, "scopeSpans": [{"spans": [SPAN, SPAN | {"spanId": "00f067aa0ba902b7"}]}]}
        ]
    }
)
SEEDS = [
    OTLP + "\n" + OTLP.replace("b7ad", "c8be") + "\n",
    json.dumps({"data": [{"traceID": "4bf92f3577b34da6", "spans": [{"traceID": "4bf92f3577b34da6", "spanID": "00f067aa0ba902b7", "operationName": "op", "references": [], "startTime": 1772633400000000, "duration": 5000, "tags": [], "logs": [], "processID": "p1"}], "processes": {"p1": {"serviceName": "cart", "tags": []}}}]}),
    json.dumps([{"traceId": "463ac35c9f6413ad", "id": "72485a3953bb6124", "name": "get", "timestamp": 1772633400000000, "duration": 900, "kind": "SERVER", "localEndpoint": {"serviceName": "cart"}}] * 2),
    '{"time":"2026-03-04T14:10:00Z","level":"info","msg":"paid","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"}\n{"time":"2026-03-04T14:10:01Z","level":"error","msg":"gone","n":7}\n',
    '192.0.2.7 - - [04/Mar/2026:14:10:00 +0000] "GET /cart?id=7 HTTP/1.1" 200 512 "-" "curl/8.5" 0.012\n192.0.2.8 - - [04/Mar/2026:14:10:01 +0000] "POST /pay HTTP/1.1" 502 0 "-" "-" 3.0\n',
    "2026-03-04 14:10:00,123 ERROR [pool-1] cart.Shop - item gone\njava.lang.IllegalStateException: gone\n\tat cart.Shop.take(Shop.java:7)\n2026-03-04 14:10:01,000 INFO [pool-1] cart.Shop - next\n",
    "<34>Mar  4 14:10:00 web1 sshd[77]: session opened\n<165>1 2026-03-04T14:10:01.003Z web1 app 88 ID47 - started\n",
    'level=info ts=2026-03-04T14:10:00Z msg="order paid" order=7\nlevel=warn ts=2026-03-04T14:10:01Z msg=slow took=3s\n',
    "# Time: 2026-03-04T14:10:00.000001Z\n# User@Host: shop[shop] @ db [10.0.0.7]  Id: 7\n# Query_time: 1.500000  Lock_time: 0.000100 Rows_sent: 1  Rows_examined: 90000\nSET timestamp=1772633400;\nSELECT * FROM carts WHERE note = 'it''s -- a # Time: trap';\n",
    "2026-03-04 14:10:00.123 UTC [77] shop@cart LOG:  duration: 812.330 ms  statement: SELECT *\n\tFROM carts WHERE id = 7\n2026-03-04 14:10:01.123 UTC [77] shop@cart ERROR:  deadlock detected\n2026-03-04 14:10:01.124 UTC [77] shop@cart DETAIL:  Process 77 waits.\n",
    '2026-03-04 14:10:00.123 UTC,"shop","cart",77,"10.0.0.7:5000",69a8.4d,1,"SELECT",2026-03-04 14:00:00 UTC,3/7,0,LOG,00000,"duration: 812.330 ms  statement: SELECT ""a"" FROM carts",,,,,,,,,"psql","client backend",,0\n',
    '{"t":{"$date":"2026-03-04T14:10:00.000+00:00"},"s":"I","c":"COMMAND","id":51803,"ctx":"conn7","msg":"Slow query","attr":{"type":"command","ns":"shop.carts","command":{"find":"carts","filter":{"user":7}},"planSummary":"COLLSCAN","docsExamined":9000,"nreturned":1,"durationMillis":812}}\n',
    '# HELP up x\n# TYPE up gauge\nup{job="cart"} 1 1772633400000\nup{job="pay"} 0 1772633400000\n# TYPE h histogram\nh_bucket{le="0.1"} 3\nh_bucket{le="+Inf"} 4\nh_sum 0.7\nh_count 4\n',
    json.dumps({"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {"__name__": "up", "job": "cart"}, "values": [[1772633400, "1"], [1772633415.5, "NaN"]]}]}}),
    "cpu,host=a load=0.7,n=7i 1772633400000000000\ncpu,host=b load=0.9 1772633401000000000\n",
    "time,service,latency_ms,status\n2026-03-04T14:10:00Z,cart,12.5,200\n2026-03-04T14:10:01Z,pay,900,500\n",
    json.dumps([{"kind": "deploy", "time": "2026-03-04T14:10:00Z", "service": "cart", "version": "1.5.0"}, {"kind": "flag", "time": "2026-03-04T14:11:00Z", "flag": "promo", "value": "on"}]),
    json.dumps({"name": "shop", "id": "70de5b6f19ff9a0a", "trace_id": "1-581cf771-a006649127e371903a2de979", "start_time": 1772633400.5, "end_time": 1772633401.5, "http": {"response": {"status": 503}}, "subsegments": [{"name": "DynamoDB", "id": "53995c3f42cd8ad8", "start_time": 1772633400.6, "end_time": 1772633400.7, "namespace": "aws", "aws": {"operation": "GetItem", "table_name": "carts"}}]}),
    json.dumps([[{"trace_id": 1234567890123, "span_id": 7, "parent_id": 0, "service": "shop", "name": "web.request", "resource": "GET /", "type": "web", "start": 1772633400000000000, "duration": 5000000, "error": 0, "meta": {"_dd.p.tid": "65f2a0f700000000"}, "metrics": {"_dd.rule_psr": 0.5}}]]),
    'Timestamp,TraceId,SpanId,ParentSpanId,SpanName,SpanKind,ServiceName,SpanAttributes,Duration,StatusCode\n"2026-03-04 14:10:00.000000001",0af7651916cd43dd8448eb211c80319c,b7ad6b7169203331,,get,Server,shop,"{\'http.method\':\'GET\'}",5000,Ok\n',
    json.dumps({"metadata": {"service": {"name": "shop"}}}) + "\n" + json.dumps({"span": {"id": "eee19b7ec3c1b175", "trace_id": "5b8efff798038103d269b633813fc60c", "name": "SELECT", "type": "db", "duration": 2.5, "timestamp": 1772633400000000, "composite": {"count": 7}}}) + "\n",
    json.dumps([{"t": "1b2c3d4e5f6a7b8c", "s": "2b2c3d4e5f6a7b8c", "n": "postgres", "k": 2, "ts": 1772633400000, "d": 2, "ec": 1, "data": {"pg": {"stmt": "select 1"}}}]),
    json.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "m", "exponentialHistogram": {"aggregationTemporality": 2, "dataPoints": [{"timeUnixNano": "1772633400000000000", "count": "3", "scale": 3, "zeroCount": "1", "positive": {"offset": -2, "bucketCounts": ["1", "1"]}}]}}]}]}]}),
    "shop.cart.latency;service=cart 3.5 1772633400\nshop.cart.n;service=cart 2 1772633401\n",
    '{"fields":{"usage":1.5,"note":"a"},"name":"cpu","tags":{"host":"a"},"timestamp":1772633400}\n',
    '"Time","cart latency","pay latency"\n"2026-03-04 14:10:00","980 \u00b5s","1.20 s"\n"2026-03-04 14:11:00","","3 ms"\n',
    "5f0c2d1e8b7a69584736251403f2e1d0c9b8a796|Shop|2026-03-04T14:10:00+00:00|Raise the limit\n",
    "commit 5f0c2d1e8b7a69584736251403f2e1d0c9b8a796\nAuthor: Shop <shop@example.org>\nDate:   Wed Mar 4 14:10:00 2026 +0000\n\n    Raise the limit\n\ndiff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-limit = 7\n+limit = 9\n",
]  # fmt: skip
PIECES = [b'"', b"\\", b"'", b"\n", b"\r\n", b"\x00", b"\xff\xfe", b"{", b"[", b"]}", b"1e999", b"-", b"99999999999999999999999", b"0001-01-01T00:00:00Z", b"\xe2\x80\xae", b"\t", b"null", b"NaN", b"\x1b[31m", b",,,", b"# Time: ", b"<34>", b"\x1f\x8b", b"PK\x03\x04", b"\n\n\n"]  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Return a file of some format after a few cuts, insertions, repeats, and pieces of another file."""
    data = draw(st.sampled_from(SEEDS)).encode()
    for _ in range(draw(st.integers(0, 5))):
        at = draw(st.integers(0, len(data)))
        size = draw(st.integers(0, 40))
        change = draw(st.sampled_from(["cut", "insert", "bytes", "repeat", "end", "other"]))
        if change == "cut":
            data = data[:at] + data[at + size :]
        elif change == "insert":
            data = data[:at] + draw(st.sampled_from(PIECES)) + data[at:]
        elif change == "bytes":
            data = data[:at] + draw(st.binary(max_size=8)) + data[at:]
        elif change == "repeat":
            data = data[:at] + data[at : at + size] * draw(st.integers(2, 9)) + data[at:]
        elif change == "end":
            data = data[:at]
        else:
            other = draw(st.sampled_from(SEEDS)).encode()
            data = data[:at] + other[len(other) // 3 :]
    return data


def account(path: Path) -> tuple[str, dict[str, int]]:
    """Read one file as an ingest does, check each batch against the schema, and check that every record is accounted for."""
    held: dict[str, int] = {}

    def insert(table: str, batch: pa.Table) -> None:
        assert batch.schema.names == arrow_schema(table).names
        batch.validate(full=True)
        held[table] = held.get(table, 0) + batch.num_rows

    (source,) = discover(str(path), Limits())
    sample = beginning(source)
    if sample is None:
        return "empty", held
    reader = choose(sample)
    outcome = read_into(reader, source, TableSink(insert, "0" * 32, Context()))
    assert sum(held.get(table, 0) for table in PRIMARY) == outcome.kept, (reader.name, held, outcome)
    assert held.get("quarantine", 0) == outcome.quarantined, (reader.name, held, outcome)
    assert outcome.read or outcome.notes or not held, (reader.name, held, outcome)
    return reader.name, held


def check(path: Path) -> None:
    """Fail where a file breaks a reader or is not accounted for; a refusal that says why is an answer."""
    try:
        account(path)
    except RcaError as error:
        broken = str(error) if "breaks the reader" in str(error) else ""
    else:
        broken = ""
    assert not broken


@pytest.mark.parametrize("number", range(len(SEEDS)))
def test_each_seed_is_read_whole(number, tmp_path):
    file = tmp_path / "input"
    file.write_text(SEEDS[number])
    name, held = account(file)
    assert sum(held.get(table, 0) for table in PRIMARY), name
    assert not held.get("quarantine"), name


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="RCA_FUZZ_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
@given(damaged())
def test_damaged_files_are_accounted_for(tmp_path_factory, data):
    file = tmp_path_factory.mktemp("fuzz") / "input"
    file.write_bytes(data)
    check(file)

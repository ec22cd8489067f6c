"""rca's own tables as Parquet read back exactly as they were exported."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rca
from rca.ingest.tables.canonical import EVENTS
from rca.schema import arrow_schema


def spans(count: int) -> pa.Table:
    maps = arrow_schema("spans").field("attributes").type
    return pa.table(
        {
            "trace_id": [f"{n:032x}" for n in range(count)],
            "span_id": [f"{n:016x}" for n in range(count)],
            "span_kind": ["SERVER"] * count,
            "service_name": ["shop"] * count,
            "start_ns": pa.array([10**18 + n for n in range(count)], pa.int64()),
            "duration_ns": pa.array([5] * count, pa.int64()),
            "adjusted_count": [2.0] * count,
            "attributes": pa.array([[("k", str(n))] for n in range(count)], maps),
            "events": pa.array([[(7, "seen", [("a", "b")])] if n % 2 else [] for n in range(count)], EVENTS),
        }
    )


def test_spans_with_their_events_read_back(tmp_path):
    pq.write_table(spans(6), tmp_path / "spans.parquet")
    store = rca.open()
    ledger = store.ingest(tmp_path)
    assert ledger.inputs[0].format == "rca-parquet"
    rows = store.query("SELECT trace_id, adjusted_count, attributes['k'] AS k FROM spans ORDER BY record_no").rows()
    assert rows == [(f"{n:032x}", 2.0, str(n)) for n in range(6)]
    events = store.query("SELECT span_id, time_ns, event_name FROM span_events ORDER BY 1").rows()
    assert events == [(f"{n:016x}", 7, "seen") for n in (1, 3, 5)]


@pytest.mark.parametrize("table", ["metrics", "logs", "queries", "changes"])
def test_what_a_store_holds_comes_back_the_same(tmp_path, table):
    schema = arrow_schema(table)
    row = {
        field.name: {"int64": 3, "double": 1.5, "string": "x", "bool": True}.get(str(field.type).removeprefix("large_"))
        for field in schema
    }
    block = pa.Table.from_pylist([row], schema=schema).drop_columns(["ingest_id", "record_no"])
    pq.write_table(block, tmp_path / "a.parquet")
    store = rca.open()
    assert [item.format for item in store.ingest(tmp_path).inputs] == ["rca-parquet"]
    names = ", ".join(block.schema.names)
    found = store.query(f"SELECT {names} FROM {table}").rows()  # the names are the schema's own
    assert len(found) == 1
    assert all(a == b or b is None for a, b in zip(found[0], (row[name] for name in block.schema.names), strict=True))


def test_a_column_of_another_type_is_no_table_of_ours(tmp_path):
    table = spans(2).drop_columns(["events"])
    at = table.schema.names.index("duration_ns")
    pq.write_table(table.set_column(at, "duration_ns", pa.array([1.5, 2.5])), tmp_path / "a.parquet")
    assert [item.format for item in rca.open().ingest(tmp_path).inputs] != ["rca-parquet"]

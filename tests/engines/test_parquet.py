"""A folder of Parquet, read where it lies, gives what the ingested store gives."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import duckdb
import pytest

import rca
from rca import sql
from rca.errors import EngineError, OptionError, QueryError, StoreError


@pytest.fixture(scope="module")
def folder(recorded, tmp_path_factory):
    place = tmp_path_factory.mktemp("lake") / "telemetry"
    recorded.export(place)
    return place


@pytest.fixture(scope="module")
def lake(folder):
    with rca.open(f"{folder}/*.parquet") as store:
        yield store


@pytest.fixture(scope="module")
def known(recorded, parameters_of):
    return parameters_of(recorded)


def test_every_statement_gives_the_same_to_the_last_bit(recorded, lake, known, statement_names, filled_in, differs):
    found = {}
    for name in statement_names:
        statement = sql.statement(name)
        params = filled_in(statement, known)
        found[name] = differs(recorded.query(statement.sql, params), lake.query(statement.sql, params))
    assert found
    assert {name: what for name, what in found.items() if what} == {}


@pytest.mark.slow
def test_the_investigation_says_the_same(recorded, folder):
    with rca.open(folder) as store:
        there = rca.investigate(store).to_dict()
    assert there == rca.investigate(recorded).to_dict()


def test_counts_are_the_store_s(recorded, lake):
    assert lake.tables() == recorded.tables()


def test_nothing_can_be_written(lake, tmp_path):
    with pytest.raises(EngineError, match="read-only"):
        lake.ingest(tmp_path)
    with pytest.raises(QueryError):
        lake.query("COPY spans TO 'stolen.parquet'")
    with pytest.raises(QueryError):
        lake.query("SELECT * FROM read_text('/etc/hostname')")


def test_export_wants_an_empty_folder(recorded, folder):
    with pytest.raises(StoreError, match="Parquet already"):
        recorded.export(folder)


def test_what_is_no_parquet_is_said(tmp_path):
    (tmp_path / "spans.parquet").write_bytes(b"no parquet at all")
    with pytest.raises(StoreError, match="no whole Parquet file"):
        rca.open(tmp_path)
    with pytest.raises(StoreError, match="names no Parquet file"):
        rca.open(tmp_path / "*.parq")


def test_unknown_columns_are_named(tmp_path, write_parquet):
    write_parquet(tmp_path / "orders.parquet", {"order_id": [1], "price": [2.0]})
    with pytest.raises(StoreError, match=r"no known layout.*order_id"):
        rca.open(tmp_path)


def test_exporter_s_columns_are_read(tmp_path, write_parquet):
    write_parquet(tmp_path / "otel_traces.parquet", {
        "Timestamp": [1_772_633_400_000_000_001, 1_772_633_400_500_000_000],
        "TraceId": ["5B8EFFF798038103D269B633813FC60C", "5b8efff798038103d269b633813fc60c"],
        "SpanId": ["EEE19B7EC3C1B174", "1f"],
        "ParentSpanId": ["", "eee19b7ec3c1b174"],
        "TraceState": ["ot=th:cccccccccccccd", "a=b,ot=rv:1;th:c"],
        "SpanName": ["GET /cart", "SELECT"],
        "SpanKind": ["SPAN_KIND_SERVER", "Client"],
        "ServiceName": ["checkout", ""],
        "ResourceAttributes": [{"service.version": "2"}, {"service.name": "pricing"}],
        "SpanAttributes": [{"http.status_code": "503"}, {"db.system": "mssql", "db.statement": "SELECT 1", "db.operation.batch.size": "12"}],
        "Duration": [5, 7],
        "StatusCode": ["STATUS_CODE_ERROR", "Unset"],
    })  # fmt: skip
    with rca.open(tmp_path) as store:
        first, second = store.query("SELECT * FROM spans ORDER BY start_ns").to_dicts()
    assert (first["trace_id"], first["span_id"]) == ("5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174")
    assert (first["start_ns"], first["span_kind"], first["status_code"]) == (
        1_772_633_400_000_000_001,
        "SERVER",
        "ERROR",
    )
    assert (first["http_response_status_code"], first["service_version"], first["service_name"]) == (
        503,
        "2",
        "checkout",
    )
    assert round(first["adjusted_count"], 9) == 5.0
    assert (second["span_id"], second["service_name"], second["span_kind"]) == ("000000000000001f", "pricing", "CLIENT")
    assert (second["db_system_name"], second["db_query_text"], second["calls"]) == (
        "microsoft.sql_server",
        "SELECT 1",
        12,
    )
    assert (second["adjusted_count"], second["status_code"], second["db_query_digest"]) == (4.0, "UNSET", "")


def test_window_and_sample_are_cut_in_the_files(folder, recorded):
    low, high = recorded.query("SELECT MIN(start_ns) AS a, MAX(start_ns) AS b FROM spans").row(0)
    middle = (low + high) // 2
    with rca.open(folder, start=middle, end=high + 1) as store:
        seen = store.query("SELECT COUNT(*) AS n, MIN(start_ns) AS a FROM spans").row(0)
    assert seen == recorded.query(
        "SELECT COUNT(*) AS n, MIN(start_ns) AS a FROM spans WHERE start_ns >= $at", at=middle
    ).row(0)
    with rca.open(folder, sample=4) as store:
        row = store.query("SELECT COUNT(DISTINCT trace_id) AS n, MAX(adjusted_count) AS w FROM spans").row(0)
    whole = recorded.query("SELECT COUNT(DISTINCT trace_id) AS n, MAX(adjusted_count) AS w FROM spans").row(0)
    assert row[1] == 4 * whole[1]
    assert 0.2 < row[0] / whole[0] < 0.3
    with pytest.raises(OptionError, match="one trace in"):
        rca.open(folder, sample=3)


def test_a_trace_is_found_by_the_filters_of_the_files(recorded, folder, generated):
    known = recorded.query("SELECT trace_id FROM spans LIMIT 1")["trace_id"][0]
    probe = "SELECT bloom_filter_excludes FROM parquet_bloom_probe($file, 'trace_id', $trace_id)"
    with duckdb.connect() as con:
        for trace, excluded in ((known, False), ("0" * 31 + "f", True)):
            found = con.execute(probe, {"file": str(folder / "spans.parquet"), "trace_id": trace}).fetchall()
            assert {row[0] for row in found} == {excluded}
    with rca.open(generated) as store:
        some = store.query("SELECT trace_id FROM spans GROUP BY trace_id ORDER BY trace_id LIMIT 3")[
            "trace_id"
        ].to_list()
        text = sql.statement("local/spans_of_traces").sql
        plan = store.query(f"EXPLAIN ANALYZE {text}", trace_ids=some)["explain_value"][0]
        assert store.query(text, trace_ids=some).height == 33
        assert store.query(text, trace_ids=[]).height == 0
    assert "Filters" in plan
    assert not re.search(r"\b\d{2,3},\d{3} rows", plan), "all spans left the scan"


@pytest.mark.parametrize(
    ("log", "name"), [("_delta_log/00000000000000000000.json", "Delta"), ("metadata/v1.metadata.json", "Iceberg")]
)
def test_tables_whose_log_says_which_files_count_are_refused(log, name, folder, tmp_path):
    place = tmp_path / "spans" / "day=1"
    place.mkdir(parents=True)
    shutil.copy(folder / "spans.parquet", place / "part-0.parquet")
    (tmp_path / "spans" / log).parent.mkdir()
    (tmp_path / "spans" / log).write_text("{}")
    for where in (tmp_path, place / "*.parquet"):
        with pytest.raises(StoreError, match=f"is a table of {name}.*sc://"):
            rca.open(where)


def test_what_is_larger_than_memory_gives_the_same(generated, monkeypatch, parameters_of, filled_in, differs):
    with rca.open(generated) as store:
        known = parameters_of(store)
        asked = {name: filled_in(sql.statement(name), known) for name in ("dependency_hops", "trace_integrity")}
        roomy = {name: store.query(sql.statement(name).sql, params) for name, params in asked.items()}
        most = store.query("SELECT current_setting('memory_limit') AS bound")["bound"][0]
    assert most in ("1.8 GiB", "1.9 GiB")  # 2 GB, whatever the machine has
    monkeypatch.setattr("rca.engines.parquet.MEMORY", 100_000_000)
    with rca.open(generated) as store:
        assert {
            name: differs(roomy[name], store.query(sql.statement(name).sql, params)) for name, params in asked.items()
        } == dict.fromkeys(asked, "")
        place = Path(store.query("SELECT current_setting('temp_directory') AS place")["place"][0])
        assert place.is_dir(), "nothing was written to temporary files: the memory was enough"
    assert not place.exists()


def test_what_a_folder_lacks_comes_from_beside(tmp_path, recorded):
    recorded.export(tmp_path / "all")
    (tmp_path / "all" / "changes.parquet").unlink()
    with rca.open(tmp_path / "all") as store:
        assert store.tables()["changes"] == 0
    with rca.open(tmp_path / "all", beside=recorded) as store:
        assert store.tables()["changes"] == recorded.tables()["changes"]

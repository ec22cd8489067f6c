"""ClickHouse's engine, embedded, over the tables that others make: what it gives is what the store gives.

Needs the dependency group ``engines``; without it every test is skipped and says so.
"""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

import rca
from rca import schema, sql
from rca.errors import EngineError, QueryError

clickhouse_connect = pytest.importorskip(
    "clickhouse_connect", reason="install the group engines: pip install --group engines"
)
pytest.importorskip("chdb", reason="install the group engines: pip install --group engines")

DDL = Path(__file__).parent / "ddl"
TYPES = {
    "VARCHAR": "String", "BIGINT": "Nullable(Int64)", "INTEGER": "Nullable(Int32)", "DOUBLE": "Nullable(Float64)", "BOOLEAN": "Nullable(Bool)",
    "MAP(VARCHAR, VARCHAR)": "Map(String, String)", "VARCHAR[]": "Array(String)", "DOUBLE[]": "Array(Float64)", "BIGINT[]": "Array(Int64)",
}  # fmt: skip
SCOPE = "k NOT IN ('w3c.tracestate', 'otel.scope.name', 'otel.scope.version')"
TABLES_OF_FILES = {"ingests", "quarantine"}
"""What is known of the files that were read: tables elsewhere know none."""


@pytest.fixture(scope="module")
def client():
    opened = clickhouse_connect.get_client(dsn="chdb://memory")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def folder(recorded, tmp_path_factory):
    place = tmp_path_factory.mktemp("lake") / "telemetry"
    recorded.export(place)
    return place


@pytest.fixture(scope="module")
def few(recorded, tmp_path_factory):
    """What collectors do not bring: changes and the slow log."""
    place = tmp_path_factory.mktemp("beside")
    recorded.export(place)
    for path in place.glob("*.parquet"):
        if path.stem not in ("changes", "queries"):
            path.unlink()
    with rca.open(place) as store:
        yield store


def attributes(text, *, as_json):
    plain = f"CAST({text} AS Map(String, String))"
    return f"CAST(toJSONString({plain}) AS JSON)" if as_json else plain


def fill(client, name, folder, *, database, as_json=False):
    """Make the tables of a file below ddl/ and fill them from Parquet."""
    own = f"mapFilter((k, v) -> {SCOPE}, CAST(s.attributes AS Map(String, String)))"
    correlated = f"mapFilter((k, v) -> v <> '', mapConcat({own}, map('request_id', s.request_id)))"
    words = {
        "{attributes}": "JSON" if as_json else "Map(LowCardinality(String), String)", "{time}": "DateTime64(9)", "{folder}": str(folder),
        "{resource}": attributes("s.resource_attributes", as_json=as_json), "{own}": attributes(own, as_json=as_json),
        "{event}": attributes("attributes", as_json=as_json), "{log}": attributes(correlated, as_json=as_json),
    }  # fmt: skip
    text = re.sub(r"--[^\n]*", "", (DDL / f"{name}.sql").read_text())
    for word, into in words.items():
        text = text.replace(word, into)
    client.command(f"CREATE DATABASE {database}")
    client.command(f"USE {database}")
    for part in text.split(";"):
        if part.strip():
            client.command(part)


def differences(recorded, store, parameters_of, statement_names, filled_in, differs):
    known, found = parameters_of(recorded), {}
    for name in statement_names:
        statement = sql.statement(name)
        params = filled_in(statement, known)
        left, right = recorded.query(statement.sql, params), store.query(statement.sql, params)
        if name == "log_templates":  # the reader of PostgreSQL's log makes no templates, where tables of logs get them
            left, right = (frame.filter(frame["service_name"] != "") for frame in (left, right))
        of_files = TABLES_OF_FILES & set(re.findall(r"\b(?:FROM|JOIN) (\w+)", statement.sql))
        what = "" if of_files else differs(left, right)
        if what:
            found[name] = what
    return found


@pytest.fixture(scope="module")
def compared(recorded, parameters_of, statement_names, filled_in, differs):
    return lambda store: differences(recorded, store, parameters_of, statement_names, filled_in, differs)


@pytest.fixture(scope="module")
def own_tables(client, folder):
    client.command("CREATE DATABASE own")
    client.command("USE own")
    for table in schema.TABLES:
        columns = ", ".join(
            f"`{one.name}` {'Nullable(String)' if one.name == 'plan' else TYPES[one.type]}" for one in table.columns
        )
        client.command(f"CREATE TABLE {table.name} ({columns}) ENGINE = MergeTree ORDER BY tuple()")
        file = folder / f"{table.name}.parquet"
        if file.exists():
            names = ", ".join(f"`{one.name}`" for one in table.columns)
            client.command(f"INSERT INTO {table.name} SELECT {names} FROM file('{file}', Parquet)")
    return "own"


def test_own_tables_give_the_same_to_the_last_bit(client, own_tables, compared):
    client.command(f"USE {own_tables}")
    with rca.open(client) as store:
        assert compared(store) == {}


@pytest.mark.parametrize("as_json", [False, True], ids=["maps", "json"])
def test_the_exporter_s_tables_give_the_same_to_the_last_bit(client, folder, few, compared, as_json):
    fill(client, "exporter", folder, database=f"exported_{as_json}", as_json=as_json)
    with rca.open(client, beside=few) as store:
        assert compared(store) == {}


@pytest.mark.slow
def test_the_investigation_of_the_exporter_s_tables_comes_to_the_same_verdicts(client, folder, few, recorded):
    fill(client, "exporter", folder, database="investigated")
    with rca.open(client, beside=few) as store:
        there, here = rca.investigate(store).to_dict(), rca.investigate(recorded).to_dict()
    assert there["incident"] == here["incident"]
    assert there["services"] == here["services"]
    for one, other in zip(there["changes"], here["changes"], strict=True):
        assert one == other
    assert [(item["id"], item["status"]) for item in there["hypotheses"]] == [
        (item["id"], item["status"]) for item in here["hypotheses"]
    ]


def test_signoz_gives_the_same_spans(client, folder, few, recorded, parameters_of, statement_names, filled_in, differs):
    fill(client, "signoz", folder, database="signoz")
    known, compared = parameters_of(recorded), []
    with rca.open(client, beside=few) as store:
        assert store.tables()["spans"] == recorded.tables()["spans"]
        for name in statement_names:
            statement = sql.statement(name)
            relations = set(re.findall(r"\b(?:FROM|JOIN) (\w+)", statement.sql))
            tables = relations & {table.name for table in schema.TABLES}
            if tables and tables <= {"spans", "changes", "queries", "service_edges"}:
                params = filled_in(statement, known)
                what = differs(recorded.query(statement.sql, params), store.query(statement.sql, params))
                assert not what, f"{name}: {what}"
                compared.append(name)
    assert len(compared) > 15


def test_signoz_gives_the_same_metrics(client, folder, tmp_path, parameters_of, statement_names, filled_in, differs):
    fill(client, "signoz", folder, database="signoz_metrics")
    (tmp_path / "spans.parquet").write_bytes((folder / "spans.parquet").read_bytes())
    with duckdb.connect() as con:  # what SigNoz keeps of metrics: numbers at milliseconds
        con.execute(
            f"COPY (SELECT * REPLACE (time_ns - time_ns % 1000000 AS time_ns) FROM '{folder}/metrics.parquet' "
            f"WHERE metric_type IN ('gauge', 'sum') AND value IS NOT NULL) TO '{tmp_path}/metrics.parquet' (FORMAT parquet)"
        )
    compared = []
    with rca.open(tmp_path) as reference, rca.open(client) as store:
        assert store.engine.mounted["metrics"] == ("samples_v4",)
        assert store.tables()["metrics"] == reference.tables()["metrics"]
        known = parameters_of(reference)
        for name in statement_names:
            statement = sql.statement(name)
            relations = set(re.findall(r"\b(?:FROM|JOIN) (\w+)", statement.sql)) & {
                table.name for table in schema.TABLES
            }
            if relations == {"metrics"} and "start_time_ns" not in statement.sql:
                params = filled_in(statement, known)
                what = differs(reference.query(statement.sql, params), store.query(statement.sql, params))
                assert not what, f"{name}: {what}"
                compared.append(name)
    assert len(compared) > 3
    low, high = known["from_ns"], known["start_ns"]
    with rca.open(tmp_path, start=low, end=high) as reference, rca.open(client, start=low, end=high) as store:
        assert 0 < store.tables()["metrics"] == reference.tables()["metrics"]
        assert 0 < store.tables()["spans"] == reference.tables()["spans"]


def test_a_trace_is_found_by_the_table_s_index(client, generated):
    client.command("CREATE DATABASE indexed")
    client.command("USE indexed")
    client.command(
        "CREATE TABLE otel_traces (Timestamp DateTime64(9), TraceId String, SpanId String, ParentSpanId String, SpanName LowCardinality(String), "
        "ServiceName LowCardinality(String), SpanAttributes Map(LowCardinality(String), String), Duration UInt64, "
        "INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1) "  # as the exporter makes it
        "ENGINE = MergeTree PARTITION BY toDate(Timestamp) ORDER BY (ServiceName, SpanName, toDateTime(Timestamp)) SETTINGS index_granularity = 1024"
    )
    client.command(
        "INSERT INTO otel_traces SELECT fromUnixTimestamp64Nano(start_ns), trace_id, span_id, parent_span_id, span_name, service_name, map(), duration_ns "
        f"FROM file('{generated}/spans/part-0.parquet', Parquet)"
    )
    with rca.open(client) as store:
        one = store.query("SELECT MIN(trace_id) AS trace_id FROM spans")["trace_id"][0]
        asked, ask = [], store.engine.ask
        store.engine.ask = lambda text, params: (asked.append((text, params)), ask(text, params))[1]
        assert store.query(sql.statement("trace_spans").sql, trace_id=one).height == 11
        text, params = asked[-1]
        plan = "\n".join(row["explain"] for row in ask(f"EXPLAIN indexes = 1 {text}", params).to_pylist())
    skipped = re.search(r"Name: idx_trace_id.*?Granules: (\d+)/(\d+)", plan, re.DOTALL)
    assert skipped, plan
    assert int(skipped[2]) > 50
    assert int(skipped[1]) <= 15, "a granule a span of the trace, and hardly any other"


def test_settings_that_keep_results_right_are_checked(client, own_tables):
    client.command(f"USE {own_tables}")
    with rca.open(client) as store:
        joined = store.query(
            "SELECT COALESCE(e.caller, 'none') AS caller FROM changes AS c LEFT JOIN service_edges AS e ON c.kind = e.caller LIMIT 1"
        )
        assert joined["caller"].to_list() == ["none"]
        assert store.query("SELECT SUM(duration_ns) AS s FROM spans WHERE trace_id = 'none'")["s"].to_list() == [None]


def test_nothing_but_select_is_sent(client, own_tables):
    client.command(f"USE {own_tables}")
    with rca.open(client) as store:
        for text in (
            "DROP TABLE spans",
            "INSERT INTO spans (trace_id) VALUES ('a')",
            "ALTER TABLE spans DELETE WHERE 1 = 1",
        ):
            with pytest.raises(QueryError, match="read-only"):
                store.query(text)
        with pytest.raises(EngineError, match="read-only"):
            store.ingest("anything")


def test_tables_of_no_layout_are_named(client):
    client.command("CREATE DATABASE shop")
    client.command("USE shop")
    client.command("CREATE TABLE orders (id UInt64, price Float64) ENGINE = MergeTree ORDER BY id")
    with pytest.raises(EngineError, match=r"no table of a known layout.*orders \(id"):
        rca.open(client)
    client.command(
        "CREATE TABLE otel_traces (Timestamp DateTime64(9), TraceId String, Span String) ENGINE = MergeTree ORDER BY Timestamp"
    )
    with pytest.raises(EngineError, match=r"otel_traces \(Timestamp"):
        rca.open(client)


def test_two_tables_for_one_relation_are_asked_about(client, own_tables, folder):
    client.command("CREATE DATABASE twice")
    client.command("USE twice")
    for name in ("spans_a", "spans_b"):
        client.command(f"CREATE TABLE {name} AS own.spans")
    with pytest.raises(EngineError, match="spans_a, spans_b"):
        rca.open(client)


def test_a_budget_of_rows_refuses_before_it_scans(client, own_tables):
    from rca.engines.clickhouse import ClickHouseEngine
    from rca.engines.scope import Scope
    from rca.store import Store

    client.command(f"USE {own_tables}")
    with (
        Store(ClickHouseEngine(client, Scope(max_rows=1_000), {})) as store,
        pytest.raises(EngineError, match=r"would scan 30,209 rows.*sample="),
    ):
        store.query("SELECT COUNT(*) AS n, MAX(duration_ns) AS most FROM spans")
    with (
        Store(ClickHouseEngine(client, Scope(max_result_bytes=10_000), {})) as store,
        pytest.raises(EngineError, match=r"max_result_bytes|over the budget"),
    ):
        store.query("SELECT trace_id, span_id FROM spans")


def test_too_little_memory_of_the_server_is_said(client, own_tables):
    client.command(f"USE {own_tables}")
    with rca.open(client) as store:
        store.engine._settings["max_memory_usage"] = 3_000_000
        with pytest.raises(EngineError, match=r"more memory than the server gives.*sample=16.*grace_hash"):
            store.query(sql.statement("trace_integrity").sql, below="")


def test_sample_and_window(client, own_tables, recorded):
    client.command(f"USE {own_tables}")
    low, high = recorded.query("SELECT MIN(start_ns) AS a, MAX(start_ns) AS b FROM spans").row(0)
    with rca.open(client, start=low, end=(low + high) // 2, sample=4) as store:
        spans = store.query(
            "SELECT COUNT(*) AS n, MAX(start_ns) AS last, MIN(adjusted_count) AS weight FROM spans"
        ).row(0)
        assert spans[1] < (low + high) // 2
        assert spans[2] >= 4 * 4.9
        assert any("one trace in 4" in note for note in store.engine.notes)


def test_nothing_answers_and_no_password_is_shown(monkeypatch):
    monkeypatch.setenv("CLICKHOUSE_PASSWORD", "hunter2")
    with pytest.raises(EngineError, match="cannot be reached") as caught:
        rca.open("clickhouse://ann:s3cret@127.0.0.1:9/otel")
    assert "s3cret" not in str(caught.value)
    assert "hunter2" not in str(caught.value)

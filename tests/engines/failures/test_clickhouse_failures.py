"""What can go wrong with ClickHouse over HTTP is said in one sentence, and no part of a result is taken for the whole."""

from __future__ import annotations

import pytest

import rca
from rca import sql
from rca.errors import EngineError

SPANS = "SELECT trace_id, span_id, start_ns FROM spans ORDER BY start_ns, span_id LIMIT 50000"


def test_over_http_statements_give_what_parquet_gives(
    front, generated, parameters_of, statement_names, filled_in, differs
):
    with rca.open(generated / "spans") as here, rca.open(f"clickhouse://127.0.0.1:{front}/made") as there:
        known = parameters_of(here)
        for name in ("red", "dependency_hops", "request_call_counts", "trace_spans"):
            statement = sql.statement(name)
            params = filled_in(statement, known)
            rows = here.query(statement.sql, params)
            assert not differs(rows, there.query(statement.sql, params)), name
            assert rows.height, name


def test_a_connection_cut_within_an_answer(front, through):
    proxy = through(front)
    with rca.open(f"clickhouse://127.0.0.1:{proxy.port}/made") as store:
        whole = store.query(SPANS)
        for after in (0, 200, 100_000):
            proxy.disturb(after)
            with pytest.raises(EngineError, match=r"connection broke.*nothing of it is used"):
                store.query(SPANS)
            proxy.heal()
        assert store.query(SPANS).equals(whole), "the next statement opens a connection of its own"


def test_a_server_that_falls_silent(front, through):
    proxy = through(front)
    with rca.open(f"clickhouse://127.0.0.1:{proxy.port}/made?timeout_s=1") as store:
        proxy.disturb(100, silent=True)
        with pytest.raises(EngineError, match=r"longer than timeout_s=1 s.*nothing of it is used"):
            store.query(SPANS)


def test_a_statement_that_takes_too_long(front):
    slow = "SELECT SUM(a.duration_ns % b.duration_ns) AS n FROM spans AS a JOIN spans AS b ON a.service_name = b.service_name"
    with (
        rca.open(f"clickhouse://127.0.0.1:{front}/made?timeout_s=1") as store,
        pytest.raises(EngineError, match=r"longer than timeout_s=1 s.*nothing of it is used"),
    ):
        store.query(slow)


@pytest.mark.parametrize(
    ("database", "what"),
    [("nowhere", "no table at all; is the database right"), ("shop", r"known layout.*orders \(id")],
)
def test_a_wrong_database(front, database, what):
    with pytest.raises(EngineError, match=what):
        rca.open(f"clickhouse://127.0.0.1:{front}/{database}")


def test_a_table_that_is_dropped_meanwhile(front):
    from clickhouse_connect import get_client

    client = get_client(host="127.0.0.1", port=front, autogenerate_session_id=False)
    client.command("CREATE DATABASE brief")
    client.command("CREATE TABLE brief.spans AS made.spans")
    with rca.open(f"clickhouse://127.0.0.1:{front}/brief") as store:
        client.command("DROP TABLE brief.spans")
        with pytest.raises(EngineError, match="spans"):
            store.query(SPANS)
    client.close()


@pytest.mark.parametrize("who", ["reader:wr0ng@", "nobody:wr0ng@", ""])
def test_a_wrong_password(old_server, who):
    with pytest.raises(EngineError, match="refuses the user or the password") as caught:
        rca.open(f"clickhouse://{who}127.0.0.1:{old_server}")
    assert "wr0ng" not in str(caught.value)


def test_a_server_that_is_too_old(old_server):
    with pytest.raises(EngineError, match=r"as no ClickHouse that rca can use: it lacks what 21\.4"):
        rca.open(f"clickhouse://reader:right@127.0.0.1:{old_server}")


def test_nothing_at_the_port_is_said_once(unused_port, capfd):
    pytest.importorskip("clickhouse_connect")
    with pytest.raises(EngineError, match="cannot be reached: Connection refused"):
        rca.open(f"clickhouse://127.0.0.1:{unused_port()}/otel")
    assert capfd.readouterr() == ("", "")


def test_what_answers_is_no_clickhouse(start_sail):
    pytest.importorskip("clickhouse_connect")
    with pytest.raises(EngineError, match="cannot be reached"):
        rca.open(f"clickhouse://127.0.0.1:{start_sail()[1]}/otel")

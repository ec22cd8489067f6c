"""Opening, refusing, and the safety of the store."""

from __future__ import annotations

import duckdb
import pytest

import rca
from rca.errors import QueryError, StoreError


def test_every_table_exists_in_a_new_store(tmp_path):
    with rca.open(tmp_path / "a.duckdb") as store:
        assert set(store.tables()) == {
            "spans",
            "span_events",
            "span_links",
            "logs",
            "queries",
            "metrics",
            "changes",
            "service_edges",
            "ingests",
            "quarantine",
        }
    with duckdb.connect(str(tmp_path / "a.duckdb"), read_only=True) as con:
        assert con.execute("SELECT count(*) FROM spans").fetchall() == [(0,)]


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(StoreError, match="is a folder"):
        rca.open(tmp_path)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(StoreError, match="does not exist"):
        rca.open(tmp_path / "no" / "a.duckdb")


def test_a_file_of_another_kind_is_refused(tmp_path):
    other = tmp_path / "notes.duckdb"
    other.write_text("just some notes, not a database, long enough to be looked at" * 20)
    with pytest.raises(StoreError, match="not a DuckDB file"):
        rca.open(other)


def test_a_newer_store_is_refused(tmp_path):
    path = tmp_path / "a.duckdb"
    rca.open(path).close()
    with duckdb.connect(str(path)) as con:
        con.execute("UPDATE rca_schema SET version = 999")
    with pytest.raises(StoreError, match="newer rca"):
        rca.open(path)


def test_a_foreign_database_is_not_opened_read_only(tmp_path):
    path = tmp_path / "b.duckdb"
    duckdb.connect(str(path)).close()
    with pytest.raises(StoreError, match="not an rca store"):
        rca.open(path, read_only=True)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM glob('/*')",
        "COPY (SELECT 1) TO 'out.csv'",
        "ATTACH 'other.duckdb'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
    ],
)
def test_the_connection_is_locked_down(statement):
    with rca.open() as store, pytest.raises(QueryError):
        store.query(statement)


def test_no_local_variable_is_read_as_a_table():
    secret = duckdb.sql("SELECT 1 AS a")  # noqa: F841  (would be found by a replacement scan)
    with rca.open() as store, pytest.raises(QueryError):
        store.query("SELECT * FROM secret")


def test_values_are_parameters():
    with rca.open() as store:
        nasty = "x'; DROP TABLE spans; --"
        assert store.query("SELECT $v AS v", v=nasty)["v"].to_list() == [nasty]
        assert "spans" in store.tables()


def test_the_file_is_free_after_close(tmp_path):
    path = tmp_path / "a.duckdb"
    with rca.open(path):
        pass
    with duckdb.connect(str(path)) as con:
        con.execute("SELECT 1")


def test_one_process_may_open_a_file_twice(tmp_path):
    path = tmp_path / "a.duckdb"
    with rca.open(path) as one, rca.open(path) as two:
        assert one.tables() == two.tables()
        with pytest.raises(QueryError):
            two.query("SELECT * FROM read_text('/etc/hostname')")

"""Statistics that are kept of files of Parquet: those of the whole to the last bit, never those of a file that has changed."""

from __future__ import annotations

import os
import shutil

import duckdb
import pyarrow.parquet as pq
import pytest

import rca
from rca import sql
from rca.errors import OptionError, StoreError

MERGED = sorted(name for name in sql.names() if sql.statement(name).merge)


@pytest.fixture(scope="module")
def known(recorded, parameters_of):
    return parameters_of(recorded)


@pytest.fixture(scope="module")
def folder(recorded, tmp_path_factory):
    """The recorded incident, each table in seven files: by time, and for some rows at random."""
    whole, place = tmp_path_factory.mktemp("whole") / "telemetry", tmp_path_factory.mktemp("parts")
    recorded.export(whole)
    with duckdb.connect() as con:
        for name, column in (("spans", "start_ns"), ("logs", "time_ns"), ("metrics", "time_ns")):
            con.execute(
                f"CREATE TABLE {name} AS SELECT *, CASE WHEN random() < 0.05 THEN CAST(FLOOR(random() * 7) AS BIGINT) "
                f"ELSE NTILE(7) OVER (ORDER BY {column}) - 1 END AS part FROM '{whole}/{name}.parquet'"
            )
            for part in range(7):
                con.execute(
                    f"COPY (SELECT * EXCLUDE part FROM {name} WHERE part = {part}) TO '{place}/{name}-{part}.parquet' (FORMAT parquet)"
                )
    return place


def asked(store, monkeypatch):
    """The statements that the engine runs from now on."""
    run, seen = store.engine.con.execute, []
    con = store.engine.con

    class Watched:
        def __getattr__(self, name):
            return getattr(con, name)

        def execute(self, text, *more):
            seen.append(text)
            return run(text, *more)

        def sql(self, text):
            seen.append(text)
            return con.sql(text)

    monkeypatch.setattr(store.engine, "con", Watched())
    return seen


def test_there_are_statements():
    assert len(MERGED) > 6


@pytest.mark.parametrize("name", MERGED)
def test_kept_parts_are_the_whole_to_the_last_bit(name, recorded, folder, tmp_path, known, filled_in, differs):
    statement = sql.statement(name)
    params = filled_in(statement, known)
    windows = [params]
    if statement.within:
        start, end = statement.within
        third = (params[end] - params[start]) // 3
        windows += [
            params | {start: params[start] + third},
            params | {end: params[end] - third},
            params | {start: 0, end: 10**18},
        ]
    for _ in range(2):  # computed, then kept
        with rca.open(folder, keep=tmp_path / "kept") as store:
            for window in windows:
                found, whole = store.query(statement.sql, window), recorded.query(statement.sql, window)
                assert differs(whole, found) == ""
                assert found.rows() == whole.rows(), "another order"


def test_only_what_is_new_is_computed(folder, tmp_path, monkeypatch):
    place, kept = tmp_path / "lake", tmp_path / "kept"
    shutil.copytree(folder, place)
    last = place / "spans-6.parquet"
    last.rename(tmp_path / "later.parquet")
    text = sql.statement("inventory_spans").sql
    with rca.open(place, keep=kept) as store:
        store.query(text)
    shutil.move(tmp_path / "later.parquet", last)
    with rca.open(place, keep=kept) as store:
        seen = asked(store, monkeypatch)
        store.query(text)
        assert len(seen) == 1
        assert str(last) in seen[0]
        store.query(text)
        assert len(seen) == 1


def test_a_file_that_changed_is_computed_again(folder, tmp_path):
    place, kept = tmp_path / "lake", tmp_path / "kept"
    shutil.copytree(folder, place)
    text, path = sql.statement("inventory_spans").sql, place / "spans-3.parquet"
    with rca.open(place, keep=kept) as store:
        before = store.query(text)["spans"].sum()
    was, rows = path.stat(), pq.read_table(path)
    pq.write_table(rows.slice(0, rows.num_rows - 1), path)
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))  # as old as before
    with rca.open(place, keep=kept) as store:
        assert store.query(text)["spans"].sum() == before - 1


def test_what_is_kept_and_broken_is_computed_again(folder, tmp_path):
    text = sql.statement("inventory_logs").sql
    with rca.open(folder, keep=tmp_path) as store:
        whole = store.query(text).rows()
    for path in tmp_path.glob("*.arrow"):
        path.write_bytes(path.read_bytes()[:100])
    with rca.open(folder, keep=tmp_path) as store:
        assert store.query(text).rows() == whole


def test_another_sample_is_another_statistic(folder, tmp_path):
    text = sql.statement("inventory_spans").sql
    with rca.open(folder, keep=tmp_path) as store:
        whole = store.query(text)["spans"].sum()
    with rca.open(folder, keep=tmp_path, sample=4) as store:
        assert store.query(text)["spans"].sum() < whole / 3


def test_where_nothing_can_be_kept_is_said(folder, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be kept"):
        rca.open(folder, keep=tmp_path / "file" / "kept")
    with pytest.raises(OptionError, match="keep"):
        rca.open(tmp_path / "new.duckdb", keep=tmp_path)

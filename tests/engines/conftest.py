"""Every statement with values for its parameters, and what it means that two engines give the same."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rca
from rca import sql
from rca.statements import Statement
from rca.store import Store

RECORDED = Path(__file__).resolve().parents[2] / "data" / "checkout-incident"
MINUTE = 60_000_000_000


def names() -> list[str]:
    folder = Path(sql.__file__).parent
    return sorted(str(path.relative_to(folder)).removesuffix(".sql") for path in folder.rglob("*.sql"))


def values(store: Store) -> dict[str, Any]:
    """Return a value for every parameter that a statement may have, from what the store holds."""
    row = store.query("SELECT MIN(start_ns) AS low, MAX(start_ns) AS high FROM spans WHERE start_ns IS NOT NULL").row(0)
    low, high = int(row[0]), int(row[1])
    middle = low + (high - low) // 3
    busiest = "SELECT service_name, COUNT(*) AS n FROM spans GROUP BY service_name ORDER BY 2 DESC, 1 LIMIT 1"
    metric = "SELECT metric_name, COUNT(*) AS n FROM metrics GROUP BY metric_name ORDER BY 2 DESC, 1 LIMIT 1"
    traces = store.query("SELECT trace_id FROM spans GROUP BY trace_id ORDER BY trace_id LIMIT 20")[
        "trace_id"
    ].to_list()
    known = {
        "service": store.query(busiest)["service_name"][0],
        "metric": "",
        "trace_id": traces[3],
        "trace_ids": traces,
        "before_start_ns": low,
        "before_end_ns": middle,
        "start_ns": middle,
        "end_ns": high + 1,
        "from_ns": low,
        "to_ns": high + 1,
        "bin_ns": MINUTE,
        "bucket_ns": MINUTE,
        "slow_ns": 100_000_000,
        "least": 5,
        "most": 40,
    }
    return known | {"one_metric": store.query(metric)["metric_name"].to_list()}


def filled(statement: Statement, known: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of one statement; a name that is not known gets a value by its type."""
    by_type: dict[str, Any] = {
        "VARCHAR": "",
        "BIGINT": known["start_ns"],
        "INTEGER": 1,
        "DOUBLE": 1.0,
        "BOOLEAN": True,
        "VARCHAR[]": [],
    }
    return {field.name: known.get(field.name, by_type[field.type]) for field in statement.params}


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple(sorted(value.items()))
    if isinstance(value, list):
        if value and isinstance(value[0], dict) and set(value[0]) == {"key", "value"}:
            return tuple(sorted((item["key"], item["value"]) for item in value))
        return tuple(plain(item) for item in value)
    return value


def rows(frame: pl.DataFrame) -> list[tuple[Any, ...]]:
    """Return the rows in an order of their own, maps by content, numbers to the last bit."""
    found = [tuple(plain(value) for value in row) for row in frame.iter_rows()]
    return sorted(found, key=repr)


def same(left: pl.DataFrame, right: pl.DataFrame) -> str:
    """Return what differs between two frames; '' where nothing does."""
    if left.columns != right.columns:
        return f"columns {left.columns} and {right.columns}"
    if left.height != right.height:
        return f"{left.height} and {right.height} rows"
    for one, other in zip(rows(left), rows(right), strict=True):
        if one != other:
            return f"{one} and {other}"
    return ""


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The recorded incident as rca reads it from its files, in a DuckDB file."""
    if not RECORDED.is_dir():
        pytest.skip("the recorded incident is not here")
    store = rca.open(tmp_path_factory.mktemp("recorded") / "incident.duckdb")
    store.ingest(RECORDED)
    return store


@pytest.fixture(scope="session")
def statement_names() -> list[str]:
    return names()


@pytest.fixture(scope="session")
def parameters_of():
    return values


@pytest.fixture(scope="session")
def filled_in():
    return filled


@pytest.fixture(scope="session")
def differs():
    return same


@pytest.fixture(scope="session")
def write_parquet():
    """A function that writes columns as Parquet; dictionaries become maps."""

    def write(path: Path, columns: dict[str, list[Any]]) -> None:
        arrays = {}
        for name, column in columns.items():
            if column and isinstance(column[0], dict):
                arrays[name] = pa.array([list(item.items()) for item in column], pa.map_(pa.string(), pa.string()))
            else:
                arrays[name] = pa.array(column)
        pq.write_table(pa.table(arrays), path)

    return write


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def unused_port():
    return free_port


@pytest.fixture(scope="session")
def start_sail():
    """A function that starts Sail's cluster of workers, and returns its process and port; it is stopped at the end."""
    sail = shutil.which("sail") or str(Path(sys.executable).with_name("sail"))
    if not Path(sail).exists():
        pytest.skip("there is no Sail: pip install --group engines")
    pytest.importorskip("pyspark", reason="install the group engines: pip install --group engines")
    started = []

    def start() -> tuple[subprocess.Popen[bytes], int]:
        port, env = free_port(), dict(os.environ, SAIL_MODE="local-cluster")
        command = [sail, "spark", "server", "--ip", "127.0.0.1", "--port", str(port)]
        process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        started.append(process)
        for _ in range(150):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
            except OSError:
                time.sleep(0.2)
            else:
                return process, port
        pytest.fail("Sail did not start within 30 s")

    yield start
    for process in started:
        process.kill()
        process.wait(20)


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Spans of 40,000 traces in four files of Parquet: statements over them take long enough to be disturbed."""
    path = Path(__file__).resolve().parents[2] / "benchmarks" / "sql" / "scale_spans.sql"
    place = tmp_path_factory.mktemp("generated") / "spans"
    place.mkdir()
    with duckdb.connect() as con:
        for part in range(4):
            text = path.read_text(encoding="utf-8").replace("$traces", "40000")
            text = text.replace("$low", str(part * 10_000)).replace("$high", str((part + 1) * 10_000))
            con.execute(f"COPY ({text}) TO '{place}/part-{part}.parquet' (FORMAT parquet)")
    return place.parent

"""Spark Connect, by Sail's cluster of workers: what it gives is what the store gives.

Needs the dependency group ``engines``; without it every test is skipped and says so.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

import rca
from rca import sql
from rca.errors import EngineError, QueryError

SAIL = shutil.which("sail") or str(Path(sys.executable).with_name("sail"))
pytestmark = [
    pytest.mark.skipif(not Path(SAIL).exists(), reason="install the group engines: pip install --group engines"),
    pytest.mark.filterwarnings("ignore"),  # the client warns of pandas, which rca does not use
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def serve():
    """Start a server with its workers, and return its process and port once it listens."""
    port = free_port()
    process = subprocess.Popen(
        [SAIL, "spark", "server", "--ip", "127.0.0.1", "--port", str(port)],
        env=dict(os.environ, SAIL_MODE="local-cluster"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    for _ in range(150):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return process, port
    process.kill()
    pytest.fail("the server did not start within 30 s")


@pytest.fixture(scope="module")
def folder(recorded, tmp_path_factory):
    place = tmp_path_factory.mktemp("lake") / "telemetry"
    recorded.export(place)
    return place


@pytest.fixture(scope="module")
def cluster():
    pytest.importorskip("pyspark", reason="install the group engines: pip install --group engines")
    process, port = serve()
    yield port
    process.terminate()
    process.wait(20)


@pytest.fixture(scope="module")
def lake(cluster, folder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        store = rca.open(f"sc://127.0.0.1:{cluster}?path={folder}")
    yield store
    store.close()


def test_every_statement_gives_the_same_to_the_last_bit(
    recorded, lake, parameters_of, statement_names, filled_in, differs
):
    known, found = parameters_of(recorded), {}
    for name in statement_names:
        statement = sql.statement(name)
        params = filled_in(statement, known)
        found[name] = differs(recorded.query(statement.sql, params), lake.query(statement.sql, params))
    assert found
    assert {name: what for name, what in found.items() if what} == {}


def test_nothing_but_select_is_sent(lake):
    with pytest.raises(QueryError, match="read-only"):
        lake.query("CREATE TABLE stolen AS SELECT 1")


def test_a_cut_connection_is_said_and_gives_no_part(folder):
    pytest.importorskip("pyspark")
    process, port = serve()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        store = rca.open(f"sc://127.0.0.1:{port}?path={folder}")
    process.terminate()
    process.wait(20)
    with pytest.raises(EngineError, match="connection broke"):
        store.query("SELECT COUNT(*) AS n FROM spans")


def test_nothing_answers_and_no_token_is_shown():
    pytest.importorskip("pyspark")
    with pytest.raises(EngineError, match="nothing answers") as caught:
        rca.open(f"sc://127.0.0.1:{free_port()}/;token=s3cret?path=/nowhere")
    assert "s3cret" not in str(caught.value)


def test_no_table_of_a_known_layout(cluster, tmp_path):
    with pytest.raises(EngineError, match="no table of a known layout"):
        rca.open(f"sc://127.0.0.1:{cluster}?path={tmp_path}")

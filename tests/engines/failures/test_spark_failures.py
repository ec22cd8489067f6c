"""What can go wrong with Spark Connect is said in one sentence, and no part of a result is taken for the whole."""

from __future__ import annotations

import threading
import time

import pytest

import rca
from rca.errors import EngineError

pytestmark = pytest.mark.filterwarnings("ignore")  # the client warns of pandas, which rca does not use
SPANS = "SELECT trace_id, span_id, start_ns FROM spans ORDER BY start_ns, span_id LIMIT 50000"
SLOW = (
    "SELECT SUM(a.duration_ns % b.duration_ns) AS n FROM spans AS a JOIN spans AS b ON a.service_name = b.service_name "
    "WHERE a.start_ns % 20 = 0"
)


@pytest.fixture(scope="module")
def sail(start_sail):
    return start_sail()[1]


def test_a_server_killed_while_a_statement_runs(start_sail, generated):
    process, port = start_sail()
    store = rca.open(f"sc://127.0.0.1:{port}?path={generated}")
    threading.Timer(2, process.kill).start()
    began = time.monotonic()
    with pytest.raises(EngineError, match=r"connection broke.*nothing of it is used"):
        store.query(SLOW)
    assert time.monotonic() - began > 1.5, "the statement was running"


def test_a_connection_cut_within_an_answer(sail, generated, through):
    proxy = through(sail)
    with rca.open(f"sc://127.0.0.1:{proxy.port}?path={generated}") as store:
        whole = store.query(SPANS)
        for after in (0, 100_000):
            proxy.disturb(after)
            with pytest.raises(EngineError, match=r"connection broke.*nothing of it is used"):
                store.query(SPANS)
            proxy.heal()
        assert store.query(SPANS).equals(whole), "the client connects again"


def test_a_server_that_falls_silent(sail, generated, through):
    proxy = through(sail)
    store = rca.open(f"sc://127.0.0.1:{proxy.port}?path={generated}&timeout_s=5")
    proxy.disturb(100, silent=True)
    began = time.monotonic()
    with pytest.raises(EngineError, match=r"longer than timeout_s=5 s.*nothing of it is used"):
        store.query(SPANS)
    assert time.monotonic() - began < 10


def test_a_statement_that_takes_too_long_is_given_up(start_sail, generated):
    process, port = start_sail()
    with rca.open(f"sc://127.0.0.1:{port}?path={generated}&timeout_s=3") as store:
        began = time.monotonic()
        with pytest.raises(EngineError, match=r"longer than timeout_s=3 s.*nothing of it is used"):
            store.query(SLOW)
        assert time.monotonic() - began < 8
        process.kill()  # it computes on


def test_what_takes_connections_and_never_answers(through, sail):
    proxy = through(sail)
    proxy.disturb(0, silent=True)
    with pytest.raises(EngineError, match="takes the connection and does not answer within 3 s"):
        rca.open(f"sc://127.0.0.1:{proxy.port}?path=/nowhere&timeout_s=3")


def test_nothing_answers_and_no_token_is_shown(unused_port):
    pytest.importorskip("pyspark", reason="install the group engines: pip install --group engines")
    with pytest.raises(EngineError, match="nothing answers") as caught:
        rca.open(f"sc://127.0.0.1:{unused_port()}/;token=s3cret?path=/nowhere")
    assert "s3cret" not in str(caught.value)


def test_a_budget_refuses_before_it_scans(sail, generated):
    with (
        rca.open(f"sc://127.0.0.1:{sail}?path={generated}&max_rows=1000") as store,
        pytest.raises(EngineError, match=r"would scan 440,000 rows, more than max_rows=1,000.*sample="),
    ):
        store.query(SPANS)
    with (
        rca.open(f"sc://127.0.0.1:{sail}?path={generated}&max_bytes=1000") as store,
        pytest.raises(EngineError, match=r"would scan [\d,]+ bytes, more than max_bytes=1,000.*sample="),
    ):
        store.query(SPANS)

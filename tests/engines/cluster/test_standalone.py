"""Apache Spark itself, two worker processes: what it gives is what the store gives, also when one of them dies.

``python -m pytest -m cluster``; without Java or Spark every test is skipped and says so.
"""

from __future__ import annotations

import threading
import time

import pytest

import rca
from rca import sql
from rca.errors import EngineError

pytestmark = [pytest.mark.cluster, pytest.mark.filterwarnings("ignore")]


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


def test_the_investigation_says_the_same(recorded, lake):
    assert rca.investigate(lake).to_dict() == rca.investigate(recorded).to_dict()


def test_a_worker_killed_in_mid_query_changes_nothing(cluster, generated):
    with rca.open(generated) as store:
        params = {"start_ns": 0, "end_ns": 2**62, "before_start_ns": 0, "before_end_ns": 1, "service": ""}
        text = sql.statement("own_time").sql
        expected = store.query(text, params)
    answers = []
    with rca.open(f"sc://127.0.0.1:{cluster.port}?path={generated}") as store:
        asking = threading.Thread(target=lambda: answers.append(store.query(text, params)))
        before = cluster.tasks(worker=0)
        asking.start()
        while asking.is_alive() and cluster.tasks(worker=0) == before:
            time.sleep(0.02)
        time.sleep(0.3)
        running = asking.is_alive()
        cluster.kill(worker=0)
        asking.join(180)
    assert running, "the statement was over before the worker died"
    assert "Lost executor" in cluster.log("connect")
    assert len(answers) == 1
    assert answers[0].equals(expected)


def test_a_budget_refuses_before_it_scans(cluster, generated):
    with (
        rca.open(f"sc://127.0.0.1:{cluster.port}?path={generated}&max_bytes=1000") as store,
        pytest.raises(EngineError, match=r"would scan [\d,]+ bytes, more than max_bytes=1,000"),
    ):
        store.query("SELECT COUNT(*) AS n, MAX(duration_ns) AS most FROM spans")

"""Spark Connect, by Sail's cluster of workers: what it gives is what the store gives.

Needs the dependency group ``engines``; without it every test is skipped and says so.
"""

from __future__ import annotations

import warnings

import pytest

import rca
from rca import sql
from rca.errors import EngineError, QueryError

pytestmark = pytest.mark.filterwarnings("ignore")  # the client warns of pandas, which rca does not use


@pytest.fixture(scope="module")
def folder(recorded, tmp_path_factory):
    place = tmp_path_factory.mktemp("lake") / "telemetry"
    recorded.export(place)
    return place


@pytest.fixture(scope="module")
def cluster(start_sail):
    return start_sail()[1]


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


def test_weights_that_no_power_of_two_divides(cluster, generated, parameters_of, statement_names, filled_in, differs):
    with (
        rca.open(generated, sample=16) as here,
        rca.open(f"sc://127.0.0.1:{cluster}?path={generated}&sample=16") as there,
    ):
        known, found = parameters_of(here), {}
        for name in statement_names:
            statement = sql.statement(name)
            if "adjusted_count" in statement.sql and "FROM spans" in statement.sql:
                params = filled_in(statement, known)
                found[name] = differs(here.query(statement.sql, params), there.query(statement.sql, params))
    assert len(found) > 8
    assert {name: what for name, what in found.items() if what} == {}


def test_nothing_but_select_is_sent(lake):
    with pytest.raises(QueryError, match="read-only"):
        lake.query("CREATE TABLE stolen AS SELECT 1")


def test_no_table_of_a_known_layout(cluster, tmp_path):
    with pytest.raises(EngineError, match="no table of a known layout"):
        rca.open(f"sc://127.0.0.1:{cluster}?path={tmp_path}")

"""Apache Spark itself, two worker processes: what it gives is what the store gives, also when one of them dies.

``python -m pytest -m cluster``; without Java or Spark every test is skipped and says so.
"""

from __future__ import annotations

import pytest

import rca
from rca import sql

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

"""Digests of many statements are the digests of each."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rca.digests import Digester, digest, digest_many

SKELETONS = [
    "SELECT a FROM t WHERE b = {} AND c = {}",
    "SELECT `a-1`, b FROM `t 2` WHERE c IN ({}, {}, {})",
    "INSERT INTO t (a, b) VALUES ({}, {}), ({}, NULL)",
    "UPDATE t SET a = {}, b = b - {} WHERE id = {}",
    "SELECT f({}, a, {}) FROM t_2026 ORDER BY 1, 2 LIMIT {}",
    "SELECT a -- it's {}\nFROM t WHERE b = {}",
    "/* it's {} */ SELECT a FROM t WHERE b = {} /* it's {} */",
    "SELECT a FROM t WHERE b = {} /*traceparent='00-{}-x',route='a'*/",
    'SELECT "x" FROM t WHERE b = {} # tail {}',
    "CALL p({}); SELECT {}",
    "SELECT a FROM t WHERE b LIKE {} AND $1 = %s",
]
LITERALS = st.one_of(
    st.integers(-(10**9), 10**9).map(str),
    st.floats(0.01, 1e6, allow_nan=False).map(lambda value: f"{value:.3f}"),
    st.text(st.sampled_from("ab '\"\\/*-#?;\n日"), max_size=8).map(
        lambda text: "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
    ),
    st.sampled_from(["NULL", "0x1f", "?", "'it\\'s'", "DEFAULT", "-.5"]),
)
STATEMENTS = st.tuples(st.sampled_from(SKELETONS), st.lists(LITERALS, min_size=4, max_size=4)).map(
    lambda pair: pair[0].format(*pair[1])
)


@pytest.mark.parametrize("dialect", ["mysql", "postgresql", "microsoft.sql_server", "other_sql"])
@given(st.lists(STATEMENTS, max_size=30))
@settings(max_examples=60, deadline=None)
def test_equal_to_one_by_one(dialect, statements):
    assert digest_many(statements, dialect) == [digest(statement, dialect) for statement in statements]


def test_styles_and_guesses():
    statements = ["SELECT `a` FROM t WHERE b = 1", "SELECT `a` FROM t WHERE b = 2"]
    assert digest_many(statements, "mysql", "pt") == ["select `a` from t where b = ?"] * 2
    assert digest_many(statements) == ["select a from t where b = ?"] * 2


def test_documents():
    found = digest_many(['{"find": "a", "filter": {"b": 1}}', '{"find": "a", "filter": {"b": 2}}'], "mongodb")
    assert found == ['{"find": "a", "filter": {"b": ?}}'] * 2


def test_a_digester_learns_from_block_to_block():
    digester = Digester("mysql")
    first = digester.codes(pl.Series(["SELECT a FROM t WHERE b = 1", None]))
    second = digester.codes(pl.Series(["SELECT a FROM t WHERE b = 'x'", "SELECT c FROM u"]))
    assert first[0] == second[0]
    assert digester.digests == ["select a from t where b = ?", "", "select c from u"]
    assert digester.tables == ["t", "", "u"]

"""Every statement keeps its header's promise and stays inside the portable subset."""

from __future__ import annotations

import re

import pytest
import sqlglot
from sqlglot import exp

import rca
from rca import sql
from rca.statements import Statement

NAMES = sql.names()
TYPES = {"VARCHAR": "x", "BIGINT": 1, "INTEGER": 1, "DOUBLE": 1.0, "BOOLEAN": True}
BANNED = {
    "QUALIFY": r"\bQUALIFY\b",
    "GROUP BY ALL": r"\bGROUP\s+BY\s+ALL\b",
    "ORDER BY ALL": r"\bORDER\s+BY\s+ALL\b",
    "FILTER (WHERE": r"\bFILTER\s*\(\s*WHERE\b",
    "ASOF": r"\bASOF\b",
    "quantile functions": r"\b(quantile\w*|percentile_\w+|approx_quantile|median)\s*\(",
    "time_bucket, date_trunc": r"\b(time_bucket|date_trunc)\s*\(",
    "regular expressions": r"\b(regexp_\w+|SIMILAR\s+TO)\b",
    "lambda": r"\blambda\s+\w+\s*:",
    "unnest": r"\bunnest\s*\(",
    "SELECT *": r"SELECT\s+\*",
    "EXCLUDE": r"\bEXCLUDE\b",
    "HUGEINT": r"\bHUGEINT\b",
}


def bare(statement: Statement) -> str:
    return re.sub(r"--[^\n]*", "", statement.sql)


@pytest.fixture(scope="module")
def store():
    with rca.open() as opened:
        yield opened


@pytest.mark.parametrize("name", NAMES)
def test_header_is_what_the_statement_returns(name, store):
    statement = sql.statement(name)
    assert statement.title, "the first line says what the statement answers: -- name: title"
    assert statement.columns, "every column is typed and explained"
    assert all(field.comment for field in (*statement.params, *statement.columns))
    params = {field.name: TYPES[field.type] for field in statement.params}
    described = (
        store.engine.con.execute("DESCRIBE " + bare(statement), params).fetchall()
        if params
        else store.engine.con.execute("DESCRIBE " + bare(statement)).fetchall()
    )
    assert [(row[0], row[1]) for row in described] == [(field.name, field.type) for field in statement.columns]
    used = set(re.findall(r"\$(\w+)", bare(statement)))
    assert used == {field.name for field in statement.params}


@pytest.mark.parametrize("name", NAMES)
def test_statement_is_portable(name):
    text = bare(sql.statement(name))
    for what, pattern in BANNED.items():
        assert not re.search(pattern, text, re.IGNORECASE), f"{what} is not portable"
    parsed = sqlglot.parse(text, read="duckdb")
    assert len(parsed) == 1
    for node in parsed[0].find_all(exp.Div):
        assert "1.0" in node.sql() or "LN(" in node.sql().upper() or node.find(exp.Cast), (
            f"divide with an explicit * 1.0: {node.sql()}"
        )

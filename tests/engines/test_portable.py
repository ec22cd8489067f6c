"""Every statement stays where all engines give the same bits: one check for each trap that was met."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from rca import engines, sql

FOLDER = Path(sql.__file__).parent
NAMES = sorted(str(path.relative_to(FOLDER)).removesuffix(".sql") for path in FOLDER.rglob("*.sql"))
PORTABLE = [name for name in NAMES if not name.startswith("local/")]
DOUBLES = {"adjusted_count", "weight", "value", "running", "sum"}
SCALED = re.compile(r"FLOOR\(", re.IGNORECASE)


def tree(name: str) -> exp.Expression:
    return sqlglot.parse_one(re.sub(r"--[^\n]*", "", sql.statement(name).sql), read="duckdb")


def test_there_are_statements():
    assert len(PORTABLE) > 30


@pytest.mark.parametrize("name", NAMES)
def test_rows_have_an_order(name):
    found = tree(name)
    aggregated = not found.args.get("group") and all(
        item.find(exp.AggFunc) and not item.find(exp.Window) for item in found.expressions
    )
    assert aggregated or found.args.get("order"), "without ORDER BY what is made of the rows depends on the engine"


@pytest.mark.parametrize("name", NAMES)
def test_sums_of_doubles_are_sums_of_whole_numbers(name):
    for node in tree(name).find_all(exp.Sum):
        columns = {column.name for column in node.find_all(exp.Column)}
        if columns & DOUBLES and not isinstance(node.this, exp.Window):
            assert SCALED.search(node.sql()), f"a sum of floats depends on the order of the rows: {node.sql()[:120]}"


@pytest.mark.parametrize("name", PORTABLE)
def test_casts_to_whole_numbers_are_of_whole_numbers(name):
    for node in tree(name).find_all(exp.Cast):
        fractions = [item for item in node.this.find_all(exp.Literal) if not item.is_string and "." in item.name]
        if node.to.is_type("BIGINT", "INT") and (fractions or node.this.find(exp.Div)):
            assert node.this.find(exp.Floor, exp.Ceil, exp.Sum), f"one engine rounds, another cuts: {node.sql()[:120]}"


@pytest.mark.parametrize("name", PORTABLE)
def test_unmatched_rows_are_not_told_by_null(name):
    for select in tree(name).find_all(exp.Select):
        outer = {join.this.alias_or_name for join in select.args.get("joins") or [] if join.side == "LEFT"}
        for node in select.find_all(exp.Is):
            column = node.this
            if isinstance(column, exp.Column) and isinstance(node.expression, exp.Null):
                assert column.table not in outer, f"one engine fills unmatched rows with zeros: {node.sql()}"


@pytest.mark.parametrize("name", PORTABLE)
def test_look_ups_in_maps_have_a_text_for_absent_keys(name):
    for node in tree(name).find_all(exp.Bracket):
        around = [parent for parent in _ancestors(node) if isinstance(parent, exp.Coalesce | exp.Nullif)]
        case = node.find_ancestor(exp.Case)
        assert around or case, f"a missing key is NULL on one engine and '' on another: {node.sql()}"
        assert not isinstance(node.parent, exp.Is), node.sql()


def _ancestors(node):
    while node.parent is not None:
        node = node.parent
        yield node


@pytest.mark.parametrize("name", NAMES)
def test_no_name_is_a_word_of_an_engine(name):
    aliases = {node.alias.lower() for node in tree(name).find_all(exp.Alias)}
    assert not aliases & {"at", "timestamp", "date", "interval", "order", "group", "end", "user"}


@pytest.mark.parametrize("name", PORTABLE)
def test_nothing_but_the_subset(name):
    found = tree(name)
    banned = (exp.Filter, exp.Qualify, exp.Star, exp.Lambda, exp.Unnest, exp.RegexpLike, exp.RegexpReplace, exp.TimestampTrunc, exp.PercentileCont, exp.Quantile, exp.ApproxQuantile)  # fmt: skip
    stars = [
        node
        for node in found.find_all(*banned)
        if not (isinstance(node, exp.Star) and isinstance(node.parent, exp.Count))
    ]
    assert not stars, stars[0].sql()
    for join in found.find_all(exp.Join):
        assert join.method != "ASOF"


@pytest.mark.parametrize("name", PORTABLE)
def test_no_decimal_stands_for_a_double(name):
    for node in tree(name).find_all(exp.Case, exp.Coalesce, exp.If):
        branches = [*node.expressions, node.args.get("default"), node.args.get("true"), node.args.get("false")]
        for branch in branches:
            if isinstance(branch, exp.Literal) and not branch.is_string:
                assert "." not in branch.name, (
                    f"0.0 is a decimal, and the other values may become some: {node.sql()[:120]}"
                )


@pytest.mark.parametrize("name", NAMES)
def test_limits_are_of_32_bits(name):
    types = {field.name: field.type for field in sql.statement(name).params}
    for node in tree(name).find_all(exp.Limit):
        for parameter in node.find_all(exp.Placeholder):
            assert types[parameter.name] == "INTEGER", "Spark refuses a limit of 64 bits"


@pytest.mark.parametrize("dialect", ["clickhouse", "spark"])
@pytest.mark.parametrize("name", PORTABLE)
def test_other_dialects_read_it(name, dialect):
    text = tree(name).sql(dialect="duckdb").replace("$", "" if dialect == "clickhouse" else ":")
    assert sqlglot.parse_one(text, read=dialect)


@pytest.mark.parametrize("engine", ["clickhouse", "parquet", "spark"])
def test_what_an_engine_says_differently_is_at_most_sixty_lines(engine):
    text = (Path(engines.__file__).parent / f"{engine}.py").read_text(encoding="utf-8")
    found = [
        node.end_lineno - node.lineno + 1
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DIALECT"
    ]
    assert len(found) == 1
    assert found[0] <= 60

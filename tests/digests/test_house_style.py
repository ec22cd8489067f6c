"""The house's normal form joins what differs only in meaningless ways, and keeps apart what does not."""

from __future__ import annotations

import pytest

from rca.digests import digest, digest_id
from rca.errors import OptionError

SAME = [
    ("postgresql", "SELECT a FROM t WHERE b = %(b)s::INTEGER", "SELECT a FROM t WHERE b = $1::INTEGER", "SELECT a FROM t WHERE b = 7"),
    ("postgresql", "SELECT a FROM t WHERE b = CAST(7 AS bigint)", "select a from t where b=$1", "SELECT a FROM t WHERE (b = 'x'::text)"),
    ("postgresql", "SELECT a FROM t WHERE b IN (1, 2, 3)", "SELECT a FROM t WHERE b = ANY($1::int[])", "SELECT a FROM t WHERE b = $1"),
    ("postgresql", "SELECT a FROM t WHERE d > DATE '2026-01-01'", "SELECT a FROM t WHERE d > $1::timestamp with time zone"),
    ("postgresql", "SELECT x, y AS z FROM t", "SELECT y, x FROM t", 'SELECT "x", "y" FROM "t"'),
    ("postgresql", "SELECT x FROM t WHERE a = 1 AND b = 2", "SELECT x FROM t WHERE (b = 3) AND a = 4"),
    ("postgresql", "SELECT x FROM a AS q, b AS p", "SELECT x FROM b AS q, a AS p"),
    ("postgresql", "SELECT x FROM log_202601", "SELECT x FROM log_202602"),
    ("postgresql", "DEALLOCATE p1", "DEALLOCATE ALL"),
    ("postgresql", "DO $$ one $$", "DO $x$ it's two $x$"),
    ("postgresql", "SAVEPOINT a1", "SAVEPOINT b2"),
    ("postgresql", "CREATE TEMP TABLE x1 AS SELECT 1", "CREATE TEMPORARY TABLE x2 AS SELECT 2"),
    ("mysql", "INSERT INTO t (a, b) VALUES (1, 'x')", "INSERT INTO t (a, b) VALUES (1, 'it''s'), (-2, NULL), (DEFAULT, 0x1f);"),
    ("mysql", "SELECT a FROM t LIMIT 5, 10", "SELECT a FROM t LIMIT 10 OFFSET 5", "select a from t limit ?"),
    ("mysql", "SELECT a /* tag='it''s' */ FROM t -- end", "SELECT a FROM t # other", "SELECT /*+ HINT(t) */ a FROM t"),
    ("mysql", "SELECT a FROM t ORDER BY FIELD(id, 1, 2, 3) ASC", "SELECT `a` FROM `t` ORDER BY FIELD(`id`, 4)"),
    ("mysql", "UPDATE t SET a = 1, b = 2 WHERE id = 3", "UPDATE t SET b = 'x', a = -5 WHERE id = 4"),
    ("mysql", "UPDATE t SET a = CASE id WHEN 1 THEN 2 WHEN 3 THEN 4 END", "UPDATE t SET a = CASE id WHEN 1 THEN 2 END"),
    ("mysql", "SET SESSION x = 1", "SET SESSION x = 'y'"),
    ("mssql", "SELECT [Id] FROM [dbo].[T] WHERE [Id] = @p0", "SELECT Id FROM dbo.T WHERE Id = 5"),
    ("cassandra", "SELECT * FROM t WHERE id = 5b6962dd-3f90-4c93-8f61-eabfa4a803e2", "SELECT * FROM t WHERE id = ?"),
    ("redis", "GET user:17:cart", "get user:4711:cart"),
    ("redis", "MGET k:1 k:2 k:3", "MGET k:9"),
    ("mongodb", '{"find":"u","filter":{"a":1,"b":{"$in":[1,2]}},"lsid":{"id":9}}', '{"find": "u", "filter": {"b": {"$in": [3]}, "a": "x"}}'),
    ("elasticsearch", "GET /idx/_doc/17", "GET /idx/_doc/99?routing=1"),
]  # fmt: skip

APART = [
    ("postgresql", "SELECT a FROM t", "SELECT b FROM t"),
    ("postgresql", "SELECT a FROM t_1", "SELECT a FROM t_2"),
    ("postgresql", "SELECT a FROM t WHERE b = 1 AND c = 2", "SELECT a FROM t WHERE b = 1 OR c = 2"),
    ("postgresql", "SELECT a FROM t WHERE b IS NULL", "SELECT a FROM t WHERE b IS NOT NULL", "SELECT a FROM t WHERE b = 1"),
    ("postgresql", "SELECT a FROM t WHERE b IN (1)", "SELECT a FROM t WHERE b NOT IN (1)"),
    ("postgresql", "SELECT DISTINCT a FROM t", "SELECT DISTINCT ON (a) a FROM t", "SELECT a FROM t"),
    ("postgresql", "SELECT a FROM t ORDER BY a", "SELECT a FROM t ORDER BY a DESC"),
    ("postgresql", "SELECT * FROM x", "SELECT * FROM x AS y"),
    ("postgresql", "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (now())", "INSERT INTO t VALUES (ARRAY[1])"),
    ("postgresql", 'SELECT a FROM "T"', "SELECT a FROM t"),
    ("postgresql", "SELECT a - 1 FROM t", "SELECT a + 1 FROM t"),
    ("postgresql", "SELECT a -> 'x' FROM t", "SELECT a ->> 'x' FROM t", "SELECT a ? 'x' FROM t"),
    ("mysql", "SELECT a FROM t LIMIT 5", "SELECT a FROM t"),
    ("mysql", "SELECT a FROM t FOR UPDATE", "SELECT a FROM t"),
    ("mysql", "SELECT `a-1` FROM t", "SELECT `a-2` FROM t"),
    ("redis", "GET user:17:cart", "GET user:17:name", "DEL user:17:cart"),
    ("mongodb", '{"find":"u","sort":{"a":1}}', '{"find":"u","sort":{"a":-1}}', '{"find":"v","sort":{"a":1}}'),
]  # fmt: skip


@pytest.mark.parametrize("case", SAME, ids=lambda case: case[1][:40])
def test_joined(case):
    dialect, *statements = case
    assert len({digest(statement, dialect) for statement in statements}) == 1, [digest(s, dialect) for s in statements]


@pytest.mark.parametrize("case", APART, ids=lambda case: case[1][:40])
def test_kept_apart(case):
    dialect, *statements = case
    assert len({digest(statement, dialect) for statement in statements}) == len(statements)


@pytest.mark.parametrize("case", SAME, ids=lambda case: case[1][:40])
def test_a_digest_is_its_own_digest(case):
    dialect, *statements = case
    if dialect in ("mongodb", "elasticsearch"):
        return  # their digests are not statements
    for statement in statements:
        once = digest(statement, dialect)
        assert digest(once, dialect) == once


def test_reads_like_sql():
    text = (
        "SELECT p.id, COUNT(*) AS n FROM promotions p WHERE p.user_id = 7 AND p.kind IN ('a','b') GROUP BY p.id LIMIT 9"
    )
    assert digest(text, "mysql") == (
        "select count(*), p.id from promotions as p where p.kind = ? and p.user_id = ? group by p.id limit ?"
    )


def test_the_dialect_is_guessed():
    assert digest('SELECT `a` FROM t WHERE b = "it\'s"') == "select a from t where b = ?"
    assert digest('SELECT "a" FROM t WHERE b = $1::text') == "select a from t where b = ?"


def test_hostile_statements_end():
    assert digest("(" * 5000 + "1" + ")" * 5000, "mysql")
    assert digest("SELECT '" + "x" * 200_000, "mysql") == "select ?"
    assert digest("", "mysql") == digest("-- nothing", "postgresql") == ""


def test_identifier_of_a_digest():
    assert digest_id("select ?") == digest_id("select ?") != digest_id("select a")
    assert len(digest_id("")) == 16


def test_unknown_style():
    with pytest.raises(OptionError, match="Did you mean pmm"):
        digest("SELECT 1", style="pmn")

"""The styles of other tools follow those tools' rules."""

from __future__ import annotations

import pytest

from rca.digests import digest

PT = [
    ("SELECT * FROM t WHERE a IN (1,2) AND b = 'x'", "select * from t where a in(?+) and b = ?"),
    ("insert into t2 values (1,'a'),(2,'b')", "insert into t? values(?+)"),
    ("CALL do_it(1, 2)", "call do_it"),
    ("SELECT a FROM t LIMIT 5 OFFSET 10", "select a from t limit ?"),
    ("select a from t union select a from t", "select a from t /*repeat union*/"),
    ("use shop", "use ?"),
    ("SELECT /* note */ a -- end\nFROM t ORDER BY b ASC, c DESC", "select a from t order by b, c desc"),
    ("administrator command: Ping", "administrator command: Ping"),
    ("SELECT NULL, true, 0x1f, -2.5e3 FROM t", "select ?, ?, ?, ? from t"),
    ("SELECT * FROM t", "select * from t"),
]
PMM = [
    ("SELECT * FROM t2 WHERE a IN ( 1,2 ) AND b = 'x'", "select * from t2 where a in(?+) and b = ?"),
    ("insert into t values (1,'a'),(2,'b') on duplicate key update n = n + 1", "insert into t values(?+) on duplicate key update n = n + ?"),
    ("CALL do_it(1, 2)", "call do_it"),
    ("SELECT a FROM t LIMIT 5, 10", "select a from t limit ?, ?"),
    ("select 1 union select 2", "select ? union select ?"),
    ("use shop", "use ?"),
    ("SELECT /*!40001 SQL_NO_CACHE */ * FROM `f`", "select /*!40001 sql_no_cache */ * from `f`"),
    ("SELECT a -- end\n,b FROM t ORDER BY b ASC", "select a ,b from t order by b"),
    ("SELECT a FROM t WHERE b IN (SELECT c FROM d WHERE e = 5)", "select a from t where b in(select c from d where e = ?)"),
    ("administrator command: Ping", "administrator command: Ping"),
]  # fmt: skip
OTEL = [
    ("SELECT a, -5, +5, 'it''s' FROM T1 WHERE b = 0xFF", "SELECT a, ?, ?, ? FROM T1 WHERE b = ?"),
    ("SELECT 1+2", "SELECT ??"),
    ("SELECT a\n  FROM t -- why\n WHERE b IN (1, 'x')", "SELECT a\n  FROM t \n WHERE b IN (?)"),
    ('SELECT "a" FROM t WHERE b = $1 AND c IS NULL', 'SELECT "a" FROM t WHERE b = $1 AND c IS NULL'),
]


@pytest.mark.parametrize(("text", "wanted"), PT)
def test_pt(text, wanted):
    assert digest(text, "mysql", style="pt") == wanted


@pytest.mark.parametrize(("text", "wanted"), PMM)
def test_pmm(text, wanted):
    assert digest(text, "mysql", style="pmm") == wanted


@pytest.mark.parametrize(("text", "wanted"), OTEL)
def test_otel(text, wanted):
    assert digest(text, "other_sql", style="otel") == wanted


def test_pg_asks_the_servers_own_parser():
    pytest.importorskip("pglast")
    one, two = "SELECT a FROM t WHERE b = 1", "select a from t where b in ($1, $2)"
    assert digest(one, style="pg") == digest(two, style="pg") != digest("SELECT 1", style="pg")

"""What a statement does, without a database."""

from __future__ import annotations

import pytest

from rca.digests import describe


def test_columns_by_table_through_aliases():
    found = describe(
        "SELECT o.id FROM orders o INNER JOIN users AS u ON o.user_id = u.id WHERE u.email = %s AND o.status IN ('a', 'b') "
        "AND o.total > 5 AND o.note LIKE '%x' ORDER BY o.created_at DESC, o.id LIMIT 10, 20",
        "mysql",
    )
    assert found.operation == "SELECT"
    assert found.tables == ("orders", "users")
    assert found.equality == {"users": ("email",), "orders": ("status",)}
    assert found.range == {"orders": ("total",)}
    assert found.sort == {"orders": ("created_at", "id")}
    assert found.joined == {"orders": ("user_id",), "users": ("id",)}
    assert (found.limit, found.batch, found.is_write) == (20, 2, False)


def test_either_or_names_no_index():
    assert describe("SELECT * FROM t WHERE (a = 1 OR b = 2) AND c = 3").equality == {"t": ("c",)}
    assert describe("SELECT * FROM t WHERE a = 1 OR b = 2").equality == {}


def test_a_column_inside_a_call_names_no_index():
    assert describe("SELECT * FROM t WHERE lower(a) = 'x' AND b = 1").equality == {"t": ("b",)}


def test_subqueries_have_their_own_tables():
    found = describe("SELECT (SELECT MAX(b.x) FROM u b WHERE b.t_id = a.id AND b.k = 5) FROM t a WHERE a.c IS NULL")
    assert found.tables == ("t", "u")
    assert found.equality == {"u": ("k",), "t": ("c",)}
    assert found.aggregates


def test_views_of_with_are_no_tables():
    found = describe("WITH x AS (SELECT id FROM a WHERE k = 1) SELECT * FROM x JOIN b ON b.id = x.id WHERE b.z = 3")
    assert set(found.tables) == {"a", "b"}
    assert found.operation == "SELECT"
    assert found.equality["b"] == ("z",)


def test_writes():
    found = describe("INSERT INTO shop.t (a, b) VALUES (1, 2), (3, 4), (5, 6)", "mysql")
    assert (found.operation, found.collection, found.batch, found.is_write) == ("INSERT", "shop.t", 3, True)
    found = describe("UPDATE t SET a = 1 WHERE id = 5 AND x BETWEEN 1 AND 2")
    assert (found.equality, found.range, found.is_write) == ({"t": ("id",)}, {"t": ("x",)}, True)


def test_brackets_and_top():
    found = describe("SELECT TOP 5 * FROM [dbo].[Orders] WHERE [Id] = @p1", "mssql")
    assert (found.tables, found.equality, found.limit) == (("dbo.Orders",), {"dbo.Orders": ("Id",)}, 5)


def test_documents():
    found = describe(
        '{"aggregate": "orders", "pipeline": [{"$match": {"a": 1, "b": {"$gt": 2}}}, {"$sort": {"c": -1}}, {"$limit": 7}]}',
        "mongodb",
    )
    assert (found.operation, found.collection, found.limit) == ("AGGREGATE", "orders", 7)
    assert (found.equality, found.range, found.sort) == ({"orders": ("a",)}, {"orders": ("b",)}, {"orders": ("c",)})


def test_garbage_is_described_as_nothing():
    for text in ("", "(((", "SELECT", "WHERE = = =", "{not json", "FROM FROM FROM"):
        describe(text)
        describe(text, "mongodb")


@pytest.mark.parametrize(
    "word", ["zone", "year", "offset", "rows", "window", "view", "first", "lock", "filter", "range"]
)
@pytest.mark.parametrize("dialect", ["mysql", "postgresql"])
def test_a_word_of_clauses_may_be_a_name(word, dialect):
    assert describe(f"SELECT id FROM t WHERE {word} = 5 AND b > 3 ORDER BY c LIMIT 9", dialect).equality == {
        "t": (word,)
    }
    assert describe(f"SELECT id FROM t x WHERE b = 3 AND x.{word} BETWEEN 1 AND 2", dialect).range == {"t": (word,)}
    assert describe(f"SELECT id FROM {word} WHERE zip = 5", dialect).tables == (word,)
    assert describe(f"SELECT a.id FROM {word} a JOIN t ON a.id = t.id WHERE a.zip = 5", dialect).equality == {
        word: ("zip",)
    }
    assert describe("SELECT id FROM ONLY t WHERE b = 3 LIMIT 5 OFFSET 9", dialect).limit == 5


def test_words_of_clauses_stay_what_they_are():
    told = describe("SELECT a, row_number() OVER (PARTITION BY b ORDER BY c ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t WHERE d AT TIME ZONE 'UTC' > now() - INTERVAL '1' DAY FETCH FIRST 5 ROWS ONLY", "postgresql")  # fmt: skip
    assert told.tables == ("t",)
    assert told.limit == 5

"""What a statement does, without a database."""

from __future__ import annotations

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

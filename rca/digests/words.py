"""Words with a meaning of their own: what opens a clause, what joins tables, what cannot be an alias."""

from __future__ import annotations

__all__ = [
    "CLAUSES",
    "JOINS",
    "KEYWORDS",
    "LITERAL_TYPES",
    "QUERY_HEADS",
    "RESERVED",
    "SPACED",
    "TYPE_TAILS",
    "UNARY_AFTER",
]


def word_set(words: str) -> frozenset[str]:
    """Return the set of words that a text lists.

    Examples
    --------
    >>> sorted(word_set("b a"))
    ['a', 'b']
    """
    return frozenset(words.split())


QUERY_HEADS = word_set("select insert update delete replace merge with values upsert")
"""First words of a statement that reads or writes rows."""

CLAUSES = word_set(
    "select from where group having order limit offset fetch window union intersect except minus returning set values on "
    "qualify into using for lock procedure prewhere settings format duplicate conflict when matched"
)
"""Words that open a clause."""

JOINS = word_set("join inner left right full cross natural outer straight_join lateral asof anti semi")
"""Words between two tables."""

UNARY_AFTER = CLAUSES | word_set(
    "and or not in between like ilike rlike regexp is by then else case any all some exists as distinct div mod xor top "
    "interval escape return to similar binary"
)
"""Words after which an expression begins: a sign there belongs to the number that follows."""

KEYWORDS = (
    UNARY_AFTER
    | JOINS
    | word_set(
        "end null true false asc desc nulls first last default collate over partition rows range preceding following "
        "unbounded current row create alter drop table index view temp temporary if with recursive key update delete insert "
        "replace do nothing share skip locked nowait only ignore low_priority high_priority delayed sql_no_cache "
        "sql_calc_found_rows force use primary unique constraint references check within filter at zone day hour minute "
        "second month year week microsecond quarter day_hour day_minute day_second day_microsecond hour_minute hour_second "
        "hour_microsecond minute_second minute_microsecond second_microsecond year_month unsigned signed ties percent "
        "option apply pivot unpivot cast convert array materialized"
    )
)
"""Words that are neither an alias nor the end of an expression that could carry one."""

RESERVED = KEYWORDS | word_set("user order table column check grant")
"""Names that stay quoted, so that they do not look like a clause."""

SPACED = (
    UNARY_AFTER
    | JOINS
    | word_set("over filter with as partition key index update table do within references recursive")
)
"""Words that a space follows before an opening parenthesis; after any other word the parenthesis belongs to a call."""
SPACED -= word_set("values left right any all some replace mod")

LITERAL_TYPES = word_set(
    "date time timestamp timestamptz timetz datetime interval uuid json jsonb inet cidr macaddr point polygon box path line "
    "lseg circle bytea bit varbit text varchar char numeric decimal money xml tsvector tsquery int4range int8range numrange "
    "tsrange tstzrange daterange regclass bool boolean int integer bigint smallint float real double int2 int4 int8 float4 "
    "float8 guid ts d t name oid"
)
"""Types that may stand before a quoted literal."""

TYPE_TAILS = word_set("precision varying zone time with without unsigned signed character large object")
"""Words that continue the name of a type."""

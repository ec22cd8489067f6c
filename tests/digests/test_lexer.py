"""The lexer loses nothing and takes strings, comments and placeholders for what they are."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rca.digests import lexer
from rca.digests.lexer import tokens

FAMILIES = ("mysql", "postgres", "mssql", "ansi")
SHARDS = st.sampled_from(
    ["'", '"', "`", "\\", "/*", "*/", "--", "#", "\n", "$$", "$t$", "a", "7", "?", "E'", "[", "]", "%s", ":x", "é", " "]
)


@pytest.mark.parametrize("family", FAMILIES)
@given(st.lists(SHARDS, max_size=20).map("".join))
@settings(deadline=None)
def test_nothing_is_lost(family, text):
    found = list(tokens(text, family))
    assert "".join(token.text for token in found) == text
    assert [token.start for token in found] == [
        sum(len(earlier.text) for earlier in found[:at]) for at in range(len(found))
    ]


def kinds(text, family):
    return [(token.kind, token.text) for token in tokens(text, family) if token.kind != lexer.SPACE]


@pytest.mark.parametrize(
    ("family", "text"),
    [
        ("mysql", r"'it\'s'"),
        ("mysql", "'it''s'"),
        ("mysql", '"say ""hi"""'),
        ("mysql", "N'x'"),
        ("mysql", "_utf8'x'"),
        ("postgres", r"E'it\'s'"),
        ("postgres", r"'C:\tmp'"),
        ("postgres", "$$it's$$"),
        ("postgres", "$body$ $$ it's $body$"),
        ("postgres", "U&'x'"),
        ("mssql", "N'it''s'"),
        ("ansi", r"'it\'s'"),
        ("ansi", "q'[it's]'"),
    ],
)
def test_one_string(family, text):
    assert kinds(text + " x", family)[0] == (lexer.STRING, text)


@pytest.mark.parametrize(
    ("family", "text"),
    [
        ("mysql", "-- it's"),
        ("mysql", "# it's"),
        ("mysql", "/* it's */"),
        ("mysql", "/*+ MAX_EXECUTION_TIME(5) */"),
        ("postgres", "/* a /* nested */ comment */"),
        ("postgres", "--it's"),
    ],
)
def test_one_comment(family, text):
    assert kinds(text, family) == [(lexer.COMMENT, text)]


def test_two_dashes_without_a_blank_are_arithmetic_in_mysql():
    assert lexer.COMMENT not in dict(kinds("5--3", "mysql"))
    assert lexer.COMMENT in dict(kinds("5--3", "postgres"))


@pytest.mark.parametrize("text", ["?", "$1", "%s", "%(name)s", ":name", "@p1", "?1", "{name:UInt8}"])
def test_placeholders_of_every_driver(text):
    assert kinds(text, "ansi") == [(lexer.PARAMETER, text)]


@pytest.mark.parametrize("text", ["1", "1.5", ".5", "5.", "1e5", "1.5E-3", "0xff", "0b101"])
@pytest.mark.parametrize("family", FAMILIES)
def test_numbers(family, text):
    assert kinds(text, family) == [(lexer.NUMBER, text)]


def test_names_may_begin_with_digits():
    assert kinds("123foo", "mysql") == [(lexer.WORD, "123foo")]


def test_question_mark_between_operands_is_an_operator_of_postgres():
    assert (lexer.OPERATOR, "?") in kinds("data ? 'key'", "postgres")
    assert (lexer.PARAMETER, "?") in kinds("a = ? AND b = 1", "postgres")

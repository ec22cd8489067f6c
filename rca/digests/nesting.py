"""Tokens of a statement as a tree of its parentheses, with words that are names where they stand told apart."""

from __future__ import annotations

from typing import NamedTuple

from rca.digests import lexer
from rca.digests.words import word_set

__all__ = ["Item", "bare", "nested"]

_DEEPEST = 200
_ALSO_NAMES = word_set(
    "zone year month day hour minute second week quarter microsecond offset option row rows share temp temporary view window "
    "first last percent top current filter format nulls over partition preceding following range return skip ties lock "
    "locked nowait settings duplicate matched escape similar at within apply pivot unpivot only ignore nothing do conflict "
    "procedure semi anti asof any some force use materialized recursive unbounded fetch qualify end interval values default "
    "key index full left right outer set date delayed unsigned signed cascade array prewhere replace truncate"
)
"""Words of clauses that some engine takes for a name without quotes."""
_BEFORE_COLUMN = word_set("where and or on having when by set") | {","}
_AFTER_COLUMN = word_set("in is like ilike rlike regexp between not asc desc") | {
    "=",
    "<",
    ">",
    "<=",
    ">=",
    "<>",
    "!=",
    "<=>",
    "~",
}
_MODIFIERS = word_set("only ignore all any some skip values fetch")
_BEFORE_TABLE = word_set("from join into update")
_AFTER_TABLE = word_set("where set as join inner left right cross on group order limit having union") | {",", ";"}


class Item(NamedTuple):
    """A token, or a group in parentheses with what is inside."""

    kind: str
    text: str
    low: str
    inner: tuple[Item, ...] = ()


def _named(items: list[Item]) -> tuple[Item, ...]:
    """Quote the words of a level that can only be names where they stand: before a comparison, or as a table."""
    for at, item in enumerate(items):
        if item.kind != lexer.WORD or item.low not in _ALSO_NAMES:
            continue
        before = items[at - 1].low if at else ""
        after = items[at + 1].low if at + 1 < len(items) else ""
        column = before in _BEFORE_COLUMN and after in _AFTER_COLUMN
        compared = not before and after in _AFTER_COLUMN - {"in", "not"}
        table = before in _BEFORE_TABLE and (after in _AFTER_TABLE or not after or _aliased(items, at))
        if column or compared or table or before == "." or (after == "." and before != "."):
            quoted = f'"{item.text}"'
            items[at] = Item(lexer.NAME, quoted, quoted)
    return tuple(items)


def _aliased(items: list[Item], at: int) -> bool:
    """Say whether a word is followed by an alias, and that by what follows a table."""
    alias = items[at + 1]
    after = items[at + 2].low if at + 2 < len(items) else ""
    named = alias.kind in (lexer.WORD, lexer.NAME) and alias.low not in _ALSO_NAMES
    return named and items[at].low not in _MODIFIERS and (after in _AFTER_TABLE or not after)


def bare(name: str) -> str:
    """Return a name without its quotes."""
    return name[1:-1] if len(name) > 1 and name[0] in '"`[' else name


def nested(sql: str, family: str) -> tuple[Item, ...]:
    """Return the tokens of a statement, each parenthesis a group of its own.

    Examples
    --------
    >>> [item.low for item in nested("SELECT f(1) FROM t WHERE year = 5", "mysql")]
    ['select', 'f', '(', 'from', 't', 'where', '"year"', '=', '5']
    """
    stack: list[list[Item]] = [[]]
    opened: list[str] = []
    for token in lexer.tokens(sql, family):
        if token.kind in (lexer.SPACE, lexer.COMMENT):
            continue
        if token.text in ("(", "[") and token.kind == lexer.PUNCTUATION and len(stack) < _DEEPEST:
            stack.append([])
            opened.append(token.text)
        elif token.text in (")", "]") and token.kind == lexer.PUNCTUATION and len(stack) > 1:
            inner = _named(stack.pop())
            stack[-1].append(Item("group", opened.pop(), "(", inner))
        else:
            low = token.text.lower() if token.kind in (lexer.WORD, lexer.OPERATOR) else token.text
            stack[-1].append(Item(token.kind, token.text, low))
    while len(stack) > 1:
        inner = _named(stack.pop())
        stack[-1].append(Item("group", opened.pop(), "(", inner))
    return _named(stack[0])

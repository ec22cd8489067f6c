"""Walks the tokens of a statement once and notes tables and compared columns, level by level of its parentheses."""

from __future__ import annotations

from collections import defaultdict

from rca.digests import lexer
from rca.digests.nesting import Item, bare, nested
from rca.digests.words import CLAUSES, JOINS, KEYWORDS, RESERVED, word_set

__all__ = ["Recogniser"]

_EQUAL, _RANGE = frozenset(("=", "<=>", "in", "is")), frozenset(("<", ">", "<=", ">=", "between", "like", "!<", "!>"))
_VALUES = (lexer.STRING, lexer.NUMBER, lexer.PARAMETER)
_AGGREGATES = word_set("count sum avg min max group_concat string_agg array_agg json_agg stddev variance")
_CONDITIONS = frozenset(("where", "on", "having", "and"))


class Recogniser:
    """The notes of one walk. The fields are those of :class:`rca.digests.Statement`."""

    def __init__(self, sql: str, family: str) -> None:
        self.operation = ""
        self.tables: list[str] = []
        self.equality: dict[str, list[str]] = defaultdict(list)
        self.range: dict[str, list[str]] = defaultdict(list)
        self.sort: dict[str, list[str]] = defaultdict(list)
        self.joined: dict[str, list[str]] = defaultdict(list)
        self.limit: int | None = None
        self.batch = 0
        self.aggregates = False
        self._views: set[str] = set()
        self._items = nested(sql, family)

    def run(self) -> None:
        """Walk the first statement."""
        items = self._items
        for at, item in enumerate(items):
            if item.text == ";":
                items = items[:at]
                break
        if items and items[0].low == "explain":
            items = tuple(item for at, item in enumerate(items) if at > 0 and item.low not in ("analyze", "verbose"))
        self._level(items, {}, top=True)

    def _level(self, items: tuple[Item, ...], outer: dict[str, str], *, top: bool = False) -> None:
        if items and items[0].low == "with":
            items = self._with(items, outer)
        if top and items:
            self.operation = items[0].text.upper() if items[0].kind == lexer.WORD else ""
        scope = self._scope(items)
        known = outer | scope
        clause = ""
        for at, item in enumerate(items):
            word = item.low if item.kind == lexer.WORD else ""
            after = items[at + 1] if at + 1 < len(items) else None
            if word in CLAUSES or (word in JOINS and (after is None or after.kind != "group")):
                clause = word
                self._opened(word, items, at, scope)
            if item.kind == "group":
                self._group(item, items[at - 1] if at else None, clause, known, scope)
            elif clause in _CONDITIONS and after is not None and after.kind != "group":
                self._condition(items, at, known, scope, clause)
            elif word in _AGGREGATES and after is not None and after.kind == "group":
                self.aggregates = True

    def _with(self, items: tuple[Item, ...], outer: dict[str, str]) -> tuple[Item, ...]:
        """Note the views of a WITH and walk them; return what follows."""
        at = 1
        while at < len(items):
            item = items[at]
            if item.kind in (lexer.WORD, lexer.NAME) and at + 1 < len(items) and items[at + 1].low in ("as", "("):
                self._views.add(bare(item.text).lower())
            if item.kind == "group" and at + 1 < len(items) and items[at - 1].low in ("as", "materialized"):
                self._level(item.inner, outer)
                if items[at + 1].text != ",":
                    return items[at + 1 :]
            at += 1
        return items

    def _scope(self, items: tuple[Item, ...]) -> dict[str, str]:
        """Return the tables of a level by alias and by name, and note them."""
        scope: dict[str, str] = {}
        opening = False
        at = 0
        while at < len(items):
            item = items[at]
            if item.kind == lexer.WORD and item.low in (
                "from",
                "join",
                "into",
                "update",
                "using",
                "straight_join",
                "truncate",
                "table",
            ):
                named = not (item.low == "update" and at and items[at - 1].low in ("for", "key", "do", "on"))
                opening = named and not (item.low == "using" and at + 1 < len(items) and items[at + 1].kind == "group")
                at += 1
                continue
            if (
                opening
                and item.kind in (lexer.WORD, lexer.NAME)
                and item.low not in RESERVED - {"user", "order", "group"}
            ):
                at = self._table(items, at, scope)
                opening = at < len(items) and items[at].text == ","
                at += opening
                continue
            if opening and item.low not in ("only", "lateral", "low_priority", "ignore", "if", "exists", "not"):
                opening = item.kind == "group" and at + 1 < len(items) and items[at + 1].text == ","
            at += 1
        return scope

    def _table(self, items: tuple[Item, ...], at: int, scope: dict[str, str]) -> int:
        name, at = _dotted(items, at)
        opened = at < len(items) and items[at].kind == "group" and items[at].text == "("
        columns = at + 1 < len(items) and items[at + 1].low in ("values", "select", "value")
        if opened and not columns and not scope and self.operation != "INSERT":
            return at  # a function, not a table
        base = name.split(".")[-1]
        real = base.lower() not in self._views
        if real:
            self.tables.append(name)
        scope[base.lower()] = name if real else ""
        if at < len(items) and items[at].low == "as":
            at += 1
        if at < len(items) and items[at].kind in (lexer.WORD, lexer.NAME) and items[at].low not in KEYWORDS:
            scope[bare(items[at].text).lower()] = name if real else ""
            at += 1
        return at

    def _opened(self, word: str, items: tuple[Item, ...], at: int, scope: dict[str, str]) -> None:
        if word == "order":
            self._order(items, at + 2, scope)
        elif word == "group":
            self.aggregates = True
        elif word in ("limit", "fetch"):
            number = next((item for item in items[at + 1 : at + 3] if item.kind == lexer.NUMBER), None)
            if number is not None and number.text.isdigit():
                two = items[at + 2 : at + 4] if word == "limit" else ()
                second = two[1] if len(two) == 2 and two[0].text == "," else None
                chosen = second.text if second is not None and second.text.isdigit() else number.text
                self.limit = int(chosen)
        elif word == "values":
            rows = sum(item.kind == "group" for item in items[at + 1 :])
            self.batch = max(self.batch, rows)
        elif word == "select" and at + 2 < len(items) and items[at + 1].low == "top" and items[at + 2].text.isdigit():
            self.limit = int(items[at + 2].text)

    def _order(self, items: tuple[Item, ...], at: int, scope: dict[str, str]) -> None:
        while at < len(items) and items[at].kind in (lexer.WORD, lexer.NAME):
            name, at = _dotted(items, at)
            if at < len(items) and items[at].kind == "group":
                return
            self._note(self.sort, name, scope, scope)
            while at < len(items) and items[at].low in ("asc", "desc", "nulls", "first", "last"):
                at += 1
            if at >= len(items) or items[at].text != ",":
                return
            at += 1

    def _group(
        self, item: Item, before: Item | None, clause: str, known: dict[str, str], scope: dict[str, str]
    ) -> None:
        if item.inner and item.inner[0].low in ("select", "with"):
            self._level(item.inner, known)
            return
        if before is not None and before.low == "in":
            self.batch = max(self.batch, sum(part.text == "," for part in item.inner) + 1)
            return
        called = before is not None and before.kind in (lexer.WORD, lexer.NAME) and before.low not in KEYWORDS
        if called or clause == "values":
            for part in item.inner:
                if part.kind == "group":
                    self._group(part, None, "call", known, scope)
            return
        either = any(part.low == "or" for part in item.inner)
        for at, part in enumerate(item.inner):
            if part.kind == "group":
                self._group(part, item.inner[at - 1] if at else None, "call" if either else clause, known, scope)
            elif clause in _CONDITIONS and not either:
                self._condition(item.inner, at, known, scope, clause)

    def _condition(
        self, items: tuple[Item, ...], at: int, known: dict[str, str], scope: dict[str, str], clause: str
    ) -> None:
        """Note a comparison that begins with the column at `at`."""
        item = items[at]
        if (
            item.kind not in (lexer.WORD, lexer.NAME)
            or item.low in KEYWORDS
            or (at and items[at - 1].text in (".", "::"))
        ):
            return
        name, after = _dotted(items, at)
        before = items[at - 1] if at else None
        if before is not None and before.low in ("=", "<", ">", "<=", ">="):
            self._reversed(items, at, name, known, scope)
            return
        if before is not None and before.low not in ("where", "on", "having", "and", "when"):
            return
        if after >= len(items) or _or_near(items, at):
            return
        operator = items[after].low
        right = items[after + 1] if after + 1 < len(items) else None
        if right is None:
            return
        if (
            operator in ("=", "<", ">", "<=", ">=")
            and right.kind in (lexer.WORD, lexer.NAME)
            and right.low not in KEYWORDS
        ):
            other, end = _dotted(items, after + 1)
            if not (end < len(items) and items[end].kind == "group"):
                self._note(self.joined, name, known, scope)
                self._note(self.joined, other, known, scope)
                return
        if operator in _EQUAL and clause != "having" and not (operator == "is" and right.low == "not"):
            subquery = right.kind == "group" and right.inner and right.inner[0].low in ("select", "with")
            self._note(self.joined if subquery else self.equality, name, known, scope)
        elif operator in _RANGE and clause != "having" and not (operator == "like" and right.text[1:2] in ("%", "_")):
            self._note(self.range, name, known, scope)

    def _reversed(
        self, items: tuple[Item, ...], at: int, name: str, known: dict[str, str], scope: dict[str, str]
    ) -> None:
        """``7 = column``."""
        if at > 1 and items[at - 2].kind in _VALUES and not _or_near(items, at):
            self._note(self.equality if items[at - 1].low == "=" else self.range, name, known, scope)

    def _note(self, target: dict[str, list[str]], name: str, known: dict[str, str], scope: dict[str, str]) -> None:
        *owner, column = name.split(".")
        if owner:
            table = known.get(owner[-1].lower(), owner[-1])
        else:
            mine = list(dict.fromkeys(table for table in scope.values() if table))
            table = mine[0] if len(mine) == 1 else ""
        if column not in target[table]:
            target[table].append(column)


def _or_near(items: tuple[Item, ...], at: int) -> bool:
    """Whether the clause around a position joins its conditions by OR."""
    start = at
    while start and items[start].low not in CLAUSES:
        start -= 1
    for item in items[start + 1 :]:
        if item.low in CLAUSES and item.low != "set" and item.kind == lexer.WORD and item.low not in ("lock", "format"):
            return False
        if item.low == "or" and item.kind == lexer.WORD:
            return True
    return False


def _dotted(items: tuple[Item, ...], at: int) -> tuple[str, int]:
    """Return a name with its qualifiers, and where it ends."""
    parts = [bare(items[at].text)]
    at += 1
    while at + 1 < len(items) and items[at].text == "." and items[at + 1].kind in (lexer.WORD, lexer.NAME):
        parts.append(bare(items[at + 1].text))
        at += 2
    return ".".join(parts), at

"""The house's own normal form: what means the same reads the same, and nothing else does.

Values, casts of values, comments, alias names of results, the order of a select list, of AND-ed conditions, of assignments and
of listed tables, the length of lists and batches, and digit runs in table names carry no meaning for a comparison of
statements. ``x IN (…)`` and ``x = ANY (…)`` with values read ``x = ?``: the batched and the single look-up are one statement.
"""

from __future__ import annotations

import re

from rca.digests import clauses, commands
from rca.digests.expressions import values_once
from rca.digests.pieces import GROUP, NAME, OPERATOR, PUNCTUATION, QUERY, VALUE, WORD, Piece, expects_operand, pieces
from rca.digests.printing import text_of
from rca.digests.words import QUERY_HEADS, TYPE_TAILS, UNARY_AFTER, word_set

__all__ = ["canonical"]

_DEEPEST = 60
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")
_CALLS = frozenset(
    ("in", "values", "value", "any", "all", "some", "row", "interval", "array", "exists", "as", "on", "over")
)


def canonical(sql: str, family: str) -> str:
    """Return the normal form of one or several statements.

    Examples
    --------
    >>> canonical("SELECT b, a AS x FROM t_20260501 WHERE k IN (1, 2) AND j = 'y' LIMIT 5", "postgres")
    'select a, b from t_00 where j = ? and k = ? limit ?'
    """
    parts = pieces(sql, family)
    level = _fold(parts)
    if level is None:
        return text_of(values_once(parts))
    statements: list[list[Piece]] = [[]]
    for piece in level:
        if piece.kind == PUNCTUATION and piece.text == ";":
            statements.append([])
        else:
            statements[-1].append(piece)
    return "; ".join(_statement(part, family) for part in statements if part)


def _statement(level: list[Piece], family: str) -> str:
    level = commands.settle(level, family)
    return text_of(clauses.arrange(_partitions(_casts(level))))


def _fold(parts: list[Piece]) -> list[Piece] | None:
    """Turn every pair of parentheses into one piece, innermost first; None where they nest absurdly deep."""
    stack: list[list[Piece]] = [[]]
    for piece in parts:
        if piece.kind == PUNCTUATION and piece.text in _OPEN:
            if len(stack) > _DEEPEST:
                return None
            stack.append([piece])
        elif piece.kind == PUNCTUATION and piece.text in _CLOSE and len(stack) > 1:
            group = stack.pop()
            _close(group[0].text, group[1:], piece.text, stack[-1])
        else:
            stack[-1].append(piece)
    while len(stack) > 1:  # cut statements: what was open stays open
        rest = stack.pop()
        stack[-1].extend(rest)
    return stack[0]


def _close(opened: str, inner: list[Piece], closed: str, level: list[Piece]) -> None:
    before = level[-1] if level else None
    inner = _casts(inner)
    if opened == "(" and before and before.text in ("cast", "try_cast", "safe_cast") and _is_value_as(inner):
        level[-1] = Piece(VALUE, "?")
        return
    if inner and inner[0].kind == WORD and inner[0].text in QUERY_HEADS and not (before and before.text == "over"):
        text = text_of(clauses.arrange(_partitions(inner)))
        level.append(Piece(QUERY, f"{opened}{text}{closed}"))
        return
    inner = _entries(inner) if opened == "{" else clauses.arrange(inner)
    if opened == "(" and len(inner) == 1 and _may_drop(before):
        unary = inner[0].kind == VALUE and before is not None and before.text in ("-", "+")
        if unary and (len(level) == 1 or expects_operand(level[-2])):
            level.pop()
        level.append(inner[0])
        return
    mixed = any(piece.kind == WORD and piece.text in ("and", "or", "xor") for piece in inner)
    level.append(Piece(GROUP, f"{opened}{text_of(inner)}{closed}", mixed=mixed))


def _entries(inner: list[Piece]) -> list[Piece]:
    """Of a map of values keep one entry."""
    if any(piece.kind != VALUE and piece.text not in (":", ",") for piece in inner):
        return clauses.arrange(inner)
    keyed = any(piece.text == ":" for piece in inner)
    return [Piece(VALUE, "? : ?" if keyed else "?")] if inner else inner


def _is_value_as(inner: list[Piece]) -> bool:
    return len(inner) > 2 and inner[0].kind == VALUE and inner[1].text == "as"


def _may_drop(before: Piece | None) -> bool:
    """Whether parentheses around a single piece say nothing: not those of a call, a list or a type."""
    if before is None:
        return False
    if before.kind == WORD:
        return before.text in UNARY_AFTER and before.text not in _CALLS and before.text != "distinct"
    return before.kind == OPERATOR and before.text != "::"


def _casts(level: list[Piece]) -> list[Piece]:
    """Drop ``::type`` after a value."""
    if not any(piece.text == "::" for piece in level):
        return _intervals(level)
    out: list[Piece] = []
    at = 0
    while at < len(level):
        piece = level[at]
        if piece.text == "::" and out and (out[-1].kind == VALUE or out[-1].text in ("(?)", "array[?]", "[?]")):
            at = _type_end(level, at + 1)
            continue
        out.append(piece)
        at += 1
    return _intervals(out)


def _type_end(level: list[Piece], at: int) -> int:
    """Return where the name of a type that begins at `at` ends."""
    first = True
    while at < len(level):
        piece = level[at]
        named = piece.kind in (WORD, NAME)
        tail = piece.text in TYPE_TAILS or level[at - 1].text == "."
        if (named and (first or tail)) or piece.text == "." or (piece.kind == GROUP and piece.text[0] in "(["):
            at, first = at + 1, False
        else:
            break
    return at


def _intervals(level: list[Piece]) -> list[Piece]:
    """``INTERVAL (0) $2`` and ``INTERVAL '1 day'`` are values; ``INTERVAL ? DAY`` keeps its unit."""
    if not any(piece.text == "interval" for piece in level):
        return level
    out: list[Piece] = []
    at = 0
    while at < len(level):
        rest = [(piece.kind, piece.text) for piece in level[at : at + 4]]
        if rest[0] == (WORD, "interval"):
            if rest[1:3] == [(GROUP, "(?)"), (VALUE, "?")]:
                out.append(level[at + 2])
                at += 3
                continue
            unit = len(rest) > 2 and rest[2][0] == WORD and rest[2][1] in _UNITS
            if rest[1:2] == [(VALUE, "?")] and not unit:
                out.append(level[at + 1])
                at += 2
                continue
        out.append(level[at])
        at += 1
    return out


_UNITS = word_set("microsecond second minute hour day week month quarter year") | frozenset(
    f"{a}_{b}"
    for a in ("year", "month", "day", "hour", "minute", "second")
    for b in ("month", "hour", "minute", "second", "microsecond")
)
_SESSION_TABLE = re.compile(r"(?<=^#)(\w+?)_*[0-9a-f]{12}$")
_TABLE_AFTER = frozenset(("from", "join", "into", "update", "table", "only", "truncate", "straight_join"))


def _partitions(level: list[Piece]) -> list[Piece]:
    """Write digit runs in names of tables as ``00``: monthly partitions and shards are one table."""
    renamed: dict[str, str] = {}
    opening = False
    for at, piece in enumerate(level):
        if piece.kind in (WORD, NAME) and opening and piece.text not in _TABLE_AFTER:
            short = _without_runs(piece.text)
            if short != piece.text and not (at + 1 < len(level) and level[at + 1].text == "."):
                renamed[piece.text] = short
        opening = (
            piece.text in _TABLE_AFTER
            or (opening and piece.text in (".", ","))
            or (opening and at + 1 < len(level) and level[at + 1].text in (".", ","))
        )
    if not renamed:
        return level
    return [piece._replace(text=renamed.get(piece.text, piece.text)) for piece in level]


def _without_runs(name: str) -> str:
    name = _SESSION_TABLE.sub(r"\1", name)
    out, run = [], ""
    for letter in name + "\0":
        if letter.isdigit():
            run += letter
            continue
        out.append("00" if len(run) > 1 else run)
        out.append(letter)
        run = ""
    return "".join(out)[:-1]

"""The normal form of one level of a statement: lists, conditions and clauses in an order that means nothing."""

from __future__ import annotations

from collections.abc import Callable

from rca.digests.expressions import COMMA, cases, conditions, join, membership, sorted_once, split, values_once
from rca.digests.pieces import GROUP, NAME, QUERY, VALUE, WORD, Piece
from rca.digests.printing import text_of
from rca.digests.words import CLAUSES, JOINS, KEYWORDS, word_set

__all__ = ["arrange"]

_COMPARISONS = frozenset(("=", "<>", "<", ">", "<=", ">=", "like", "ilike", "~", "~*", "<=>"))
_ALSO_FUNCTIONS = frozenset(("left", "right", "format", "window", "settings", "lock", "minus", "conflict", "duplicate"))
_SETS = frozenset(("union", "intersect", "except", "minus"))


def arrange(level: list[Piece]) -> list[Piece]:
    """Return the pieces of one level in normal form."""
    level = cases(level) if any(piece.text == "case" for piece in level) else level
    level = membership(values_once(_joins(level)))
    if not any(piece.kind == WORD and piece.text in CLAUSES for piece in level):
        whole = len(level) == 1
        return level if whole else conditions(level)
    out: list[Piece] = []
    for head, part in _segments(level):
        body = _used_aliases(part, level) if head and head.text == "from" else part
        rule = _RULES.get(head.text if head else "")
        out += [*([head] if head else []), *(rule(body) if rule else body)]
    return _repeated_sets(_paging(out))


def _joins(level: list[Piece]) -> list[Piece]:
    """INNER and OUTER add nothing to a JOIN."""
    if not any(piece.text == "join" for piece in level):
        return level
    return [
        piece
        for piece, after in zip(level, [*level[1:], None], strict=True)
        if not (piece.text in ("inner", "outer") and after is not None and after.text == "join")
    ]


def _segments(level: list[Piece]) -> list[tuple[Piece | None, list[Piece]]]:
    """Cut a level at the words that open a clause; ``BY`` and join words stay with their clause's body."""
    found: list[tuple[Piece | None, list[Piece]]] = [(None, [])]
    for at, piece in enumerate(level):
        after = level[at + 1] if at + 1 < len(level) else None
        if piece.kind == WORD and _opens(piece, found[-1], after):
            found.append((piece, []))
        else:
            found[-1][1].append(piece)
    return found


def _opens(piece: Piece, last: tuple[Piece | None, list[Piece]], after: Piece | None) -> bool:
    if piece.text not in CLAUSES and piece.text not in JOINS:
        return False
    if after is not None and after.text == ".":
        return False
    calls = after is not None and after.kind == GROUP
    before = last[1][-1].text if last[1] else ""
    if before == "." or (piece.text == "from" and before == "distinct"):
        return False
    if piece.text == "values":
        assigned = before in _COMPARISONS or before == "," or (last[0] is not None and last[0].text == "set")
        return calls and not assigned
    return not (calls and piece.text in _ALSO_FUNCTIONS)


def _select(body: list[Piece]) -> list[Piece]:
    parts = split(body, ",")
    lead = 0
    while lead < len(parts[0]) and parts[0][lead].kind == WORD and parts[0][lead].text in _MODIFIERS:
        lead += 1
        if parts[0][lead - 1].text == "top" and lead < len(parts[0]):
            lead += 1
    head = [piece for piece in parts[0][:lead] if piece.text != "all"]
    parts[0] = parts[0][lead:]
    return [*head, *join(sorted_once([_unnamed(part) for part in parts]), COMMA)]


_MODIFIERS = word_set(
    "distinct all top sql_no_cache sql_cache sql_calc_found_rows sql_small_result sql_big_result "
    "sql_buffer_result straight_join high_priority distinctrow"
)


def _unnamed(part: list[Piece]) -> list[Piece]:
    """Take the alias from an expression of a select list."""
    if len(part) > 2 and part[-2].text == "as" and part[-1].kind in (WORD, NAME, VALUE):
        return part[:-2]
    if len(part) > 1 and (part[-1].kind == NAME or (part[-1].kind == WORD and part[-1].text not in KEYWORDS)):
        before = part[-2]
        if before.kind in (VALUE, NAME, GROUP, QUERY) or (before.kind == WORD and before.text not in KEYWORDS):
            return part[:-1]
    return part


def _tables(body: list[Piece]) -> list[Piece]:
    """Tables of a comma list, sorted; an ``AS`` is written out."""
    parts = [_aliased(part) for part in split(body, ",")]
    if len(parts) == 1:
        return parts[0]
    return join(sorted_once(parts), COMMA)


def _used_aliases(body: list[Piece], level: list[Piece]) -> list[Piece]:
    """In a list of tables, an alias that no column refers to says nothing."""
    parts = [_aliased(part) for part in split(body, ",")]
    if len(parts) == 1:
        return body
    everything = text_of(level)
    kept = []
    for part in parts:
        unused = len(part) > 2 and part[-2].text == "as" and f"{part[-1].text}." not in everything
        kept.append(part[:-2] if unused else part)
    return join(kept, COMMA)


def _aliased(part: list[Piece]) -> list[Piece]:
    if len(part) > 1 and part[-1].kind in (WORD, NAME) and part[-1].text not in KEYWORDS:
        before = part[-2]
        if before.kind in (NAME, GROUP, QUERY) or (before.kind == WORD and before.text not in KEYWORDS):
            return [*part[:-1], Piece(WORD, "as"), part[-1]]
    return part


def _assignments(body: list[Piece]) -> list[Piece]:
    return join(sorted_once(split(body, ",")), COMMA)


def _order(body: list[Piece]) -> list[Piece]:
    return [piece for piece in body if piece.text != "asc"]


def _into(body: list[Piece]) -> list[Piece]:
    """Sort the columns of an INSERT."""
    for at, piece in enumerate(body):
        if at and piece.kind == GROUP and piece.text.startswith("(") and "(" not in piece.text[1:]:
            names = ", ".join(sorted(set(piece.text[1:-1].split(", "))))
            return [*body[:at], Piece(GROUP, f"({names})"), *body[at + 1 :]]
    return body


def _paging(level: list[Piece]) -> list[Piece]:
    """``LIMIT ?, ?``, ``LIMIT ? OFFSET ?`` and ``OFFSET ? LIMIT ?`` read ``LIMIT ?``."""
    texts = [piece.text for piece in level]
    if "limit" not in texts:
        return level
    out: list[Piece] = []
    at = 0
    while at < len(level):
        if texts[at] == "limit" and texts[at + 1 : at + 4] == ["?", ",", "?"]:
            out += level[at : at + 2]
            at += 4
        elif texts[at] == "offset" and texts[at + 1 : at + 2] == ["?"]:
            at += 3 if texts[at + 2 : at + 3] in (["row"], ["rows"]) else 2
        else:
            out.append(level[at])
            at += 1
    return out


def _repeated_sets(level: list[Piece]) -> list[Piece]:
    """Shorten a UNION of more than two equal branches to one of two."""
    if not any(piece.kind == WORD and piece.text in _SETS for piece in level):
        return level
    branches: list[list[Piece]] = [[]]
    for piece in level:
        if piece.kind == WORD and piece.text in _SETS:
            branches.append([])
        branches[-1].append(piece)
    kept = branches[:2]
    for branch in branches[2:]:
        if text_of(branch) != text_of(kept[-1]):
            kept.append(branch)
    return [piece for branch in kept for piece in branch]


_RULES: dict[str, Callable[[list[Piece]], list[Piece]]] = {
    "select": _select,
    "returning": _select,
    "from": _tables,
    "where": conditions,
    "having": conditions,
    "on": conditions,
    "set": _assignments,
    "order": _order,
    "into": _into,
}

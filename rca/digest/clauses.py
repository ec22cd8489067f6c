"""The normal form of one level of a statement: lists, conditions and clauses in an order that means nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from rca.digest.pieces import GROUP, NAME, OPERATOR, PUNCTUATION, QUERY, VALUE, WORD, Piece
from rca.digest.printing import text_of
from rca.digest.words import CLAUSES, JOINS, KEYWORDS

__all__ = ["arrange"]

_PLAIN = re.compile(r"(?:[?(),\s]|row(?=\()|array(?=\[)|\[\?\])+")
_COMPARISONS = frozenset(("=", "<>", "<", ">", "<=", ">=", "like", "ilike", "~", "~*", "<=>"))
_SETS = frozenset(("union", "intersect", "except", "minus"))


def arrange(level: list[Piece]) -> list[Piece]:
    """Return the pieces of one level in normal form."""
    level = _cases(level) if any(piece.text == "case" for piece in level) else level
    level = _membership(_joins(level))
    if not any(piece.kind == WORD and piece.text in CLAUSES for piece in level):
        whole = len(level) == 1
        return level if whole else _conditions(_values_once(level))
    out: list[Piece] = []
    for head, part in _segments(level):
        body = _used_aliases(part, level) if head and head.text == "from" else part
        rule = _RULES.get(head.text if head else "", _values_once)
        out += [head, *rule(body)] if head else rule(body)
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
    if piece.text in (
        "values",
        "left",
        "right",
        "format",
        "window",
        "settings",
        "lock",
        "minus",
        "conflict",
        "duplicate",
    ):
        head = last[0].text if last[0] else ""
        return (
            calls and not (before in _COMPARISONS or head == "set" or before == ",")
            if piece.text == "values"
            else not calls
        )
    return True


def _split(level: Sequence[Piece], at: str) -> list[list[Piece]]:
    parts: list[list[Piece]] = [[]]
    for piece in level:
        if piece.text == at and piece.kind == PUNCTUATION:
            parts.append([])
        else:
            parts[-1].append(piece)
    return parts


def _join(parts: Sequence[Sequence[Piece]], between: Piece) -> list[Piece]:
    out: list[Piece] = []
    for part in parts:
        if out:
            out.append(between)
        out.extend(part)
    return out


_COMMA = Piece(PUNCTUATION, ",")


def _sorted_once(parts: list[list[Piece]]) -> list[list[Piece]]:
    by_text = {text_of(part): part for part in reversed(parts)}
    return [by_text[text] for text in sorted(by_text)]


def _plain(text: str) -> bool:
    return "?" in text and _PLAIN.fullmatch(text) is not None


def _values_once(level: list[Piece]) -> list[Piece]:
    """A run of values in a list is one value."""
    if not any(piece.text == "," for piece in level):
        return level
    kept: list[list[Piece]] = []
    for part in _split(level, ","):
        if kept and part and len(part) == 1 and _plain(part[0].text) and text_of(kept[-1]) == part[0].text:
            continue
        kept.append(part)
    return _join(kept, _COMMA)


def _cases(level: list[Piece]) -> list[Piece]:
    """Fold CASE … END into one piece; branches that read alike are one."""
    stack: list[list[Piece]] = [[]]
    for piece in level:
        if piece.kind == WORD and piece.text == "case":
            stack.append([piece])
        elif piece.kind == WORD and piece.text == "end" and len(stack) > 1:
            body = stack.pop()
            stack[-1].append(Piece(GROUP, _case_text(body)))
        else:
            stack[-1].append(piece)
    for rest in stack[1:]:
        stack[0].extend(rest)
    return stack[0]


def _case_text(body: list[Piece]) -> str:
    branches: list[list[Piece]] = [[]]
    for piece in body:
        if piece.text in ("when", "else"):
            branches.append([])
        branches[-1].append(piece)
    texts: list[str] = []
    for branch in branches:
        text = text_of(_membership(branch))
        if text not in texts:
            texts.append(text)
    return " ".join([*texts, "end"])


def _membership(level: list[Piece]) -> list[Piece]:
    """``IN (?)`` and ``= ANY (?)`` read ``= ?``; ``NOT IN (?)`` reads ``<> ?``."""
    if not any(piece.text in ("in", "any", "some", "values", "value") for piece in level):
        return level
    out: list[Piece] = []
    at = 0
    while at < len(level):
        piece, after = level[at], level[at + 1] if at + 1 < len(level) else None
        if piece.kind == WORD and after is not None and after.kind == GROUP and out:
            if piece.text == "in":
                _replace_in(out, after)
                at += 2
                continue
            if piece.text in ("any", "some") and out[-1].kind == OPERATOR and _plain(after.text):
                out.append(Piece(VALUE, "?"))
                at += 2
                continue
            if piece.text in ("values", "value") and out[-1].kind != OPERATOR:
                at = _rows(level, at, out)
                continue
        out.append(piece)
        at += 1
    return out


def _replace_in(out: list[Piece], group: Piece) -> None:
    negated = out[-1].kind == WORD and out[-1].text == "not"
    if _plain(group.text):
        if negated:
            out.pop()
        out += [Piece(OPERATOR, "<>" if negated else "="), Piece(VALUE, "?")]
    else:
        out += [Piece(WORD, "in"), group]


def _rows(level: list[Piece], at: int, out: list[Piece]) -> int:
    """Rows of VALUES: those that hold values alone count once, and not at all beside rows that compute something."""
    rows: list[str] = []
    here = at + 1
    while here < len(level) and level[here].kind == GROUP:
        rows.append(level[here].text)
        here += 1
        if here + 1 < len(level) and level[here].text == "," and level[here + 1].kind == GROUP:
            here += 1
        else:
            break
    computed = sorted({row for row in rows if row != "(?)"})
    out.append(Piece(WORD, "values"))
    out.append(Piece(GROUP, ", ".join(computed or ["(?)"])))
    return here


def _conditions(level: list[Piece]) -> list[Piece]:
    """AND-ed and OR-ed conditions sorted, each once."""
    if not any(piece.kind == WORD and piece.text in ("and", "or") for piece in level):
        return _bare(level)
    unions: list[list[list[Piece]]] = [[[]]]
    between = 0
    for piece in level:
        if piece.kind == WORD and piece.text == "between":
            between += 1
        if piece.kind == WORD and piece.text == "and" and between:
            between -= 1
        elif piece.kind == WORD and piece.text == "and":
            unions[-1].append([])
            continue
        elif piece.kind == WORD and piece.text == "or":
            unions.append([[]])
            continue
        unions[-1][-1].append(piece)
    merged = [_join(_sorted_once([_bare(term) for term in terms]), Piece(WORD, "and")) for terms in unions]
    return _join(_sorted_once(merged), Piece(WORD, "or"))


def _bare(term: list[Piece]) -> list[Piece]:
    """A condition without parentheses that hold nothing but itself."""
    while len(term) == 1 and term[0].kind == GROUP and not term[0].mixed and term[0].text.startswith("("):
        inner = term[0].text[1:-1]
        if "," in inner:
            break
        term = [Piece(VALUE, inner)]
    return term


def _select(body: list[Piece]) -> list[Piece]:
    parts = _split(body, ",")
    lead = 0
    while lead < len(parts[0]) and parts[0][lead].kind == WORD and parts[0][lead].text in _MODIFIERS:
        lead += 1
        if parts[0][lead - 1].text == "top" and lead < len(parts[0]):
            lead += 1
    head = [piece for piece in parts[0][:lead] if piece.text != "all"]
    parts[0] = parts[0][lead:]
    return [*head, *_join(_sorted_once([_unnamed(part) for part in parts]), _COMMA)]


_MODIFIERS = frozenset(
    "distinct all top sql_no_cache sql_cache sql_calc_found_rows sql_small_result sql_big_result sql_buffer_result "
    "straight_join high_priority distinctrow".split()
)


def _unnamed(part: list[Piece]) -> list[Piece]:
    """An expression of a select list without its alias."""
    if len(part) > 2 and part[-2].text == "as" and part[-1].kind in (WORD, NAME, VALUE):
        return part[:-2]
    if len(part) > 1 and (part[-1].kind == NAME or (part[-1].kind == WORD and part[-1].text not in KEYWORDS)):
        before = part[-2]
        if before.kind in (VALUE, NAME, GROUP, QUERY) or (before.kind == WORD and before.text not in KEYWORDS):
            return part[:-1]
    return part


def _tables(body: list[Piece]) -> list[Piece]:
    """Tables of a comma list, sorted; an ``AS`` is written out."""
    parts = [_aliased(part) for part in _split(body, ",")]
    if len(parts) == 1:
        return parts[0]
    return _join(_sorted_once(parts), _COMMA)


def _used_aliases(body: list[Piece], level: list[Piece]) -> list[Piece]:
    """In a list of tables, an alias that no column refers to says nothing."""
    parts = [_aliased(part) for part in _split(body, ",")]
    if len(parts) == 1:
        return body
    everything = text_of(level)
    kept = []
    for part in parts:
        unused = len(part) > 2 and part[-2].text == "as" and f"{part[-1].text}." not in everything
        kept.append(part[:-2] if unused else part)
    return _join(kept, _COMMA)


def _aliased(part: list[Piece]) -> list[Piece]:
    if len(part) > 1 and part[-1].kind in (WORD, NAME) and part[-1].text not in KEYWORDS:
        before = part[-2]
        if before.kind in (NAME, GROUP, QUERY) or (before.kind == WORD and before.text not in KEYWORDS):
            return [*part[:-1], Piece(WORD, "as"), part[-1]]
    return part


def _assignments(body: list[Piece]) -> list[Piece]:
    return _join(_sorted_once(_split(body, ",")), _COMMA)


def _order(body: list[Piece]) -> list[Piece]:
    return _values_once([piece for piece in body if piece.text != "asc"])


def _into(body: list[Piece]) -> list[Piece]:
    """The columns of an INSERT, sorted."""
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
    """A UNION of more than two equal branches reads like one of two."""
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
    "where": _conditions,
    "having": _conditions,
    "on": _conditions,
    "set": _assignments,
    "order": _order,
    "into": _into,
}

"""Parts of an expression in normal form: value lists, CASE, membership, rows of VALUES, conditions."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rca.digests.pieces import GROUP, OPERATOR, PUNCTUATION, VALUE, WORD, Piece
from rca.digests.printing import text_of

__all__ = ["COMMA", "cases", "conditions", "join", "membership", "sorted_once", "split", "values_once"]

_PLAIN = re.compile(r"(?:[?(),\s]|row(?=\()|array(?=\[)|\[\?\])+")


def split(level: Sequence[Piece], at: str) -> list[list[Piece]]:
    """Return the parts between the commas, or another mark, of a level."""
    parts: list[list[Piece]] = [[]]
    for piece in level:
        if piece.text == at and piece.kind == PUNCTUATION:
            parts.append([])
        else:
            parts[-1].append(piece)
    return parts


def join(parts: Sequence[Sequence[Piece]], between: Piece) -> list[Piece]:
    """Put parts together again."""
    out: list[Piece] = []
    for part in parts:
        if out:
            out.append(between)
        out.extend(part)
    return out


COMMA = Piece(PUNCTUATION, ",")
"""Between parts of a list."""


def sorted_once(parts: list[list[Piece]]) -> list[list[Piece]]:
    """Return parts by their text, each once."""
    by_text = {text_of(part): part for part in reversed(parts)}
    return [by_text[text] for text in sorted(by_text)]


def _plain(text: str) -> bool:
    return "?" in text and _PLAIN.fullmatch(text) is not None


def values_once(level: list[Piece]) -> list[Piece]:
    """Return a level in which a run of values in a list is one value."""
    if not any(piece.text == "," for piece in level):
        return level
    out: list[Piece] = []
    for piece in level:
        if len(out) > 1 and out[-1].text == "," and out[-2].text == piece.text and _plain(piece.text):
            out.pop()
        else:
            out.append(piece)
    return out


def cases(level: list[Piece]) -> list[Piece]:
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
        text = text_of(membership(branch))
        if text not in texts:
            texts.append(text)
    return " ".join([*texts, "end"])


def membership(level: list[Piece]) -> list[Piece]:
    """Write ``IN (?)`` and ``= ANY (?)`` as ``= ?``, and ``NOT IN (?)`` as ``<> ?``."""
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
    """Keep one row of values alone, and none beside rows that compute something; return where the rows end."""
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


def conditions(level: list[Piece]) -> list[Piece]:
    """Sort AND-ed and OR-ed conditions, each once."""
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
    merged = [join(sorted_once([_bare(term) for term in terms]), Piece(WORD, "and")) for terms in unions]
    return join(sorted_once(merged), Piece(WORD, "or"))


def _bare(term: list[Piece]) -> list[Piece]:
    """Take away parentheses that hold nothing but one condition."""
    while len(term) == 1 and term[0].kind == GROUP and not term[0].mixed and term[0].text.startswith("("):
        inner = term[0].text[1:-1]
        if "," in inner:
            break
        term = [Piece(VALUE, inner)]
    return term

"""From tokens to pieces: comments gone, every value a ``?``, names folded, parentheses still flat."""

from __future__ import annotations

from typing import NamedTuple

from rca.digests import lexer
from rca.digests.words import LITERAL_TYPES, RESERVED, UNARY_AFTER

__all__ = ["GROUP", "NAME", "OPERATOR", "PUNCTUATION", "QUERY", "VALUE", "WORD", "Piece", "expects_operand", "pieces"]

VALUE, WORD, NAME, OPERATOR, PUNCTUATION = "value", "word", "name", "operator", "punctuation"
GROUP, QUERY = "group", "query"


class Piece(NamedTuple):
    """A part of a statement after values are gone; a group is a whole pair of parentheses, a query one that selects."""

    kind: str
    text: str
    mixed: bool = False
    """Of a group: whether AND or OR stands in it, so that its parentheses matter."""


_Q = Piece(VALUE, "?")
_KEEP_NULL_AFTER = frozenset(("is", "not", "set", "distinct from"))


def pieces(sql: str, family: str) -> list[Piece]:
    """Return the pieces of a statement.

    Examples
    --------
    >>> " ".join(piece.text for piece in pieces("SELECT `A` FROM t WHERE b = -5 AND c IS NULL", "mysql"))
    'select a from t where b = ? and c is null'
    """
    out: list[Piece] = []
    for token in lexer.tokens(sql, family):
        kind, text = token.kind, token.text
        if kind in (lexer.SPACE, lexer.COMMENT):
            continue
        if kind in (lexer.STRING, lexer.NUMBER, lexer.PARAMETER):
            if kind == lexer.STRING:
                _absorb_type(out)
            _absorb_sign(out)
            if not out or out[-1] is not _Q:  # adjacent literals are one
                out.append(_Q)
        elif kind == lexer.WORD:
            out.append(_word(text, out))
        elif kind == lexer.NAME:
            out.append(_name(text, family))
        elif kind == lexer.CAST:
            out.append(Piece(OPERATOR, "::"))
        elif kind == lexer.OPERATOR:
            out.append(Piece(OPERATOR, {"!=": "<>", "?": "\x01?"}.get(text, text)))
        else:
            out.append(Piece(PUNCTUATION, text))
    return out


def _absorb_type(out: list[Piece]) -> None:
    """``DATE '2026-01-01'`` is a value, and so is ``TIMESTAMP WITH TIME ZONE '…'``."""
    words = [piece.text if piece.kind == WORD else "" for piece in out[-4:]]
    if words[-3:] in (["with", "time", "zone"], ["without", "time", "zone"]) and words[0] in LITERAL_TYPES:
        del out[-4:]
        return
    begins = len(out) < 2 or out[-2].kind == OPERATOR or out[-2].text in UNARY_AFTER or out[-2].text in ("(", ",", "[")
    if words and words[-1] in LITERAL_TYPES and words[-1] != "interval" and begins:
        del out[-1:]


def _absorb_sign(out: list[Piece]) -> None:
    if not out or out[-1].text not in ("-", "+"):
        return
    if len(out) == 1 or expects_operand(out[-2]):
        del out[-1:]


def expects_operand(piece: Piece) -> bool:
    """Say whether a value is due after a piece, so that a sign there belongs to it."""
    if piece.kind == OPERATOR:
        return True
    return piece.text in UNARY_AFTER if piece.kind == WORD else piece.text in ("(", ",", "[", "{", ";")


def _word(text: str, out: list[Piece]) -> Piece:
    low = text.lower()
    before = out[-1].text if out else ""
    if low == "null":
        return Piece(WORD, low) if before in _KEEP_NULL_AFTER else _Q
    if low in ("true", "false") and before not in ("is", "not", "."):
        return _Q
    if low == "default" and before in ("(", ","):
        return _Q
    return Piece(WORD, low)


def _name(text: str, family: str) -> Piece:
    mark = text[0]
    if mark in "uU":
        return Piece(NAME, text)
    close = {"[": "]"}.get(mark, mark)
    inner = text[1:-1] if len(text) > 1 and text.endswith(close) else text[1:]
    inner = inner.replace(close * 2, close)
    if family != "postgres":
        inner = inner.lower()
    plain = inner.replace("_", "a").replace("$", "a")
    simple = plain.isalnum() and not plain[0].isdigit() and (family != "postgres" or inner == inner.lower())
    if simple and inner.lower() not in RESERVED:
        return Piece(NAME, inner)
    quote = "`" if family == "mysql" else '"'
    return Piece(NAME, quote + inner.replace(quote, quote * 2) + quote)

"""Pieces back to text, with one space where one belongs."""

from __future__ import annotations

from collections.abc import Sequence

from rca.digests.pieces import GROUP, NAME, QUERY, WORD, Piece
from rca.digests.words import SPACED

__all__ = ["text_of"]

_NO_SPACE_BEFORE = frozenset((",", ")", "]", "}", ";", ".", "::"))
_NO_SPACE_AFTER = frozenset(("(", "[", "{", ".", "::"))


def text_of(pieces: Sequence[Piece]) -> str:
    """Return the text of pieces.

    Examples
    --------
    >>> text_of([Piece("word", "count"), Piece("group", "(*)"), Piece("operator", ">"), Piece("value", "?")])
    'count(*) > ?'
    """
    out: list[str] = []
    before: Piece | None = None
    for piece in pieces:
        if before is not None and _space(before, piece):
            out.append(" ")
        out.append(piece.text.removeprefix("\x01"))
        before = piece
    return "".join(out)


def _space(before: Piece, piece: Piece) -> bool:
    if piece.text in _NO_SPACE_BEFORE or before.text in _NO_SPACE_AFTER:
        return False
    opens = piece.text[:1]
    if piece.kind in (GROUP, QUERY) or opens in "([":
        if opens == "[":
            return before.kind not in (WORD, NAME, GROUP)
        if before.kind == WORD:
            return before.text in SPACED
        return before.kind not in (NAME, GROUP)
    return True

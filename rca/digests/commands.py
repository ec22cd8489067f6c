"""Statements that name a session's own things: cursors, savepoints, prepared statements, settings."""

from __future__ import annotations

from rca.digests.pieces import GROUP, NAME, VALUE, WORD, Piece

__all__ = ["settle"]

_Q = Piece(VALUE, "?")
_NAMED = frozenset(("deallocate", "savepoint", "release", "listen", "notify", "unlisten", "close", "use", "discard"))
_SKIPPED = frozenset(("prepare", "savepoint"))
_KEPT_SETTINGS = frozenset(("transaction", "constraints"))
_CURSOR_WORDS = frozenset(("next", "prior", "first", "last", "all", "forward", "backward", "absolute", "relative"))


def settle(level: list[Piece], family: str) -> list[Piece]:
    """Replace names that live as long as a session, and the values of settings, by ``?``.

    Examples
    --------
    >>> from rca.digests.pieces import pieces
    >>> [piece.text for piece in settle(pieces("DEALLOCATE a123", "postgres"), "postgres")]
    ['deallocate', '?']
    """
    head = level[0].text if level and level[0].kind == WORD else ""
    words = [piece.text for piece in level]
    if head in _NAMED and len(level) > 1:
        lead = [level[0]] if words[1] not in _SKIPPED or head == "deallocate" or len(level) == 2 else level[:2]
        if head == "release":
            lead = [level[0], Piece(WORD, "savepoint")]
        return [*lead, _Q]
    if head == "rollback" and "to" in words:
        return [level[0], Piece(WORD, "to"), Piece(WORD, "savepoint"), _Q]
    if head in ("begin", "commit", "rollback") and words[1:] in (["work"], ["transaction"]):
        return level[:1]
    if head == "set":
        return _setting(level)
    if head == "prepare" and len(level) > 1 and words[1] != "transaction":
        return [level[0], _Q, *_after_arguments(level)]
    if head == "execute" and family != "mssql":
        return [level[0], _Q]
    if head in ("declare", "fetch", "move"):
        return _cursor(level, words)
    if head == "create" and words[1:2] and words[1] in ("temp", "temporary"):
        return _temporary(level, words)
    return level


def _after_arguments(level: list[Piece]) -> list[Piece]:
    rest = level[2:]
    return rest[1:] if rest and rest[0].kind == GROUP else rest


def _setting(level: list[Piece]) -> list[Piece]:
    """``SET x = …``, ``SET x TO …``, ``SET NAMES …``: the value goes, also where it is a bare word."""
    words = [piece.text for piece in level]
    if any(word in _KEPT_SETTINGS for word in words[1:3]) or "characteristics" in words:
        return level
    out: list[Piece] = []
    value = False
    for at, piece in enumerate(level):
        if value and piece.text == "," and at + 2 < len(level) and level[at + 2].text in ("=", ":=", "to"):
            value = False
        if not value:
            out.append(Piece("operator", "=") if piece.text == "to" else piece)
        if piece.text in ("=", ":=", "to") and not value:
            out.append(_Q)
            value = True
    if not value and words[1:2] in (["names"], ["role"], ["charset"]):
        return [*level[:2], _Q]
    if not value and words[1:3] == ["time", "zone"]:
        return [*level[:3], _Q]
    return out


def _cursor(level: list[Piece], words: list[str]) -> list[Piece]:
    if words[0] == "declare":
        return [level[0], _Q, *level[2:]] if "cursor" in words else level
    lead = [piece for piece in level[1:] if piece.kind == WORD and piece.text in _CURSOR_WORDS]
    if len(level) > 1 and level[1].kind in (VALUE, WORD, NAME):
        return [level[0], *(lead or [_Q]), Piece(WORD, "from"), _Q]
    return level


def _temporary(level: list[Piece], words: list[str]) -> list[Piece]:
    at = 3 if words[2:3] == ["table"] else 2
    if words[at : at + 3] == ["if", "not", "exists"]:
        at += 3
    if at < len(level) and level[at].kind in (WORD, NAME):
        return [level[0], Piece(WORD, "temporary"), *level[2:at], _Q, *level[at + 1 :]]
    return level

"""Sanitising as OpenTelemetry's semantic conventions describe it: literals become ``?``, everything else stays as written."""

from __future__ import annotations

from rca.digests import lexer

__all__ = ["fingerprint"]


def fingerprint(sql: str, family: str = "ansi") -> str:
    r"""Return the statement with its literals replaced and its comments removed; lists of IN are one ``?``.

    Examples
    --------
    >>> fingerprint("SELECT a, -5 FROM T -- why\nWHERE b IN ('x', 2)")
    'SELECT a, ? FROM T \nWHERE b IN (?)'
    """
    out: list[str] = []
    for token in lexer.tokens(sql, family):
        if token.kind == lexer.COMMENT:
            continue
        if token.kind in (lexer.STRING, lexer.NUMBER):
            if token.kind == lexer.NUMBER and out and out[-1] in ("+", "-"):
                out.pop()  # a sign belongs to the number, also where it adds
            out.append("?")
        else:
            out.append(token.text)
    return "".join(_collapsed(out))


def _collapsed(parts: list[str]) -> list[str]:
    out: list[str] = []
    at = 0
    while at < len(parts):
        out.append(parts[at])
        if parts[at].lower() == "in":
            opened = at + 1
            while opened < len(parts) and parts[opened].isspace():
                opened += 1
            closed = _closed(parts, opened)
            if closed:
                out += [*parts[at + 1 : opened], "(", "?", ")"]
                at = closed
        at += 1
    return out


def _closed(parts: list[str], opened: int) -> int:
    """Return where a list of values alone closes, or 0."""
    if opened >= len(parts) or parts[opened] != "(":
        return 0
    here = opened + 1
    seen = False
    while here < len(parts) and (parts[here] in ("?", ",") or parts[here].isspace()):
        seen = seen or parts[here] == "?"
        here += 1
    return here if seen and here < len(parts) and parts[here] == ")" else 0

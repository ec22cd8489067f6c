"""Pairs of ``key=value`` as Go's loggers write them."""

from __future__ import annotations

import re

from rca.ingest.logs.jsonwhole import join_date
from rca.ingest.logs.names import role_of
from rca.ingest.logs.rows import Row
from rca.ingest.logs.severity import level_is_usable

__all__ = ["fill", "logfmt_row", "pairs"]

_PAIR = re.compile(r'\s*([^\s="\x00]{1,200})(?:=("(?:[^"\\]|\\.)*"|[^\s"]\S*|))?(?=\s|$)')
_START = re.compile(r'\s*[A-Za-z_@][\w.@/\-]*=(?:"(?:[^"\\]|\\.)*"|\S*)(?:\s+|$)')
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)


def pairs(text: str) -> list[tuple[str, str]] | None:
    r"""Return the pairs of a line, or None where it holds something else.

    Examples
    --------
    >>> pairs('level=info msg="it is \\"on\\"" retry')
    [('level', 'info'), ('msg', 'it is "on"'), ('retry', '')]
    """
    found, at = [], 0
    end = len(text.rstrip())
    while at < end:
        one = _PAIR.match(text, at)
        if not one:
            return None
        value = one[2] or ""
        found.append((one[1], unquoted(value)))
        at = one.end()
    return found


def unquoted(value: str) -> str:
    """Return a value without its quotes and escapes."""
    if len(value) < 2 or value[0] != '"' or value[-1] != '"':
        return value
    inner = value[1:-1]
    return _ESCAPE.sub(_unescape, inner) if "\\" in inner else inner


def _unescape(found: re.Match[str]) -> str:
    code = found[1]
    if code[0] == "u" and len(code) == 5:
        letter = chr(int(code[1:], 16))
        return "\ufffd" if "\ud800" <= letter <= "\udfff" else letter
    return _ESCAPES.get(code, code)


def logfmt_row(text: str, line: int) -> Row | None:
    """Return the record of a line of pairs, or None where it is none: it needs two pairs and a time, level or message."""
    start = _START.match(text)
    if not start or "=" not in text[start.end() :]:
        return None
    found = pairs(text)
    if not found or sum(1 for _, value in found if value) < 2:
        return None
    row = Row(line)
    fill(row, found)
    join_date(row)
    if not (row.time or row.level or row.body):
        return None
    row.body = row.body or text
    return row


def fill(row: Row, found: list[tuple[str, str]]) -> None:
    """Put pairs where they belong: the first of several of one meaning by rank, the rest as attributes."""
    best: dict[str, tuple[int, int]] = {}
    for at, (key, value) in enumerate(found):
        role = role_of((key,)) if value else None
        if role and role[0] == "level" and not level_is_usable((key,), value):
            continue
        if role and (role[0] not in best or role[1] < best[role[0]][0]):
            best[role[0]] = (role[1], at)
    chosen = {at: role for role, (_, at) in best.items()}
    for at, (key, value) in enumerate(found):
        role_name = chosen.get(at)
        if role_name is None or not place(row, role_name, key, value):
            row.keep(key, value)


def place(row: Row, role: str, key: str, value: str) -> bool:
    """Put a value where its meaning says; False where that place is taken."""
    name = {"message": "body"}.get(role, role)
    if getattr(row, name):
        return False
    setattr(row, name, value)
    row.keys.setdefault(role, key)
    return True

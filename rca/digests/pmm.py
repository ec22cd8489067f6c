"""The fingerprint of Percona Monitoring and Management (its Go library), for teams that compare with its dashboards.

It differs from pt-query-digest: names keep their digits, both numbers of a LIMIT stay, statements of a UNION stay, version
comments stay as code, and the blanks around a list's parentheses go.
"""

from __future__ import annotations

import re

from rca.digests import lexer
from rca.digests.lexer import Token
from rca.digests.words import word_set

__all__ = ["fingerprint"]

_SPLIT = re.compile(r"'(?:[^'\\]|\\.)*(?:'|$)|\"(?:[^\"\\]|\\.)*(?:\"|$)", re.DOTALL)
_ADMIN = "administrator command:"
_VERSIONED = re.compile(r"/\*!.*?(?:\*/|$)", re.DOTALL)


def fingerprint(sql: str) -> str:
    """Return the fingerprint that PMM shows for a statement.

    Examples
    --------
    >>> fingerprint("SELECT 123foo FROM t WHERE a IN (1, 2) ORDER BY b ASC LIMIT 5, 10")
    'select 123foo from t where a in(?+) order by b limit ?, ?'
    """
    if sql.lstrip().lower().startswith(_ADMIN):
        return sql
    parts = _parts(sql)
    words = [part for part in parts if part != " "]
    if words[:1] == ["use"] and len(words) > 1:
        return "use ?"
    if words[:1] == ["call"]:
        return _called(words)
    return _assembled(parts, whole=True)


def _called(words: list[str]) -> str:
    name = words[1 : words.index("(")] if "(" in words else words[1:]
    return " ".join(["call", "".join(name)])


def _parts(sql: str) -> list[str]:
    """Lower-case parts: values are ``?``, white space is one blank, comments are gone."""
    out: list[str] = []
    at = 0
    for versioned in _VERSIONED.finditer(sql):
        if _inside_text(sql, versioned.start()):
            continue
        out += _of(sql[at : versioned.start()], out)
        out.append(" ".join(versioned[0].lower().split()))
        at = versioned.end()
    out += _of(sql[at:], out)
    return out


def _inside_text(sql: str, at: int) -> bool:
    """Whether a position lies inside a string, a name in quotes or a comment."""
    for token in lexer.tokens(sql[: at + 2], "mysql"):
        if token.start <= at < token.start + len(token.text):
            return token.kind in (lexer.STRING, lexer.NAME, lexer.COMMENT) and token.start < at
    return False


def _of(sql: str, before: list[str]) -> list[str]:
    out: list[str] = []
    after_line = False
    for token in lexer.tokens(sql, "mysql"):
        text = token.text
        if after_line and token.kind == lexer.SPACE:
            text = text[text.find("\n") + 1 :]  # the comment took its line end
        after_line = token.kind == lexer.COMMENT and text[0] in "-#"
        if text:
            out += _part(token._replace(text=text), out[-1] if out else (before[-1] if before else " "))
    return out


def _part(token: Token, last: str) -> list[str]:
    kind, text = token.kind, token.text
    if kind == lexer.SPACE:
        return [] if last == " " else [" "]
    if kind == lexer.COMMENT:
        return []
    if kind == lexer.STRING:
        return ["?"] * max(1, len(_SPLIT.findall(text)))
    if kind == lexer.NUMBER:
        return ["?"]
    if kind == lexer.WORD:
        low = text.lower()
        return ["?"] if low == "null" else [low]
    return [text.lower()]


_SIGN_AFTER = frozenset(("(", ",", "=", "<", ">", "+", "-", "*", "/", "%"))
_WORDS_BEFORE_VALUE = word_set(
    "select where and or not in between like by then else when limit offset set return interval"
)


def _assembled(parts: list[str], *, whole: bool = False) -> str:
    """Put parts together again: lists as ``(?+)``, signs into their numbers, no ``ASC`` in an ORDER BY."""
    out: list[str] = []
    at, ordering = 0, False
    while at < len(parts):
        part = parts[at]
        if part in ("in", "value", "values") and _follows_list(parts, at, out):
            opened = _next(parts, at + 1)
            closed = _closing(parts, opened)
            inner = parts[opened + 1 : closed]
            head = _next(inner, 0)
            if part == "in" and head < len(inner) and inner[head] == "select":
                out += [part, "(", _assembled(inner).strip(), ")"]
            else:
                out += [part, "(?+)"]
                closed = _last_row(parts, closed) if part != "in" else closed
            at = closed + 1
            continue
        if part == "order" and "by" in parts[at : at + 3]:
            ordering = True
        if ordering and part == "asc":
            if out and out[-1] == " ":
                out.pop()
        elif part == "?" and out and out[-1] in ("+", "-") and _unary(out):
            out[-1] = "?"
        else:
            out.append(part)
        at += 1
    text = "".join(out)
    text = re.sub(r" +", " ", text)
    return text.strip() if whole else text


def _unary(out: list[str]) -> bool:
    rest = [part for part in out[-3:-1] if part != " "]
    return not rest or rest[-1] in _SIGN_AFTER or rest[-1] in _WORDS_BEFORE_VALUE


def _next(parts: list[str], at: int) -> int:
    while at < len(parts) and parts[at] == " ":
        at += 1
    return at


def _follows_list(parts: list[str], at: int, out: list[str]) -> bool:
    """Whether a list opens after the word; ``VALUES(col)`` inside an assignment is a call."""
    opened = _next(parts, at + 1)
    if opened >= len(parts) or parts[opened] != "(" or (at and parts[at - 1] in (".", "@")):
        return False
    if parts[at] == "in":
        return True
    before = [part for part in out if part != " "]
    return bool(before) and before[-1] not in ("=", "+", "-", "*", "/", ",", "(") and "update" not in before


def _closing(parts: list[str], opened: int) -> int:
    depth = 0
    for at in range(opened, len(parts)):
        depth += (parts[at] == "(") - (parts[at] == ")")
        if not depth:
            return at
    return len(parts)


def _last_row(parts: list[str], closed: int) -> int:
    """Return where the last row of VALUES closes."""
    while True:
        comma = _next(parts, closed + 1)
        opened = _next(parts, comma + 1)
        if comma >= len(parts) or parts[comma] != "," or opened >= len(parts) or parts[opened] != "(":
            return closed
        closed = _closing(parts, opened)

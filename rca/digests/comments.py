"""Tags that applications put into SQL comments: sqlcommenter's ``key='value'`` and marginalia's ``key:value``."""

from __future__ import annotations

import re
from urllib.parse import unquote

from rca.digests import lexer
from rca.digests.dialects import family

__all__ = ["tags", "trace_context"]

_SQLCOMMENTER = re.compile(r"\s*([A-Za-z_][\w.%-]*)\s*=\s*'((?:[^'\\]|\\.)*)'\s*(?:,|$)", re.DOTALL)
_BARE = re.compile(r"\s*([A-Za-z_][\w.-]*)\s*=\s*([^,'\s]+)\s*(?:,|$)")
_MARGINALIA = re.compile(r"\s*([A-Za-z_][\w.-]*)\s*:\s*([^,]*?)\s*(?:,|$)")
_PARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?", re.IGNORECASE)


def tags(sql: str, dialect: str | None = None) -> dict[str, str]:
    r"""Return what the comments of a statement say; ``traceparent`` also gives ``trace_id`` and ``span_id``.

    Text that looks like a comment inside a string is none, and a trace context of zeros or of the wrong length names no
    trace. Values are URL-decoded.

    Parameters
    ----------
    sql
        The statement.
    dialect
        ``db.system.name``; left out, it is guessed.

    Examples
    --------
    >>> found = tags("SELECT 1 /*route='%2Fcart',traceparent='00-" + "a" * 32 + "-" + "b" * 16 + "-01'*/")
    >>> found["route"], found["span_id"]
    ('/cart', 'bbbbbbbbbbbbbbbb')
    """
    found: dict[str, str] = {}
    if "/*" not in sql and "--" not in sql and "#" not in sql:
        return found
    kind = family(dialect, sql)
    for token in lexer.tokens(sql, kind if kind in ("mysql", "postgres", "mssql") else "ansi"):
        if token.kind == lexer.COMMENT:
            for key, value in _pairs(_inside(token.text)).items():
                found.setdefault(key, value)
    return found | trace_context(found)


def _inside(comment: str) -> str:
    if comment.startswith("/*"):
        return comment[2:].removesuffix("*/").strip()
    return comment.lstrip("-#/").strip()


def _pairs(text: str) -> dict[str, str]:
    for pattern in (_SQLCOMMENTER, _BARE, _MARGINALIA):
        found: dict[str, str] = {}
        at = 0
        while at < len(text):
            match = pattern.match(text, at)
            if not match:
                break
            value = match[2]
            if pattern is not _MARGINALIA:
                value = unquote(value.replace("\\'", "'"))
            found[unquote(match[1])] = value
            at = match.end()
        if at == len(text) and found:
            return found
    return {}


def trace_context(found: dict[str, str]) -> dict[str, str]:
    """Return ``trace_id`` and ``span_id`` of tags, or nothing where they name no valid trace."""
    match = _PARENT.fullmatch(found.get("traceparent", "").strip())
    if match and set(match[1]) != {"0"} and set(match[2]) != {"0"}:
        return {"trace_id": match[1].lower(), "span_id": match[2].lower()}
    return {}

"""The fingerprint of pt-query-digest, for teams that compare with its reports.

The tool works on text, not on tokens, so some of its answers look odd (``123foo`` becomes ``?oo``); they are kept, because
a fingerprint that differs would not find its class in the tool's reports. Written from the tool's documented behaviour.
"""

from __future__ import annotations

import re

__all__ = ["fingerprint"]

_DUMP = re.compile(r"SELECT /\*!40001 SQL_NO_CACHE \*/ \* FROM `")
_CHUNK = re.compile(r"/\*\w+\.\w+:[0-9]/[0-9]\*/")
_ADMIN = "administrator command: "
_CALL = re.compile(r"\s*(call\s+\S+)\(", re.IGNORECASE)
_BATCH = re.compile(r"((?:insert|replace)(?: ignore)?\s+into.+?values\s*\(.*?\))\s*,\s*\(", re.IGNORECASE | re.DOTALL)
_BLOCK = re.compile(r"/\*[^!].*?\*/", re.DOTALL)
_LINE = re.compile(r"(?:--|#)[^'\"\r\n]*(?=[\r\n]|\Z)")
_USE = re.compile(r"use \S+(?=\n?\Z)", re.IGNORECASE)
_ESCAPE = re.compile(r"\\[\\'\"]")
_QUOTED = (
    re.compile(r'([^\\])(?:".*?[^\\]?")', re.DOTALL),
    re.compile(r"([^\\])(?:'.*?[^\\]?')", re.DOTALL),
)
_TRUTH = re.compile(r"\b(?:false|true)\b", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9+-][0-9a-f.xb+-]*")
_PREFIX = re.compile(r"[xb.+-]\?")
_NULL = re.compile(r"\bnull\b")
_LIST = re.compile(r"\b(in|values?)(?:[\s,]*\([\s?,]*\))+")
_UNION = re.compile(r"\b(select\s.*?)(?:(\sunion(?:\sall)?)\s\1)+")
_LIMIT = re.compile(r"\blimit \?(?:, ?\?| offset \?)?")
_ORDER = re.compile(r"\border by ", re.IGNORECASE)
_ASCENDING = re.compile(r"(.+?)\s+asc\b", re.IGNORECASE | re.DOTALL)


def fingerprint(sql: str) -> str:
    """Return the fingerprint that pt-query-digest prints for a statement.

    Examples
    --------
    >>> fingerprint("SELECT * FROM t WHERE a IN (1, 2) ORDER BY b ASC LIMIT 5, 10")
    'select * from t where a in(?+) order by b limit ?'
    """
    if _DUMP.match(sql):
        return "mysqldump"
    if _CHUNK.search(sql):
        return "percona-toolkit"
    if sql.startswith(_ADMIN):
        return sql
    called = _CALL.match(sql)
    if called:
        return called[1].lower()
    batch = _BATCH.match(sql)
    text = batch[1] if batch else sql
    text = _LINE.sub("", _BLOCK.sub("", text))
    if _USE.match(text):
        return _USE.sub("use ?", text)
    return _reshaped(_without_values(text))


def _without_values(text: str) -> str:
    text = _ESCAPE.sub("", text)
    for pattern in _QUOTED:
        text = pattern.sub(r"\1?", text)
    text = _TRUTH.sub("?", text)
    text = _NUMBER.sub("?", text)
    return _PREFIX.sub("?", text)


def _reshaped(text: str) -> str:
    text = re.sub(r"[ \n\t\r\f]+", " ", text.lstrip().removesuffix("\n")).lower()
    text = _NULL.sub("?", text)
    text = _LIST.sub(r"\1(?+)", text)
    if " union " in text:  # each SELECT is compared with all that follows
        text = _UNION.sub(r"\1 /*repeat\2*/", text)
    text = _LIMIT.sub("limit ?", text, count=1)
    ordered = _ORDER.search(text)
    if ordered:
        end = ordered.end()
        text = text[:end] + _ASCENDING.sub(r"\1", text[end:])
    return text

"""Statements that drivers of SQL Server wrap: the declared parameters in front, or a call that has the statement as a text."""

from __future__ import annotations

import re

__all__ = ["unwrapped"]

_TEXT = r"N?'(?P<sql>(?:[^']|'')*)(?:'|$)"
_SKIPPED = r"(?:@\w+\s*=\s*)?(?:N?'(?:[^']|'')*'|@\w+(?:\s+out(?:put)?)?|NULL)\s*,\s*"
_CALL = re.compile(
    r"\s*(?:declare\s[^;]*;?\s*(?:set\s[^;]*;?\s*)?)?(?:exec(?:ute)?\s+)?(?:(?:\[?sys\]?|\[?dbo\]?)\.)?"
    rf"(?:\[?sp_executesql\]?\s+|\[?sp_(?:cursor)?prepexec\]?\s+(?:{_SKIPPED}){{2,3}}?|\[?sp_prepare\]?\s+(?:{_SKIPPED}){{2}})"
    rf"(?:@\w+\s*=\s*)?{_TEXT}",
    re.IGNORECASE,
)
_DECLARED = re.compile(r"\s*\(\s*@\w+\s+\w[^@']*?(?:,\s*@\w+\s+\w[^@']*?)*\)(?=\s*[A-Za-z(])")


def unwrapped(sql: str) -> str:
    """Return the statement inside the wrapping of SQL Server's drivers, or the text itself.

    Examples
    --------
    >>> unwrapped("exec sp_executesql N'SELECT a FROM t WHERE b = @p0 AND c = ''x''', N'@p0 int', @p0=7")
    "SELECT a FROM t WHERE b = @p0 AND c = 'x'"
    >>> unwrapped("(@p0 int,@p1 nvarchar(4000))SELECT a FROM t WHERE b = @p0")
    'SELECT a FROM t WHERE b = @p0'
    """
    call = _CALL.match(sql)
    text = call["sql"].replace("''", "'") if call else sql
    declared = _DECLARED.match(text)
    return text[declared.end() :] if declared else text

"""An exact lexer for SQL: comments, literals, names and placeholders of every driver, by dialect family."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from rca.digests.words import word_set

__all__ = ["CAST", "COMMENT", "NAME", "NUMBER", "OPERATOR", "PARAMETER", "PUNCTUATION", "SPACE", "STRING", "WORD"]
__all__ += ["Token", "tokens"]

SPACE, COMMENT, STRING, NUMBER, WORD, NAME = "space", "comment", "string", "number", "word", "name"
PARAMETER, CAST, OPERATOR, PUNCTUATION = "parameter", "cast", "operator", "punctuation"


class Token(NamedTuple):
    """One token: its kind, its text as written, and where it begins."""

    kind: str
    text: str
    start: int


_LETTER = r"A-Za-z_\u0080-\U0010ffff"
_WORD = rf"[{_LETTER}][{_LETTER}0-9$]*"
_NUMBER = r"0[xX][0-9a-fA-F]+|0[bB][01]+(?![0-9A-Za-z_])|(?:[0-9][0-9_]*\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_NOT_A_NUMBER = r"(?!(?:0[xX][0-9a-fA-F]+|0[bB][01]+|[0-9]+[eE][0-9]+)(?![0-9A-Za-z_$]))(?![0-9]+[eE][+-][0-9])"
_GROUPED = r"(?![0-9]+(?:_[0-9]+)+(?![0-9A-Za-z_$]))"  # 1_000_000: a number to PostgreSQL, a name to MySQL
_LINE = r"--[^\r\n]*"
_MYSQL_LINE = r"--(?=[\s\x00-\x1f]|$)[^\r\n]*|\#[^\r\n]*"
_BLOCK = r"/\*.*?(?:\*/|$)"
_MYSQL_BLOCK = r"/\*(?!!|M!).*?(?:\*/|$)"
_DOLLAR = r"\$(?P<tag>[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*|)\$.*?(?:\$(?P=tag)\$|$)"
_ESCAPED, _PLAIN = r"'(?:[^'\\]|\\.|'')*(?:'|$)", r"'(?:[^']|'')*(?:'|$)"
_DOUBLE = r'"(?:[^"\\]|\\.|"")*(?:"|$)'
_UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}(?![0-9A-Za-z_-])"

_STRINGS = {
    "mysql": rf"(?:[nNxXbB]|_[a-z0-9]+\s*)?{_ESCAPED}|{_DOUBLE}",
    "postgres": rf"[eE]{_ESCAPED}|(?:[nNxXbB]|[uU]&)?{_PLAIN}|{_DOLLAR}",
    "mssql": rf"[nN]?{_PLAIN}",
    "ansi": rf"[qQ]'\[.*?\]'|[qQ]'\{{.*?\}}'|[eE]{_ESCAPED}|(?:[nNxXbBrR]|[uU]&)?{_PLAIN}|\$\$.*?(?:\$\$|$)",
    "backslash": rf"(?:[nNxXbBeErR])?{_ESCAPED}",
    "sqlite": rf"[xX]?{_PLAIN}",
}
_NAMES = {
    "mysql": r"`(?:[^`]|``)*(?:`|$)",
    "postgres": r'(?:[uU]&)?"(?:[^"]|"")*(?:"|$)',
    "mssql": r'"(?:[^"]|"")*(?:"|$)|\[(?:[^\]]|\]\])*\]',
    "ansi": r'"(?:[^"]|"")*(?:"|$)|`(?:[^`]|``)*(?:`|$)',
}
_NAMES["backslash"] = _NAMES["ansi"]
_NAMES["sqlite"] = rf"{_NAMES['ansi']}|\[[^\]]*\]"
_COMMENTS = {
    "mysql": rf"{_MYSQL_LINE}|{_MYSQL_BLOCK}",
    "postgres": rf"{_LINE}",
    "mssql": rf"{_LINE}|{_BLOCK}",
    "ansi": rf"{_LINE}|(?<!:)//[^\r\n]*|{_BLOCK}",
}
_COMMENTS["backslash"] = _COMMENTS["ansi"]
_COMMENTS["sqlite"] = _COMMENTS["mssql"]
_FORMAT = r"%\([A-Za-z_0-9. ]+\)[sdif]|%[sdif](?![A-Za-z0-9_])|\{\{?\s*[A-Za-z_]\w*\s*(?::\s*\w+(?:\(\w+\))?)?\s*\}\}?"
_COLON = r"(?<![:\w\])}]):[A-Za-z_0-9]\w*"
_PARAMETERS = {
    "mysql": rf"\?[0-9]*|\$[A-Za-z_0-9]\w*|@(?!@)[\w$.]+|{_FORMAT}|{_COLON}",
    "postgres": rf"\$[0-9?]+|\$[A-Za-z_]\w*|{_FORMAT}|{_COLON}",
    "mssql": rf"\?|@(?!@)[\w$#]+|{_FORMAT}",
    "ansi": rf"\?[0-9]*|\$[0-9?]+|\$[A-Za-z_]\w*|@(?!@)[\w$]+|{_FORMAT}|{_COLON}",
}
_PARAMETERS["backslash"] = _PARAMETERS["sqlite"] = _PARAMETERS["ansi"]
_QUESTION = r"\?[|&]?"
_OPERATOR = r"->>|->|#>>|#>|@>|<@|\|\||&&|<=>|<=|>=|<>|!=|!~\*?|~\*|:=|=>|<<|>>|\*=|[-+*/%<>=~!@\#&|^`:?\\]"


@cache
def _pattern(name: str) -> re.Pattern[str]:
    hints = r"/\*M?![0-9]*|\*/" if name == "mysql" else r"(?!)"
    question = _QUESTION if name == "postgres" else r"(?!)"
    word = r"[@#$]{0,2}" + _WORD + "#?" if name == "mssql" else "(?:@@)?" + _WORD
    parts = (
        r"(?P<space>\s+)",
        rf"(?P<comment>{_COMMENTS[name]}|{hints})",
        rf"(?P<string>{_STRINGS[name]})",
        rf"(?P<name>{_NAMES[name]})",
        rf"(?P<ellipsis>\.\.\.|…)|(?P<uuid>{_UUID if name in ('ansi', 'backslash') else '(?!)'})",
        rf"(?P<mixed>{_NOT_A_NUMBER}{_GROUPED if name == 'postgres' else ''}[0-9]+[{_LETTER}][{_LETTER}0-9$]*)",
        rf"(?P<number>{_NUMBER})",
        rf"(?P<cast>::)|(?P<question>{question})",
        rf"(?P<parameter>{_PARAMETERS[name]})",
        rf"(?P<word>{word})",
        rf"(?P<operator>{_OPERATOR})",
        r"(?P<punctuation>[()\[\]{},;.])",
        r"(?P<other>.)",
    )
    return re.compile("|".join(parts), re.DOTALL)


_RENAMED = {"ellipsis": PARAMETER, "uuid": NUMBER, "mixed": WORD, "other": OPERATOR}
_OPERAND = (WORD, NAME, STRING, NUMBER, PARAMETER)


def tokens(sql: str, family: str) -> Iterator[Token]:
    """Yield every token of a statement; nothing of the text is left out.

    A string or comment that never ends goes to the end of the text. Under ``ansi``, where servers differ on whether a
    backslash escapes, it does so exactly when the text would else end inside a string.

    Parameters
    ----------
    sql
        The statement.
    family
        ``mysql``, ``postgres``, ``mssql``, ``sqlite`` or ``ansi``.

    Examples
    --------
    >>> [token.text for token in tokens("SELECT 'it''s' -- x", "ansi") if token.kind != SPACE]
    ['SELECT', "'it''s'", '-- x']
    """
    if family == "postgres":
        yield from _postgres(sql)
        return
    if family == "ansi" and "\\'" in sql and _open_ended(sql):
        family = "backslash"
    for found in _pattern(family).finditer(sql):
        kind = found.lastgroup or OPERATOR
        yield Token(_RENAMED.get(kind, kind), found[0], found.start())


def _open_ended(sql: str) -> bool:
    last = ""
    for found in _pattern("ansi").finditer(sql):
        if found.lastgroup == STRING:
            last = found[0]
    quotes = last.count("'")
    return bool(last) and sql.endswith(last) and quotes % 2 == 1


def _postgres(sql: str) -> Iterator[Token]:
    """PostgreSQL: comments nest, and ``?`` is an operator between two operands."""
    pattern, at, before, length = _pattern("postgres"), 0, "", len(sql)
    while at < length:
        if sql.startswith("/*", at):
            end = _block_end(sql, at)
            yield Token(COMMENT, sql[at:end], at)
            at = end
            continue
        found = pattern.match(sql, at)
        assert found is not None  # noqa: S101  (the last alternative takes any character)
        kind, at = found.lastgroup or OPERATOR, found.end()
        kind = _RENAMED.get(kind, kind)
        if kind == "question":
            kind = _question(sql, found, before)
        if kind == OPERATOR and "/*" in found[0]:
            at = found.start() + max(1, found[0].index("/*"))
        yield Token(kind, sql[found.start() : at], found.start())
        if kind not in (SPACE, COMMENT):
            before = ")" if found[0] in (")", "]") else kind if kind in _OPERAND else ""
            if kind == WORD and found[0].lower() in _NO_OPERAND:
                before = ""


_NO_OPERAND = word_set(
    "select where and or not in on from by limit offset values set like ilike between then when else case "
    "having any all"
)


def _question(sql: str, found: re.Match[str], before: str) -> str:
    if found[0] in ("?|", "?&"):
        return OPERATOR
    after = sql[found.end() :].lstrip()[:1]
    return OPERATOR if before and (after in ("'", "$", ":") or after == '"') else PARAMETER


def _block_end(sql: str, at: int) -> int:
    depth, here = 1, at + 2
    while depth:
        close, opened = sql.find("*/", here), sql.find("/*", here)
        if close < 0:
            return len(sql)
        if 0 <= opened < close:
            depth, here = depth + 1, opened + 2
        else:
            depth, here = depth - 1, close + 2
    return here

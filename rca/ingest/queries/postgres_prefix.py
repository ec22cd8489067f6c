"""``log_line_prefix`` found by itself: the prefixes of the first lines become patterns with named fields."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["ATTACHED", "GENERIC", "LEVEL", "LEVELS", "Template", "templates"]

LEVELS = ("LOG", "ERROR", "FATAL", "PANIC", "WARNING", "NOTICE", "INFO", "DEBUG")
"""Words that begin a record."""
ATTACHED = ("DETAIL", "HINT", "CONTEXT", "STATEMENT", "QUERY", "LOCATION")
"""Words that say more about the record before."""
_WORD = "LOG|ERROR|FATAL|PANIC|WARNING|NOTICE|INFO|DEBUG[1-5]?|DETAIL|HINT|CONTEXT|STATEMENT|QUERY|LOCATION"
LEVEL = rf"({_WORD}):[ \t]+"
"""What stands between the prefix and the message."""
_STATE = r"(?:([0-9A-Z]{5}): +)?"
_LEVEL_RE = re.compile(rf"(.{{0,400}}?)\b(?:{_WORD}):\s")
_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]+)?(?: ?(?:Z|[A-Z]{2,5}|[+-][0-9]{2}(?::?[0-9]{2})?)\b)?"
_SYSLOG = r"[A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2}"
_NAME = r"(\[unknown\]|\[local\]|[^\s,\[\]@:]*)"
_KEYS = {
    "user": "user usr u username user_name", "database": "db database dbname d database_name",
    "application_name": "app appli application application_name a appname",
    "client": "client host remote h r remote_host ip client_addr connection_from", "pid": "pid p process process_id",
    "sqlstate": "sqlstate error_code sql_error_code state e errcode", "query_id": "queryid query_id qid",
    "session": "session session_id sess c", "line": "line l log_line line_num",
}  # fmt: skip
_FIELD_OF = {key: field for field, keys in _KEYS.items() for key in keys.split()}
_UNNAMED = ("user", "database", "application_name")


@dataclass(frozen=True, slots=True)
class Template:
    """One shape of prefix: a pattern whose first group is all up to the message."""

    pattern: str
    fields: tuple[str, ...]
    """Names of the groups behind the first; the last two are ``level`` and ``state``."""


GENERIC = Template(rf"\A(.{{0,300}}?{LEVEL}{_STATE})", ("level", "state"))
"""Any prefix, nothing of it understood."""


def templates(lines: Sequence[str]) -> list[Template]:
    """Return the shapes of the prefixes of some lines, most frequent first.

    Examples
    --------
    >>> found = templates(["2026-05-01 00:00:00.123 UTC [77] app@shop LOG:  ready"])
    >>> found[0].fields
    ('time', 'pid', 'user', 'database', 'level', 'state')
    """
    seen: Counter[Template] = Counter()
    for line in lines:
        found = _LEVEL_RE.match(line)
        if found:
            seen[_template(found[1])] += 1
    return [template for template, _ in seen.most_common(8)]


class _Builder:
    """Turns one prefix into a pattern, piece by piece."""

    def __init__(self) -> None:
        self.pattern = ""
        self.fields: list[str] = []

    def capture(self, pattern: str, field: str) -> None:
        self.pattern += pattern if "(" in pattern.replace(r"\(", "").replace("(?:", "") else f"({pattern})"
        self.fields.append(field)

    def word(self, pattern: str, fallback: str) -> None:
        field = next((name for name in _UNNAMED if name not in self.fields), fallback)
        self.capture(pattern, field)


_PIECES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        (_TIME, "time"),
        (_SYSLOG, "syslog"),
        (r"[0-9]{10}\.[0-9]{3}\b", "epoch"),
        (r"app\[postgres\.[0-9]+\]: \[[A-Z_0-9]+\]", "heroku"),
        (r"app\[postgres\.[0-9]+\]", "dyno"),
        (r"postgres\[[0-9]+\]", "daemon"),
        (r"([A-Za-z_][\w.]*)( ?= ?)", "pair"),
        (r"\[[0-9]+-[0-9]+\]", "line"),
        (r"\[[0-9]+\]", "pid"),
        (r"\[?[0-9a-f]{7,8}\.[0-9a-f]+\]?", "session"),
        (r"(?:\[unknown\]|[\w.$-]*)@(?:\[unknown\]|[\w.$-]*)", "account"),
        (r"(?:\w[\w.:-]*|::(?!:)[\w.:]+|\[local\])\([0-9]+\)", "peer"),
        (r"[0-9]+/[0-9]+", "other"),
        (r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}|\[local\]|[0-9a-f]+::[0-9a-f:]*|::(?!:)[0-9a-f:]*", "client"),
        (r"[0-9][0-9A-Z]{4}\b(?<![0-9]{6})", "state"),
        (r"[0-9]+", "number"),
        (r"\[unknown\]|[A-Za-z_][\w.$-]*", "word"),
    )
)
_VALUE = re.compile(r"(.*?)(?=, ?[A-Za-z_][\w.]* ?= ?|\]|,? \[| +[A-Za-z_][\w.]* ?= ?|[, :-]*$)")


def _template(prefix: str) -> Template:
    built, at = _Builder(), 0
    while at < len(prefix):
        for pattern, kind in _PIECES:
            found = pattern.match(prefix, at)
            if found and found.end() > at:
                at = _take(built, prefix, found, kind)
                break
        else:
            built.pattern += re.escape(prefix[at]) if prefix[at] != " " else " "
            at += 1
    return Template(rf"\A({built.pattern}{LEVEL}{_STATE})", (*built.fields, "level", "state"))


def _take(built: _Builder, prefix: str, found: re.Match[str], kind: str) -> int:
    if kind == "pair":
        field = _FIELD_OF.get(found[1].lower(), found[1])
        built.pattern += re.escape(found[1]) + found[2].replace(" ", " ?")
        built.capture(r"(.*?)", field)
        value = _VALUE.match(prefix, found.end())
        return value.end() if value else len(prefix)
    if kind == "account":
        built.capture(_NAME, "user")
        built.pattern += "@"
        built.capture(_NAME, "database")
    elif kind == "number":
        built.capture("[0-9]*", "pid" if "pid" not in built.fields else f"field_{len(built.fields)}")
    elif kind == "word":
        built.word(_NAME, f"field_{len(built.fields)}")
    else:
        pattern, field = _FIXED[kind]
        built.capture(pattern, field)
    return found.end()


_FIXED = {
    "time": (f"({_TIME})", "time"),
    "syslog": (f"({_SYSLOG})", "time"),
    "epoch": (r"([0-9]{10}\.[0-9]{3})", "time"),
    "heroku": (r"app\[postgres\.([0-9]+)\]: \[[A-Z_0-9]*\]", "pid"),
    "dyno": (r"app\[postgres\.([0-9]+)\]", "pid"),
    "daemon": (r"postgres\[([0-9]+)\]", "pid"),
    "line": (r"\[([0-9]+)-[0-9]+\]", "line"),
    "pid": (r"\[([0-9]*)\]", "pid"),
    "session": (r"\[?([0-9a-f]+\.[0-9a-f]+)\]?", "session"),
    "peer": (r"((?:[\w.:-]+|\[local\])?(?:\([0-9]+\))?)", "client"),
    "client": (r"(\S*)", "client"),
    "other": (r"([0-9]*/?[0-9]*)", "vxid"),
    "state": (r"([0-9A-Z]{5})", "sqlstate"),
}

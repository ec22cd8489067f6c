"""What stands between the time of a line and its message: levels, processes, threads, loggers."""

from __future__ import annotations

import re

from rca.ingest.logs.levels import level_ahead
from rca.ingest.logs.rows import Row, brackets
from rca.ingest.logs.severity import LEVEL_WORDS, severity_number

__all__ = ["strip_header"]

_UPPER = LEVEL_WORDS
_ANY = "(?i:" + LEVEL_WORDS + "|SYSTEM|DEFAULT)"
_CLOSE = re.compile(r"(?:[\])}>\"']{1,2})?[ \t]*(?:(?:[|,:;]|--?|-{3})(?=[ \t|\[(A-Z])[ \t]*)?")
_LEVEL = re.compile(
    rf"[\[(<|]\s*(?:[\w.]+:)?(?P<boxed>{_ANY}|[DIWEFTVN])\s*[\])>|](?P<pid>\[\d+\])?[:,]?\s*(?:-+\s+)?"
    rf"|(?:[A-Za-z][\w-]*\.)?(?P<upper>{_UPPER}|LOG|DETAIL|HINT|STATEMENT|CONTEXT|QUERY)(?:\s*:\s*|\s*\|\s*|\s+-+\s+|\s+|,\s*|\]\s*|$)"
    rf"|(?P<lower>(?i:{_UPPER}))(?::\s+|\t+\s*|\s{{2,}}|\s+-+\s+|\s*\|\s*)"
)
_LEVEL_NAME = re.compile(rf"([A-Z]+)\s*\|\s*(?=(?:{_UPPER})\s*\|)")
_BARE = re.compile(
    r"(?:trace|debug|info|notice|warn|warning|error|critical|fatal|Information|Info|Warning|Error|Debug)(?=\s)"
)
_NUMBERS = re.compile(
    rf"\[?(\d{{1,10}})\]?(?:[ :]+(\d{{1,10}}))?[ \t]+(?=[\[(<]?(?:{_UPPER}|LOG:|DETAIL:|HINT:|STATEMENT:|CONTEXT:|QUERY:|{_ANY}\])|---|[VDIWEFA] )"
)
_BOX = re.compile(r"\[([^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*)\]\s*(?:[-:|]+\s+|(?=\[))?")
_ROUND = re.compile(r"\(([\w.:#@/ -]{1,80})\)\s*(?:[-:|]+\s+)?")
_LEVEL_AHEAD = re.compile(
    rf"\s*(?:\[[^\[\]]*\]\s*)*[\[(<|]?\s*(?:\w+\.)?(?:{_UPPER}|LOG|DETAIL|HINT|STATEMENT|CONTEXT|QUERY)\b|\s*(?:\[[^\[\]]*\]\s*)*\[\s*(?:\w+:)?{_ANY}\s*\]"
)
_NAME_LEVEL = re.compile(rf"([\w.$/-]+)(?:\s+-\s+|\s*\|\s*|:|\s+)(?=[\[(]?(?:{_UPPER})\b)")
_LOGGER = re.compile(
    r"([A-Za-z_$][\w-]{0,120}[./$\\][\w$<>@/\\.-]{0,300}(?<=[\w$<>@/\\-]))(?:\[\d+\])?(?::\d+)?\s{0,60}(?::\s+|(?<=\s)-+\s+|(?<=\s):\s*|(?<=\s)(?=\[))"
    r"|([a-z][\w$]*(?:\.[a-z_][\w$]*)+\.[A-Z][\w$]*)\s+"
    r"|([\w.-]+(?: \*\d+)?)\s+-\s+"
    r"|([\w:.$/-]+)\]\s+"
)
_SOURCE = re.compile(
    r"((?:[\w./-]+/)?[\w-]+\.(?:go|py|java|cc|cpp|cxx|c|h|js|mjs|ts|rs|rb|kt|scala|php|cs|ex|swift|m|lua))[: ](\d+)\]?:?\s+"
)
_COLUMN = re.compile(r"([A-Z][A-Z0-9_]{1,12})\s{2,}")
_PROGRAM = re.compile(r"([\w.-]+\.\w{2,4}(?: \*\d+)?)\s+-\s+")
_TABS = re.compile(r"([^\t]{1,120})\t+")
_REQUEST = re.compile(r"\breq-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_PLAIN_BOX = re.compile(r"[\w.$:#@/+*=-]{1,120}|(?:pid|tid|client|remote|ppid|thread)[ :=].{1,80}")


def strip_header(rest: str, row: Row) -> str:
    """Return the message of a line after its time, and put what stood before it into `row`.

    What could be part of the message stays in it: only what is certain is taken away.

    Examples
    --------
    >>> row = Row(0)
    >>> strip_header(" INFO [main] org.example.Server: ready", row), row.level
    ('ready', 'INFO')
    """
    closed = _CLOSE.match(rest)
    rest = head = rest[closed.end() :] if closed else rest
    boxes = 0
    for _ in range(8):
        before = rest
        if not row.level:
            rest = _to_level(rest, row)
        elif boxes < 4 and rest.startswith("["):
            rest = _box(rest, row, boxes)
            boxes += 1
        else:
            rest = _logger(rest, row)
        if rest == before:
            break
    if not row.level:
        row.level = level_ahead(head)
    if not row.level:
        rest = _without_level(rest, row)
    return rest


def _to_level(rest: str, row: Row) -> str:
    found = _LEVEL.match(rest)
    if found:
        named = _LEVEL_NAME.match(rest)
        if named:  # a logger that is called like a level, between bars
            row.keep("logger", named[1])
            return rest[named.end() :]
        row.level = found["boxed"] or found["upper"] or found["lower"]
        if found["pid"]:
            row.keep("process.pid", found["pid"][1:-1])
        return rest[found.end() :]
    found = _NUMBERS.match(rest)
    if found:
        row.keep("process.pid", found[1])
        if found[2]:
            row.keep("thread.id", found[2])
        return rest[found.end() :]
    found = _BOX.match(rest) or _ROUND.match(rest)
    if found and _LEVEL_AHEAD.match(rest[found.end() :]):
        _context(found[1], row)
        return rest[found.end() :]
    found = _NAME_LEVEL.match(rest)
    if found:
        _name(found[1], row)
        return rest[found.end() :]
    return rest


def _name(text: str, row: Row) -> None:
    """Keep what stands where loggers have their name; AWS Lambda has its request there."""
    if _UUID.fullmatch(text) and not row.request:
        row.request = text
    else:
        row.keep("logger", text)


def _box(rest: str, row: Row, boxes: int) -> str:
    found = _BOX.match(rest)
    if not found or not found[1] or (boxes and not _PLAIN_BOX.fullmatch(found[1])):
        return rest
    if not rest[found.end() :].strip():
        return rest
    _context(found[1], row)
    return rest[found.end() :]


def _context(text: str, row: Row) -> None:
    trace, span = brackets(f"[{text}]")
    if trace and not row.trace:
        row.trace, row.span = trace, span
    request = _REQUEST.search(text) or _UUID.fullmatch(text)
    if request and not row.request:
        row.request = request[0]
    for part in ("pid", "tid", "client"):
        if text.startswith(part + " "):
            row.keep(
                {"pid": "process.pid", "tid": "thread.id", "client": "client.address"}[part], text[len(part) + 1 :]
            )
            return
    row.keep("thread.name" if "thread.name" not in row.attributes else "context", text.strip())


def _logger(rest: str, row: Row) -> str:
    found = _SOURCE.match(rest)
    if found:
        row.keep("code.file.path", found[1])
        row.keep("code.line.number", found[2])
        return rest[found.end() :]
    if "logger" in row.attributes:
        return rest
    if row.level and "\t" in rest[:120] and "\t" in rest:
        found = _TABS.match(rest)
        if found and found.end() < len(rest) and not rest[found.end() :].startswith("{"):
            _name(found[1].strip(), row)
            return rest[found.end() :]
    found = _LOGGER.match(rest) or _COLUMN.match(rest)
    if found:
        row.keep("logger", next(group for group in found.groups() if group))
        return rest[found.end() :]
    found = _ROUND.match(rest) if rest.startswith("(") and "thread.name" not in row.attributes else None
    if found and rest[found.end() :]:
        row.keep("thread.name", found[1])
        return rest[found.end() :]
    return rest


def _without_level(rest: str, row: Row) -> str:
    found = _BARE.match(rest)
    if found and severity_number(found[0]):
        row.level = found[0]  # it may be the first word of the message: it stays there too
        return rest
    found = _PROGRAM.match(rest)
    if found:
        row.keep("process.executable.name", found[1])
        return rest[found.end() :]
    return rest

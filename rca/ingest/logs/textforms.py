"""Lines of text: which of the known forms a line has, and what it says. A line is judged by itself alone."""

from __future__ import annotations

import re
from collections.abc import Callable

from rca.ingest.logs.access import access_row, haproxy_row
from rca.ingest.logs.headers import strip_header
from rca.ingest.logs.late import LateRegex
from rca.ingest.logs.levels import level_ahead
from rca.ingest.logs.logfmt import fill, logfmt_row, pairs
from rca.ingest.logs.loggerforms import android_row, cluster_row, hpc_row, redis_row, ruby_row, spring_row
from rca.ingest.logs.months import in_english
from rca.ingest.logs.programs import program_row
from rca.ingest.logs.rows import Row
from rca.ingest.logs.severity import LEVEL_WORDS
from rca.ingest.logs.timeforms import TIME

__all__ = ["text_row"]

_ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)"
_SYSLOG_TIME = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +\d{1,2} (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d{1,9})?"
_TAG = r"(?P<tag>[^\s:\[\]]{1,256}(?:\([^)]{0,80}\))?|[^\s:\[\]]{1,64}(?: [^\s:\[\]]{1,64}){1,3}(?=\[\d+\]))(?:\[(?P<pid>\d+)\])?(?: \([^)]{1,120}\))?: ?"

_KLOG = re.compile(
    r"(?P<level>[IWEF])(?P<time>(?:\d\d|\d{4})?\d{4} \d\d:\d\d:\d\d\.\d{3,9})\s+(?P<pid>\d+) (?P<file>[^\s:\]]+):(?P<at>\d+)(?:\] ?|[ \t]+)(?P<body>.*)",
    re.DOTALL,
)
_RFC5424 = re.compile(
    r"(?:\d+ )?<(?P<pri>\d{1,3})>1 (?P<time>\S+) (?P<host>\S+) (?P<app>\S+) (?P<pid>\S+) (?P<id>\S+) "
    r'(?P<data>-|(?:\[(?:[^\]"\\]|\\.|"(?:[^"\\]|\\.)*")*\])+)(?: (?P<body>.*))?',
    re.DOTALL,
)
_PROGRAM = r"(?P<tag>[\w./-]+)\[(?P<pid>[\w.]+)\]: ?"
_NOT_EVENT = r"(?!(?:CEF|LEEF):)"
_RFC3164 = re.compile(
    rf"(?:<(?P<pri>\d{{1,3}})>)?(?P<time>{_SYSLOG_TIME}(?: (?:GMT|UTC|CES?T|[EP][SD]T)(?=: ))?):? (?:(?P<host>(?!(?:{LEVEL_WORDS}) )[^\s:\[\]]+) (?:{_NOT_EVENT}{_TAG}|(?=(?:CEF|LEEF):)))?(?P<body>.*)",
    re.DOTALL,
)
_HOSTLESS = re.compile(
    rf"(?:<(?P<pri>\d{{1,3}})>)?(?P<time>{_SYSLOG_TIME}|{_ISO}|\d{{1,2}} [A-Z][a-z]{{2}} \d\d:\d\d:\d\d) {_PROGRAM}(?P<body>.*)",
    re.DOTALL,
)
_RSYSLOG = re.compile(
    rf"(?:<(?P<pri>\d{{1,3}})>)?(?P<time>{_ISO}) (?P<host>(?!\d{{4}}-\d\d-\d\d |(?i:[a-z]*(?:{LEVEL_WORDS}))[ :])[\w.@-]+) (?=[^{{\"']){_NOT_EVENT}{_TAG}(?P<body>.*)",
    re.DOTALL,
)
_JOURNAL = re.compile(
    r"(?P<time>[A-Z][a-z]{2} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})?(?: [A-Z]{2,5})?|\d{10}\.\d{6}|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d) (?P<host>[\w.-]+) "
    r"(?P<tag>[^\s:\[\]]+|[^:\[\]]{1,40}(?=\[\d+\]))(?:\[(?P<pid>\d+)\])?: (?P<body>.*)",
    re.DOTALL,
)
_PIPES = LateRegex(rf"(?P<time>{TIME})\|(?P<fields>(?:[^|]{{1,200}}\|){{1,8}})(?P<body>.*)", re.DOTALL)
_EPOCH = LateRegex(
    r"[\[(]?(?P<time>\d{10}[.,]\d{1,9}|\d{10}|\d{13}|\d{16}|\d{19}|\d\.\d+[eE]\+?\d\d)[\])]?(?P<rest>[ \t:|,;].*)",
    re.DOTALL,
)
_TAI = LateRegex(r"(?P<time>@4[0-9a-fA-F]{23}) (?P<rest>.*)", re.DOTALL)
_LEVELS = rf"\[?(?P<level>(?i:{LEVEL_WORDS}))\]?"
_LEVEL_FIRST = LateRegex(rf"{_LEVELS}(?:[ :|,\t-]+[\[(]?|[\[(])(?P<time>{TIME})(?P<rest>.*)", re.DOTALL)
_GENERIC = LateRegex(rf"[^\w\s+-]{{0,5}}(?P<time>{TIME})(?P<rest>.*)", re.DOTALL)
_WITHIN = LateRegex(
    rf"(?P<before>(?:(?:[^\s\"]+[ \t]+){{1,5}}?|(?:[^\s\":]+::){{1,3}})[\[(<]?)(?P<time>{TIME})(?P<rest>.*)", re.DOTALL
)
_CLOCK = re.compile(r"[\[(]?(?P<time>\d{1,2}:\d\d:\d\d(?:[.,]\d{1,9})?)(?P<rest>[\])]?[ \t|].*)", re.DOTALL)
_INDENTED = LateRegex(rf"[ \t]+(?:{TIME})[ \t]+(?P<box>\[)?\S")
_SENTENCE = re.compile(r"(?:(?<!\S)[a-z]{2,}[,.;]?[ \t]+){2}|=|: \S*$")
_PRIORITY = re.compile(r"<(\d{1,3})>(?=[^<\s])")
_SD = re.compile(r'\[([^\s\]]+)((?: [^\s=\]"]+="(?:[^"\\]|\\.)*")*)\]')
_SD_PAIR = re.compile(r'([^\s="]+)="((?:[^"\\]|\\.)*)"')
_KLOG_MESSAGE = re.compile(r'"((?:[^"\\]|\\.)*)"\s*(.*)', re.DOTALL)


def text_row(text: str, line: int) -> Row | None:
    """Return the record that a line begins, or None where it has no time of its own.

    Examples
    --------
    >>> row = text_row("2026-03-04 14:10:00,123 WARN  [worker-1] org.example.Cart: slow", 0)
    >>> row.time, row.level, row.body
    ('2026-03-04 14:10:00,123', 'WARN', 'slow')
    >>> text_row("    at org.example.Cart.add(Cart.java:41)", 0) is None
    True
    """
    first = text[:1]
    if not first or first == "}":
        return None
    if first in " \t":
        return _indented(text, line)
    row = _first_of(text, line)
    english = in_english(text) if row is None else None
    return _first_of(english, line) if english else row


def _first_of(text: str, line: int) -> Row | None:
    """Return what the first of the forms makes of a line."""
    for letters, read in _READERS:
        if letters is None or text[:1] in letters:
            row = read(text, line)
            if row is not None:
                return row
    return None


def _indented(text: str, line: int) -> Row | None:
    """Read a line that begins with blanks: a record only where a level or a box follows its time."""
    found = program_row(text, line) if text.lstrip()[:1].isdigit() else None
    indented = None if found else _INDENTED.match(text)
    if not indented:
        return found
    row = text_row(text.lstrip(), line)
    return row if row and (row.level or row.service or indented["box"]) else None


def _klog(text: str, line: int) -> Row | None:
    found = _KLOG.match(text)
    if not found:
        return None
    row = Row(line, time=found["time"], level=found["level"], body=found["body"])
    row.keep("process.pid", found["pid"])
    row.keep("code.file.path", found["file"])
    row.keep("code.line.number", found["at"])
    structured = _KLOG_MESSAGE.fullmatch(found["body"])
    more = (
        pairs(structured[2])
        if structured and "=" in structured[2]
        else []
        if structured and not structured[2]
        else None
    )
    if structured and more is not None:
        row.body = structured[1].replace('\\"', '"')
        fill(row, more)
    return row


def _rfc5424(text: str, line: int) -> Row | None:
    found = _RFC5424.match(text)
    if not found:
        return None
    row = Row(
        line, time=found["time"] if found["time"] != "-" else None, body=(found["body"] or "").removeprefix("\ufeff")
    )
    _priority(found["pri"], row)
    for key, name in (("host", "host.name"), ("pid", "process.pid"), ("id", "syslog.msgid")):
        if found[key] != "-":
            row.keep(name, found[key])
    row.service = found["app"] if found["app"] != "-" else ""
    for name, inside in _SD.findall(found["data"]):
        fill(
            row,
            [
                (key, value.replace('\\"', '"').replace("\\]", "]").replace("\\\\", "\\"))
                for key, value in _SD_PAIR.findall(inside)
            ],
        )
        row.keep("syslog.structured_data", name)
    return row


def _rfc3164(text: str, line: int) -> Row | None:
    found = _HOSTLESS.match(text) or _RFC3164.match(text) or _RSYSLOG.match(text) or _JOURNAL.match(text)
    if not found:
        return None
    row, parts = Row(line, time=found["time"], body=found["body"]), found.groupdict()
    if parts.get("pri"):
        _priority(found["pri"], row)
    if parts.get("host"):
        row.keep("host.name", found["host"])
    if parts["tag"]:
        row.service = re.sub(r"\(.*\)$", "", found["tag"]).rsplit("/", 1)[-1] or found["tag"]
        if row.service != found["tag"]:
            row.keep("syslog.tag", found["tag"])
    if found["pid"]:
        row.keep("process.pid", found["pid"])
    inner = haproxy_row(row.body, line) if row.service.startswith("haproxy") else None
    if inner:
        row.attributes |= inner.attributes
        row.template = inner.template
        row.time = inner.time
    elif not row.level:
        _inside(row)
    return row


def _inside(row: Row) -> None:
    """Take level, ids and pairs from a message that has a header of its own or is nothing but pairs; it stays whole."""
    inner = _klog(row.body, row.line) or _paired(row.body, row.line)
    if inner is None or not inner.level:
        row.level = level_ahead(row.body, 3, 0)
    if inner is None:
        return
    if inner.level:
        row.level, row.scale = inner.level, inner.scale
    row.trace, row.span, row.request = inner.trace, inner.span, inner.request
    for role in ("trace", "span", "request"):
        if role in inner.keys:
            row.keys[role] = inner.keys[role]
    for key, value in inner.attributes.items():
        row.keep(key, value)
    if inner.service and "service" in inner.keys:  # the header says whose record it is
        row.keep(inner.keys["service"], inner.service)


def _paired(text: str, line: int) -> Row | None:
    """Return what a message of pairs says, None where it holds anything else or fewer than two."""
    found = pairs(text)
    if not found or sum(1 for _, value in found if value) < 2:
        return None
    row = Row(line)
    fill(row, found)
    return row


def _prioritised(text: str, line: int) -> Row | None:
    """Read a line of which syslog's priority is all the header, as systemd takes them from standard output."""
    found = _PRIORITY.match(text)
    if not found:
        return None
    row = text_row(text[found.end() :], line) or Row(line, body=text[found.end() :])
    if not row.level:
        _priority(found[1], row)
    return row


def _clocked(text: str, line: int) -> Row | None:
    """Read a line that has a clock without a date, a time only where its day is known, and a level that makes it a record."""
    found = _CLOCK.match(text)
    level = level_ahead(found["rest"].lstrip("])"), 4, 0) if found else ""
    if not found or not level:
        return None
    return Row(line, time=found["time"], level=level, body=text)


def _priority(text: str, row: Row) -> None:
    number = int(text)
    row.level, row.scale = str(number % 8), "syslog"
    row.keep("syslog.facility", str(number // 8))


def _pipes(text: str, line: int) -> Row | None:
    found = _PIPES.fullmatch(text)
    if not found:
        return None
    row, levelled = Row(line, time=found["time"], body=found["body"].strip()), 0
    for at, piece in enumerate(found["fields"].split("|")[:-1]):
        word = piece.strip()
        if not row.level and re.fullmatch(rf"(?i:{LEVEL_WORDS})", word):
            row.level, levelled = word, at
        elif row.level and (
            at > levelled + 1 or " " in word or "logger" in row.attributes
        ):  # the message may hold bars itself
            row.body = "|".join([*found["fields"].split("|")[at:-1], found["body"]]).strip()
            break
        elif word:
            row.keep(
                "process.pid" if word.isdigit() else "logger" if "logger" not in row.attributes else f"field{at + 1}",
                word,
            )
    return row


def _timed(pattern: LateRegex) -> Callable[[str, int], Row | None]:
    def read(text: str, line: int) -> Row | None:
        found = pattern.match(text)
        if not found:
            return None
        row = Row(line, time=found["time"])
        parts = found.groupdict()
        row.level = parts.get("level") or ""
        before = parts.get("before") or ""
        if before and _SENTENCE.search(before):
            return None
        _before(before, row)
        row.body = strip_header(found["rest"], row)
        _tail(row)
        return row

    return read


def _before(before: str, row: Row) -> None:
    for word in re.split(r"\s+|::", before):
        plain = word.strip("[]()<>:,|-")
        if not row.level and re.fullmatch(rf"(?i:{LEVEL_WORDS})", plain):
            row.level = plain
        elif plain:
            row.keep("prefix", plain)


def _tail(row: Row) -> None:
    """Take fields that stand after the message, as pairs or as a JSON object, for their ids only."""
    if row.body.startswith("{") or "\t{" not in row.body:
        return
    at = row.body.index("\t{")
    row.keep("fields", row.body[at + 1 :])


_READERS: tuple[tuple[str | None, Callable[[str, int], Row | None]], ...] = (
    ("IWEF", _klog),
    ("0123456789<", _rfc5424),
    (None, access_row),
    ("0123456789abcdefABCDEF", haproxy_row),
    (None, program_row),
    (None, cluster_row),
    ("0123456789", android_row),
    ("JFMASONDTW<0123456789", _rfc3164),
    ("DIWEFUA", ruby_row),
    ("0123456789", spring_row),
    ("0123456789", redis_row),
    ("0123456789", _pipes),
    ("@", _timed(_TAI)),
    (None, _timed(_GENERIC)),
    ("0123456789[(", _timed(_EPOCH)),
    ("0123456789[(", _clocked),
    ("0123456789", hpc_row),
    (None, logfmt_row),
    (None, _timed(_LEVEL_FIRST)),
    (None, _timed(_WITHIN)),
    ("<", _prioritised),
)

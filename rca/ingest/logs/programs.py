"""Lines of programs that order the parts of their header in a way of their own: one row for each."""

from __future__ import annotations

import re
from collections.abc import Callable

from rca.ingest.logs.late import LateRegex
from rca.ingest.logs.logfmt import fill, pairs
from rca.ingest.logs.rows import Row
from rca.ingest.logs.timeforms import TIME

__all__ = ["program_row"]

_NAMES = {
    "pid": "process.pid", "tid": "thread.id", "thread": "thread.name", "logger": "logger", "host": "host.name", "node": "host.name", "type": "type",
    "id": "event.id", "client": "client.address", "method": "http.request.method", "path": "url.path", "status": "http.response.status_code",
    "duration": "duration_ms", "latency": "latency", "process": "process.executable.name", "file": "code.file.path",
}  # fmt: skip
_SYSLOG_LEVEL = ("EMERG", "ALERT", "CRIT", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG")
_REDIS_LEVEL = {".": "DEBUG", "-": "VERBOSE", "*": "NOTICE", "#": "WARNING"}
_CUPS_LEVEL = {"X": "EMERG", "A": "ALERT", "C": "CRIT", "E": "ERROR", "W": "WARN", "N": "NOTICE", "I": "INFO", "D": "DEBUG", "d": "DEBUG"}  # fmt: skip
_EVENT_LEVEL = {"1": "Critical", "2": "Error", "3": "Warning", "4": "Information", "5": "Verbose"}
_LIKE_TIME = re.compile(
    r"(?:\b|_)(?:rt|end|start|devTime|deviceReceiptTime)=(\d{13}|[A-Z][a-z]{2} \d\d \d{4} \d\d:\d\d:\d\d)"
)

Level = Callable[[re.Match[str]], str]


def _plain(found: re.Match[str]) -> str:
    return found.groupdict().get("level") or ""


_FORMS: tuple[tuple[str, str, LateRegex, Level], ...] = tuple(
    (first, mark, LateRegex(pattern, re.DOTALL), level)
    for first, mark, pattern, level in (
        # auditd
        ("tn", "audit(", r"(?:node=(?P<node>\S+) )?type=(?P<type>\S+) msg=audit\((?P<time>\d{9,10}\.\d{3}):(?P<id>\d+)\):\s*(?P<body>.*)", _plain),
        # Erlang's error logger and RabbitMQ up to 3.6
        ("=", "REPORT", rf"=(?P<level>[A-Z]+) REPORT==== (?P<time>{TIME})(?: UTC)? ===(?P<body>.*)", _plain),
        # CUPS
        ("XACEWNIDd", "[", rf"(?P<level>[XACEWNIDd])2? \[(?P<time>{TIME})\] (?P<body>.*)", lambda found: _CUPS_LEVEL[found["level"]]),
        # Redis up to 2.8
        ("[", "]", r"\[(?P<pid>\d+)\] (?P<time>\d{1,2} [A-Z][a-z]{2}(?: \d{4})? \d\d:\d\d:\d\d\.\d{3}) (?P<level>[.\-*#]) (?P<body>.*)", lambda found: _REDIS_LEVEL[found["level"]]),
        # macOS's unified log
        ("0123456789", " 0x", rf"(?P<time>{TIME})\s+0x(?P<tid>[0-9a-f]+)\s+(?P<level>Default|Info|Debug|Error|Fault|Activity|Signpost)\s+0x[0-9a-f]+\s+(?P<pid>\d+)\s+\d+\s+(?P<body>.*)", _plain),
        # uWSGI
        ("[", "|app: ", rf"(?P<body>\[pid: (?P<pid>\d+)\|app: .*?\] (?P<client>\S+) \(.*?\) \{{.*?\}} \[(?P<time>{TIME})\] (?P<method>[A-Z]+) (?P<path>\S+) => .* in (?P<duration>\d+) msecs \(\S+ (?P<status>\d+)\).*)", _plain),
        # Gin
        ("[", "GIN]", r"\[GIN\] (?P<body>(?P<time>\d{4}/\d\d/\d\d - \d\d:\d\d:\d\d) \|\s*(?P<status>\d{3}) \|\s*(?P<latency>\S+) \|\s*(?P<client>\S+) \|\s*(?P<method>[A-Z]+)\s+\"(?P<path>[^\"?]*).*)", _plain),
        # Cisco's IOS and ASA
        ("<*.0123456789JFMASOND", "%", rf"(?:<\d{{1,3}}>)?(?:\d+: )?(?:[\w.-]+: )?[*.]?(?P<time>{TIME}(?:\.\d+)?(?: [A-Z]{{3,4}})?)(?: (?P<host>\S+))? ?: (?P<body>%[A-Z][\w-]*-(?P<level>[0-7])-\w+: .*)", lambda found: _SYSLOG_LEVEL[int(found["level"])]),
        # Couchbase
        ("[", ",", rf"\[(?P<logger>\w+):(?P<level>\w+),(?P<time>{TIME}),(?P<node>[^:\]]{{0,120}})[^\]]{{0,400}}\](?P<body>.*)", _plain),
        # Chromium
        ("[", "/", r"\[(?:(?P<pid>\d+):(?P<tid>\d+):)?(?P<time>\d{4}/\d{6}\.\d{1,6}):(?P<level>[A-Z]+\d?):(?P<file>[^\]]+)\] ?(?P<body>.*)", _plain),
        # Microsoft's DHCP server
        ("0123456789", ",", r"(?P<body>(?P<id>\d{1,5}),(?P<time>\d\d/\d\d/\d\d,\d\d:\d\d:\d\d),.*)", _plain),
        # Zabbix
        (" 0123456789", ":", r"\s*(?P<pid>\d+):(?P<time>\d{8}:\d{6}\.\d{3}) (?P<body>.*)", _plain),
        # history of shells, the command on the lines after
        ("#", "1", r"#\+?(?P<time>1\d{9})(?P<body>)$", _plain),
        # events of Windows as XML
        ("<", "<Event", r"(?P<body><Event\b.*?<TimeCreated SystemTime=[\"'](?P<time>[^\"']+)[\"'].*)", lambda found: _EVENT_LEVEL.get((re.search(r"<Level>(\d)</Level>", found["body"]) or ["", ""])[1], "")),
        # Papertrail's archives
        ("0123456789", "\t", r"(?P<id>\d{9,20})\t(?P<time>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d))\t\d{4}-\d\d-\d\dT\S+\t\d+\t(?P<host>[^\t]*)\t(?P<client>[^\t]*)\t(?P<type>[^\t]*)\t(?P<level>[A-Za-z]+)\t(?P<process>[^\t]*)\t(?P<body>.*)", _plain),
        # AWS Lambda's own lines
        ("SERI", "RequestId: ", r"(?P<body>(?:START|END|REPORT|INIT_START|RESTORE_START)\b.*?RequestId: (?P<request>[0-9a-f-]{36}).*)", _plain),
    )
)  # fmt: skip


def program_row(text: str, line: int) -> Row | None:
    """Return the record of a line of such a program, or None where it is none.

    Examples
    --------
    >>> row = program_row('type=CWD msg=audit(1772625600.123:77):  cwd="/"', 0)
    >>> row.time, row.body, row.attributes["type"]
    ('1772625600.123', 'cwd="/"', 'CWD')
    >>> program_row("=ERROR REPORT==== 4-Mar-2026::12:00:00 ===", 0).level
    'ERROR'
    """
    first = text[:1]
    head = text[:240]
    for letters, mark, pattern, level in _FORMS:
        if first not in letters or mark not in head:
            continue
        found = pattern.match(text)
        if found:
            return _filled(found, level(found), line)
    return _event(text, line) if text.startswith(("CEF:", "LEEF:")) else None


def _filled(found: re.Match[str], level: str, line: int) -> Row:
    parts = {key: value for key, value in found.groupdict().items() if value}
    row = Row(line, time=parts.pop("time", None), level=level, body=parts.pop("body", "").rstrip())
    row.request = parts.pop("request", "")
    parts.pop("level", None)
    for key, value in parts.items():
        row.keep(_NAMES[key], value)
    return row


def _event(text: str, line: int) -> Row:
    """Read ArcSight's CEF or QRadar's LEEF without a header of syslog: the time is one of its fields."""
    time = _LIKE_TIME.search(text)
    row = Row(line, time=time[1] if time else None, body=text)
    more = pairs(text.rsplit("|", 1)[-1])
    if more:
        fill(row, [(key, value) for key, value in more if key not in {"rt", "end", "start", "msg", "devTime"}])
    return row

"""Lines of loggers whose header has a form of its own: supercomputers, Android, Ruby, Spring Boot, Redis."""

from __future__ import annotations

import re
from collections.abc import Callable

from rca.ingest.logs.rows import Row

__all__ = ["android_row", "cluster_row", "hpc_row", "redis_row", "ruby_row", "spring_row"]

_SYSLOG_TIME = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +\d{1,2} (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d{1,9})?"
_TAG = r"(?P<tag>[^\s:\[\]]{1,256}(?:\([^)]{0,80}\))?|[^\s:\[\]]{1,64}(?: [^\s:\[\]]{1,64}){1,3}(?=\[\d+\]))(?:\[(?P<pid>\d+)\])?(?: \([^)]{1,120}\))?: ?"
_CLUSTER = re.compile(
    r"(?P<alert>\S+) (?P<epoch>\d{10}) \d{4}\.\d\d\.\d\d (?P<node>\S+) "
    rf"(?:(?P<ras>\d{{4}}-\d\d-\d\d-\d\d\.\d\d\.\d\d\.\d{{6}}) \S+ (?P<type>\S+) (?P<component>\S+) (?P<level>\S+)|(?P<time>{_SYSLOG_TIME}) (?P<host>\S+)(?: {_TAG})?) ?(?P<body>.*)",
    re.DOTALL,
)
_HPC = re.compile(
    r"(?P<id>\d{1,9}) (?P<node>\S+) (?P<component>\S+) (?P<state>\S+) (?P<time>\d{9,10}) (?P<flag>\d+) (?P<body>.*)",
    re.DOTALL,
)
_ANDROID = re.compile(
    r"(?P<time>(?:\d{4}-)?\d\d-\d\d \d\d:\d\d:\d\d\.\d{3,6})(?: [+-]\d{4})?\s+(?:(?P<pid>\d+)\s+(?P<tid>\d+)\s+(?P<level>[VDIWEFA])\s+(?P<tag>.*?)\s*:(?: |$)|"
    r"(?P<level2>[VDIWEFA])/(?P<tag2>[^(]*?)\s*\(\s*(?P<pid2>\d+)\): )(?P<body>.*)",
    re.DOTALL,
)
_RUBY = re.compile(
    r"[DIWEFUA], \[(?P<time>\d{4}-\d\d-\d\dT[\d:.]+) ?#(?P<pid>\d+)\]\s+(?P<level>\w+) -- (?P<logger>[^:]*): ?(?P<body>.*)",
    re.DOTALL,
)
_SPRING = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d[T ][\d:.,]+(?:Z|[+-]\d\d:\d\d)?)\s+(?P<level>[A-Z]+)\s+(?P<ids>\[[^\]]*\]\s+)?(?P<pid>\d+) --- (?P<boxes>(?:\[[^\]]*\] ?)+)(?P<logger>\S+)\s+: (?P<body>.*)",
    re.DOTALL,
)
_REDIS = re.compile(
    r"(?P<pid>\d+):(?P<role>[XCSM]) (?P<time>\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d\.\d{3}) (?P<level>[.\-*#]) (?P<body>.*)",
    re.DOTALL,
)


def cluster_row(text: str, line: int) -> Row | None:
    """Read a line of BlueGene, Thunderbird or another cluster."""
    found = _CLUSTER.match(text)
    if not found:
        return None
    row = Row(line, time=found["ras"] or found["epoch"] + "s", body=found["body"], level=found["level"] or "")
    row.keep("alert", found["alert"])
    row.keep("host.name", found["node"])
    if found["component"]:
        row.keep("logger", found["component"])
        row.keep("type", found["type"])
    if found["tag"]:
        row.service = re.sub(r"\(.*\)$", "", found["tag"]).rsplit("/", 1)[-1] or found["tag"]
        row.keep("syslog.tag", found["tag"])
    return row


def _named(pattern: re.Pattern[str], names: dict[str, str]) -> Callable[[str, int], Row | None]:
    def read(text: str, line: int) -> Row | None:
        found = pattern.match(text)
        if not found:
            return None
        part = {key.rstrip("2"): value for key, value in found.groupdict().items() if value is not None}
        row = Row(line, time=part.pop("time"), level=part.pop("level", ""), body=part.pop("body"))
        for key, value in part.items():
            if value and key in names:
                row.keep(names[key], value.strip())
        return row

    return read


def spring_row(text: str, line: int) -> Row | None:
    """Read a line of Spring Boot's console."""
    found = _SPRING.match(text)
    if not found:
        return None
    row = Row(line, time=found["time"], level=found["level"], body=found["body"])
    row.keep("process.pid", found["pid"])
    row.keep("logger", found["logger"])
    for box in re.findall(r"\[([^\]]*)\]", (found["ids"] or "") + found["boxes"]):
        ids = re.fullmatch(r"(?:([^,]*),)?([0-9a-f]{32}|[0-9a-f]{16})[,-]([0-9a-f]{16})(?:,\w*)?", box.strip())
        if ids:
            row.service, row.trace, row.span = row.service or ids[1] or "", ids[2], ids[3]
        elif box.strip():
            row.keep("thread.name", box.strip())
    return row


def redis_row(text: str, line: int) -> Row | None:
    """Read a line of Redis."""
    found = _REDIS.match(text)
    if not found:
        return None
    row = Row(line, time=found["time"], body=found["body"])
    row.level = {".": "DEBUG", "-": "VERBOSE", "*": "NOTICE", "#": "WARNING"}[found["level"]]
    row.keep("process.pid", found["pid"])
    return row


android_row = _named(_ANDROID, {"pid": "process.pid", "tid": "thread.id", "tag": "logger"})
ruby_row = _named(_RUBY, {"pid": "process.pid", "logger": "logger"})
hpc_row = _named(_HPC, {"node": "host.name", "component": "logger", "state": "state"})

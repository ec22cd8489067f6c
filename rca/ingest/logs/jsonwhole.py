"""What only a whole JSON record tells: scales of loggers, dates beside times, messages of records that have none."""

from __future__ import annotations

import re
from typing import Any

from rca.ingest.logs.rows import Row

__all__ = ["complete", "join_date"]

_DATE_ONLY = re.compile(r"\d{4}-\d\d-\d\d")
_ZONE_ONLY = re.compile(r"Z|[+-]\d\d:?\d\d")
_CLOCK_ONLY = re.compile(r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?")


_HEADLINES = (
    ("title",), ("eventName",), ("operationName",), ("operationName", "localizedValue"), ("operationName", "value"), ("protoPayload", "methodName"),
)  # fmt: skip


def complete(row: Row, value: dict[str, Any]) -> None:
    """Complete a row with what only the whole record tells: scales of loggers, templates without a rendered text, dates beside times."""
    if row.level.isdigit() and not row.scale:
        if "short_message" in value:
            row.scale = "syslog"
        elif "reqId" in value and "remoteAddr" in value:
            row.scale = "nextcloud"
    if row.keys.get("time") == "@t" and not row.level:
        row.level = "Information"
    if not row.body and row.template:
        row.body = row.template
    if row.template:
        row.template = _braces(row.template)
    if not row.service and isinstance(value.get("name"), str) and "hostname" in value and "pid" in value:
        row.service = row.attributes.pop("name", "")
    if "__REALTIME_TIMESTAMP" in value and row.service.endswith(".service"):
        row.keep(row.keys["service"], row.service)
        row.service = row.service.removesuffix(".service")
    join_date(row)
    if not row.body:
        row.body = _request_line(value) or _headline(row, value)
    if not row.level and isinstance(value.get("tags"), list):
        row.level = next((tag["value"] for tag in value["tags"] if _is_level(tag)), "")


def join_date(row: Row) -> None:
    """Make one time of a date and a clock that stand beside each other."""
    time, date = row.time or "", row.attributes.get("date", "")
    if _CLOCK_ONLY.fullmatch(time) and _DATE_ONLY.fullmatch(date):
        row.time = f"{row.attributes.pop('date')} {time}"
    clock = row.attributes.get("time", "")
    if _DATE_ONLY.fullmatch(time) and _CLOCK_ONLY.fullmatch(clock):
        row.time = f"{time} {row.attributes.pop('time')}"
        zone = row.attributes.get("tz", "")
        row.time += zone if _ZONE_ONLY.fullmatch(zone) else ""


def _headline(row: Row, value: dict[str, Any]) -> str:
    """Return what an event without a message is called: its title, the operation it tells of, its first exception."""
    for path in _HEADLINES:
        found: Any = value
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        if isinstance(found, str) and found:
            return found
    exception = value.get("exception")
    kept = exception.get("values") if isinstance(exception, dict) else None
    first = kept[-1] if isinstance(kept, list) and kept else None
    if not isinstance(first, dict) or row.body:
        return ""
    return ": ".join(str(first[key]) for key in ("type", "value") if first.get(key))


def _is_level(tag: Any) -> bool:
    return isinstance(tag, dict) and tag.get("key") == "level" and isinstance(tag.get("value"), str)


def _braces(template: str) -> str:
    return re.sub(r"\{[^{}]*\}|\$\{[^{}]*\}", "<*>", template)


def _request_line(value: dict[str, Any]) -> str:
    """Write a message for access records that have none: method, path and status."""
    for method, path, status in (
        ("method", "path", "response_code"), ("method", "path", "status"), ("request_method", "request_uri", "status"), ("request_method", "uri", "status"),
        ("method", "uri", "status"), ("ClientRequestMethod", "ClientRequestURI", "EdgeResponseStatus"), ("method", "url", "status"), ("RequestMethod", "RequestPath", "DownstreamStatus"),
    ):  # fmt: skip
        if isinstance(value.get(method), str) and isinstance(value.get(path), str):
            return f"{value[method]} {value[path]} {value.get(status, '')}".rstrip()
    return ""

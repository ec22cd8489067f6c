"""Envelopes around lines: what container runtimes and shippers put before somebody else's record."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from rca.ingest.logs.jsonrows import UnreadableError, json_row, merge
from rca.ingest.logs.levels import level_of_plain
from rca.ingest.logs.logfmt import fill, pairs
from rca.ingest.logs.rows import Row, without_ansi
from rca.ingest.logs.textforms import text_row

__all__ = ["COMPOSE", "CRI", "Partials", "compose_row", "docker_part", "inner_row", "line_row", "pod_of"]

CRI = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) (?P<stream>stdout|stderr) (?P<flag>[FP])(?::\S*)?(?: (?P<log>.*))?",
    re.DOTALL,
)
"""A line of a Kubernetes container's log: time, stream, partial or full, text."""
COMPOSE = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*?)(?P<number>[-_]\d+)?\s+\| ?(?P<log>.*)", re.DOTALL)
"""A line of `docker compose logs`: container, bar, text."""
_LABELS = re.compile(r"\{(?P<labels>(?:[A-Za-z_]\w*=\"[^\"]*\"(?:, ?)?)*)\} (?P<log>.*)", re.DOTALL)
"""What Loki's logcli writes between time and line."""
_DOCKER_KEYS = frozenset({"log", "stream", "time", "attrs", "partial_message", "container_id", "container_name"})
_POD = re.compile(
    r"(?:^|/)(?P<namespace>[a-z0-9-]+)_(?P<pod>[a-z0-9.-]+)_(?P<uid>[0-9a-f-]{32,36})/(?P<container>[a-z0-9-]+)/(?P<restart>\d+)\.log"
)
_CONTAINER = re.compile(
    r"(?:^|/)(?P<pod>[a-z0-9.-]+)_(?P<namespace>[a-z0-9-]+)_(?P<container>[a-z0-9-]+)-(?P<id>[0-9a-f]{64})\.log"
)


@dataclass(slots=True)
class Partials:
    """Pieces of lines that a runtime cut, by stream, until their end comes."""

    pieces: dict[str, list[str]] = field(default_factory=dict)
    first: dict[str, Row] = field(default_factory=dict)

    def add(self, stream: str, text: str, row: Row, *, ends: bool) -> Row | None:
        """Take a piece; return the whole record when it is the last one."""
        if ends and stream not in self.pieces:
            return inner_row(text, row)
        self.pieces.setdefault(stream, []).append(text)
        self.first.setdefault(stream, row)
        return self.close(stream, row.line) if ends else None

    def close(self, stream: str, line: int) -> Row:
        """Return the record of the pieces that came so far."""
        whole, first = "".join(self.pieces.pop(stream)), self.first.pop(stream)
        first.line = line
        return inner_row(whole, first)


def inner_row(text: str, outer: Row) -> Row:
    """Return the record in an envelope: JSON, a known form of text, or the text itself."""
    text = without_ansi(text.rstrip("\r\n"))
    if text[:1] == "{":
        try:
            return merge(json_row(text.encode("utf-8", "surrogatepass"), outer.line, depth=1), outer)
        except UnreadableError:
            pass
    found, _ = line_row(text, outer.line)
    if found is not None:
        return merge(found, outer)
    outer.level = outer.level or level_of_plain(text)
    outer.body = text
    return outer


def docker_part(value: dict[str, Any]) -> bool:
    """Say whether an object is a line of Docker's json-file driver.

    Examples
    --------
    >>> docker_part({"log": "ready", "stream": "stdout", "time": "2026-03-04T14:10:00Z"})
    True
    """
    keys = value.keys()
    return (
        isinstance(value.get("log"), str)
        and "time" in keys
        and ("stream" in keys or "attrs" in keys)
        and keys <= _DOCKER_KEYS
    )


def docker_row(value: dict[str, Any], line: int) -> tuple[str, str, Row]:
    """Return stream, text and envelope of a line of Docker's json-file driver."""
    row = Row(line, time=str(value["time"]))
    row.keys["time"] = "time"
    stream = str(value.get("stream", ""))
    if stream:
        row.keep("stream", stream)
    for key, item in (value.get("attrs") or {}).items():
        row.keep(f"attrs.{key}", str(item))
    for key in ("container_id", "container_name"):
        if key in value:
            row.keep(key, str(value[key]))
    return stream, value["log"], row


def compose_row(text: str, line: int) -> Row | None:
    """Return the record of a line of `docker compose logs`."""
    found = COMPOSE.fullmatch(text)
    if not found:
        return None
    row = Row(line, service=found["name"])
    row.keep("container.name", found["name"] + (found["number"] or ""))
    return inner_row(found["log"], row)


def line_row(text: str, line: int) -> tuple[Row | None, bool]:
    """Return the record that a line of text begins, and whether lines without a time may continue it.

    A message that is a JSON record itself is opened: syslog, exports of clouds and `kubectl logs` carry such.

    Examples
    --------
    >>> row, continues = line_row('2026-03-04T12:00:00Z {"level":"error","msg":"down"}', 0)
    >>> row.level, row.body, continues
    ('error', 'down', False)
    """
    row = text_row(text, line)
    if row is None or row.body[:1] != "{":
        return row, True
    if row.body.rstrip()[-1:] == "}":
        try:
            inner = json_row(row.body.encode("utf-8", "surrogatepass"), line, depth=1)
        except UnreadableError:
            return row, True
        if inner.time or inner.level or "message" in inner.keys:
            return merge(inner, row), False
        return row, True
    found = _LABELS.match(row.body)
    if found:
        row.body = ""
        fill(row, pairs(found["labels"].replace(",", " ")) or [])
        return inner_row(found["log"], row), True
    return row, True


def pod_of(path: str) -> dict[str, str]:
    """Return what a Kubernetes log path says about its container.

    Examples
    --------
    >>> pod_of("/var/log/pods/shop_cart-1_93a99fc6-f43b-44fd-ae92-f1d8e79639ba/cart/0.log")["k8s.container.name"]
    'cart'
    """
    found = _POD.search(path) or _CONTAINER.search(path)
    if not found:
        return {}
    names = {
        "namespace": "k8s.namespace.name",
        "pod": "k8s.pod.name",
        "uid": "k8s.pod.uid",
        "container": "k8s.container.name",
        "restart": "k8s.container.restart_count",
    }
    return {names[key]: value for key, value in found.groupdict().items() if key in names}

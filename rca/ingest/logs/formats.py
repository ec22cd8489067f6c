"""The formats of logs: how each is recognised. All but documents and W3C files are read by one pipeline."""

from __future__ import annotations

import re
from typing import Any

from rca.ingest.answers import hit, records_of
from rca.ingest.contract import NO, Format, Guess, Sample
from rca.ingest.exact import peek
from rca.ingest.logs.access import access_row
from rca.ingest.logs.bulk import BULK
from rca.ingest.logs.documents import read_document
from rca.ingest.logs.envelopes import COMPOSE, CRI, docker_part
from rca.ingest.logs.journal import read_journal
from rca.ingest.logs.logfmt import logfmt_row
from rca.ingest.logs.names import role_of
from rca.ingest.logs.reader import read_compose, read_lines
from rca.ingest.logs.rows import without_ansi
from rca.ingest.logs.severity import severity_number
from rca.ingest.logs.textforms import text_row
from rca.ingest.logs.w3c import fields_of, read_w3c

__all__ = ["LOG_FORMATS"]

_SYSLOG = re.compile(
    r"(?:\d+ )?(?:<\d{1,3}>|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +\d{1,2} \d\d:\d\d:\d\d )"
)
_BEGINS = re.compile(r"\s*(?:\{\s*(?:[\"}]|$)|\[\s*(?:[\[{\"\]]|$))")
"""A list or an object that holds telemetry; ``[cart] starting`` is neither."""


def _roles(sample: Sample) -> float:
    """Share of the first records that have a time, and a message or a level."""
    return sum(map(_loglike, sample.records)) / len(sample.records) if sample.records else 0.0


def _loglike(record: dict[str, object]) -> bool:
    if {"stream", "values"} <= record.keys():
        return True
    if (isinstance(record.get("attributes"), dict) and record.get("type") == "log") or {
        "eventTime",
        "eventName",
    } <= record.keys():
        return True
    roles = {role[0] for key in _paths(record) if (role := role_of(key))}
    return "time" in roles and bool(roles & {"message", "level", "template"})


def _paths(record: dict[str, object], depth: int = 0) -> list[tuple[str, ...]]:
    out: list[tuple[str, ...]] = []
    for key, value in list(record.items())[:200]:
        out.append((key,))
        if isinstance(value, dict) and depth < 2:
            out += [(key, *rest) for rest in _paths(value, depth + 1)]
    return out


def _json_lines(sample: Sample) -> Guess:
    if not sample.records or sample.share(lambda line: line.lstrip()[:1] == "{") < 0.3:
        return NO
    share = _roles(sample)
    if share >= 0.5:
        return Guess(0.3, "JSON objects with a time and a message")
    held = _held(sample)
    if held and 2 * sum(map(_loglike, held)) >= len(held):
        return Guess(0.1, "JSON objects that hold lists")
    return Guess(0.15, "JSON objects")


def _docker(sample: Sample) -> Guess:
    found = sum(docker_part(record) for record in sample.records)
    return (
        Guess(0.9, "log, stream and time of Docker's json-file") if found and found >= 0.5 * len(sample.records) else NO
    )


def _journald(sample: Sample) -> Guess:
    found = sum("__REALTIME_TIMESTAMP" in record for record in sample.records)
    return Guess(0.9, "journald's fields") if found and found >= 0.5 * len(sample.records) else NO


def _journal_export(sample: Sample) -> Guess:
    found = any(line.startswith("__REALTIME_TIMESTAMP=") for line in sample.lines[:64])
    return Guess(0.9, "journald's fields, one a line") if found else NO


def _loki(sample: Sample) -> Guess:
    found = sum({"labels", "line", "timestamp"} <= record.keys() for record in sample.records)
    return Guess(0.9, "Loki's labels, line and timestamp") if found and found >= 0.5 * len(sample.records) else NO


def _by_line(sample: Sample, test: re.Pattern[str], score: float, reason: str, most: float = 0.5) -> Guess:
    share = sample.share(lambda line: test.match(without_ansi(line)))
    return Guess(score, reason) if share >= most else NO


def _cri(sample: Sample) -> Guess:
    return _by_line(sample, CRI, 0.9, "time, stream and flag of a Kubernetes container's log")


def _compose(sample: Sample) -> Guess:
    share = sample.share(
        lambda line: (found := COMPOSE.match(without_ansi(line))) and not severity_number(found["name"])
    )
    return Guess(0.6, "container names before bars") if share >= 0.7 else NO


def _syslog(sample: Sample) -> Guess:
    return _by_line(sample, _SYSLOG, 0.4, "syslog's priority or time")


def _access(sample: Sample) -> Guess:
    share = sample.share(lambda line: access_row(line, 0) is not None)
    return Guess(0.5, "requests of an access log") if share >= 0.5 else NO


def _logfmt(sample: Sample) -> Guess:
    share = sample.share(lambda line: logfmt_row(line, 0) is not None)
    return Guess(0.4, "pairs of key=value") if share >= 0.5 else NO


def _w3c(sample: Sample) -> Guess:
    return Guess(0.9, "a line that names the columns") if any(map(fields_of, sample.lines)) else NO


def _held(sample: Sample) -> list[dict[str, Any]]:
    """Return the first records that the documents of a file hold, where they are those of a log."""
    if sample.document is not None:
        found = records_of(sample.document)
    elif sample.text.lstrip()[:1] == "[":
        found = peek(sample)
    else:
        found = [item for value in peek(sample)[:20] for item in records_of(value)]
    return [hit(item) for item in found[:20] if isinstance(item, dict)]


def _document(sample: Sample) -> Guess:
    if not sample.looks_json:
        return NO
    records = _held(sample)
    if records:
        loglike = sum(_loglike(item) for item in records) >= 0.5 * len(records)
        return (
            Guess(0.35, "a JSON document that holds log records")
            if loglike
            else Guess(0.11, "a JSON document with a list")
        )
    if records_of(sample.document):
        return (
            Guess(0.35, "a JSON document of fields and values")
            if sample.has("field", "value", "results")
            else Guess(0.08, "nested arrays")
        )
    if sample.document is None and not sample.records and _BEGINS.match(sample.text):
        return Guess(0.12, "a JSON document")
    if isinstance(sample.document, dict) and not sample.records:
        return Guess(0.12, "a JSON document")
    return NO


def _text(sample: Sample) -> Guess:
    if b"\x00" in sample.head[:4096] and sample.head[:4096].count(b"\x00") > 64:
        return Guess(0.01, "binary")
    share = sample.share(lambda line: text_row(without_ansi(line), 0) is not None)
    if share >= 0.5:
        return Guess(0.3, "lines that begin with a time")
    if share > 0:
        return Guess(0.15, "some lines begin with a time")
    text = sample.text[:4096]
    readable = sum(letter.isprintable() or letter in "\n\r\t\x1b" for letter in text)
    return Guess(0.06, "lines of text") if text and readable >= 0.9 * len(text) else Guess(0.01, "no text")


LOG_FORMATS: tuple[Format, ...] = (
    BULK,
    Format("docker", "Docker json-file logs", ("logs",), _docker, read_lines),
    Format("cri", "Kubernetes container logs (CRI)", ("logs",), _cri, read_lines),
    Format("compose", "docker compose logs", ("logs",), _compose, read_compose),
    Format("journald", "journald JSON", ("logs",), _journald, read_lines),
    Format("journal-export", "journald's export format", ("logs",), _journal_export, read_journal),
    Format("logcli", "Loki's logcli in JSON lines", ("logs",), _loki, read_lines),
    Format(
        "w3c", "logs that name their columns (W3C: IIS, CloudFront; Zeek; VPC flow logs)", ("logs",), _w3c, read_w3c
    ),
    Format("access", "access logs (nginx, Apache, Envoy, HAProxy, load balancers)", ("logs",), _access, read_lines),
    Format("logfmt", "logfmt", ("logs",), _logfmt, read_lines),
    Format("syslog", "syslog (RFC 3164, RFC 5424)", ("logs",), _syslog, read_lines),
    Format("json", "JSON lines of any logger", ("logs",), _json_lines, read_lines),
    Format("json-document", "a JSON document with log records", ("logs",), _document, read_document),
    Format("text", "text logs", ("logs",), _text, read_lines),
)

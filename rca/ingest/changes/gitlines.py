"""Commits one a line, as people have ``git log`` print them: ``--pretty='%H|%an|%aI|%s'`` and its like, in any order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rca.ingest.clock import Clock
from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.source import Source

__all__ = ["GIT_LINES"]

_SHA = re.compile(r"\"?([0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{7,12})\"?")
_WHEN = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?.*|\d{4}-\d\d-\d\d|\d{10}|[A-Z][a-z]{2},? .*\d{4}.*")
_SEPARATORS = ("|", "\t", ";", "~", "\x1f", "\x00")
_SEVERITIES = frozenset(("trace", "debug", "info", "notice", "warn", "warning", "error", "fatal", "critical"))
_LEAST = 3
"""Fields of a line: commit, time, and what it is about."""


def _fields(line: str) -> tuple[str, str, list[str]] | None:
    """Return commit, time and the other fields of a line; None where it is none."""
    for separator in _SEPARATORS:
        parts = [part.strip() for part in line.split(separator)]
        if len(parts) < _LEAST or not _SHA.fullmatch(parts[0]):
            continue
        if _SEVERITIES & {part.strip("[]").lower() for part in parts}:  # a log whose lines begin with an id
            return None
        at = next((place for place, part in enumerate(parts[1:], 1) if _WHEN.fullmatch(part)), None)
        if at is not None:
            return parts[0].strip('"'), parts[at], _titled(parts[1:at], parts[at + 1 :], separator)
    return None


def _titled(before: list[str], after: list[str], separator: str) -> list[str]:
    """Return the other fields, the title last, which may hold the separator itself; who comes after the time comes before it."""
    while len(after) > 1 and (not before or _is_mail(after[0])):
        before, after = [*before, after[0]], after[1:]
    return before + ([separator.join(after)] if after else [])


def _is_mail(text: str) -> bool:
    return "@" in text and " " not in text


def _sniff(sample: Sample) -> Guess:
    if sample.looks_json:
        return NO
    share = sample.share(_fields)
    return Guess(0.9, "a commit a line, with its time") if share >= 0.9 else NO


def _read(source: Source, sink: Sink) -> None:
    clock, rows = Clock(sink.context), list[dict[str, Any]]()
    for line in source.lines():
        text = line.data.decode("utf-8", "replace").strip("\r\n").removeprefix("\ufeff")
        found = _fields(text) if text.strip() else None
        time = clock.read(found[1]) if found else None
        if found and time is not None:
            rows.append(_row(found[0], time, found[2]))
        elif text.strip():
            sink.quarantine("no commit with a time", text[:400], line.offset)
    sink.records("changes", rows)


def _row(sha: str, time: int, others: list[str]) -> dict[str, Any]:
    mail = next((text for text in others if _is_mail(text)), "")
    named = list(_people(others, mail))
    title = next((text for text in reversed(others) if text not in (mail, *named[:1])), "")
    return {
        "kind": "commit", "time_ns": time, "revision": sha, "author": named[0] if named else mail, "title": title,
        "attributes": {"author.email": mail} if mail else {},
    }  # fmt: skip


def _people(others: list[str], mail: str) -> Iterator[str]:
    """Yield what may be the author: a field before the last, which is the title."""
    yield from (text for text in others[:-1] if text and text != mail)


GIT_LINES = Format("git-lines", "git log with one commit a line (--pretty=format)", ("changes",), _sniff, _read)

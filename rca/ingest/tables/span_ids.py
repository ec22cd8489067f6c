"""Which trace a span of a table belongs to, and ids for those that have none."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rca.ingest.logs.ids import span_id as hex_span_id
from rca.ingest.logs.ids import trace_and_span

__all__ = ["Span", "hex_span", "resolve"]

_SAME = frozenset(
    (
        "same",
        "ditto",
        '"',
        "''",
        "-",
        "^",
        "=",
        "idem",
        "as above",
        "...",
        "…",
        "*",
        "?",
        "unknown",
        "none",
        "null",
        "n/a",
        "",
    )
)


@dataclass(slots=True)
class Span:
    """One row, its ids still as written."""

    trace: str
    span: str
    parent: str
    service: str
    name: str
    start_ns: int | None
    duration_ns: int | None
    kind: int = 0
    status: int = 0
    message: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    resource: dict[str, str] = field(default_factory=dict)
    resolved: str = ""
    weight: float = 0.0
    events: list[tuple[int | None, str, dict[str, str]]] = field(default_factory=list)


def resolve(spans: list[Span]) -> None:
    """Settle the trace of every span."""
    holders: dict[tuple[str, str], bool] = {}
    places: dict[str, list[int]] = defaultdict(list)
    for at, span in enumerate(spans):
        if not span.span:
            span.span = "made-" + _hash(8, *_content(span))
        holders[span.trace, span.span] = True
        places[span.span].append(at)
    unique: dict[int, str] = {}
    for at in range(len(spans)):
        _trace_of(at, spans, places, holders, unique)
    for at, span in enumerate(spans):
        span.resolved = unique[at]
        if span.trace and span.resolved != trace_and_span(span.trace)[0] and span.resolved != span.trace:
            span.attributes.setdefault("rca.trace_id", span.trace)
        made = span.span.startswith("made-")
        if not made and hex_span(span.span) != span.span.lower().rjust(16, "0"):
            span.attributes.setdefault("rca.span_id", span.span)


def _trace_of(
    at: int,
    spans: list[Span],
    places: dict[str, list[int]],
    holders: dict[tuple[str, str], bool],
    done: dict[int, str],
) -> None:
    """Follow parents until one has a trace of its own; a ring of parents ends at its first span."""
    trail: list[int] = []
    here = at
    while here not in done:
        span = spans[here]
        own = trace_and_span(span.trace)[0]
        missing = span.trace.lower() in _SAME or (
            not own and bool(span.parent) and (span.trace, span.parent) not in holders
        )
        parents = [place for place in places.get(span.parent, ()) if place != here] if span.parent else []
        near = min(parents, key=lambda place: (abs(place - here), place > here), default=None) if missing else None
        trail.append(here)
        if near is None or near in trail:
            done[here] = (
                own if own and not missing else _hash(16, span.trace) if not missing else _alone(here, spans, done)
            )
            break
        here = near
    for place in trail:
        done.setdefault(place, done[here])


def _alone(at: int, spans: list[Span], done: dict[int, str]) -> str:
    """Return the trace of a span that says "as above" and has no parent here: a root begins its own, others follow the row before."""
    span = spans[at]
    if span.parent and at and at - 1 in done:
        return done[at - 1]
    return _hash(16, *_content(span), span.span)


def _content(span: Span) -> tuple[str, ...]:
    return (
        span.trace,
        span.parent,
        span.service,
        span.name,
        str(span.start_ns),
        str(span.duration_ns),
        repr(sorted(span.attributes.items())),
    )


def hex_span(text: str) -> str:
    """Return a span id as 16 hex digits; one that is none becomes a hash of its text."""
    if text.startswith("made-"):
        return text.removeprefix("made-")
    word = text.lower()
    if 0 < len(word) <= 16 and all(letter in "0123456789abcdef" for letter in word) and word.strip("0"):
        return word.rjust(16, "0")
    return hex_span_id(text) or _hash(8, text)


def _hash(size: int, *parts: str) -> str:
    make: Callable[..., Any] = hashlib.blake2b
    return str(make("\x1f".join(parts).encode("utf-8", "replace"), digest_size=size).hexdigest())

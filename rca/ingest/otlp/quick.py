"""OTLP/JSON spans at speed: typed decoding, and every attribute understood once by its bytes.

Lines are decoded into structures by msgspec, which checks all of it but leaves attributes as the bytes they are. These
are cut at the only place where a new pair can begin: an unescaped quote cannot occur inside a JSON string, so
``}},{"key":"`` is always structure. Each piece is looked up by its bytes; only new ones are read. What is unusual in any
way makes the reader step back before it has taken anything of the line, for the patient one to walk it.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
import orjson

from rca.ingest.otlp.anyvalue import attributes_of, scope_attributes, text_of
from rca.ingest.otlp.columns import SpanColumns, Unusual, each, ids, kinds, statuses, times
from rca.ingest.otlp.parts import event_of, link_of
from rca.ingest.pairs import Pairs
from rca.ingest.spans import Resource, Scope, SpanRows
from rca.ingest.values import BadRecord

__all__ = ["QuickSpans"]

_NONE = msgspec.Raw(b"[]")
_OPEN, _CUT, _SEAM, _CLOSE = b'[{"key":"', b'}},{"key":"', b'}}],[{"key":"', b"}}]"

_PLAIN = re.compile(
    rb'([^"\\]*)","value":\{(?:"stringValue":("[^"\\]*")|"intValue":("(?:0|[1-9][0-9]{0,17})"))'
).fullmatch
"""A text without escapes, or a whole number, under its key: nothing of it has to be read."""


class _Status(msgspec.Struct, gc=False):
    code: int | str = 0
    message: str = ""


class _Span(msgspec.Struct, gc=False):
    traceId: str = ""  # noqa: N815  (names of the protocol)
    spanId: str = ""  # noqa: N815
    traceState: str = ""  # noqa: N815
    parentSpanId: str | None = ""  # noqa: N815
    name: str = ""
    kind: int | str = 0
    startTimeUnixNano: int = 0  # noqa: N815
    endTimeUnixNano: int = 0  # noqa: N815
    attributes: msgspec.Raw = _NONE
    events: msgspec.Raw = _NONE
    links: msgspec.Raw = _NONE
    status: _Status | None = None


class _ScopeSpans(msgspec.Struct, gc=False):
    spans: list[_Span] = []
    scope: msgspec.Raw = msgspec.Raw(b"null")


class _ResourceSpans(msgspec.Struct, gc=False):
    resource: msgspec.Raw = msgspec.Raw(b"null")
    scopeSpans: list[_ScopeSpans] = []  # noqa: N815
    instrumentationLibrarySpans: object = None  # noqa: N815
    scope_spans: object = None
    spans: object = None


class _Document(msgspec.Struct, gc=False):
    resourceSpans: list[_ResourceSpans] = []  # noqa: N815
    resourceLogs: object = None  # noqa: N815
    resourceMetrics: object = None  # noqa: N815
    resource_spans: object = None


class _Pieces(dict[bytes, int]):
    """Number of a pair by the bytes between two cuts; a new piece is read when it is asked for."""

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs
        self._keys: dict[bytes, int] = {}

    def __missing__(self, piece: bytes) -> int:
        found = _PLAIN(piece)
        known = self._keys.get(found[1]) if found else None
        if not found or known is None:
            return self._read(piece)
        number = self[piece] = self.pairs.append_raw(known, found[2] or found[3])
        return number

    def _read(self, piece: bytes) -> int:
        try:
            pair = orjson.loads(b'{"key":"' + piece + b"}}")
            name, text = pair["key"], text_of(pair.get("value"))
        except (orjson.JSONDecodeError, BadRecord, KeyError, TypeError, ValueError):
            raise Unusual from None
        number = self[piece] = self.pairs.append(name, text)
        key = piece.partition(b'"')[0]
        if b"\\" not in key:
            self._keys[key] = self.pairs.named(name)
        return number


class QuickSpans:
    """Takes lines that hold spans in the way the collector writes them."""

    def __init__(self, rows: SpanRows) -> None:
        self._rows = rows
        self._decoder = msgspec.json.Decoder(_Document, strict=False)
        self._pieces = _Pieces(rows.pairs)
        self._resources: dict[bytes, Resource] = {}
        self._scopes: dict[bytes, Scope] = {}
        self._weights: dict[str, float] = {"": 0.0}

    def take(self, line: bytes) -> None:
        """Take all spans of a line, or none.

        Raises
        ------
        Unusual
            When the line is not what the collector writes.
        """
        if not line.isascii():
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                raise Unusual from None
        try:
            document = self._decoder.decode(line)
        except (msgspec.DecodeError, RecursionError):
            raise Unusual from None
        if not document.resourceSpans or document.resourceLogs or document.resourceMetrics or document.resource_spans:
            raise Unusual
        if self._pieces.pairs is not self._rows.pairs:
            self._pieces = _Pieces(self._rows.pairs)
        groups: list[tuple[Resource, Scope, int]] = []
        spans: list[_Span] = []
        for entry in document.resourceSpans:
            if entry.instrumentationLibrarySpans or entry.scope_spans or entry.spans:
                raise Unusual
            resource = self._resource(bytes(entry.resource))
            for inner in entry.scopeSpans:
                groups.append((resource, self._scope(bytes(inner.scope)), len(inner.spans)))
                spans += inner.spans
        if spans:
            _columns(spans, self._pieces).pour(self._rows, groups, self._weights)
            self._rows.flush_if_full()

    def _resource(self, raw: bytes) -> Resource:
        found = self._resources.get(raw)
        if found is None:
            try:
                found = self._rows.resource(attributes_of((orjson.loads(raw) or {}).get("attributes")))
            except (orjson.JSONDecodeError, BadRecord, AttributeError):
                raise Unusual from None
            if len(self._resources) > 10_000:
                self._resources.clear()
            self._resources[raw] = found
        return found

    def _scope(self, raw: bytes) -> Scope:
        found = self._scopes.get(raw)
        if found is None:
            try:
                found = self._rows.scope(scope_attributes(orjson.loads(raw)))
            except (orjson.JSONDecodeError, BadRecord, AttributeError):
                raise Unusual from None
            if len(self._scopes) > 10_000:
                self._scopes.clear()
            self._scopes[raw] = found
        return found


def _columns(spans: list[_Span], pieces: _Pieces) -> SpanColumns:
    starts, durations = times([span.startTimeUnixNano for span in spans], [span.endTimeUnixNano for span in spans])
    columns = SpanColumns(
        trace_id=ids([span.traceId for span in spans], 32),
        span_id=ids([span.spanId for span in spans], 16),
        parent_span_id=ids([span.parentSpanId or "" for span in spans], 16),
        name=[span.name for span in spans],
        kind=kinds([span.kind for span in spans]),
        start_ns=starts,
        duration_ns=durations,
        status=statuses([0 if span.status is None else span.status.code for span in spans]),
        messages=[(at, span.status.message) for at, span in enumerate(spans) if span.status and span.status.message],
        states=[(at, span.traceState) for at, span in enumerate(spans) if span.traceState],
    )
    raws = [bytes(span.attributes) for span in spans]
    whole = b",".join(raws)
    if columns.states or whole[:9] != _OPEN or whole[-3:] != _CLOSE or whole.count(_SEAM) != len(raws) - 1:
        raws = [_compact(raw) for raw in raws]
        for at, state in columns.states:
            raws[at] = (raws[at][:-1] + b"," if raws[at] else b"[") + _state(state)
        whole = b",".join(filter(None, raws))
    columns.counts = [raw.count(_CUT) + 1 if raw else 0 for raw in raws]
    if whole:
        columns.flat = list(map(pieces.__getitem__, whole[9:-3].replace(_SEAM, _CUT).split(_CUT)))
        if len(columns.flat) != sum(columns.counts):
            raise Unusual
    columns.parts = [
        (at, _parts(event_of, span.events), _parts(link_of, span.links))
        for at, span in enumerate(spans)
        if span.events is not _NONE or span.links is not _NONE
    ]
    return columns


def _parts(read: Any, raw: msgspec.Raw) -> list[Any]:
    try:
        return each(read, orjson.loads(bytes(raw)) or [])
    except (orjson.JSONDecodeError, ValueError):
        raise Unusual from None


def _compact(raw: bytes) -> bytes:
    """Return a list of attributes as the collector would write it; nothing for none."""
    if raw.startswith(_OPEN) and raw.endswith(_CLOSE):
        return raw
    try:
        found = orjson.loads(raw)
        if not found:
            return b""
        return orjson.dumps([{"key": pair["key"], "value": pair["value"]} for pair in found])
    except (orjson.JSONDecodeError, orjson.JSONEncodeError, KeyError, TypeError):
        raise Unusual from None


def _state(tracestate: str) -> bytes:
    """Return a tracestate as the last attribute."""
    return b'{"key":"w3c.tracestate","value":{"stringValue":' + orjson.dumps(tracestate) + _CLOSE

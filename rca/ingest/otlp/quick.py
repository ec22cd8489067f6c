"""OTLP/JSON spans at speed: typed decoding, and attributes rewritten without parsing them.

Documents are decoded into structures by msgspec, which checks all of it but leaves attributes as the bytes they are; see
:mod:`rca.ingest.otlp.rewrite`. What is unusual in any way makes the reader step back before it has taken anything of the
document, for the patient one to walk it.
"""

from __future__ import annotations

from typing import Any

import msgspec
import orjson

from rca.ingest.otlp.anyvalue import attributes_of, scope_attributes
from rca.ingest.otlp.columns import SpanColumns, Unusual, each, ids, kinds, statuses, times
from rca.ingest.otlp.documents import Take
from rca.ingest.otlp.parts import event_of, link_of
from rca.ingest.otlp.rewrite import lines_of
from rca.ingest.spans import Resource, Scope, SpanRows
from rca.ingest.values import BadRecord

__all__ = ["QuickSpans"]

_NONE = msgspec.Raw(b"[]")
_ENOUGH = 512
"""Spans that are rewritten at once: fewer cost more each, more leave the processor's cache."""


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


class QuickSpans:
    """Takes documents that hold spans in the way the collector writes them, and hands others to the patient reader.

    Parameters
    ----------
    rows
        Where spans go.
    patient
        Reads what is unusual, given bytes and their offset; says whether they were a document.
    """

    def __init__(self, rows: SpanRows, patient: Take) -> None:
        self._rows, self._patient = rows, patient
        self._decoder = msgspec.json.Decoder(_Document, strict=False)
        self._resources: dict[bytes, Resource] = {}
        self._scopes: dict[bytes, Scope] = {}
        self._weights: dict[str, float] = {"": 0.0}
        self._clear()

    def _clear(self) -> None:
        self._waiting: list[tuple[bytes, int, int, int]] = []
        """Documents with their offsets, and how many groups and spans had been there before each."""
        self._groups: list[tuple[Resource, Scope, int]] = []
        self._spans: list[_Span] = []

    def take(self, data: bytes, offset: int) -> bool:
        """Take a document, all of it or nothing; say whether it was one."""
        before = len(self._groups), len(self._spans)
        try:
            self._gather(data)
        except Unusual:
            del self._groups[before[0] :], self._spans[before[1] :]
            self.settle()
            return self._patient(data, offset)
        self._waiting.append((data, offset, *before))
        if len(self._spans) >= _ENOUGH:
            self.settle()
        return True

    def settle(self) -> None:
        """Hand over what waits; where something in it is unusual, each document by itself."""
        waiting, groups, spans = self._waiting, self._groups, self._spans
        self._clear()
        if not spans:
            return
        try:
            _columns(spans).pour(self._rows, groups, self._weights)
        except Unusual:
            if len(waiting) == 1:
                self._patient(*waiting[0][:2])
                return
            for data, offset, *_ in waiting:
                self._waiting, (self._groups, self._spans) = [(data, offset, 0, 0)], ([], [])
                self._gather(data)
                self.settle()
        self._rows.flush_if_full()

    def _gather(self, data: bytes) -> None:
        """Append the spans of a document to those that wait."""
        if not data.isascii():
            try:
                data.decode("utf-8")
            except UnicodeDecodeError:
                raise Unusual from None
        try:
            document = self._decoder.decode(data)
        except (msgspec.DecodeError, RecursionError):
            raise Unusual from None
        if not document.resourceSpans or document.resourceLogs or document.resourceMetrics or document.resource_spans:
            raise Unusual
        for entry in document.resourceSpans:
            if entry.instrumentationLibrarySpans or entry.scope_spans or entry.spans:
                raise Unusual
            resource = self._resource(bytes(entry.resource))
            for inner in entry.scopeSpans:
                self._groups.append((resource, self._scope(bytes(inner.scope)), len(inner.spans)))
                self._spans += inner.spans

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


def _columns(spans: list[_Span]) -> SpanColumns:
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
    columns.lines = lines_of([span.attributes for span in spans])
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

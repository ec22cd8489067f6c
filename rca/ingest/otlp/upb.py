"""OTLP protobuf spans at speed, where the package `protobuf` is installed.

Its parser, in C, is given a description of the messages in which attributes, resources, scopes, events and links are
bytes: the wire format is the same, and what repeats is looked up by its bytes and read once.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from rca.ingest.members import as_members
from rca.ingest.otlp.anyvalue import attributes_of, scope_attributes, text_of
from rca.ingest.otlp.columns import SpanColumns, Unusual, each, ids, kinds, statuses, times
from rca.ingest.otlp.parts import event_of, link_of
from rca.ingest.otlp.wire import EVENT, LINK, PAIR, RESOURCE, SCOPE, STATUS, Broken, decode, varint
from rca.ingest.spans import Resource, Scope, SpanRows
from rca.ingest.values import BadRecord

__all__ = ["QuickMessages", "available"]

_PIECES = 400_000  # that are remembered
_SHORT = 128 + 1  # where a text ends whose length is one byte
_FIRST, _SECOND = 0x0A, 0x12  # tags of the fields 1 and 2, both of them bytes


def available() -> bool:
    """Say whether the package `protobuf` is installed."""
    try:
        _parser()
    except ImportError:
        return False
    return True


@cache
def _parser() -> Any:
    """Return the class of a message of spans whose attributes stay bytes."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(name="rca_spans.proto", package="rca.spans", syntax="proto3")
    field = descriptor_pb2.FieldDescriptorProto
    kinds_of = {"bytes": field.TYPE_BYTES, "string": field.TYPE_STRING, "int32": field.TYPE_INT32, "fixed64": field.TYPE_FIXED64}  # fmt: skip
    for name, members in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, member, kind, repeated in members:
            added = message.field.add(name=member, number=number)
            added.label = field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL
            if kind in kinds_of:
                added.type = kinds_of[kind]
            else:
                added.type, added.type_name = field.TYPE_MESSAGE, f".rca.spans.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("rca.spans.Traces"))


_MESSAGES = {
    "Span": (
        (1, "trace_id", "bytes", False), (2, "span_id", "bytes", False), (3, "trace_state", "string", False),
        (4, "parent_span_id", "bytes", False), (5, "name", "string", False), (6, "kind", "int32", False),
        (7, "start", "fixed64", False), (8, "end", "fixed64", False), (9, "attributes", "bytes", True),
        (11, "events", "bytes", True), (13, "links", "bytes", True), (15, "status", "bytes", False),
    ),
    "ScopeSpans": ((1, "scope", "bytes", False), (2, "spans", "Span", True)),
    "ResourceSpans": ((1, "resource", "bytes", False), (2, "scopes", "ScopeSpans", True), (1000, "old_scopes", "ScopeSpans", True)),
    "Traces": ((1, "resources", "ResourceSpans", True),),
}  # fmt: skip


class _Pieces(dict[bytes, bytes]):
    """An attribute as the member of a JSON object, by its bytes; a new one is read when it is asked for."""

    def __missing__(self, piece: bytes) -> bytes:
        try:
            pair = _usual(piece) or decode(piece, PAIR)
            written = as_members({pair.get("key", ""): text_of(pair.get("value"))})
        except (Broken, BadRecord):
            raise Unusual from None
        if len(self) > _PIECES:
            self.clear()
        self[piece] = written
        return written


def _usual(piece: bytes) -> dict[str, Any] | None:
    """Return a pair of texts that is written in the usual order; None leaves it to the table of fields."""
    try:
        at = piece[1] + 2
        if piece[0] != _FIRST or at > _SHORT or piece[at] != _SECOND:
            return None
        key = piece[2:at].decode()
        size, at = varint(piece, at + 1)
        if at + size != len(piece) or piece[at] != _FIRST:
            return None
        size, at = varint(piece, at + 1)
        return {"key": key, "value": {"stringValue": piece[at:].decode()}} if at + size == len(piece) else None
    except (IndexError, Broken, UnicodeDecodeError):
        return None


class QuickMessages:
    """Takes messages of spans."""

    def __init__(self, rows: SpanRows) -> None:
        self._rows = rows
        self._class = _parser()
        self._pieces = _Pieces()
        self._resources: dict[bytes, Resource] = {}
        self._scopes: dict[bytes, Scope] = {}
        self._statuses: dict[bytes, dict[str, Any]] = {b"": {}}
        self._weights: dict[str, float] = {}

    def take(self, data: bytes) -> None:
        """Take all spans of a message, or none.

        Raises
        ------
        Unusual
            When something in it needs the patient reader.
        """
        from google.protobuf.message import DecodeError

        message = self._class()
        try:
            message.ParseFromString(data)
        except DecodeError:
            raise Unusual from None
        groups: list[tuple[Resource, Scope, int]] = []
        spans: list[Any] = []
        try:
            for entry in message.resources:
                resource = self._resource(entry.resource)
                for scoped in (*entry.scopes, *entry.old_scopes):
                    groups.append((resource, self._scope(scoped.scope), len(scoped.spans)))
                    spans += scoped.spans
            if not spans:
                return
            columns = self._columns(spans)
        except (Broken, BadRecord):
            raise Unusual from None
        columns.pour(self._rows, groups, self._weights)
        self._rows.flush_if_full()

    def _resource(self, raw: bytes) -> Resource:
        found = self._resources.get(raw)
        if found is None:
            found = self._rows.resource(attributes_of(decode(raw, RESOURCE).get("attributes")))
            if len(self._resources) > 10_000:
                self._resources.clear()
            self._resources[raw] = found
        return found

    def _scope(self, raw: bytes) -> Scope:
        found = self._scopes.get(raw)
        if found is None:
            found = self._rows.scope(scope_attributes(decode(raw, SCOPE)))
            if len(self._scopes) > 10_000:
                self._scopes.clear()
            self._scopes[raw] = found
        return found

    def _status(self, raw: bytes) -> dict[str, Any]:
        found = self._statuses.get(raw)
        if found is None:
            if len(self._statuses) > 10_000:
                self._statuses.clear()
            found = self._statuses[raw] = decode(raw, STATUS)
        return found

    def _columns(self, spans: list[Any]) -> SpanColumns:
        starts, durations = times([span.start for span in spans], [span.end for span in spans])
        found = [self._status(span.status) for span in spans]
        columns = SpanColumns(
            trace_id=ids([span.trace_id.hex() for span in spans], 32),
            span_id=ids([span.span_id.hex() for span in spans], 16),
            parent_span_id=ids([span.parent_span_id.hex() for span in spans], 16),
            name=[span.name for span in spans],
            kind=kinds([span.kind for span in spans]),
            start_ns=starts,
            duration_ns=durations,
            status=statuses([status.get("code", 0) for status in found]),
            messages=[(at, status["message"]) for at, status in enumerate(found) if status.get("message")],
            states=[(at, state) for at, span in enumerate(spans) if (state := span.trace_state)],
        )
        read = self._pieces.__getitem__
        columns.lines = b"".join([b",".join(map(read, span.attributes)) + b"\n" for span in spans])
        columns.parts = [
            (
                at,
                each(lambda raw: event_of(decode(raw, EVENT)), span.events),
                each(lambda raw: link_of(decode(raw, LINK)), span.links),
            )
            for at, span in enumerate(spans)
            if span.events or span.links
        ]
        return columns

"""OTLP protobuf spans at speed, where the package `protobuf` is installed.

Its parser, in C, is given a description of the messages in which attributes, resources, scopes, events and links are
bytes: the wire format is the same, and what repeats is looked up by its bytes and read once.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from rca.ingest.otlp.anyvalue import attributes_of, scope_attributes, text_of
from rca.ingest.otlp.columns import SpanColumns, Unusual, each, ids, kinds, statuses, times
from rca.ingest.otlp.parts import event_of, link_of
from rca.ingest.otlp.wire import EVENT, LINK, PAIR, RESOURCE, SCOPE, STATUS, Broken, decode, varint
from rca.ingest.pairs import Pairs
from rca.ingest.spans import Resource, Scope, SpanRows
from rca.ingest.values import BadRecord

__all__ = ["QuickMessages", "available"]

_STATE = "w3c.tracestate"
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


class _Pieces(dict[bytes, int]):
    """Number of a pair by its bytes; a new one is read when it is asked for."""

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs
        self._keys: dict[bytes, int] = {}

    def __missing__(self, piece: bytes) -> int:
        """Read a pair of texts here, where it is written in the usual order; else by the table of fields."""
        try:
            size, at = piece[1], piece[1] + 2
            key, known = piece[2:at], self._keys.get(piece[2:at])
            if known is None or piece[0] != _FIRST or size > 127 or piece[at] != _SECOND:
                return self._read(piece, key)
            size, at = (piece[at + 1], at + 2) if piece[at + 1] < 128 else varint(piece, at + 1)
            if at + size != len(piece) or piece[at] != _FIRST:
                return self._read(piece, key)
            size, at = (piece[at + 1], at + 2) if piece[at + 1] < 128 else varint(piece, at + 1)
            if at + size != len(piece):
                return self._read(piece, key)
            text = piece[at:].decode()
        except (IndexError, Broken, UnicodeDecodeError):
            return self._read(piece, b"")
        number = self[piece] = self.pairs.append_text(known, text)
        return number

    def _read(self, piece: bytes, key: bytes) -> int:
        try:
            pair = decode(piece, PAIR)
            name = pair.get("key", "")
            number = self[piece] = self.pairs.append(name, text_of(pair.get("value")))
        except (Broken, BadRecord):
            raise Unusual from None
        if name.encode() == key:
            self._keys[key] = self.pairs.named(name)
        return number


class QuickMessages:
    """Takes messages of spans."""

    def __init__(self, rows: SpanRows) -> None:
        self._rows = rows
        self._class = _parser()
        self._pieces = _Pieces(rows.pairs)
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
        if self._pieces.pairs is not self._rows.pairs:
            self._pieces = _Pieces(self._rows.pairs)
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
        pieces = [list(span.attributes) for span in spans]
        for at, state in columns.states:
            pieces[at].append(_pair(_STATE, state))
        columns.counts = [len(some) for some in pieces]
        columns.flat = [number for some in pieces for number in map(self._pieces.__getitem__, some)]
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


def _pair(key: str, text: str) -> bytes:
    """Return a pair of texts as a message."""
    value = _field(1, text.encode())
    return _field(1, key.encode()) + _field(2, value)


def _field(number: int, data: bytes) -> bytes:
    length, size = bytearray(), len(data)
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    length.append(size)
    return bytes([number << 3 | 2]) + bytes(length) + data

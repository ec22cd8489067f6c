"""OTLP as protobuf: bodies of OTLP/HTTP, and messages with their length before each: four bytes (the collector's file exporter) or a varint."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO

import pyarrow as pa

from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.otlp import upb
from rca.ingest.otlp.columns import Unusual
from rca.ingest.otlp.walk import Walker
from rca.ingest.otlp.wire import LOGS, METRICS, TRACES, Broken, Fields, decode, entries, varint
from rca.ingest.source import Source
from rca.ingest.unpack import read_fully

__all__ = ["OTLP_PROTOBUF"]

_ZSTD = b"\x28\xb5\x2f\xfd"
_LARGEST = 512 << 20
_BATCH = 4 << 20
_BYTES, _FIXED64, _VARINT = 2, 1, 0


def sniff(sample: Sample) -> Guess:
    """Say whether the head reads as a message of spans, log records or metrics."""
    head = sample.head
    length = _prefixed(head)
    if length:
        message = _unpacked(head[4 : 4 + length])
        if message is not None and _fields(message):
            return Guess(0.97, "messages of OTLP, each with its length before it")
    if _delimited(head):
        return Guess(0.97, "messages of OTLP, each with its length as a varint before it")
    if head[:1] == b"\n" and _fields(head):
        return Guess(0.96, "a message of OTLP")
    return NO


def _prefixed(head: bytes) -> int:
    """Return the length of the first message where lengths come first, else 0."""
    length = int.from_bytes(head[:4], "big")
    return length if len(head) > 8 and 0 < length <= _LARGEST and (head[4:5] == b"\n" or head[4:8] == _ZSTD) else 0


def _delimited(head: bytes) -> bool:
    """Say whether a message follows its length as a varint; a body without one begins with a line feed."""
    if head[:1] in (b"", b"\n", b"\0"):
        return False
    try:
        length, start = varint(head, 0)
    except Broken:
        return False
    return length <= _LARGEST and head[start : start + 1] == b"\n" and bool(_fields(head[start : start + length]))


def _unpacked(data: bytes) -> bytes | None:
    """Return a message, decompressed where it is compressed; None where it cannot be."""
    if not data.startswith(_ZSTD):
        return data
    try:
        with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
            return bytes(stream.read(_LARGEST))
    except (OSError, pa.ArrowInvalid):
        return None


def _fields(head: bytes) -> Fields | None:
    """Return the table of the message that `head` begins: which records lie below its scopes."""
    try:
        for number, wire, entry in entries(head, cut=True):
            if (number, wire) != (1, _BYTES):
                return None
            for inner, kind, scoped in entries(entry, cut=True):
                if kind != _BYTES or inner not in (1, 2, 3, 1000):
                    return None
                if inner not in (2, 1000):
                    continue
                for member, kind_of_member, record in entries(scoped, cut=True):
                    if kind_of_member != _BYTES or member > 3:
                        return None
                    found = _record(record) if member == 2 else None
                    if found is not None:
                        return found
    except Broken:
        return None
    return None


def _record(record: bytes) -> Fields | None:
    seen: dict[int, tuple[int, int]] = {}
    try:
        for number, wire, value in entries(record, cut=True):
            seen.setdefault(number, (wire, len(value) if wire == _BYTES else 0))
    except Broken:
        pass
    if seen.get(7, (_BYTES, 0))[0] == _FIXED64 or (seen.get(1) == (_BYTES, 16) and seen.get(2, (0, 0))[1] in (0, 8)):
        return TRACES
    if seen.get(1, (9, 0))[0] == _FIXED64 or seen.get(11, (9, 0))[0] == _FIXED64 or (seen.get(2, (9, 0))[0] == _VARINT):
        return LOGS
    if seen.get(1, (9, 0))[0] == _BYTES and any(seen.get(kind, (9, 0))[0] == _BYTES for kind in (5, 7, 9, 10, 11)):
        return METRICS
    return LOGS if seen.get(5, (9, 0))[0] == _BYTES and 1 not in seen else None


def read(source: Source, sink: Sink) -> None:
    """Read every message: quickly where the package `protobuf` is there, else by the tables of fields."""
    walker = Walker(sink)
    quick = upb.QuickMessages(walker.spans) if upb.available() else None
    head = source.head()[0]
    read_length = _four_bytes if _prefixed(head) else _one_varint if _delimited(head) else None
    for data, offset, reason in _framed(source, read_length) if read_length else _entries(source):
        message = None if reason else _unpacked(data)
        if message is None:
            sink.quarantine(reason or "the message cannot be decompressed", data[:200].hex(), offset)
            continue
        fields = _fields(message) or TRACES
        if fields is TRACES and quick is not None and _taken(quick, message):
            continue
        try:
            walker.document(decode(message, fields), offset)
        except Broken as error:
            sink.quarantine(f"the message is broken: {error}", message[:200].hex(), offset)
    walker.flush()


def _taken(quick: upb.QuickMessages, message: bytes) -> bool:
    """Say whether the quick way could read a message of spans."""
    try:
        quick.take(message)
    except Unusual:
        return False
    return True


def _four_bytes(stream: BinaryIO) -> tuple[bytes, int]:
    """Return the bytes before a message and the length that they say, -1 where they break off."""
    head = read_fully(stream, 4)
    return head, int.from_bytes(head, "big") if len(head) == 4 else -1


def _one_varint(stream: BinaryIO) -> tuple[bytes, int]:
    head = read_fully(stream, 1)
    while head and head[-1] > 127 and len(head) < 10:
        more = read_fully(stream, 1)
        if not more:
            return head, -1
        head += more
    return head, varint(head, 0)[0] if head and head[-1] < 128 else -1


def _framed(source: Source, read_length: Callable[[BinaryIO], tuple[bytes, int]]) -> Iterator[tuple[bytes, int, str]]:
    """Yield messages that have their length before them, with their places; or a reason in place of the last."""
    at = 0
    with source.open() as stream:
        while (found := read_length(stream))[0]:
            head, length = found
            if not 0 <= length <= _LARGEST:
                said = "its length breaks off" if length < 0 else f"its length would be {length:,} bytes"
                yield head, at, f"no message: {said}"
                return
            data = read_fully(stream, length)
            if len(data) < length:
                yield data, at, f"the message breaks off: {len(data):,} of {length:,} bytes"
                return
            if data:
                yield data, at + len(head), ""
            at += len(head) + length


def _entries(source: Source) -> Iterator[tuple[bytes, int, str]]:
    """Yield the entries of one message, some at a time: each such piece is a message too."""
    rest, base = b"", 0
    with source.open() as stream:
        while block := read_fully(stream, max(_BATCH, len(rest))):
            data = rest + block
            cut = _whole(data)
            if cut is None or len(data) - cut > _LARGEST:
                yield data[:400], base, "the message is broken"
                return
            if cut:
                yield data[:cut], base, ""
            rest, base = data[cut:], base + cut
    if rest:
        yield rest, base, "the message breaks off"


def _whole(data: bytes) -> int | None:
    """Return where the last entry that is complete ends; None where there is something else than entries."""
    at = 0
    while at < len(data):
        if data[at] != 0x0A:
            return None if at == 0 else at
        try:
            length, start = varint(data, at + 1)
        except Broken:
            return at if len(data) - at < 12 else None
        if start + length > len(data):
            return at
        at = start + length
    return at


OTLP_PROTOBUF = Format("otlp-protobuf", "OpenTelemetry (OTLP) as protobuf", ("spans", "span_events", "span_links", "logs", "metrics"), sniff, read)  # fmt: skip

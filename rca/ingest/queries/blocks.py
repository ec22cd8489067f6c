"""An input cut into blocks of whole records, each read once into the memory that its columns will point into."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rca.ingest.queries.buffer import PAD, Buffer
from rca.ingest.source import Source
from rca.ingest.unpack import read_fully

__all__ = ["last_line", "whole_records"]

_BLOCK = 2 << 20
_MOST = 64 << 20  # a record longer than this is cut


def whole_records(source: Source, cut: Callable[[bytearray, int], int]) -> Iterator[tuple[Buffer, int]]:
    """Yield blocks of whole records, and where each begins in the input.

    Parameters
    ----------
    cut
        Told some bytes and how many of them are whole lines, says where the last record begins that the next block may go
        on with; 0 or less where it sees none.
    """
    rest, at = b"", 0
    with source.open() as stream:
        while True:
            block = read_fully(stream, _BLOCK)
            if not block:
                break
            end = len(rest) + len(block)
            data = bytearray().join((rest, block, bytes(PAD)))
            lines = data.rfind(b"\n", 0, end) + 1
            whole = cut(data, lines)
            if whole <= 0 and end < _MOST:
                rest = bytes(memoryview(data)[:end])
                continue
            whole = whole if whole > 0 else lines or end
            rest = bytes(memoryview(data)[whole:end])
            data[whole : whole + PAD] = bytes(PAD)
            yield Buffer(data, whole), at
            at += whole
    if rest:
        yield Buffer(rest), at


def last_line(_: bytearray, lines: int) -> int:
    """Say that every line is a record."""
    return lines

"""JSON documents of an input, one after the other: one a line, spread over many lines, or in a row without any."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import BinaryIO

from rca.ingest.contract import Sink
from rca.ingest.source import Source
from rca.ingest.unpack import read_fully

__all__ = ["Take", "end_of", "read_documents"]

Take = Callable[[bytes, int], bool]
"""Is given bytes and their offset; reads them if they are one JSON document and says whether they were."""

LARGEST = 512 << 20
"""A single document may be as large as this; it is held in memory."""

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{\]}]', re.DOTALL)
_NEXT = re.compile(rb"\n(?=[\[{])")
_BLANK = b" \t\r\n,\x1e"
_UNCLOSED = 8


def end_of(data: bytes, at: int = 0) -> int:
    """Return where the JSON object or array that begins at `at` ends; -1 where it does not end.

    Examples
    --------
    >>> end_of(b'{"a": "}"} {}')
    10
    """
    depth = 0
    for token in _TOKEN.finditer(data, at):
        mark = data[token.start()]
        if mark in b"[{":
            depth += 1
        elif mark in b"]}":
            depth -= 1
            if depth <= 0:
                return token.end()
    return -1


class _Window:
    """What is read of a stream and not used up yet."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream, self._size = stream, size
        self.data, self.at, self.base, self.ended = b"", 0, 0, False

    @property
    def offset(self) -> int:
        """Place of the next byte in the stream."""
        return self.base + self.at

    def more(self) -> bool:
        """Read on; the more is held already, the more at once."""
        if self.ended:
            return False
        rest = self.data[self.at :]
        block = read_fully(self._stream, max(self._size, len(rest)))
        self.ended = not block
        self.base, self.data, self.at = self.base + self.at, rest + block, 0
        return not self.ended

    def line_end(self) -> int:
        """Return where the line ends that begins here."""
        searched = self.at
        while (end := self.data.find(b"\n", searched)) < 0:
            held = len(self.data) - self.at
            if held > LARGEST or not self.more():
                return len(self.data)
            searched = self.at + held
        return end


def read_documents(source: Source, sink: Sink, take: Take, *, size: int = 4 << 20) -> None:
    """Give the documents of an input to `take`, and to the quarantine what is none.

    A line that is a document by itself is one, whatever its neighbours are. A line that is not begins a document that goes
    on over the next lines, up to the bracket that closes it. What closes nowhere, or is no JSON, is given up as far as the
    next line that begins with a bracket.
    """
    with source.open() as stream:
        window, unclosed, by_line = _Window(stream, size), 0, False
        if window.more() and window.data.startswith(b"\xef\xbb\xbf"):
            window.at = 3
        while True:
            end = window.line_end()
            line = window.data[window.at : end].strip(_BLANK)
            if line and not take(line, window.offset):
                if by_line or unclosed >= _UNCLOSED or not _take_spread(window, take):
                    unclosed += 1
                    _give_up(window, sink, one_line=by_line)
                continue
            by_line = by_line or bool(line)
            window.at = min(end + 1, len(window.data))
            if window.at >= len(window.data) and not window.more():
                return


def _take_spread(window: _Window, take: Take) -> bool:
    """Take a document that ends elsewhere than its first line does."""
    while window.data[window.at : window.at + 1] in (b" ", b"\t", b"\r", b",", b"\x1e"):
        window.at += 1
    if window.data[window.at : window.at + 1] not in (b"{", b"["):
        return False
    while (end := end_of(window.data, window.at)) < 0:
        if len(window.data) - window.at > LARGEST or not window.more():
            return False
    if not take(window.data[window.at : end], window.offset):
        return False
    window.at = end
    return True


def _give_up(window: _Window, sink: Sink, *, one_line: bool) -> None:
    """Quarantine from here to where a document may begin again."""
    data, offset = window.data[window.at : window.at + 400], window.offset
    reason = "no JSON document"
    end = window.line_end()
    if end - window.at > LARGEST:
        reason = f"longer than {LARGEST:,} bytes"
    while not one_line:
        found = _NEXT.search(window.data, max(window.at, end - 1))
        if found:
            end = found.start()
            break
        held = len(window.data) - window.at
        if held > 1 << 20:
            window.at += held - 1
        if not window.more():
            end = len(window.data)
            break
        end = window.at
    sink.quarantine(reason, data, offset)
    window.at = min(end + 1, len(window.data))
    if window.at >= len(window.data):
        window.more()

"""One input: opened, decompressed, framed into lines with their offsets, and bounded against hostile content."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from rca.errors import SourceError
from rca.ingest.limits import Limits
from rca.ingest.unpack import read_fully, suffixless, unpacked

__all__ = ["Block", "Line", "Source"]

HEAD = 1 << 18


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its end, where it begins, and whether it came to its end."""

    data: bytes
    offset: int
    terminated: bool = True
    oversized: bool = False
    """The line was longer than the cap; `data` is its beginning."""


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines with their ends, and where they begin; or the beginning of one line that is longer than the cap."""

    data: bytes
    offset: int
    oversized: bool = False


@dataclass(slots=True)
class Source:
    """One file or stream to read.

    `warnings` collects what was wrong with the container (a truncated archive, a bomb); what was readable before is used.
    """

    path: str
    opener: Callable[[], BinaryIO]
    size: int
    mtime_ns: int = 0
    limits: Limits = field(default_factory=Limits)
    warnings: list[str] = field(default_factory=list)
    advance: Callable[[int], None] = lambda _: None
    """Told the position in the raw bytes now and then, for progress."""
    member: str = ""
    file: Path | None = None
    """Where the bytes lie, if they are those of one file as it is: another process can read it then."""

    @property
    def name(self) -> str:
        """Lower-case file name without a compression suffix."""
        return suffixless(self.member or Path(self.path).name).lower()

    def open(self) -> BinaryIO:
        """Return a new stream of the decompressed bytes; truncated archives end early and leave a warning."""
        return unpacked(self.opener(), self, self.advance, guarded=bool(self.member))

    def head(self, size: int = HEAD) -> tuple[bytes, bool]:
        """Return the first decompressed bytes and whether they are all of them."""
        kept = list(self.warnings)
        with self.open() as stream:
            data = read_fully(stream, size + 1)
        self.warnings[:] = kept
        return data[:size], len(data) <= size

    def read_all(self, *, most: int = 2 << 30) -> bytes:
        """Return the whole content, for formats that are one document.

        Raises
        ------
        SourceError
            When it is larger than `most` bytes.
        """
        with self.open() as stream:
            data = read_fully(stream, most + 1)
        if len(data) > most:
            raise SourceError(
                f"{self.path} holds one document of more than {most:,} bytes. Split it, or convert it to JSON lines."
            )
        return data

    def chunks(self, size: int = 8 << 20) -> Iterator[tuple[bytes, int]]:
        """Yield blocks of whole lines with the offset of each; a line longer than the cap is cut into its own blocks.

        The last block may end without a line end. For vectorised readers.
        """
        rest, at = b"", 0
        with self.open() as stream:
            while block := read_fully(stream, size):
                data = rest + block
                cut = data.rfind(b"\n") + 1
                if not cut and len(data) <= self.limits.line_bytes:
                    rest = data
                    continue
                cut = cut or len(data)
                yield data[:cut], at
                rest, at = data[cut:], at + cut
        if rest:
            yield rest, at

    def blocks(self, size: int = 2 << 20) -> Iterator[Block]:
        """Yield blocks of whole lines; of a line longer than the cap its beginning, by itself. The last may lack its end."""
        cap, parts, waiting, at, skipping = self.limits.line_bytes, list[bytes](), 0, 0, False
        with self.open() as stream:
            while block := read_fully(stream, size):
                cut = block.rfind(b"\n") + 1
                if skipping:
                    end = block.find(b"\n") + 1
                    at += end or len(block)
                    skipping = not end
                    if not end:
                        continue
                    block, cut = block[end:], cut - end
                if cut:
                    yield Block(b"".join((*parts, block[:cut])), at)
                    at, parts, waiting = at + waiting + cut, [block[cut:]], len(block) - cut
                else:
                    parts.append(block)
                    waiting += len(block)
                if waiting > cap:
                    yield Block(b"".join(parts)[:cap], at, oversized=True)
                    at, parts, waiting, skipping = at + waiting, [], 0, True
        if waiting:
            yield Block(b"".join(parts), at)

    def lines(self, size: int = 4 << 20) -> Iterator[Line]:
        """Yield every line, blank ones too, with its offset; ends are LF or CRLF."""
        cap, rest, at, skipping = self.limits.line_bytes, b"", 0, False
        with self.open() as stream:
            while block := read_fully(stream, size):
                data = rest + block
                pieces = data.split(b"\n")
                rest = pieces.pop()
                for piece in pieces:
                    if skipping:
                        skipping = False
                    else:
                        yield Line(piece.removesuffix(b"\r")[:cap], at, oversized=len(piece) > cap)
                    at += len(piece) + 1
                if len(rest) > cap:
                    if not skipping:
                        yield Line(rest[:cap], at, oversized=True)
                    at, rest, skipping = at + len(rest), b"", True
        if rest and not skipping:
            yield Line(rest.removesuffix(b"\r"), at, terminated=False)

    def sha256(self, *, most: int | None = None) -> str:
        """Return the hash of the raw bytes, or of the first `most` of them."""
        digest, left = hashlib.sha256(), most if most is not None else sys.maxsize
        with self.opener() as raw:
            while left > 0 and (block := raw.read(min(1 << 18, left))):  # little enough to stay in the cache
                digest.update(block)
                left -= len(block)
        return digest.hexdigest()

"""One input: opened, decompressed, framed into lines with their offsets, and bounded against hostile content."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import stat
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Self

import pyarrow as pa

from rca.errors import SourceError

__all__ = ["Block", "Limits", "Line", "Source", "discover", "suffixless"]

HEAD = 1 << 18
_MAGIC = (
    (b"\x1f\x8b", "gz"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zst"),
    (b"PK\x03\x04", "zip"),
)
_SUFFIXES = (".gz", ".bz2", ".xz", ".zst", ".zstd", ".zip", ".gzip")
_DOCUMENTS = frozenset({".md", ".rst", ".adoc"})
_TITLES = frozenset({"README", "LICENSE", "NOTICE", "CHANGELOG"})


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps against input that would exhaust the machine; each can be raised by the caller."""

    line_bytes: int = 16 << 20
    """A longer line is quarantined with its beginning."""
    depth: int = 64
    """Deeper JSON is quarantined."""
    columns: int = 2_000
    """Wider tables are refused."""
    expansion: float = 1_000.0
    """Decompressed bytes over compressed bytes; beyond it reading stops."""
    expansion_floor: int = 64 << 20
    """Decompressed bytes that are allowed whatever the ratio."""


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
        raw = self.opener()
        magic = raw.read(6)
        raw.seek(0)
        kind = next((name for start, name in _MAGIC if magic.startswith(start)), "")
        counted = _Counted(raw, self.advance)
        stream = _decompressed(kind, counted, self)
        return stream if kind == "" else _Guarded(stream, counted, self)  # type: ignore[return-value]

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
            while left > 0 and (block := raw.read(min(1 << 20, left))):
                digest.update(block)
                left -= len(block)
        return digest.hexdigest()


def read_fully(stream: BinaryIO, size: int) -> bytes:
    """Read `size` bytes, or up to the end: archives return short reads."""
    block = stream.read(size)
    if len(block) == size or not block:
        return block
    parts, got = [block], len(block)
    while got < size and (block := stream.read(size - got)):
        parts.append(block)
        got += len(block)
    return b"".join(parts)


class _Counted(io.RawIOBase):
    """A raw stream that tells how far it is."""

    def __init__(self, raw: BinaryIO, advance: Callable[[int], None]) -> None:
        self.raw, self.position, self._advance = raw, 0, advance

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        data = self.raw.read(size)
        self.position += len(data)
        self._advance(self.position)
        return data

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self.raw.close()
        super().close()


def _decompressed(kind: str, raw: _Counted, source: Source) -> BinaryIO:
    stream: BinaryIO = raw  # type: ignore[assignment]
    if kind == "gz":
        return gzip.GzipFile(fileobj=io.BufferedReader(raw, 1 << 20), mode="rb")  # type: ignore[return-value]
    if kind == "bz2":
        return bz2.BZ2File(io.BufferedReader(raw, 1 << 20))  # type: ignore[return-value]
    if kind == "xz":
        return lzma.LZMAFile(io.BufferedReader(raw, 1 << 20))  # type: ignore[return-value]
    if kind == "zst":
        unpacked: BinaryIO = pa.CompressedInputStream(pa.PythonFile(raw, "r"), "zstd")
        return unpacked
    if kind == "zip":
        return _only_member(raw, source)
    return stream


def _only_member(raw: _Counted, source: Source) -> BinaryIO:
    try:
        archive = zipfile.ZipFile(raw.raw)
        names = [item for item in archive.infolist() if not item.is_dir()]
        if len(names) == 1:
            return archive.open(names[0])  # type: ignore[return-value]
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OSError) as error:
        # cut, of a kind that Python does not unpack, or locked with a password
        raise SourceError(f"{source.path} begins like a zip archive but cannot be unpacked: {error}.") from None
    raise SourceError(f"{source.path} holds {len(names)} files. Unpack it and name the folder.")


class _Guarded:
    """A decompressing stream that ends, with a warning, where the archive is cut, broken or a bomb."""

    def __init__(self, stream: BinaryIO, raw: _Counted, source: Source) -> None:
        self._stream, self._raw, self._source, self._out, self._done = stream, raw, source, 0, False
        # one step of decompression at a time: a longer read that ends in a break would lose what it had gathered
        self._some: Callable[[int], bytes] = getattr(stream, "read1", stream.read)

    def read(self, size: int = -1, /) -> bytes:
        if self._done:
            return b""
        size = 1 << 17 if size < 0 else min(size, 1 << 17)  # small steps: what came before a break is kept
        try:
            data = self._some(size)
        except (EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, pa.ArrowInvalid) as error:
            return self._stop(
                f"the archive is cut or broken after {self._out:,} decompressed bytes ({error}); what came before was read"
            )
        self._out += len(data)
        limits = self._source.limits
        if self._out > limits.expansion_floor and self._out > limits.expansion * max(1, self._raw.position):
            return self._stop(
                f"decompression stopped after {self._out:,} bytes: more than {limits.expansion:g} times the compressed size"
            )
        return data

    def _stop(self, why: str) -> bytes:
        self._done = True
        if why not in self._source.warnings:
            self._source.warnings.append(why)
        return b""

    def close(self) -> None:
        self._stream.close()
        self._raw.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def suffixless(name: str) -> str:
    """Return a file name without its compression suffix.

    Examples
    --------
    >>> suffixless("app.log.gz")
    'app.log'
    """
    for suffix in _SUFFIXES:
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return name


def discover(path: str, limits: Limits) -> list[Source]:
    """Return the inputs that a path names: itself, the regular files below a folder, or standard input for ``-``.

    The top of a git repository is one input: its history; to read files inside it, name them or their folder.
    Hidden files, links that leave the folder, devices and pipes below a folder are left out.

    Raises
    ------
    SourceError
        When the path does not exist, is no regular file or folder, cannot be read, or the folder is empty.
    """
    if path == "-":
        data = sys.stdin.buffer.read()
        return [Source("-", lambda: io.BytesIO(data), len(data), limits=limits)]
    place = Path(path)
    try:
        mode = place.stat().st_mode
    except FileNotFoundError:
        raise SourceError(f"{path} does not exist.") from None
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}.") from None
    if stat.S_ISREG(mode):
        return [_file(place, limits)]
    if not stat.S_ISDIR(mode):
        raise SourceError(
            f"{path} is neither a regular file nor a folder (a pipe, device or socket is not read). Use - for standard input."
        )
    if (place / ".git").exists():
        from rca.ingest.changes.gitrepo import history

        return [history(place, limits)]
    files = sorted(item for item in place.rglob("*") if _usable(item, place))
    if not files:
        raise SourceError(f"{path} holds no files.")
    return [_file(item, limits) for item in files]


def _documents(item: Path) -> bool:
    """Say whether a file of a folder speaks of the telemetry instead of being some: a README is no log."""
    return item.suffix.lower() in _DOCUMENTS or item.stem.upper() in _TITLES


def _usable(item: Path, root: Path) -> bool:
    if any(part.startswith(".") for part in item.relative_to(root).parts) or _documents(item):
        return False
    try:
        return stat.S_ISREG(item.stat().st_mode) and item.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):
        return False


def _file(place: Path, limits: Limits) -> Source:
    try:
        info = place.stat()
        with place.open("rb"):
            pass
    except OSError as error:
        raise SourceError(f"{place} cannot be read: {error.strerror or error}.") from None
    return Source(str(place), lambda: place.open("rb"), info.st_size, info.st_mtime_ns, limits, file=place)

"""Compressed bytes as a stream that ends, with a warning, where the container is cut, broken or a bomb."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from typing import BinaryIO, Protocol, Self

import pyarrow as pa

from rca.errors import SourceError
from rca.ingest.limits import Limits

__all__ = ["kind_of", "read_fully", "suffixless", "unpacked"]

_MAGIC = (
    (b"\x1f\x8b", "gz"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zst"),
    (b"PK\x03\x04", "zip"),
)
_SUFFIXES = (".gz", ".bz2", ".xz", ".zst", ".zstd", ".zip", ".gzip")

_BREAKS = (EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError, pa.ArrowInvalid)
"""What a container that is cut or broken raises."""


class Unpacked(Protocol):
    """What an unpacked stream belongs to."""

    path: str
    limits: Limits
    warnings: list[str]


def kind_of(beginning: bytes) -> str:
    r"""Return how bytes are compressed, by how they begin: ``gz``, ``bz2``, ``xz``, ``zst``, ``zip`` or ``''``.

    Examples
    --------
    >>> kind_of(b"PK\x03\x04..."), kind_of(b"plain")
    ('zip', '')
    """
    return next((name for start, name in _MAGIC if beginning.startswith(start)), "")


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


def unpacked(raw: BinaryIO, source: Unpacked, advance: Callable[[int], None], *, guarded: bool) -> BinaryIO:
    """Return raw bytes as they are, or unpacked where they are compressed.

    Parameters
    ----------
    source
        What is told when the container is cut, broken or a bomb.
    advance
        Told the position in the raw bytes now and then.
    guarded
        Whether reading plain bytes can break, too: those of an archive's member.
    """
    kind = kind_of(raw.read(6))
    raw.seek(0)
    counted = _Counted(raw, advance)
    stream = _decompressed(kind, counted, source)
    return _Guarded(stream, counted, source) if kind or guarded else stream  # type: ignore[return-value]


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


def _decompressed(kind: str, raw: _Counted, source: Unpacked) -> BinaryIO:
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


def _only_member(raw: _Counted, source: Unpacked) -> BinaryIO:
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

    def __init__(self, stream: BinaryIO, raw: _Counted, source: Unpacked) -> None:
        self._stream, self._raw, self._source, self._out, self._done = stream, raw, source, 0, False
        # one step of decompression at a time: a longer read that ends in a break would lose what it had gathered
        self._some: Callable[[int], bytes] = getattr(stream, "read1", stream.read)

    def read(self, size: int = -1, /) -> bytes:
        if self._done:
            return b""
        size = 1 << 17 if size < 0 else min(size, 1 << 17)  # small steps: what came before a break is kept
        try:
            data = self._some(size)
        except _BREAKS as error:
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

"""Archives of several files: each member is an input of its own, read where it lies and never written out under its name."""

from __future__ import annotations

import calendar
import io
import tarfile
import tempfile
import weakref
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import PurePosixPath
from typing import IO, Any

from rca.errors import SourceError
from rca.ingest.source import Source
from rca.ingest.unpack import kind_of

__all__ = ["members"]

_TAR_AT, _TAR = 257, b"ustar"
_OTHER_KINDS = {"[Content_Types].xml": "an Office document", "META-INF/MANIFEST.MF": "a Java archive", "mimetype": "a document"}  # fmt: skip
"""Members that tell what else is kept as a zip."""
_BROKEN = (zipfile.BadZipFile, tarfile.TarError, NotImplementedError, RuntimeError, EOFError, ValueError, OSError)

_Chosen = Callable[[PurePosixPath], bool]


def members(source: Source, chosen: _Chosen) -> list[Source]:
    """Return the files in an archive as inputs; none where the source is no archive of several files.

    Parameters
    ----------
    chosen
        Which members to read, by their path in the archive.

    Raises
    ------
    SourceError
        When it has too many members, when they unpack to too much, or when it is a document that is kept as a zip.
    """
    with source.opener() as raw:
        beginning = raw.read(_TAR_AT + len(_TAR))
    kind = kind_of(beginning)
    if kind == "zip":
        return _of_zip(source, chosen)
    if kind and not source.head(_TAR_AT + len(_TAR))[0].endswith(_TAR):
        return []
    return _of_tar(source, chosen) if kind or beginning[_TAR_AT:] == _TAR else []


def _of_zip(source: Source, chosen: _Chosen) -> list[Source]:
    raw = source.opener()
    try:
        archive = zipfile.ZipFile(raw)
    except _BROKEN:
        raw.close()
        return []  # reading it says what is wrong
    weakref.finalize(archive, raw.close)
    held = [item for item in archive.infolist() if not item.is_dir()]
    told = next((what for name, what in _OTHER_KINDS.items() if any(item.filename == name for item in held)), "")
    if told:
        raise SourceError(f"{source.path} is {told}, not telemetry. Export its content as text, CSV or JSON.")
    wanted = [item for item in held if chosen(PurePosixPath(item.filename))]
    if len(held) == 1 or not wanted:
        return []
    _within_limits(source, [item.file_size for item in wanted])
    found = []
    for item in wanted:
        opener = _opener(f"{source.path}!{item.filename}", lambda item=item: archive.open(item))  # type: ignore[misc]
        found.append(
            _member(source, item.filename, opener, item.file_size, calendar.timegm((*item.date_time, 0, 0, 0)))
        )
    return found


def _of_tar(source: Source, chosen: _Chosen) -> list[Source]:
    held: list[tarfile.TarInfo] = []
    plain = _uncompressed(source)
    try:
        archive = tarfile.open(fileobj=plain, mode="r:")  # noqa: SIM115  (the members read from it)
        weakref.finalize(archive, plain.close)
        held.extend(item for item in archive if item.isfile() and not item.issparse())
    except _BROKEN as error:
        if not held:
            plain.close()
            raise SourceError(f"{source.path} begins like a tar archive but cannot be unpacked: {error}.") from None
    size = plain.seek(0, io.SEEK_END)
    cut = size < archive.offset + tarfile.BLOCKSIZE  # an archive ends with empty blocks
    wanted = [item for item in held if chosen(PurePosixPath(item.name))]
    _within_limits(source, [item.size for item in wanted])
    found = [
        _member(source, item.name, partial(_Part, archive, item.offset_data, item.size), item.size, int(item.mtime))
        for item in wanted
    ]
    if cut and found:
        found[-1].warnings.append(f"the archive is cut after {size:,} bytes; what came before was read")
    return found


class _Part(io.RawIOBase):
    """A member as a stream of its own; shorter where the archive ends early."""

    def __init__(self, archive: tarfile.TarFile, start: int, size: int) -> None:
        self._archive, self._start, self._size, self._at = archive, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def read(self, size: int = -1, /) -> bytes:
        left = max(0, self._size - self._at)
        whole = self._archive.fileobj
        assert whole is not None  # noqa: S101  (it was opened with one)
        whole.seek(self._start + self._at)
        data: bytes = whole.read(left if size < 0 else min(size, left))
        self._at += len(data)
        return data


def _uncompressed(source: Source) -> IO[bytes]:
    """Return a compressed tar unpacked once, in a file without a name: its members are then read in any order."""
    with source.opener() as raw:
        compressed = kind_of(raw.read(6))
    if not compressed:
        return source.opener()
    whole = tempfile.TemporaryFile()  # noqa: SIM115  (it lives as long as its members)
    with source.open() as stream:
        while block := stream.read(1 << 20):
            whole.write(block)
    whole.seek(0)
    return whole


def _within_limits(source: Source, sizes: list[int]) -> None:
    limits = source.limits
    if len(sizes) > limits.members:
        raise SourceError(
            f"{source.path} holds {len(sizes):,} files, more than {limits.members:,}. Unpack it and name folders."
        )
    if sum(sizes) > limits.expansion_floor and sum(sizes) > limits.expansion * max(1, source.size):
        raise SourceError(
            f"{source.path} would unpack to {sum(sizes):,} bytes, more than {limits.expansion:g} times its size. Unpack it yourself."
        )


def _opener(path: str, opened: Callable[[], IO[bytes]]) -> Callable[[], IO[bytes]]:
    def open_member() -> IO[bytes]:
        try:
            return opened()
        except _BROKEN as error:  # of a kind that Python does not unpack, or locked with a password
            raise SourceError(f"{path} cannot be unpacked: {error}.") from None

    return open_member


def _member(source: Source, name: str, opener: Callable[[], Any], size: int, written: int) -> Source:
    return Source(
        f"{source.path}!{name}", opener, size, written * 10**9, source.limits, list(source.warnings), member=PurePosixPath(name).name
    )  # fmt: skip

"""From a path that a user names to the inputs it stands for."""

from __future__ import annotations

import io
import stat
import sys
from pathlib import Path, PurePath

from rca.errors import SourceError
from rca.ingest.archives import members
from rca.ingest.limits import Limits
from rca.ingest.source import Source

__all__ = ["discover", "is_telemetry"]

_DOCUMENTS = frozenset({".md", ".rst", ".adoc"})
_TITLES = frozenset({"README", "LICENSE", "NOTICE", "CHANGELOG"})


def discover(path: str, limits: Limits) -> list[Source]:
    """Return the inputs that a path names: itself, the regular files below a folder, or standard input for ``-``.

    An archive of several files, zip or tar, is those files, each by itself, named ``archive.zip!member``.

    The top of a git repository is one input: its history; to read files inside it, name them or their folder.
    Hidden files, links that leave the folder, devices and pipes below a folder are left out.

    Raises
    ------
    SourceError
        When the path does not exist, is no regular file or folder, cannot be read, or the folder is empty.
    """
    if path == "-":
        data = sys.stdin.buffer.read()
        whole = Source("-", lambda: io.BytesIO(data), len(data), limits=limits)
        return members(whole, is_telemetry) or [whole]
    place = Path(path)
    try:
        mode = place.stat().st_mode
    except FileNotFoundError:
        raise SourceError(f"{path} does not exist.") from None
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}.") from None
    if stat.S_ISREG(mode):
        return _inputs(place, limits)
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
    return [source for item in files for source in _inputs(item, limits)]


def is_telemetry(item: PurePath) -> bool:
    """Say whether a file may hold telemetry: hidden ones, and those that speak of it such as a README, do not.

    Examples
    --------
    >>> is_telemetry(PurePath("logs/app.log")), is_telemetry(PurePath("README.md")), is_telemetry(PurePath(".git/config"))
    (True, False, False)
    """
    told = item.suffix.lower() in _DOCUMENTS or item.stem.upper() in _TITLES
    return not told and not any(part.startswith((".", "__MACOSX")) and part.strip(".") for part in item.parts)


def _usable(item: Path, root: Path) -> bool:
    if not is_telemetry(item.relative_to(root)):
        return False
    try:
        return stat.S_ISREG(item.stat().st_mode) and item.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):
        return False


def _inputs(place: Path, limits: Limits) -> list[Source]:
    """Return a file as an input, or the files in it where it is an archive."""
    try:
        info = place.stat()
        with place.open("rb"):
            pass
    except OSError as error:
        raise SourceError(f"{place} cannot be read: {error.strerror or error}.") from None
    whole = Source(str(place), lambda: place.open("rb"), info.st_size, info.st_mtime_ns, limits, file=place)
    return members(whole, is_telemetry) or [whole]

"""A local git repository: its commits with their patches, through git itself with everything that could run code off.

Named as a path, a folder that holds ``.git`` is read as a history, not file by file. Settings inside the repository cannot
start a program or reach the network: no hooks, no external or textual diff drivers, no signature checks, no lazy fetches.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import BinaryIO

from rca.errors import SourceError
from rca.ingest.limits import Limits
from rca.ingest.source import Source

__all__ = ["history", "is_repository"]

_COMMITS, _BYTES, _SECONDS = 2_000, 256 << 20, 120
_OFF = (
    "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "protocol.allow=never", "-c", "log.showSignature=false",
    "-c", "core.quotePath=false", "-c", "diff.renames=true", "-c", "color.ui=false",
)  # fmt: skip
_LOG = (
    "log", f"--max-count={_COMMITS}", "--no-ext-diff", "--no-textconv", "--no-show-signature", "--no-color", "--no-notes", "--date=iso-strict",
    "--pretty=fuller", "--patch",
)  # fmt: skip


def is_repository(place: Path) -> bool:
    """Say whether a folder is the top of a git repository."""
    return (place / ".git").exists()


def history(place: Path, limits: Limits) -> Source:
    """Return the newest commits of a repository as something to read, the same text as ``git log -p``.

    Raises
    ------
    SourceError
        When git is not installed or refuses.
    """
    git = shutil.which("git")
    if git is None:
        raise SourceError(
            f"{place} is a git repository, and git is not installed. Install it, or name the files to read."
        )
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment = kept | {"GIT_CONFIG_NOSYSTEM": "1", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0",
                          "GIT_ALLOW_PROTOCOL": "", "GIT_PAGER": "cat", "LC_ALL": "C"}  # fmt: skip
    command = [git, "--no-pager", *_OFF, "-C", str(place), *_LOG]
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(  # noqa: S603  (fixed arguments, no shell; the path is git's -C)
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, env=environment
        )
        watch = threading.Timer(_SECONDS, process.kill)
        watch.start()
        try:
            assert process.stdout is not None  # noqa: S101  (it is a pipe)
            data = process.stdout.read(_BYTES)
            more = bool(process.stdout.read(1))
        finally:
            late = not watch.is_alive()
            watch.cancel()
            process.kill()
            code = process.wait()
            process.stdout.close() if process.stdout else None
        errors.seek(0)
        reason = errors.read(10_000).decode("utf-8", "replace").strip().splitlines()[-1:]
    if not data:
        raise SourceError(f"git cannot read {place}: {reason[0] if reason else f'it ended with code {code}'}")
    warnings = []
    if more or late:
        warnings.append(f"the history was cut after {len(data):,} bytes; for all of it save git log -p to a file")
    return Source(str(place), _Opener(data), len(data), limits=limits, warnings=warnings)


class _Opener:
    """Opens the text of the history as often as it is asked for."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __call__(self) -> BinaryIO:
        return io.BytesIO(self._data)

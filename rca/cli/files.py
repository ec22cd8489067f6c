"""Writing what a command made."""

from __future__ import annotations

from pathlib import Path

from rca.errors import SourceError

__all__ = ["write_text"]


def write_text(path: Path, text: str) -> Path:
    """Write a text file, making its folder.

    Raises
    ------
    SourceError
        When the place cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SourceError(f"{path} cannot be written: {error.strerror or error}.") from None
    return path

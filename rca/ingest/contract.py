"""What a format is, what it is shown of a file, and where it puts what it read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import orjson
import pyarrow as pa

from rca.ingest.source import Source

__all__ = ["NO", "Context", "Format", "Guess", "Sample", "Sink"]


@dataclass(frozen=True, slots=True)
class Guess:
    """How sure a format is that a file is its own (0 no, 1 certain), and why."""

    score: float
    reason: str


NO = Guess(0.0, "nothing of it found")


@dataclass(frozen=True)
class Sample:
    """The beginning of a file, decompressed, with the cheap questions already answered."""

    name: str
    """File name without a compression suffix, lower case."""
    head: bytes
    """The first bytes, at most 256 KiB."""
    complete: bool
    """Whether `head` is the whole file."""
    path: str = ""
    """The path as the user gave it, for formats that read meaning from folders."""

    @cached_property
    def text(self) -> str:
        """The head as text, bad bytes replaced, without a byte order mark."""
        return self.head.decode("utf-8", "replace").removeprefix("\ufeff")

    @cached_property
    def lines(self) -> list[str]:
        """The first 200 complete lines that are not blank."""
        lines = self.text.splitlines()
        if not self.complete and lines and not self.text.endswith("\n"):
            lines = lines[:-1] or lines
        return [line for line in lines if line.strip()][:200]

    @cached_property
    def records(self) -> list[dict[str, Any]]:
        """JSON objects that lines hold one each; empty where the file is not of that kind."""
        found = []
        for line in self.lines[:50]:
            value = _json(line)
            if isinstance(value, dict):
                found.append(value)
        return found

    @cached_property
    def document(self) -> Any:
        """The whole file as one JSON value, where it is one and the head holds all of it; else None."""
        return _json(self.text) if self.complete else None

    @cached_property
    def looks_json(self) -> bool:
        """Whether the text begins like a JSON object or array."""
        return self.text.lstrip()[:1] in ("{", "[")

    def has(self, *keys: str) -> bool:
        """Say whether each key occurs as a JSON key somewhere in the head."""
        return all(f'"{key}"' in self.text for key in keys)

    def share(self, test: Callable[[str], object], *, most: int = 100) -> float:
        """Return the share of the first lines for which `test` is true."""
        lines = self.lines[:most]
        return sum(bool(test(line)) for line in lines) / len(lines) if lines else 0.0


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


@dataclass(slots=True)
class Context:
    """What is known beside the bytes, for records that do not say."""

    service_name: str = ""
    """Service of records that name none (``--service``)."""
    reference_ns: int = 0
    """Modification time of the file: the year of times that have none."""
    notes: list[str] = field(default_factory=list)
    """What a reader wants to tell the user: an assumed zone, a decided unit."""

    def note(self, text: str) -> None:
        """Tell the user something about the file, once."""
        if text not in self.notes:
            self.notes.append(text)


class Sink(Protocol):
    """Where a format puts what it read."""

    context: Context

    def rows(self, table: str, batch: pa.Table | pa.RecordBatch) -> None:
        """Take rows of a canonical table.

        Columns may be missing. In a primary table every row is one record, numbered in the order it comes; a format that
        pushes out of order gives the column ``record_no`` itself, from :meth:`reserve`.
        """
        ...

    def records(self, table: str, rows: Sequence[dict[str, Any]]) -> None:
        """Take rows as dictionaries: the simple way, for formats where speed does not matter."""
        ...

    def quarantine(
        self, reason: str, excerpt: bytes | str, byte_offset: int | None = None, *, record_no: int | None = None
    ) -> None:
        """Take one record that could not be understood; it counts as read."""
        ...

    def duplicate(self, count: int = 1) -> None:
        """Count records that the format itself knows to be repeats of others in the file."""
        ...

    def amend(self, table: str, column: str, changes: Mapping[str, str]) -> None:
        """Give rows of this input another value in a column, old value by new, once the whole input is read."""
        ...

    def reserve(self, count: int) -> int:
        """Return the number of the first of the next `count` records, for batches pushed out of order."""
        ...


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of file that can be read.

    Parameters
    ----------
    name
        Short name, as in ``--format``.
    title
        What people call it.
    tables
        The canonical tables it can fill.
    sniff, read
        See the package's documentation.
    version
        Rises when the same bytes give other rows; part of the ledger.
    light
        Whether reading costs less than writing the rows: then a process beside is not worth its start for one input alone.
    """

    name: str
    title: str
    tables: tuple[str, ...]
    sniff: Callable[[Sample], Guess]
    read: Callable[[Source, Sink], None]
    version: str = "1"
    light: bool = False

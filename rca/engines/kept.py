"""Statistics of Parquet files, kept: of a file that is still the same they are not computed again, only merged with the others'.

A statement whose header says ``-- merge requests SUM, first_ns MIN`` may be computed file by file: its rows, added by the columns that the
line does not name, are those of the whole. ``-- within $start_ns $end_ns`` names the parameters that do nothing but cut the window, so that a
file that lies in it altogether has the same statistics in every such window.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from rca.errors import StoreError
from rca.statements import Statement, parse

__all__ = ["Keep", "Part", "extent", "merged"]

_MOST_BYTES = 512 * 1024**2
"""Of all that is kept on disk; what was longest not asked for goes first."""
_UNITS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
_HOW: Mapping[str, Callable[[str], pl.Expr]] = {"SUM": pl.sum, "MIN": pl.min, "MAX": pl.max}


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a relation."""

    path: Path
    select: str
    """The SELECT that makes the file the canonical relation."""
    low_ns: int | None
    """Earliest time in the file, None where its footer does not say."""
    high_ns: int | None

    def state(self) -> tuple[int, int, str]:
        """Return what changes with the file: its size, when it was written, and the digest of its footer."""
        found = self.path.stat()
        with self.path.open("rb") as file:
            file.seek(-8, 2)
            length = int.from_bytes(file.read(4), "little")
            file.seek(-8 - length, 2)
            return found.st_size, found.st_mtime_ns, sha256(file.read(length)).hexdigest()


def extent(path: Path, column: str) -> tuple[int | None, int | None]:
    """Return the earliest and the latest time in a file as its footer says, in nanoseconds; None twice where it does not."""
    meta = pq.read_metadata(path)
    schema = meta.schema.to_arrow_schema()
    kind = schema.field(column).type if column in schema.names else pa.null()
    unit = _UNITS.get(kind.unit, 0) if pa.types.is_timestamp(kind) else 1 if pa.types.is_int64(kind) else 0
    at = meta.schema.names.index(column) if unit and column in meta.schema.names else None
    if at is None:
        return None, None
    found = [meta.row_group(group).column(at).statistics for group in range(meta.num_row_groups)]
    if not found or not all(one is not None and one.has_min_max for one in found):
        return None, None
    return min(one.min_raw for one in found) * unit, max(one.max_raw for one in found) * unit


class Keep:
    """Answers statements over several files from what was computed of each before.

    Parameters
    ----------
    folder
        Where statistics are kept; made where it is absent.

    Raises
    ------
    StoreError
        When the folder cannot be made.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"Statistics cannot be kept in {folder}: {error}. Name another folder.") from None

    def answer(
        self,
        sql: str,
        params: Mapping[str, Any],
        parts: Mapping[str, Sequence[Part]],
        run: Callable[[str, Mapping[str, Any]], pa.Table],
    ) -> pa.Table | None:
        """Return the rows of a statement; None where it cannot be computed file by file.

        Parameters
        ----------
        sql, params
            The statement.
        parts
            The files of each relation.
        run
            Runs a statement on the engine.
        """
        statement = parse("", sql)
        relations = set(re.findall(r"\b(?:FROM|JOIN)\s+(\w+)", re.sub(r"--[^\n]*", "", sql)))
        files = parts.get(min(relations, default=""), ())
        if not statement.merge or len(relations) != 1 or len(files) < 2:
            return None
        given = {field.name: params[field.name] for field in statement.params}
        found = []
        for part in files:
            own = _within(part, statement, given)
            if own is not None:
                found.append(self._of(part, statement, own, min(relations), run, whole=own != given))
        if not found:  # no file reaches into the window: the engine says which columns there would be
            return None
        return merged(found, statement)

    def _of(
        self,
        part: Part,
        statement: Statement,
        params: Mapping[str, Any],
        relation: str,
        run: Callable[[str, Mapping[str, Any]], pa.Table],
        *,
        whole: bool,
    ) -> pa.Table:
        text = f'WITH "{relation}" AS ({part.select})\n{statement.sql}'
        if statement.within and not whole:  # the window cuts the file: these statistics are of no other window
            return run(text, params)
        place = self.folder / f"{_key(text, params, part)}.arrow"
        with suppress(OSError, pa.ArrowInvalid):  # not kept, or not whole
            with pa.OSFile(str(place)) as file:
                rows = pa.ipc.open_file(file).read_all()
            place.touch()
            return rows
        rows = run(text, params)
        with suppress(OSError):  # a full disk: computed again the next time
            self._put(place, rows)
        return rows

    def _put(self, place: Path, rows: pa.Table) -> None:
        unfinished = place.with_suffix(f".{uuid4().hex}")
        try:
            options = pa.ipc.IpcWriteOptions(compression="zstd")
            with (
                pa.OSFile(str(unfinished), "wb") as file,
                pa.ipc.new_file(file, rows.schema, options=options) as writer,
            ):
                writer.write_table(rows)
            unfinished.replace(place)
        finally:
            unfinished.unlink(missing_ok=True)
        kept = sorted(((path.stat().st_mtime_ns, path) for path in self.folder.glob("*.arrow")), reverse=True)
        size = 0
        for _, path in kept:
            size += path.stat().st_size
            if size > _MOST_BYTES:
                path.unlink(missing_ok=True)


def _within(part: Part, statement: Statement, params: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the parameters for one file: its own bounds where it lies in the window, None where it lies beside it."""
    own = dict(params)
    if not statement.within or part.low_ns is None or part.high_ns is None:
        return own
    start, end = statement.within
    if part.high_ns < params[start] or part.low_ns >= params[end]:
        return None
    if params[start] <= part.low_ns and part.high_ns < params[end]:
        own |= {start: part.low_ns, end: part.high_ns + 1}
    return own


def _key(text: str, params: Mapping[str, Any], part: Part) -> str:
    told = (duckdb.__version__, text, sorted(params.items()), str(part.path), part.state())
    return sha256(repr(told).encode()).hexdigest()


def merged(parts: Sequence[pa.Table], statement: Statement) -> pa.Table:
    r"""Return the rows of parts as those of the whole, in the order of their keys.

    Examples
    --------
    >>> counted = parse("", "-- column service VARCHAR .\n-- column n BIGINT .\n-- merge n SUM\nSELECT 1")
    >>> one, two = pa.table({"service": ["a"], "n": [1]}), pa.table({"service": ["b", "a"], "n": [5, 2]})
    >>> merged([one, two], counted).to_pylist()
    [{'service': 'a', 'n': 3}, {'service': 'b', 'n': 5}]
    """
    schema = parts[0].schema
    frame = pl.DataFrame(pa.concat_tables(parts))
    keys = [name for name in schema.names if name not in statement.merge]
    rows = frame.group_by(keys).agg(_HOW[how](name) for name, how in statement.merge.items())
    return rows.sort(keys, nulls_last=True).select(schema.names).to_arrow().cast(schema)

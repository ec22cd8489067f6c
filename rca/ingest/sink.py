"""Where rows go: numbered, completed, freed of what is known already, and appended to the tables in large blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from rca.display import escape_terminal
from rca.ingest.contract import Context
from rca.ingest.flagmarks import mentions_flags
from rca.schema import PRIMARY, TABLES, arrow_schema, conform, table

__all__ = ["TableSink"]

_BLOCK_ROWS = 16_384  # an insert; what waits here is memory, and the store fills its row groups from any length
_EXCERPT = 200


class TableSink:
    """The sink behind every ingest: writes canonical rows of one input through `insert`.

    Parameters
    ----------
    insert
        Appends conformed rows to a table.
    ingest_id
        Names the ingest on every row.
    skip_before
        Records with a lower number were read from an earlier, shorter version of the input and count as duplicates.
    """

    def __init__(
        self,
        insert: Callable[[str, pa.Table], None],
        ingest_id: str,
        context: Context,
        *,
        skip_before: int = 0,
    ) -> None:
        self.context = context
        self.kept = self.duplicates = self.quarantined = 0
        self.by_table: dict[str, int] = {}
        self.amendments: dict[tuple[str, str], dict[str, str]] = {}
        self.flags = False
        self.key_hashes: dict[str, list[npt.NDArray[np.uint64]]] = {}
        self._insert, self._ingest_id, self._skip = insert, ingest_id, skip_before
        self._next = 0
        self._waiting: dict[str, list[pa.Table]] = {}
        self._waiting_rows: dict[str, int] = {}
        self._bad: list[dict[str, Any]] = []

    @property
    def read(self) -> int:
        """Records read so far."""
        return self.kept + self.duplicates + self.quarantined

    def reserve(self, count: int) -> int:
        """Return the number of the first of the next `count` records."""
        first = self._next
        self._next += count
        return first

    def rows(self, table: str, batch: pa.Table | pa.RecordBatch) -> None:
        """Take rows of a canonical table; see :class:`rca.ingest.Sink`.

        A map may come as an Arrow map, as the text of a JSON object whose values are strings, or as an Arrow dictionary of
        maps where many rows share one. Text is much the fastest for maps that differ: the engine verifies every Arrow map.
        """
        if not batch.num_rows:
            return
        block = self._numbered(table, batch)
        if block.num_rows:
            self._take(table, block)

    def records(self, table: str, rows: Sequence[dict[str, Any]]) -> None:
        """Take rows as dictionaries."""
        if not rows:
            return
        try:
            block = _columns(table, rows)
        except (OverflowError, pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError) as error:
            if len(rows) > 1:  # the rows that do fit are found by halves
                middle = len(rows) // 2
                self.records(table, rows[:middle])
                self.records(table, rows[middle:])
            elif table in PRIMARY:
                self.quarantine(
                    f"a value does not fit its column: {error}", repr(rows[0]), record_no=rows[0].get("record_no")
                )
            return
        self.rows(table, block)

    def quarantine(
        self, reason: str, excerpt: bytes | str, byte_offset: int | None = None, *, record_no: int | None = None
    ) -> None:
        """Take one record that could not be understood."""
        number = self.reserve(1) if record_no is None else record_no
        if number < self._skip:
            self.duplicates += 1
            return
        self.quarantined += 1
        text = excerpt[: 4 * _EXCERPT].decode("utf-8", "replace") if isinstance(excerpt, bytes) else excerpt
        self._bad.append(
            {
                "ingest_id": self._ingest_id,
                "record_no": number,
                "byte_offset": byte_offset,
                "reason": reason,
                "excerpt": escape_terminal(text[:_EXCERPT]),
            }
        )
        if len(self._bad) >= 10_000:
            self._flush_bad()

    def amend(self, table: str, column: str, changes: Mapping[str, str]) -> None:
        """Remember to give rows of this input another value in a column; see :class:`rca.ingest.Sink`."""
        self.amendments.setdefault((table, column), {}).update(changes)

    def duplicate(self, count: int = 1) -> None:
        """Count records that the format itself knows to be repeats."""
        self.reserve(count)
        self.duplicates += count

    def finish(self) -> None:
        """Write what is waiting."""
        for name in list(self._waiting):
            self._flush(name)
        self._flush_bad()

    def _numbered(self, name: str, batch: pa.Table | pa.RecordBatch) -> pa.Table:
        block = _conformed(name, batch)
        fields = block.schema.names
        if "ingest_id" in fields:
            at = fields.index("ingest_id")
            block = block.set_column(at, block.schema.field(at), pa.repeat(pa.scalar(self._ingest_id), block.num_rows))
        if name not in PRIMARY:
            return block
        at = fields.index("record_no")
        if "record_no" not in batch.schema.names:
            first = self.reserve(block.num_rows)
            numbers = pa.array(np.arange(first, first + block.num_rows, dtype=np.int64))
            block = block.set_column(at, block.schema.field(at), numbers)
        if self._skip:
            before = block.num_rows
            block = block.filter(pc.greater_equal(block.column(at), self._skip))
            self.duplicates += before - block.num_rows
        self.kept += block.num_rows
        self.by_table[name] = self.by_table.get(name, 0) + block.num_rows
        return block

    def _take(self, name: str, block: pa.Table) -> None:
        self.flags = self.flags or mentions_flags(name, block)
        key = table(name).key
        if key:
            frame = pl.from_arrow(block.select(list(key)))
            assert isinstance(frame, pl.DataFrame)  # noqa: S101  (from_arrow of a table is a frame)
            self.key_hashes.setdefault(name, []).append(frame.hash_rows(seed=1).to_numpy())
        waiting = self._waiting.setdefault(name, [])
        if waiting and waiting[0].schema != block.schema:  # maps in another form: they cannot be joined
            self._flush(name)
        self._waiting.setdefault(name, []).append(block)
        self._waiting_rows[name] = self._waiting_rows.get(name, 0) + block.num_rows
        if self._waiting_rows[name] >= _BLOCK_ROWS:
            self._flush(name, whole=True)

    def _flush(self, name: str, *, whole: bool = False) -> None:
        """Append what waits for a table; `whole` keeps back what does not fill an insert."""
        blocks = self._waiting.pop(name, [])
        count = self._waiting_rows.pop(name, 0)
        if not count:
            return
        waiting = pa.concat_tables(blocks)
        ready = count - count % _BLOCK_ROWS if whole else count
        for at in range(0, ready, _BLOCK_ROWS):
            self._insert(name, waiting.slice(at, min(_BLOCK_ROWS, ready - at)))
        if ready < count:
            self._waiting[name] = [waiting.slice(ready)]
            self._waiting_rows[name] = count - ready

    def _flush_bad(self) -> None:
        if self._bad:
            block = pa.Table.from_pylist(self._bad, schema=arrow_schema("quarantine"))
            self._insert("quarantine", block)
            self._bad = []


def _conformed(name: str, batch: pa.Table | pa.RecordBatch) -> pa.Table:
    """Conform all but the maps that come as JSON text or as a dictionary, which the engine takes as they are."""
    fields = batch.schema.names
    ready = [
        column.name
        for column in table(name).columns
        if column.type.startswith("MAP")
        and column.name in fields
        and not pa.types.is_map(batch.schema.field(column.name).type)
    ]
    if not ready:
        return conform(name, batch)
    block = conform(name, batch.drop_columns(ready))
    for column in ready:
        at = block.schema.names.index(column)
        block = block.set_column(at, column, batch.column(column))
    return block


KEYED = tuple(item for item in TABLES if item.key)


def _columns(table: str, rows: Sequence[dict[str, Any]]) -> pa.Table:
    """Return rows as columns of the schema's types; columns that no row has are left out."""
    schema = arrow_schema(table)
    columns = {}
    for name in schema.names:
        if not any(name in row for row in rows):
            continue
        kind = schema.field(name).type
        values = [row.get(name) for row in rows]
        if pa.types.is_map(kind):
            values = [list(value.items()) if isinstance(value, dict) else value for value in values]
        columns[name] = pa.array(values, kind)
    return pa.table(columns)

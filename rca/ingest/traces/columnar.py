"""Parquet files of telemetry whose rows are nested: opened, and given row by row as plain values."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rca.errors import FormatError
from rca.ingest.contract import Sample
from rca.ingest.source import Source

__all__ = ["MAGIC", "names_of", "rows_of"]

MAGIC = b"PAR1"
_SCALE = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}


def names_of(sample: Sample) -> list[str]:
    """Return the names of the columns of a sampled file; none where its end, which has them, cannot be seen."""
    if not sample.head.startswith(MAGIC):
        return []
    if not sample.complete and not Path(sample.path).is_file():
        return []
    place: Any = io.BytesIO(sample.head) if sample.complete else sample.path
    try:
        return list(pq.read_schema(place).names)
    except (OSError, pa.ArrowException):
        return []


def rows_of(source: Source, *, size: int) -> Iterator[dict[str, Any]]:
    """Yield rows as dictionaries, with times as nanoseconds and maps as dictionaries.

    Raises
    ------
    FormatError
        When the file is no readable Parquet file.
    """
    with source.opener() as raw:
        plain = raw.read(4) == MAGIC
        raw.seek(0)
        try:
            file = pq.ParquetFile(raw if plain else io.BytesIO(source.read_all()))
            for batch in file.iter_batches(batch_size=size):
                columns = {name: _plain(batch.column(name)) for name in batch.schema.names}
                for values in zip(*columns.values(), strict=True):
                    yield dict(zip(columns, values, strict=True))
        except (OSError, pa.ArrowException) as error:
            raise FormatError(f"{source.path} is no readable Parquet file: {error}.") from None


def _plain(column: pa.Array) -> list[Any]:
    kind = column.type
    if pa.types.is_timestamp(kind):
        scale = _SCALE[kind.unit]
        return [None if value is None else value * scale for value in column.cast(pa.int64()).to_pylist()]
    if pa.types.is_list(kind) and pa.types.is_timestamp(kind.value_type):
        scale = _SCALE[kind.value_type.unit]
        lists = column.cast(pa.list_(pa.int64())).to_pylist()
        return [
            None if items is None else [None if item is None else item * scale for item in items] for items in lists
        ]
    if pa.types.is_map(kind):
        return [None if pairs is None else dict(pairs) for pairs in column.to_pylist()]
    values: list[Any] = column.to_pylist()
    return values

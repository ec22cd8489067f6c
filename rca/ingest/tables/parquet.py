"""Tables in Parquet files, recognised by their column names."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from rca.errors import FormatError
from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.source import Source
from rca.ingest.tables.batch import Batch
from rca.ingest.tables.build import builder_of
from rca.ingest.tables.layout import UNKNOWN, decide

__all__ = ["PARQUET", "parquet_schema"]

_MAGIC = b"PAR1"
_ROWS = 131_072


def parquet_schema(sample: Sample) -> pa.Schema | None:
    """Return the columns of a sampled Parquet file; None where it is none, or its end, which has them, cannot be seen."""
    if not sample.head.startswith(_MAGIC):
        return None
    place: Any = io.BytesIO(sample.head) if sample.complete else sample.path
    if not sample.complete and not Path(sample.path).is_file():
        return None
    try:
        return pq.read_schema(place)
    except (OSError, pa.ArrowException):
        return None


def _flat_numbers(schema: pa.Schema) -> bool:
    kinds = [field.type for field in schema]
    if any(pa.types.is_nested(kind) for kind in kinds):
        return False
    numbers = [pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind) for kind in kinds]
    return 3 * sum(map(bool, numbers)) >= len(kinds) - 1


def _sniff(sample: Sample) -> Guess:
    if not sample.head.startswith(_MAGIC):
        return NO
    schema = parquet_schema(sample)
    if schema is None:
        return Guess(0.1, "a Parquet file")
    columns = list(schema.names)
    layout = decide(columns, [], sample.name)
    if layout.kind == "wide" and not _flat_numbers(schema):
        return Guess(0.06, "a Parquet file whose columns are no series of numbers")
    return (
        Guess(layout.score, layout.reason)
        if layout.kind
        else Guess(0.06, f"a Parquet file with columns {', '.join(columns[:6])}")
    )


def _read(source: Source, sink: Sink) -> None:
    with source.opener() as raw:
        plain = raw.read(4) == _MAGIC
        raw.seek(0)
        try:
            file = pq.ParquetFile(raw if plain else io.BytesIO(source.read_all()))
        except (OSError, pa.ArrowException) as error:
            raise FormatError(f"{source.path} is no readable Parquet file: {error}.") from None
        _read_file(file, source, sink)


def _read_file(file: pq.ParquetFile, source: Source, sink: Sink) -> None:
    names = file.schema_arrow.names
    if len(names) > source.limits.columns:
        raise FormatError(
            f"{source.path} has {len(names):,} columns, more than the limit of {source.limits.columns:,}."
        )
    layout, builder = UNKNOWN, None
    for block in file.iter_batches(batch_size=_ROWS):
        frame = pl.from_arrow(pa.table(block))
        if not isinstance(frame, pl.DataFrame) or not len(frame):
            continue
        if builder is None:
            layout = decide(names, _plain(frame.head(50)), source.name)
            builder = builder_of(layout, source, sink, names)
        by_record = layout.kind in {"spans", "changes", "logs", "patterns", "queries"}
        builder.add(Batch(None, rows=_plain(frame)) if by_record else Batch(None, _texts(frame)))
    if builder is not None:
        builder.finish()


def _texts(frame: pl.DataFrame) -> pl.DataFrame:
    """Return every column as text that reads back to the same value."""
    return frame.select(_text(frame[name]) for name in frame.columns)


def _text(column: pl.Series) -> pl.Series:
    kind = column.dtype
    if isinstance(kind, pl.Datetime):
        naive = (
            column.dt.replace_time_zone(None)
            if kind.time_zone in {None, "UTC"}
            else column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        )
        text = naive.cast(pl.Datetime("ns")).dt.strftime("%Y-%m-%dT%H:%M:%S.%9f")
        return text + "Z" if kind.time_zone else text
    if isinstance(kind, pl.Duration):
        return column.dt.total_nanoseconds().cast(pl.String) + "ns"
    if isinstance(kind, pl.Struct):
        return column.struct.json_encode()
    if isinstance(kind, pl.List | pl.Array):
        return pl.Series(
            column.name, [None if item is None else str(item.to_list()) for item in column], dtype=pl.String
        )
    if kind == pl.Binary:
        return pl.Series(
            column.name, [None if item is None else item.hex() for item in column.to_list()], dtype=pl.String
        )
    return column.cast(pl.String, strict=False)


def _plain(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Return rows whose plain cells are text, lists and objects as they are, absent ones left out."""
    whole = [name for name, kind in frame.schema.items() if isinstance(kind, pl.List | pl.Struct | pl.Array)]
    rest = frame.select(_text(frame[name]) for name in frame.columns if name not in whole)
    nested = frame.select(whole).to_dicts() if whole else [{} for _ in range(len(frame))]
    rows = rest.to_dicts() if rest.width else [{} for _ in range(len(frame))]
    return [
        {key: value for key, value in {**row, **inner}.items() if _there(value)}
        for row, inner in zip(rows, nested, strict=True)
    ]


def _there(value: Any) -> bool:
    return value is not None and not (isinstance(value, Mapping | list) and not value)


PARQUET = Format(
    "parquet",
    "Parquet tables with named columns: metrics, spans, logs, call graphs, changes",
    ("metrics", "spans", "logs", "changes", "queries", "service_edges"),
    _sniff,
    _read,
)

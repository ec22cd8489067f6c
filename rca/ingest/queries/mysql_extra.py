"""Header fields of a MySQL slow log beyond the common ones: Percona's, MariaDB's, MySQL 8's ``log_slow_extra``."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import orjson
import polars as pl
import pyarrow as pa

from rca.ingest.queries.buffer import Buffer, Ints
from rca.ingest.queries.columns import number_column, objects

__all__ = ["extra_columns"]

_EXTRA = (
    r"(?:Thread_id|Schema|Full_scan|Bytes_sent|Log_slow_rate_limit|Start|Read_first|QC_[Hh]it|Last_errno|explain): ?"
)
_OWN = (
    r"(?m)^# Time: [^\n]*$|^# User@Host: [^\n]*$|# explain: [^\n]*|No InnoDB[^\n]*|"
    r"(?:Query_time|Lock_time|Rows_sent|Rows_examined|Rows_affected|Thread_id|Schema): ?[^ \n]*"
)
_PAIR = r"[# \n\t]*([A-Z][A-Za-z_0-9]*): ?([^ \n]*)[# \n\t]*"


def extra_columns(
    block: Buffer,
    first: Ints,
    body: Ints,
    columns: Mapping[str, pa.Array],
    tags: pl.Series | None,
    *,
    switched: npt.NDArray[np.bool_],
) -> dict[str, pa.Array]:
    """Return the columns that the headers of events add to `columns`, and all other fields as attributes.

    Parameters
    ----------
    first, body
        The first line of each header and the first after it.
    columns
        What is known so far.
    tags
        Tags in the statements' comments as members of JSON objects.
    switched
        Whether the event itself names its database by ``use``: that counts more than the header's schema.
    """
    ends = np.append(block.starts, block.size)[body]
    headers = block.text(block.starts[first], ends)
    if not headers.str.contains(_EXTRA).any():
        return {"attributes": objects(tags)} if tags is not None else {}
    out = _named(headers, columns, switched)
    rest = headers.str.replace_all(_OWN, "")
    pairs = rest.str.replace_all(r'["\\\t\x00-\x09\x0b-\x1f]', "_").str.replace_all(_PAIR, '"$1":"$2",')
    fields = pairs.str.extract(r'\A((?:"[A-Za-z_0-9]+":"[^"]*",)*)').fill_null("")
    out["attributes"] = objects(fields if tags is None else fields + tags)
    plans = _plans(headers)
    if plans:
        out["plan"] = pa.array([plans.get(at) for at in range(len(first))], pa.string())
    return out


def _named(headers: pl.Series, columns: Mapping[str, pa.Array], switched: npt.NDArray[np.bool_]) -> dict[str, pa.Array]:
    """Return the fields that have a column of their own."""
    out: dict[str, pa.Array] = {}
    thread = headers.str.extract(r"Thread_id: +([0-9]+)")
    if thread.null_count() < len(thread):
        out["session_id"] = _first(thread, columns["session_id"])
    schema = headers.str.extract(r"Schema: ([^ \n]*)")
    if schema.null_count() < len(schema):
        own = pl.select(pl.when(pl.Series(~switched)).then(schema)).to_series()
        out["db_namespace"] = _first(own, columns["db_namespace"])
    affected = headers.str.extract(r"Rows_affected: +([0-9]+)")
    if affected.null_count() < len(affected):
        out["rows_affected"] = number_column(affected)
    scan, join = headers.str.extract(r"Full_scan: (Yes|No)"), headers.str.extract(r"Full_join: (Yes|No)")
    if scan.null_count() < len(scan):
        out["full_scan"] = pl.select((scan == "Yes") | ((join == "Yes").fill_null(value=False))).to_series().to_arrow()
    limit = headers.str.extract(r"Log_slow_rate_limit: +([0-9]+)").cast(pl.Float64)
    if limit.null_count() < len(limit):
        out["adjusted_count"] = limit.fill_null(1.0).clip(1.0).to_arrow()
    return out


def _first(values: pl.Series, before: pa.Array) -> pa.Array:
    known = pl.from_arrow(before)
    assert isinstance(known, pl.Series)  # noqa: S101  (from_arrow of an array is a series)
    return pl.select(pl.coalesce(values, known)).to_series().to_arrow().cast(pa.string())


def _plans(headers: pl.Series) -> dict[int, str]:
    """Return MariaDB's ``# explain:`` tables as JSON, by event."""
    marked = np.flatnonzero(headers.str.contains("# explain: ", literal=True).to_numpy())
    return {int(at): _plan(headers[int(at)]) for at in marked.tolist()}


def _plan(header: str) -> str:
    lines = [line[len("# explain: ") :].split("\t") for line in header.splitlines() if line.startswith("# explain: ")]
    names, rows = lines[0], lines[1:]
    steps = [{name: None if cell == "NULL" else cell for name, cell in zip(names, row, strict=False)} for row in rows]
    return orjson.dumps({"steps": steps}).decode()

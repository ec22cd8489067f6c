"""DuckDB over folders of Parquet, without ingest: larger than memory, read-only, and as locked as a store."""

from __future__ import annotations

import re
import tempfile
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from rca.engines import Engine
from rca.engines.dialect import Dialect
from rca.engines.duckdb import DuckDBEngine, quoted
from rca.engines.kept import Keep, Part, extent
from rca.engines.layouts import Layout, Source, empty, matches, select
from rca.engines.scope import Scope
from rca.errors import EngineError, StoreError
from rca.schema import TABLES, arrow_schema

__all__ = ["DIALECT", "ParquetEngine", "parquet_files", "write_parquet"]

MEMORY = 2_000_000_000
"""Bytes that a statement may hold in memory; joins and groups that need more go on by way of temporary files."""
_MOST_WRITTEN = 1_000
_DISTINCT = 20_000
"""Traces for which the filter of a row group is laid out: some eleven spans each."""
_UNITS = {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_TYPES = (
    "VARCHAR",
    "BIGINT",
    "INTEGER",
    "DOUBLE",
    "BOOLEAN",
    "MAP(VARCHAR, VARCHAR)",
    "VARCHAR[]",
    "DOUBLE[]",
    "BIGINT[]",
)
DIALECT = Dialect(
    name="duckdb",
    escapes=False,
    types={name: name for name in _TYPES},
    kinds={"timestamp": "TIMESTAMP", "int": "U?(BIG|SMALL|TINY)?INT", "map": "MAP", "json": "JSON", "blob": "BLOB", "text": "VARCHAR"},
    words={
        "ns:timestamp": "NULLIF(epoch_ns({0}), 0)",
        "ns": "NULLIF(CAST({0} AS BIGINT), 0)",
        "instant:timestamp": "make_timestamp_ns({0})",
        "get:text": "json_extract_string({0}, '$.\"{2}\"')",
        "get:json": "json_extract_string({0}, '$.\"{2}\"')",
        "map:text": "CAST(CAST({0} AS JSON) AS MAP(VARCHAR, VARCHAR))",
        "map:json": "CAST({0} AS MAP(VARCHAR, VARCHAR))",
        "with": "CASE WHEN COALESCE({2}, '') = '' THEN {0} ELSE map_concat(MAP {{{1}: CAST({2} AS VARCHAR)}}, {0}) END",
        "empty:map": "MAP([]::VARCHAR[], []::VARCHAR[])",
        "empty:list": "[]",
        "null:list": "NULL",
        "null:text": "CAST(NULL AS VARCHAR)",
        "at": "NULLIF(epoch_ns({0}), 0)",
        "each": '(SELECT "TraceId", "SpanId", UNNEST({1}) AS each_1, UNNEST({2}) AS each_2, UNNEST({3}) AS each_3 FROM {0})',
        "texts": "CAST({0} AS MAP(VARCHAR, VARCHAR))",
        "merge": "map_concat({0})",
        "counted": "COALESCE(CAST({0}[{1}] AS VARCHAR), '')",
        "lookup": "COALESCE(MAP([{1}], [{2}])[{0}], '')",
        "key:digest": "db_system_name || ' ' || db_query_text",
        "key:template": "regexp_replace(substr(split_part(body, chr(10), 1), 1, 1000), '[A-Za-z0-9_]*[0-9][A-Za-z0-9_]*', '0', 'g')",
        "make:map": "MAP([{0}], [{1}])",
        "make:list": "[{0}]",
        "any": "any_value({0})",
        "plain": "map_from_entries(list_filter(map_entries({0}), lambda pair: NOT starts_with(pair.key, '__')))",
        "number": "TRY_CAST({0} AS DOUBLE)",
        "extract": "regexp_extract({0}, {1}, 1)",
        "hex": "CAST('0x' || {0} AS BIGINT)",
    },
)  # fmt: skip


def parquet_files(where: str | Path) -> list[Path]:
    """Return the Parquet files that a path, a folder or a pattern names, sorted; none where it names none."""
    text = str(where)
    if any(sign in text for sign in "*?["):
        anchor = Path(text).anchor
        pattern = text[len(anchor) :]
        found: Iterable[Path] = Path(anchor or ".").glob(pattern)
        paths = [inner for path in found for inner in (path.rglob("*.parquet") if path.is_dir() else [path])]
        return sorted(path for path in paths if path.suffix == ".parquet" and path.is_file())
    path = Path(text)
    if path.is_dir():
        return sorted(item for item in path.rglob("*.parquet") if item.is_file())
    return [path] if path.suffix == ".parquet" and path.is_file() else []


def _groups(files: Sequence[Path]) -> list[tuple[str, list[Path], int]]:
    """Return files that have the same columns: a name for them, the files, their rows.

    Raises
    ------
    StoreError
        When a file is no Parquet.
    """
    import pyarrow.parquet as pq

    found: dict[tuple[str, ...], tuple[str, list[Path], int]] = {}
    for path in files:
        try:
            meta = pq.read_metadata(path)
        except (pa.ArrowInvalid, OSError) as error:
            raise StoreError(f"{path} is no whole Parquet file: {str(error).splitlines()[0]}") from None
        key = tuple(sorted(meta.schema.to_arrow_schema().names))
        name, members, rows = found.get(key, (_name(path), [], 0))
        found[key] = (name, [*members, path], rows + meta.num_rows)
    return list(found.values())


def _name(path: Path) -> str:
    """Return the table that a file belongs to: its name without number, or its folder's where the name is a number."""
    stem = path.stem.split(".")[0].rstrip("0123456789-_")
    return stem if len(stem) > 2 and stem not in ("part", "data") else path.parent.name


class ParquetEngine(DuckDBEngine):
    """Runs statements over Parquet files that stay where they are.

    Parameters
    ----------
    where
        A folder, a file or a pattern, such as ``telemetry/*.parquet``.
    scope
        The window and the sample.
    beside
        Rows of tables that the files lack.
    keep
        A folder in which statistics of whole files are kept.

    Raises
    ------
    StoreError
        When there is no Parquet, or its columns are of no known layout.
    """

    read_only = True

    def __init__(
        self,
        where: str | Path,
        scope: Scope | None = None,
        beside: Mapping[str, pa.Table] | None = None,
        keep: str | Path | None = None,
    ) -> None:
        self.scope = scope or Scope()
        files = parquet_files(where)
        if not files:
            raise StoreError(f"{where} names no Parquet file.")
        _no_table_format(files)
        con = duckdb.connect(
            ":memory:", config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
        )
        super().__init__(con, location=str(where))
        self.rows: dict[str, int] = {}
        self.notes = self.scope.notes()
        self._keep = Keep(keep) if keep is not None else None
        self._parts: dict[str, list[Part]] = {}
        self._mount(_groups([path.resolve() for path in files]), where, beside or {})
        _bound(con)
        folders = sorted({str(path.resolve().parent) + "/" for path in files})
        con.execute("SET allowed_directories = $folders", {"folders": folders})
        for statement in (
            "SET enable_external_access = false",
            "SET python_enable_replacements = false",
            "SET lock_configuration = true",
        ):
            con.execute(statement)

    def _mount(
        self, groups: Sequence[tuple[str, list[Path], int]], where: str | Path, beside: Mapping[str, pa.Table]
    ) -> None:
        sources = [Source(name, _reader(paths), self._columns(paths)) for name, paths, _ in groups]
        found = matches(sources, every=True)
        if not found:
            shown = "; ".join(f"{source.name}: {', '.join(list(source.columns)[:8])}" for source in sources[:3])
            raise StoreError(
                f"{where} holds Parquet of no known layout ({shown}). Known are rca's own tables (Store.export), those of the collector's ClickHouse "
                "exporter, otlp2parquet's and SigNoz'. Anything else: rca ingest PATH --db FILE."
            )
        for item in TABLES:
            if item.name in beside and item.name not in found:
                self.con.execute(item.ddl)
                super().insert(item.name, beside[item.name])
                continue
            parts = [select(layout, source, DIALECT, self.scope) for layout, source in found.get(item.name, [])]
            self.con.execute(
                " ".join(
                    ("CREATE VIEW", quoted(item.name), "AS", " UNION ALL ".join(parts) or empty(item.name, DIALECT))
                )
            )
            if self._keep and len(parts) == 1:
                layout, source = found[item.name][0]
                paths = next(paths for _, paths, _ in groups if _reader(paths) == source.reference)
                self._parts[item.name] = [self._part(path, layout, source) for path in paths]
        counts = {name: rows for name, _, rows in groups}
        self.rows = {name: sum(counts[source.name] for _, source in parts) for name, parts in found.items()}

    def _part(self, path: Path, layout: Layout, source: Source) -> Part:
        text = select(layout, replace(source, reference=_reader([path])), DIALECT, self.scope)
        return Part(path, text, *extent(path, layout.time))

    def run(self, sql: str, params: Mapping[str, Any] | None = None) -> pa.Table:
        """Run one SELECT and return its rows, of files that are still the same from what was kept of them.

        Raises
        ------
        QueryError
            With the parameters and the engine's own words.
        """
        rows = self._keep.answer(sql, params or {}, self._parts, super().run) if self._keep else None
        return super().run(_written_out(sql, params or {}), params) if rows is None else rows

    def _columns(self, paths: Sequence[Path]) -> Mapping[str, str]:
        rows = self.con.execute("DESCRIBE SELECT * FROM " + _reader(paths[:1])).fetchall()
        return {str(row[0]): str(row[1]) for row in rows}

    def insert(self, table: str, rows: pa.Table) -> None:
        """Refuse: the files are only read.

        Raises
        ------
        EngineError
            Always.
        """
        raise EngineError(f"{self.location} is read-only: {rows.num_rows} rows for {table} are refused.")


def _no_table_format(files: Sequence[Path]) -> None:
    """Refuse folders whose Parquet is only in part what the table holds: a log beside says which files still count."""
    for folder in sorted({parent for path in files for parent in path.resolve().parents}):
        delta = (folder / "_delta_log").is_dir()
        if not delta and not next((folder / "metadata").glob("*.metadata.json"), None):
            continue
        name = "Delta" if delta else "Iceberg"
        current = (
            f'deltalake.DeltaTable("{folder}").to_pyarrow_table()'
            if delta
            else "the table's scan().to_arrow() in pyiceberg"
        )
        raise StoreError(
            f"{folder} is a table of {name}: its folder also holds files that were replaced or deleted, which would be counted. Ask Spark, which knows the "
            f'table (sc://HOST:15002?database=…), or write what is current into a Parquet file: pyarrow.parquet.write_table({current}, "spans.parquet").'
        )


def _written_out(sql: str, params: Mapping[str, Any]) -> str:
    """Write lists of traces into the statement: files are skipped by what is written there, while a parameter is joined with all that they hold."""

    def literals(found: re.Match[str]) -> str:
        values = params.get(found[1])
        return f"({', '.join(map(DIALECT.literal, values))})" if values and len(values) <= _MOST_WRITTEN else found[0]

    return re.sub(r"\(SELECT UNNEST\(\$(\w+)\)\)", literals, sql)


def _bound(con: duckdb.DuckDBPyConnection) -> None:
    """Let the engine hold little in memory, whatever the files hold; what is more goes to the folder for temporary files."""
    row = con.execute("SELECT current_setting('memory_limit')").fetchone()
    number, _, unit = str(row[0] if row else "").partition(" ")
    limit = min(
        MEMORY, int(float(number or 0) * _UNITS.get(unit, 0)) or MEMORY
    )  # the engine's own is smaller in a small container
    con.execute("SET memory_limit = $limit", {"limit": f"{limit}B"})
    con.execute("SET temp_directory = $spill", {"spill": str(Path(tempfile.gettempdir()) / f"rca-{uuid.uuid4().hex}")})


def write_parquet(engine: Engine, folder: Path, tables: Sequence[str]) -> list[Path]:
    """Write tables as Parquet, one file each, in their order, and return the files.

    Raises
    ------
    StoreError
        When the folder holds Parquet already or cannot be written.
    """
    import pyarrow.parquet as pq

    if folder.exists() and (not folder.is_dir() or parquet_files(folder)):
        raise StoreError(f"{folder} holds Parquet already, or is a file; name a new folder.")
    written = []
    for name in tables:
        path = folder / f"{name}.parquet"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            schema = arrow_schema(name)
            filters = {"trace_id": {"ndv": _DISTINCT, "fpp": 0.01}} if "trace_id" in schema.names else None
            with pq.ParquetWriter(path, schema, compression="zstd", bloom_filter_options=filters) as writer:
                for batch in engine.batches(" ".join(("SELECT * FROM", quoted(name)))):
                    writer.write_batch(batch.cast(schema))
        except OSError as error:
            raise StoreError(f"{path} cannot be written: {error}") from None
        written.append(path)
    return written


def _reader(paths: Sequence[Path]) -> str:
    names = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
    return f"read_parquet([{names}])"

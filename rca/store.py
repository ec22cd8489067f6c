"""The store: one DuckDB file that holds an investigation's telemetry under the canonical names."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import duckdb
import polars as pl
import pyarrow as pa

from rca.engines import Engine
from rca.engines.address import is_elsewhere, open_elsewhere, scope_of
from rca.engines.duckdb import DuckDBEngine, connect, quoted
from rca.engines.memory import Memory
from rca.engines.mounted import MountedEngine
from rca.engines.parquet import write_parquet
from rca.errors import EngineError, OptionError, SourceError, StoreError
from rca.ingest.ahead import read_ahead
from rca.ingest.contract import Format
from rca.ingest.derived import derive
from rca.ingest.discover import discover
from rca.ingest.formats import FORMATS, by_name
from rca.ingest.learn import LEARNERS
from rca.ingest.limits import Limits
from rca.ingest.report import IngestReport
from rca.ingest.run import ingest_source, ledger
from rca.ingest.source import Source
from rca.progress import Progress, fitting
from rca.schema import SCHEMA_VERSION, TABLES, create_statements
from rca.times import TimeLike

__all__ = ["IngestReport", "Store", "open"]


class Store:
    """Telemetry under the canonical names, on one engine.

    Made by :func:`open`. Use it as a context manager, or call :meth:`close`, to release the file.
    """

    def __init__(self, engine: Engine, *, trace: Callable[[str], None] | None = None) -> None:
        self.engine = engine
        self._trace = trace
        self._memory: Memory | None = None

    def ingest(
        self,
        *paths: str | Path,
        format: str | Format | None = None,  # noqa: A002  (the word users type)
        service: str = "",
        formats: Sequence[Format] = FORMATS,
        limits: Limits | None = None,
        progress: Progress | None = None,
    ) -> IngestReport:
        """Read files and folders into the store; each is one transaction and one row of the ledger.

        Parameters
        ----------
        paths
            Files, folders, or ``-`` for standard input; compressed ones are opened.
        format
            Name of a format, or your own :class:`rca.Format`; left out, each file is recognised by its content.
        service
            Service of records that do not name one.
        formats
            The formats to choose from.
        limits
            Caps against hostile content.
        progress
            Told what happens; left out, a bar on a terminal or in a notebook when it takes over a second.

        Raises
        ------
        SourceError
            When a path does not exist or cannot be read. What was read before stays.
        EngineError
            When the store is on a remote engine, which is read-only.
        """
        if not isinstance(self.engine, DuckDBEngine) or self.engine.read_only:
            raise EngineError(
                f"{self.engine.location} is read-only: telemetry there is analysed where it lies, not ingested. What it lacks, "
                "such as changes, goes into a store of its own: rca.open(…, beside=STORE)."
            )
        chosen = by_name(format, formats) if isinstance(format, str) else format
        sources = list(_sources([str(path) for path in paths], limits or Limits()))
        ids = [uuid.uuid4().hex for _ in sources]
        own = formats is FORMATS and (
            chosen is None or chosen in FORMATS
        )  # a user's format is known to this process only
        beside = read_ahead(sources, ids=ids, chosen=chosen, service_name=service, helpers=None if own else 0)
        with (progress or fitting()).start(sum(source.size for source in sources)) as bar, self.engine.writing():
            done = []
            with beside as ahead:
                for source, name in zip(sources, ids, strict=True):
                    source.advance = bar.file(source.path, source.size)
                    done.append(
                        ingest_source(
                            self.engine,
                            source,
                            formats,
                            chosen=chosen,
                            service_name=service,
                            ingest_id=name,
                            reading=ahead.of(name),
                        )
                    )
                    bar.done(source.path)
            derive(self.engine)
        return IngestReport(tuple(done))

    def query(self, sql: str, params: Mapping[str, Any] | None = None, **more: Any) -> pl.DataFrame:
        """Run a SELECT over the canonical tables; values go in as ``$name`` parameters.

        Examples
        --------
        >>> open().query("SELECT $n + 1 AS n", n=1)["n"].to_list()
        [2]
        """
        values = dict(params or {}) | more
        known = self._memory.get(sql, values) if self._memory is not None else None
        if known is not None:
            return known
        if self._trace:
            self._trace(sql)
        frame = pl.from_arrow(self.engine.run(sql, values))
        if not isinstance(frame, pl.DataFrame):  # pragma: no cover
            raise EngineError("The engine returned something that is no table.")
        if self._memory is not None:
            self._memory.put(sql, values, frame)
        return frame

    @contextmanager
    def remembering(self) -> Iterator[None]:
        """Answer a statement that was asked before from memory, within this block: for analyses between which nothing is written.

        Examples
        --------
        >>> store = open()
        >>> with store.remembering():
        ...     first = store.query("SELECT random() AS x")
        ...     store.query("SELECT random() AS x").equals(first)
        True
        """
        if self._memory is not None:
            yield  # an analysis within another: what that one remembers is as good
            return
        self._memory = Memory()
        try:
            yield
        finally:
            self._memory = None

    def tables(self) -> dict[str, int]:
        """Return the number of rows of each canonical table."""
        counts = {}
        for item in TABLES:
            counts[item.name] = int(self.query('SELECT count(*) AS n FROM "' + item.name + '"')["n"][0])
        return counts

    def inputs(self) -> pl.DataFrame:
        """Return the ledger: one row a file read."""
        return self.query(ledger("inputs"))

    def export(self, folder: str | Path) -> list[Path]:
        """Write every table that has rows as Parquet, one file a table, for :func:`open` to read without ingest.

        Parameters
        ----------
        folder
            Made where it is absent; it must hold no Parquet yet.

        Returns
        -------
        list[Path]
            The files.

        Raises
        ------
        StoreError
            When the folder holds Parquet already, or cannot be written.

        Examples
        --------
        >>> open().export("nothing")
        []
        """
        return write_parquet(self.engine, Path(folder), [name for name, rows in self.tables().items() if rows])

    def close(self) -> None:
        """Release the file; a second call does nothing."""
        self.engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        filled = ", ".join(f"{name} {count:,}" for name, count in self.tables().items() if count)
        return f"<rca store {self.engine.location}: {filled or 'empty'}>"


def _sources(paths: list[str], limits: Limits) -> Iterator[Source]:
    if not paths:
        raise SourceError("Name at least one file or folder to read.")
    for path in paths:
        yield from discover(path, limits)


def open(  # noqa: A001  (rca.open is the word users type)
    where: str | Path | duckdb.DuckDBPyConnection | Any | None = None,
    *,
    read_only: bool = False,
    trace: Callable[[str], None] | None = None,
    beside: Store | str | Path | None = None,
    start: TimeLike | None = None,
    end: TimeLike | None = None,
    sample: int | None = None,
    keep: str | Path | None = None,
) -> Store:
    """Open a store: a DuckDB file (made where it is absent), Parquet files, an engine elsewhere, or nothing for one in memory.

    Parameters
    ----------
    where
        Path of a DuckDB file, an open connection, or None. A folder or pattern of Parquet files (``telemetry/*.parquet``),
        ``clickhouse://…`` or ``sc://…`` (Spark Connect), or an open client or session of these, gives a read-only store over what is there; ``docs/scale.md`` has the
        options of such addresses.
    read_only
        Opens an existing file so that others can read it at the same time.
    trace
        Called with every statement that is run, for those who want to see the SQL.
    beside
        For Parquet and engines elsewhere: a store with what they lack, such as changes and alerts. Its rows are used for the
        tables that the place itself has not.
    start, end
        For Parquet and engines elsewhere: only records of this window.
    sample
        The same: one whole trace in so many (2, 4, … 4096); its spans count for that many, and intervals widen.

    keep
        For Parquet files: a folder in which statistics of each file are kept, so that they are computed again for new and
        changed files only. What is kept has names of services and ids of traces in it.

    Raises
    ------
    StoreError
        When the file is no store, is of a newer version, or is held by another process.
    EngineError
        When an engine cannot be reached, refuses, or holds tables of no known layout.

    Examples
    --------
    >>> with open() as store:
    ...     store.tables()["spans"]
    0
    """
    if isinstance(where, duckdb.DuckDBPyConnection):
        engine = DuckDBEngine(where, location="connection")
        _prepare(engine, read_only=read_only)
        return Store(engine, trace=trace)
    if where is not None and is_elsewhere(where):
        scope = scope_of(where, start=start, end=end, sample=sample)
        remote = open_elsewhere(where, scope, _small_tables(beside), keep)
        if isinstance(remote, MountedEngine):
            remote.teach(LEARNERS)
        return Store(remote, trace=trace)
    if any(item is not None for item in (beside, start, end, sample, keep)):
        raise OptionError(
            "beside, start, end, sample and keep are for Parquet files and engines elsewhere; a DuckDB file is read whole."
        )
    path = Path(where) if where is not None else None
    if path is not None:
        _check_place(path, read_only=read_only)
    engine = DuckDBEngine(connect(path, read_only=read_only), location=str(path or ":memory:"))
    try:
        _prepare(engine, read_only=read_only, compressed=path is not None)
    except StoreError:
        engine.close()
        raise
    return Store(engine, trace=trace)


def _small_tables(beside: Store | str | Path | None) -> dict[str, pa.Table]:
    """Return the tables of a store that have rows."""
    if beside is None:
        return {}
    store = beside if isinstance(beside, Store) else open(beside, read_only=True)
    try:
        filled = [name for name, rows in store.tables().items() if rows]
        return {name: store.engine.run(" ".join(("SELECT * FROM", quoted(name)))) for name in filled}
    finally:
        if store is not beside:
            store.close()


def _check_place(path: Path, *, read_only: bool) -> None:
    if path.is_dir():
        raise StoreError(
            f"{path} is a folder. Name a DuckDB file, such as {path / 'incident.duckdb'}; to read a folder of telemetry: rca ingest {path} --db FILE."
        )
    if not path.parent.exists():
        raise StoreError(f"The folder {path.parent} does not exist, so {path.name} cannot be made there.")
    if read_only and not path.exists():
        raise StoreError(f"{path} does not exist. Make it with: rca ingest PATH --db {path}")


def _prepare(engine: DuckDBEngine, *, read_only: bool, compressed: bool = False) -> None:
    existing = {str(row[0]) for row in engine.execute("SELECT table_name FROM duckdb_tables()")}
    if "rca_schema" in existing:
        version = int(engine.execute(ledger("version"))[0][0])
        if version != SCHEMA_VERSION:
            older = "older" if version < SCHEMA_VERSION else "newer"
            raise StoreError(
                f"{engine.location} was made by an {older} rca (store version {version}, this one reads {SCHEMA_VERSION}). "
                "Ingest the files again into a new store, or use the matching rca."
            )
        return
    if read_only:
        raise StoreError(f"{engine.location} is a DuckDB file but not an rca store: it has no table rca_schema.")
    engine.con.execute("BEGIN")
    for statement in create_statements(compressed=compressed):
        engine.con.execute(statement)
    engine.execute(ledger("create_version"))
    engine.execute(ledger("set_version"), {"version": SCHEMA_VERSION})
    engine.con.execute("COMMIT")

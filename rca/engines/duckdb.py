"""DuckDB, embedded: the default engine and the store's own."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from rca.errors import EngineError, QueryError, StoreError
from rca.schema import arrow_schema

__all__ = ["DuckDBEngine", "connect", "parameters_in", "quoted"]

_PARAMETER = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "storage_compatibility_version": "v1.3.0",  # of new files: short texts cost a third less to write
}
_WRITTEN, _KEPT = 100_000_000, "112MB"
_LOCK_DOWN = (
    "SET enable_external_access = false",
    "SET python_enable_replacements = false",
    "SET preserve_insertion_order = true",
    "SET write_buffer_row_group_count = 1",  # what is ingested is written as it comes, not held in memory
    "SET allowed_configs = ['threads', 'memory_limit']",  # DuckDBEngine.writing
    "SET wal_autocheckpoint = '256MB'",  # many small files: a checkpoint a file costs more than reading it
    "SET lock_configuration = true",
)


def connect(path: Path | None, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """Open a locked-down connection: no file, network or extension beyond the database itself.

    Parameters
    ----------
    path
        The database file; None keeps everything in memory.
    read_only
        Opens the file so that others can read it too.

    Raises
    ------
    StoreError
        When the file is no database, is of a newer version, or is held by another process.
    """
    try:
        con = duckdb.connect(":memory:" if path is None else str(path), read_only=read_only, config=dict(_CONFIG))
    except duckdb.Error as error:
        raise StoreError(_why_not(path, str(error))) from None
    if not _locked(con):  # a second connection of one process to the same file shares the first one's settings
        if path is not None:
            con.execute("SET temp_directory = $spill", {"spill": str(path.resolve().parent / f"{path.name}.tmp")})
        for statement in _LOCK_DOWN:
            con.execute(statement)
    return con


def _locked(con: duckdb.DuckDBPyConnection) -> bool:
    row = con.execute("SELECT current_setting('lock_configuration')").fetchone()
    return bool(row and row[0])


def _why_not(path: Path | None, message: str) -> str:
    first = message.splitlines()[0]
    if "lock" in message.lower():
        return f"{path} is open in another process, and only one may write. Close that one, or open a copy. ({first})"
    if "not a valid DuckDB database" in message:
        return f"{path} is not a DuckDB file. To read telemetry into a store, use: rca ingest {path} --db NEW.duckdb"
    if "version" in message.lower() or "newer" in message.lower():
        return f"{path} was written by another version of DuckDB than {duckdb.__version__}; upgrade duckdb, or ingest again. ({first})"
    return f"{path} cannot be opened: {first}"


def parameters_in(sql: str) -> set[str]:
    r"""Return the names of the ``$name`` parameters of a statement, comments left out.

    Examples
    --------
    >>> sorted(parameters_in("-- param $x\nSELECT $a + $b"))
    ['a', 'b']
    """
    text = re.sub(r"--[^\n]*", "", sql)
    return set(_PARAMETER.findall(text))


def quoted(name: str) -> str:
    """Return an identifier quoted, so that no name from data becomes syntax.

    Examples
    --------
    >>> quoted('a"; drop table b')
    '"a""; drop table b"'
    """
    return '"' + name.replace('"', '""') + '"'


def _incoming(column: pa.Field, given: pa.Schema) -> str:
    """Return the expression that gives a column of a table its value."""
    name = quoted(column.name)
    if pa.types.is_map(column.type) and pa.types.is_string(given.field(column.name).type):
        return f"CAST(CAST({name} AS JSON) AS MAP(VARCHAR, VARCHAR))"
    return name


class DuckDBEngine:
    """Runs statements on one DuckDB connection."""

    name = "duckdb"
    read_only = False
    notes: tuple[str, ...] = ()

    def __init__(self, con: duckdb.DuckDBPyConnection, *, location: str = ":memory:") -> None:
        self.con = con
        self._location = location
        self._written = 0

    @property
    def location(self) -> str:
        """The database file."""
        return self._location

    def run(self, sql: str, params: Mapping[str, Any] | None = None) -> pa.Table:
        """Run one SELECT and return its rows.

        Raises
        ------
        QueryError
            With the parameters and the engine's own words.
        """
        wanted = parameters_in(sql)
        given = {key: value for key, value in (params or {}).items() if key in wanted}
        try:
            # a relation with parameters keeps its rows as Python values first, at ten times the cost
            relation = self.con.execute(sql, given) if given else self.con.sql(sql)
            if relation is None:
                raise QueryError("Only statements that return rows can be run here; this one returns none.")
            with warnings.catch_warnings():  # version 2 warns of a copy that is cheaper than what it recommends
                warnings.filterwarnings("ignore", message="Arrow output on a DB-API result")
                return relation.to_arrow_table()
        except duckdb.ConnectionException as error:
            raise EngineError(
                f"The store {self._location} is closed. Open it again with rca.open(). ({error})"
            ) from None
        except duckdb.Error as error:
            raise QueryError(f"{error}\nParameters: {given!r}\nStatement:\n{sql}") from error

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        """Run one SELECT and yield its rows piece by piece."""
        yield from self.con.sql(sql).to_arrow_reader(122_880)

    def execute(self, sql: str, params: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Run one statement of the store itself and return its rows as tuples."""
        wanted = parameters_in(sql)
        given = {key: value for key, value in (params or {}).items() if key in wanted}
        cursor = self.con.execute(sql, given) if given else self.con.execute(sql)
        return cursor.fetchall()

    def insert(self, table: str, rows: pa.Table) -> None:
        """Append `rows`, which have exactly the columns of `table`; a map may come as the text of a JSON object."""
        # not as a registered view: a transaction keeps each one, and the rows behind it, until it ends
        incoming = self.con.from_arrow(rows)
        incoming.project(", ".join(_incoming(column, rows.schema) for column in arrow_schema(table))).insert_into(table)
        self._written += rows.nbytes
        if self._written > _WRITTEN:
            self._written = 0
            self._let_go()

    def _let_go(self) -> None:
        """Drop what is on disk already from memory, which the engine would else fill to its limit."""
        row = self.con.execute("SELECT current_setting('memory_limit')").fetchone()
        with suppress(duckdb.Error):  # what cannot go, stays; a connection of the user's own may be locked
            self.con.execute("SET memory_limit = $kept", {"kept": _KEPT})
        with suppress(duckdb.Error):
            self.con.execute("SET memory_limit = $limit", {"limit": row[0] if row else "80%"})

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Work with one thread: where several write, most of what they use is spent on waiting for each other."""
        row = self.con.execute("SELECT current_setting('threads')").fetchone()
        with suppress(duckdb.Error):  # a connection of the user's own may be locked
            self.con.execute("SET threads = 1")
        try:
            yield
        finally:
            with suppress(duckdb.Error):
                self.con.execute("SET threads = $threads", {"threads": row[0] if row else 1})

    def close(self) -> None:
        """Close the connection; a second call does nothing."""
        self.con.close()

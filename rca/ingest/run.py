"""Reading one input into the tables as one transaction, with the ledger that accounts for every record."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from rca.engines.duckdb import DuckDBEngine
from rca.errors import RcaError
from rca.ingest.ahead import Lost, Reading
from rca.ingest.contract import Context, Format
from rca.ingest.derived import FLAGS, note
from rca.ingest.formats import by_name, choose
from rca.ingest.reading import Outcome, beginning, read_into
from rca.ingest.sink import TableSink
from rca.ingest.source import Source
from rca.schema import PRIMARY, TABLES, arrow_schema
from rca.statements import named

__all__ = ["PARSER_VERSION", "Ingested", "ingest_source", "ledger"]

PARSER_VERSION = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """What became of one input: its row of the ledger."""

    ingest_id: str
    path: str
    format: str
    bytes: int
    records_read: int
    records_kept: int
    records_duplicate: int
    records_quarantined: int
    status: str
    message: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {name: getattr(self, name) for name in self.__slots__}


def ledger(name: str) -> str:
    """Return one of the ledger's statements."""
    return named("rca.ingest", "ledger.sql")[name]


@dataclass(frozen=True, slots=True)
class _Earlier:
    """What an earlier, shorter version of the same file brought."""

    ingest_id: str
    records: int
    same_reader: bool
    """Whether the same version of the same format read it."""


def ingest_source(
    engine: DuckDBEngine,
    source: Source,
    formats: Sequence[Format],
    *,
    chosen: Format | None,
    service_name: str,
    ingest_id: str = "",
    reading: Reading | None = None,
) -> Ingested:
    """Read one input in one transaction; whatever happens, the store is as before or holds all of it.

    An input that cannot be read at all leaves a row in the ledger with status ``failed`` and the reason. One that a process
    beside this one reads (`reading`) is read here where that process is lost.
    """
    row: dict[str, Any] = {
        "ingest_id": ingest_id or uuid.uuid4().hex,
        "path": source.path,
        "bytes": source.size,
        "started_ns": time.time_ns(),
        "format": "",
    }
    try:
        if reading is not None:
            with suppress(Lost):
                return _from_beside(engine, source, reading, service_name, row)
        sample = beginning(source)
        if sample is None:
            return _empty(engine, row)
        reader = chosen or choose(sample, formats)
        row |= _of_reader(reader) | {"sha256": source.sha256()}
        return _read(engine, source, reader, service_name, row)
    except RcaError as error:
        return _failed(engine, row, str(error))
    finally:
        if reading is not None:
            reading.skip()


def _from_beside(
    engine: DuckDBEngine, source: Source, reading: Reading, service_name: str, row: dict[str, Any]
) -> Ingested:
    """Write what a process beside this one reads."""
    opened = reading.opened(source.advance)
    if opened["kind"] == "empty":
        return _empty(engine, row)
    reader = by_name(opened["format"])
    row |= _of_reader(reader) | {"sha256": opened["sha256"]}
    return _read(engine, source, reader, service_name, row, reading)


def _of_reader(reader: Format) -> dict[str, Any]:
    return {"format": reader.name, "parser_version": f"{PARSER_VERSION}.{reader.version}"}


def _empty(engine: DuckDBEngine, row: dict[str, Any]) -> Ingested:
    """Note a file that holds nothing as read completely: it is often the log that has just been rotated."""
    row |= {"status": "complete", "message": "empty: no record in it"}
    with _Transaction(engine):
        return _write_row(engine, row)


def _read(
    engine: DuckDBEngine,
    source: Source,
    reader: Format,
    service_name: str,
    row: dict[str, Any],
    reading: Reading | None = None,
) -> Ingested:
    known = engine.execute(ledger("known_content"), row)
    if known:
        count = int(known[0][1])
        row |= {
            "records_read": count,
            "records_duplicate": count,
            "status": "complete",
            "message": "read before: same content",
        }
        with _Transaction(engine):
            return _write_row(engine, row)
    with _Transaction(engine):
        skip = _continue(engine, _earlier_versions(engine, source, row))
        spans_before = engine.execute(ledger("count_spans"))[0][0]
        if reading is not None and not skip:
            outcome = reading.pour(engine.insert, source.advance)
        else:
            context = Context(service_name=service_name, reference_ns=source.mtime_ns)
            outcome = read_into(reader, source, TableSink(engine.insert, row["ingest_id"], context, skip_before=skip))
        _amend(engine, outcome, row["ingest_id"])
        duplicates = _drop_duplicate_spans(engine, outcome, row["ingest_id"], spans_before)
        if outcome.flags:
            note(engine, FLAGS)
        _settle(row, outcome, duplicates)
        return _write_row(engine, row)


def _amend(engine: DuckDBEngine, outcome: Outcome, ingest_id: str) -> None:
    """Carry out what the reader learned too late: templates that later messages widened."""
    for (table, column), changes in outcome.amendments.items():
        block = pa.table({"old": list(changes), "new": list(changes.values())})
        engine.con.register("amendments", block)
        try:
            engine.execute(ledger(f"amend_{table}_{column}"), {"ingest_id": ingest_id})
        finally:
            engine.con.unregister("amendments")


def _settle(row: dict[str, Any], outcome: Outcome, duplicates: int) -> None:
    notes = list(outcome.notes)
    nothing = not outcome.read
    partial = bool(outcome.quarantined or outcome.damaged)
    if nothing:
        notes.append("no record found")
    row |= {
        "records_read": outcome.read,
        "records_kept": outcome.kept - duplicates,
        "records_duplicate": outcome.duplicates + duplicates,
        "records_quarantined": outcome.quarantined,
        "status": "failed" if nothing and outcome.damaged else "partial" if partial else "complete",
        "message": "; ".join(notes),
    }


def _earlier_versions(engine: DuckDBEngine, source: Source, row: Mapping[str, Any]) -> list[_Earlier]:
    """Return what is known of the file from when it was shorter, the longest first."""
    if source.path == "-":
        return []
    return [
        _Earlier(str(ingest_id), int(records), bool(same_reader))
        for ingest_id, size, sha256, records, same_reader in engine.execute(ledger("earlier_versions"), row)
        if source.sha256(most=int(size)) == sha256
    ]


def _continue(engine: DuckDBEngine, earlier: list[_Earlier]) -> int:
    """Take back what the longer file will say again; return how many of its records are known already."""
    if earlier and earlier[0].same_reader:
        _withdraw_last(engine, earlier[0])
        return earlier[0].records - 1
    for version in earlier:  # a longer beginning was taken for another format: its rows are read anew
        at = {"ingest_id": version.ingest_id}
        for item in TABLES:
            if item.name != "ingests" and "ingest_id" in item.names:
                engine.execute('DELETE FROM "' + item.name + '" WHERE ingest_id = $ingest_id', at)
        engine.execute(ledger("move_all"), at)
    return 0


def _withdraw_last(engine: DuckDBEngine, earlier: _Earlier) -> None:
    """Take back the last record of the shorter file: it may have been cut in its middle, or go on in the next line."""
    at = {"ingest_id": earlier.ingest_id, "record_no": earlier.records - 1}
    if engine.execute(ledger("count_last_quarantined"), at)[0][0]:
        engine.execute(ledger("drop_last_quarantined"), at)
        engine.execute(ledger("move_last_quarantined"), at)
        return
    count = 0
    for name in PRIMARY:
        removed = engine.execute(
            'DELETE FROM "' + name + '" WHERE ingest_id = $ingest_id AND record_no = $record_no', at
        )
        count += int(removed[0][0])
    engine.execute(ledger("move_last_kept"), at | {"count": count})


def _drop_duplicate_spans(engine: DuckDBEngine, outcome: Outcome, ingest_id: str, spans_before: int) -> int:
    """Remove spans that share their key with another; the hashes say cheaply whether there can be any."""
    hashes = outcome.key_hashes.get("spans")
    if hashes is None:
        return 0
    everything = np.sort(hashes)
    removed = 0
    if np.any(everything[1:] == everything[:-1]):
        removed += int(engine.execute(ledger("duplicate_spans_within"), {"ingest_id": ingest_id})[0][0])
    if spans_before:
        removed += int(engine.execute(ledger("duplicate_spans_before"), {"ingest_id": ingest_id})[0][0])
    return removed


def _failed(engine: DuckDBEngine, row: dict[str, Any], message: str) -> Ingested:
    row |= {"status": "failed", "message": message}
    with _Transaction(engine):
        return _write_row(engine, row)


def _write_row(engine: DuckDBEngine, row: Mapping[str, Any]) -> Ingested:
    full: dict[str, Any] = {
        "parser_version": "", "sha256": "", "records_read": 0, "records_kept": 0, "records_duplicate": 0,
        "records_quarantined": 0, "message": "", "finished_ns": time.time_ns(),
    } | dict(row)  # fmt: skip
    schema = arrow_schema("ingests")
    engine.insert("ingests", pa.Table.from_pylist([{name: full[name] for name in schema.names}], schema=schema))
    return Ingested(**{name: full[name] for name in Ingested.__slots__})


class _Transaction:
    """All or nothing."""

    def __init__(self, engine: DuckDBEngine) -> None:
        self._engine = engine

    def __enter__(self) -> None:
        self._engine.con.execute("BEGIN")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            self._engine.con.execute("COMMIT" if kind is None else "ROLLBACK")
        except duckdb.Error:
            if kind is None:
                raise

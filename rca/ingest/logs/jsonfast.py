"""JSON lines as columns at once: a block is decoded by a learned plan, and only odd lines are read one by one.

The result is what :mod:`rca.ingest.logs.jsonrows` gives for every line, to the digit; a test holds them against each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from rca.ingest.logs.ids import TRACE_IN_TEXT, span_id, trace_and_span
from rca.ingest.logs.jsoncells import Cells, Flags, all_cells, changed_at, decoded, maps_of
from rca.ingest.logs.jsonplan import Plan
from rca.ingest.logs.jsonrows import unit_of_key
from rca.ingest.logs.rows import REQUEST_IN_TEXT, Row, find_ids, without_ansi
from rca.ingest.logs.severity import level_is_usable, scale_of, severity_number
from rca.ingest.logs.times import BAD, GOOD, OVERFLOW, Clock

__all__ = ["Fast", "decode_block"]

_HEX32 = r"^[0-9a-f]{32}$"
_HEX16 = r"^[0-9a-f]{16}$"
_ANY_ID = f"(?:{TRACE_IN_TEXT})|(?:{REQUEST_IN_TEXT})"


@dataclass(slots=True)
class Fast:
    """Columns of a block, and the lines that have to be read one by one."""

    table: pa.Table
    lines: npt.NDArray[np.int64]
    """Which line each row was."""
    odd: list[int]
    """Lines that the plan does not cover."""


def decode_block(plan: Plan, lines: list[bytes], data: bytes, clock: Clock, service_name: str) -> Fast | None:
    """Return the columns of a block of lines, or None where most of it does not fit the plan.

    Parameters
    ----------
    plan
        What the lines have in common.
    lines, data
        The block as lines and as a whole.
    clock
        Reads the times of the file.
    service_name
        Service of lines that name none.
    """
    records, places, odd = decoded(plan, lines, data)
    if len(odd) > max(16, len(lines) // 5):
        return None
    if not records:
        return Fast(pa.table({}), np.empty(0, np.int64), odd)
    bad = np.zeros(len(records), bool)
    cells = all_cells(plan, records, bad)
    columns, taken = _roles(cells, clock, service_name, bad)
    table = pa.table(columns | {"attributes": maps_of(cells, taken)})
    if bad.any():
        table = table.filter(pa.array(~bad))
        odd = sorted([*odd, *places[bad].tolist()])
        places = places[~bad]
    return Fast(table, places, odd)


def _roles(cells: list[Cells], clock: Clock, service_name: str, bad: Flags) -> tuple[dict[str, Any], dict[str, Flags]]:
    """Return the columns with a meaning, and by key the rows whose value went into one."""
    of: dict[str, list[Cells]] = {}
    for cell in sorted((cell for cell in cells if cell.leaf.role), key=lambda cell: cell.leaf.rank):
        of.setdefault(cell.leaf.role, []).append(cell)
    taken: dict[str, Flags] = {}
    times, time_good = _times(of.get("time", []), clock, taken, bad)
    level, severity = _levels(of.get("level", []), len(bad), taken)
    body = _first([_where(cell, cell.string) for cell in of.get("message", [])], len(bad), taken)
    service = _first(
        [_where(cell, cell.string & (_lengths(cell) <= 200)) for cell in of.get("service", [])], len(bad), taken
    )
    request = _first([_where(cell, _lengths(cell) <= 512) for cell in of.get("request", [])], len(bad), taken)
    trace, span = _ids(of.get("trace", []), of.get("span", []), taken, bad)
    if body.str.contains("\x1b", literal=True).any():
        body = body.map_elements(without_ansi, return_dtype=pl.String)
    bad |= body.str.contains(r"^$|^\s*\{").to_numpy()  # perhaps a record in a record
    trace, span, request = _named_in_text(body, trace, span, request)
    if service_name:
        service = pl.select(pl.when(service == "").then(pl.lit(service_name)).otherwise(service)).to_series()
    columns = {
        "time_ns": pa.array(times, mask=~time_good),
        "service_name": service.to_arrow(),
        "severity_number": pa.array(severity, pa.int32()),
        "severity_text": level.to_arrow(),
        "body": body.to_arrow(),
        "trace_id": trace.to_arrow(),
        "span_id": span.to_arrow(),
        "request_id": request.to_arrow(),
    }
    return columns, taken


def _lengths(cell: Cells) -> npt.NDArray[np.uint32]:
    return cell.text.str.len_chars().to_numpy()


def _where(cell: Cells, flags: Flags) -> tuple[Cells, Flags]:
    return cell, cell.usable & flags


def _first(places: list[tuple[Cells, Flags]], length: int, taken: dict[str, Flags]) -> pl.Series:
    """Return the first usable text of each row, by rank; empty where there is none."""
    result, open_rows = pl.Series([""], dtype=pl.String).new_from_index(0, length), np.ones(length, bool)
    for cell, usable in places:
        take = usable & open_rows
        open_rows &= ~take
        taken[cell.leaf.key] = take
        result = (
            cell.text
            if take.all()
            else pl.select(pl.when(pl.Series(take)).then(cell.text).otherwise(result)).to_series()
        )
    return result


def _times(
    cells: list[Cells], clock: Clock, taken: dict[str, Flags], bad: Flags
) -> tuple[npt.NDArray[np.int64], Flags]:
    times, good = np.zeros(len(bad), np.int64), np.zeros(len(bad), bool)
    several = np.sum([cell.usable for cell in cells], axis=0) > 1
    bad |= several  # which of several times is one is decided line by line
    for cell in cells:
        take = cell.usable & ~several
        found, fate = clock.read_series(cell.text, take, unit_of_key(cell.leaf.path[-1]))
        bad |= take & (fate == OVERFLOW)
        taken[cell.leaf.key] = take & (fate != BAD)
        times = np.where(take, found, times)
        good |= take & (fate == GOOD)
    return times, good


def _levels(cells: list[Cells], length: int, taken: dict[str, Flags]) -> tuple[pl.Series, npt.NDArray[np.int32]]:
    numbers: list[npt.NDArray[np.int32]] = []
    usable: list[Flags] = []
    for cell in cells:
        scale = scale_of(cell.leaf.path)
        words = cell.text.unique().to_list()
        fits = {word: len(word) <= 32 and level_is_usable(cell.leaf.path, word) for word in words}
        numbers.append(
            cell.text.replace_strict(
                words, [severity_number(word, scale) if fits[word] else 0 for word in words], return_dtype=pl.Int32
            ).to_numpy()
        )
        usable.append(
            cell.usable
            & cell.text.replace_strict(words, [fits[word] for word in words], return_dtype=pl.Boolean).to_numpy()
        )
    several = np.sum(usable, axis=0) > 1 if usable else np.zeros(length, bool)
    severity, open_rows, places = np.zeros(length, np.int32), np.ones(length, bool), []
    for cell, number, fit in zip(cells, numbers, usable, strict=True):
        take = fit & (~several | (number > 0)) & open_rows
        open_rows &= ~take
        severity = np.where(take, number, severity).astype(np.int32)
        places.append((cell, take))
    return _first(places, length, taken), severity


def _ids(traces: list[Cells], spans: list[Cells], taken: dict[str, Flags], bad: Flags) -> tuple[pl.Series, pl.Series]:
    """Ids that are hex of full length are taken as they are; the rest one by one; what is no id goes the general path."""
    trace_places = [_where(cell, _lengths(cell) <= 512) for cell in traces]
    span_places = [_where(cell, _lengths(cell) <= 512) for cell in spans]
    decimal = np.zeros(len(bad), bool)
    for cell, usable in (*trace_places, *span_places):
        decimal |= usable & (~cell.string | cell.leaf.path[-1].startswith("dd.") | ("dd" in cell.leaf.path))
    trace, span = _first(trace_places, len(bad), taken), _first(span_places, len(bad), taken)
    odd = _no_hex(trace, _HEX32)
    if odd.any():
        pairs = {at: trace_and_span(trace[at], decimal=bool(decimal[at])) for at in np.flatnonzero(odd).tolist()}
        for at, pair in pairs.items():
            bad[at] |= not pair[0]
        trace = changed_at(trace, {at: pair[0] for at, pair in pairs.items()})
        beside = {at: pair[1] for at, pair in pairs.items() if pair[1] and not span[at]}
    else:
        beside = {}
    odd = _no_hex(span, _HEX16)
    if decimal.any():
        odd |= decimal & (span != "").to_numpy()
    if odd.any():
        made = {at: span_id(span[at], decimal=bool(decimal[at])) for at in np.flatnonzero(odd).tolist()}
        for at, text in made.items():
            bad[at] |= not text
        span = changed_at(span, made)
    return trace, changed_at(span, beside)


def _no_hex(ids: pl.Series, pattern: str) -> Flags:
    """Which ids need a closer look: neither absent nor hex of full length that is not all zeros."""
    fine = pl.select((ids == "") | (ids.str.contains(pattern) & ~ids.str.contains(r"^0+$"))).to_series()
    return ~fine.to_numpy()


def _named_in_text(
    body: pl.Series, trace: pl.Series, span: pl.Series, request: pl.Series
) -> tuple[pl.Series, pl.Series, pl.Series]:
    lacking = ((trace == "") | (request == "")).to_numpy()
    if not lacking.any():
        return trace, span, request
    hits = np.flatnonzero(lacking & body.str.contains(r"(?i)(?:trace|req|correlation)").to_numpy())
    if len(hits):
        hits = hits[body.gather(hits).str.contains(_ANY_ID).to_numpy()]
    rows = {at: Row(at, body=body[at], trace=trace[at], span=span[at], request=request[at]) for at in hits.tolist()}
    for row in rows.values():
        find_ids(row)
    return (
        changed_at(trace, {at: row.trace for at, row in rows.items()}),
        changed_at(span, {at: row.span for at, row in rows.items()}),
        changed_at(request, {at: row.request for at, row in rows.items()}),
    )

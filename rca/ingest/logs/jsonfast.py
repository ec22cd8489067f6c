"""JSON lines as columns at once: a block is decoded by a learned plan, and only odd lines are read one by one.

The result is what :mod:`rca.ingest.logs.jsonrows` gives for every line, to the digit; a test holds them against each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import orjson
import polars as pl
import pyarrow as pa

from rca.ingest.logs.ids import TRACE_IN_TEXT, span_id, trace_and_span
from rca.ingest.logs.jsonplan import ABSENT_TEXT, Leaf, Plan
from rca.ingest.logs.jsonrows import level_is_usable, scale_of, unit_of_key
from rca.ingest.logs.rows import REQUEST_IN_TEXT, Row, find_ids, without_ansi
from rca.ingest.logs.severity import severity_number
from rca.ingest.logs.times import BAD, GOOD, OVERFLOW, Clock

__all__ = ["Fast", "decode_block"]

Flags = npt.NDArray[np.bool_]
_HEX32 = r"^[0-9a-f]{32}$"
_HEX16 = r"^[0-9a-f]{16}$"
_ANY_ID = f"(?:{TRACE_IN_TEXT})|(?:{REQUEST_IN_TEXT})"
_MOST_BRACKETS = 60
_NUMBER = r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$"


@dataclass(slots=True)
class Fast:
    """Columns of a block, and the lines that have to be read one by one."""

    table: pa.Table
    lines: npt.NDArray[np.int64]
    """Which line each row was."""
    odd: list[int]
    """Lines that the plan does not cover."""


@dataclass(slots=True)
class _Cells:
    """The values of one leaf: text, whether there is one, and whether it is a string."""

    leaf: Leaf
    text: pl.Series
    present: Flags
    usable: Flags
    string: Flags


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
    records, places, odd = _decoded(plan, lines, data)
    if len(odd) > max(16, len(lines) // 5):
        return None
    if not records:
        return Fast(pa.table({}), np.empty(0, np.int64), odd)
    bad = np.zeros(len(records), bool)
    cells = _all_cells(plan, records, bad)
    columns, taken = _roles(cells, clock, service_name, bad)
    table = pa.table(columns | {"attributes": _maps(cells, taken)})
    if bad.any():
        table = table.filter(pa.array(~bad))
        odd = sorted([*odd, *places[bad].tolist()])
        places = places[~bad]
    return Fast(table, places, odd)


def _decoded(plan: Plan, lines: list[bytes], data: bytes) -> tuple[list[Any], npt.NDArray[np.int64], list[int]]:
    ends = data.count(b"\n") + (not data.endswith(b"\n"))
    whole = ends == len(lines) and max(data.count(b"}\n{"), data.count(b"}\r\n{")) == len(lines) - 1
    if whole:
        try:
            data.decode("utf-8")
            records = plan.decoder.decode_lines(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            pass
        else:
            if len(records) == len(lines):
                return records, np.arange(len(lines)), []
    decode, records, places, odd = plan.decoder.decode, [], [], []
    for at, line in enumerate(lines):
        if not line.strip():
            continue
        try:
            line.decode("utf-8")
            records.append(decode(line))
            places.append(at)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            odd.append(at)
    return records, np.array(places, np.int64), odd


def _all_cells(plan: Plan, records: list[Any], bad: Flags) -> list[_Cells]:
    """Return the values of every leaf; what is asked of all columns is asked at once."""
    columns: dict[str, pl.Series] = {}
    values_of: dict[str, list[Any]] = {}
    for at, leaf in enumerate(plan.leaves):
        values = _values(leaf, records)
        if leaf.raw:
            values_of[str(at)] = values
            columns[str(at)] = pl.Series([bytes(value) for value in values], dtype=pl.Binary).cast(pl.String)
        else:
            columns[str(at)] = pl.Series(values, dtype=pl.String)
    frame = pl.DataFrame(columns)
    plain = [str(at) for at, leaf in enumerate(plan.leaves) if not leaf.raw]
    asked = frame.select(
        *(pl.col(name).is_null().any().alias(f"{name}null") for name in plain),
        *((pl.col(name) == ABSENT_TEXT).any().alias(f"{name}absent") for name in plain),
        *((pl.col(name).is_in(["", "null"])).any().alias(f"{name}empty") for name in plain),
        *(pl.col(name).str.contains(_NUMBER).all().alias(f"{name}number") for name in values_of),
    ).row(0, named=True)
    every, none = np.ones(len(records), bool), np.zeros(len(records), bool)
    cells = []
    for at, leaf in enumerate(plan.leaves):
        name = str(at)
        if leaf.raw and asked[f"{name}number"]:
            cells.append(_Cells(leaf, frame[name], every, every, none))
        elif leaf.raw:
            cells.append(_raw_cells(leaf, frame[name], values_of[name], bad))
        elif asked[f"{name}null"] or asked[f"{name}absent"] or (leaf.role and asked[f"{name}empty"]):
            cells.append(_text_cells(leaf, frame[name]))
        else:
            cells.append(_Cells(leaf, frame[name], every, every, every))
    _empty_objects(cells, records, bad)
    return cells


def _empty_objects(cells: list[_Cells], records: list[Any], bad: Flags) -> None:
    """Leave lines to the general path that have an object where others have fields, but an empty one."""
    below: dict[tuple[str, ...], list[_Cells]] = {}
    for cell in cells:
        for depth in range(1, len(cell.leaf.getters)):
            below.setdefault(cell.leaf.path[:depth], []).append(cell)
    for path, members in below.items():
        nothing = ~np.logical_or.reduce([cell.present for cell in members])
        for at in np.flatnonzero(nothing).tolist():
            value = records[at]
            for getter in members[0].leaf.getters[: len(path)]:
                value = getter(value) if value is not msgspec.UNSET else value
            bad[at] |= value is not msgspec.UNSET


def _values(leaf: Leaf, records: list[Any]) -> list[Any]:
    """Return the value of a leaf for every record, through the objects it lies in."""
    values: list[Any] = records
    last = len(leaf.getters) - 1
    for depth, getter in enumerate(leaf.getters):
        if depth and msgspec.UNSET in values:
            absent: Any = msgspec.UNSET if depth < last else msgspec.Raw() if leaf.raw else ABSENT_TEXT
            values = [absent if value is msgspec.UNSET else getter(value) for value in values]
        else:
            values = list(map(getter, values))
    return values


def _text_cells(leaf: Leaf, text: pl.Series) -> _Cells:
    null = text.is_null()
    present = (text != ABSENT_TEXT).fill_null(value=True).to_numpy()
    if null.any():
        text = text.fill_null("null")
    usable = present & ((text != "") & (text != "null")).to_numpy() if leaf.role else present
    return _Cells(leaf, text, present, usable, ~null.to_numpy())


def _raw_cells(leaf: Leaf, text: pl.Series, values: list[Any], bad: Flags) -> _Cells:
    """Numbers as written; strings unescaped; arrays checked; numbers with an exponent are left to the general path."""
    present = (text != "").to_numpy()
    plain = (text.str.contains(_NUMBER) | text.is_in(["true", "false", "null", "", "[]", "{}"])).to_numpy()
    string = np.zeros(len(values), bool)
    if not plain.all():
        changed: dict[int, str] = {}
        for at in np.flatnonzero(~plain).tolist():
            raw = bytes(values[at])
            if raw[:1] == b'"':
                changed[at], string[at] = orjson.loads(raw), True
            elif raw[:1] != b"[" or raw.count(b"[") + raw.count(b"{") > _MOST_BRACKETS or not _valid(raw):
                bad[at] = True
        text = _changed(text, changed)
    number = text.str.contains(_NUMBER).to_numpy() & ~string
    usable = present & (string & (text != "").to_numpy() & (text != "null").to_numpy() | number)
    return _Cells(leaf, text, present, usable, string)


def _valid(raw: bytes) -> bool:
    try:
        orjson.loads(raw)
    except orjson.JSONDecodeError:
        return False
    return True


def _roles(cells: list[_Cells], clock: Clock, service_name: str, bad: Flags) -> tuple[dict[str, Any], dict[str, Flags]]:
    """Return the columns with a meaning, and by key the rows whose value went into one."""
    of: dict[str, list[_Cells]] = {}
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


def _lengths(cell: _Cells) -> npt.NDArray[np.uint32]:
    return cell.text.str.len_chars().to_numpy()


def _where(cell: _Cells, flags: Flags) -> tuple[_Cells, Flags]:
    return cell, cell.usable & flags


def _first(places: list[tuple[_Cells, Flags]], length: int, taken: dict[str, Flags]) -> pl.Series:
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
    cells: list[_Cells], clock: Clock, taken: dict[str, Flags], bad: Flags
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


def _levels(cells: list[_Cells], length: int, taken: dict[str, Flags]) -> tuple[pl.Series, npt.NDArray[np.int32]]:
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


def _ids(traces: list[_Cells], spans: list[_Cells], taken: dict[str, Flags], bad: Flags) -> tuple[pl.Series, pl.Series]:
    """Ids that are hex of full length are taken as they are; the rest one by one; what is no id goes the general path."""
    trace_places = [_where(cell, _lengths(cell) <= 512) for cell in traces]
    span_places = [_where(cell, _lengths(cell) <= 512) for cell in spans]
    decimal = np.zeros(len(bad), bool)
    for cell, usable in (*trace_places, *span_places):
        decimal |= usable & (~cell.string | cell.leaf.path[-1].startswith("dd.") | (cell.leaf.path[0] == "dd"))
    trace, span = _first(trace_places, len(bad), taken), _first(span_places, len(bad), taken)
    odd = _no_hex(trace, _HEX32)
    if odd.any():
        pairs = {at: trace_and_span(trace[at], decimal=bool(decimal[at])) for at in np.flatnonzero(odd).tolist()}
        for at, pair in pairs.items():
            bad[at] |= not pair[0]
        trace = _changed(trace, {at: pair[0] for at, pair in pairs.items()})
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
        span = _changed(span, made)
    return trace, _changed(span, beside)


def _no_hex(ids: pl.Series, pattern: str) -> Flags:
    """Which ids need a closer look: neither absent nor hex of full length that is not all zeros."""
    fine = pl.select((ids == "") | (ids.str.contains(pattern) & ~ids.str.contains(r"^0+$"))).to_series()
    return ~fine.to_numpy()


def _changed(series: pl.Series, changes: dict[int, str]) -> pl.Series:
    if not changes:
        return series
    listed = series.to_list()
    for at, text in changes.items():
        listed[at] = text
    return pl.Series(listed, dtype=pl.String)


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
        _changed(trace, {at: row.trace for at, row in rows.items()}),
        _changed(span, {at: row.span for at, row in rows.items()}),
        _changed(request, {at: row.request for at, row in rows.items()}),
    )


def _maps(cells: list[_Cells], taken: dict[str, Flags]) -> pa.Array:
    """Everything that has no column of its own, row by row, as the text of a JSON object."""
    kept = [(cell, cell.present & ~taken[cell.leaf.key] if cell.leaf.key in taken else cell.present) for cell in cells]
    kept = [(cell, flags) for cell, flags in kept if flags.any()]
    if not kept:
        return pa.repeat(pa.scalar("{}", pa.string()), len(cells[0].present))
    frame = pl.DataFrame({str(at): cell.text for at, (cell, _) in enumerate(kept)})
    special = frame.select(pl.all().str.contains(r'[\x00-\x1f"\\]').any()).row(0)
    columns, pieces = [], []
    for at, ((cell, flags), escaped) in enumerate(zip(kept, special, strict=True)):
        name = str(at)
        if escaped:
            columns.append(
                pl.Series(name, [orjson.dumps(text).decode()[1:-1] for text in frame[name].to_list()], dtype=pl.String)
            )
        prefix = "," + orjson.dumps(cell.leaf.key).decode() + ':"'
        piece = pl.concat_str(pl.lit(prefix), pl.col(name), pl.lit('"'))
        pieces.append(piece if flags.all() else pl.when(pl.Series(flags)).then(piece).otherwise(pl.lit("")))
    made = frame.with_columns(columns).select(
        pl.concat_str(pl.lit("{"), pl.concat_str(pieces).str.slice(1), pl.lit("}"))
    )
    return made.to_series().to_arrow().cast(pa.string())

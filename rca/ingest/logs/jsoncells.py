"""The values of JSON lines as columns, one a key path, and back into maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import orjson
import polars as pl
import pyarrow as pa

from rca.ingest.logs.jsonplan import ABSENT_TEXT, Leaf, Plan

__all__ = ["Cells", "Flags", "all_cells", "changed_at", "decoded", "maps_of"]

Flags = npt.NDArray[np.bool_]
_MOST_BRACKETS = 60
_RUN = 512
"""Lines that are decoded at once: one of them that cannot be costs the others of its run their speed."""
_NUMBER = r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$"

_Decoded = tuple[list[Any], npt.NDArray[np.int64], list[int]]


@dataclass(slots=True)
class Cells:
    """The values of one leaf: text, whether there is one, and whether it is a string."""

    leaf: Leaf
    text: pl.Series
    present: Flags
    usable: Flags
    string: Flags


def decoded(plan: Plan, lines: list[bytes], data: bytes) -> _Decoded:
    """Return the decoded lines, which lines they are, and the lines that the plan does not cover."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return _one_by_one(plan, lines, 0)
    records, places, odd = list[Any](), list[npt.NDArray[np.int64]](), list[int]()
    for at in range(0, len(lines), _RUN):
        run = lines[at : at + _RUN]
        found, where, other = _at_once(plan, run, at) or _one_by_one(plan, run, at)
        records += found
        places.append(where)
        odd += other
    return records, np.concatenate(places) if places else np.empty(0, np.int64), odd


def _at_once(plan: Plan, lines: list[bytes], first: int) -> _Decoded | None:
    """Decode lines of which each is an object by itself; None where one of them is not."""
    data = b"\n".join(lines)
    if max(data.count(b"}\n{"), data.count(b"}\r\n{")) != len(lines) - 1:
        return None
    try:
        records = plan.decoder.decode_lines(data)
    except (msgspec.MsgspecError, RecursionError):
        return None
    return (records, np.arange(first, first + len(lines)), []) if len(records) == len(lines) else None


def _one_by_one(plan: Plan, lines: list[bytes], first: int) -> _Decoded:
    decode, records, places, odd = plan.decoder.decode, list[Any](), list[int](), list[int]()
    for at, line in enumerate(lines, first):
        if not line.strip():
            continue
        try:
            line.decode("utf-8")
            records.append(decode(line))
            places.append(at)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            odd.append(at)
    return records, np.array(places, np.int64), odd


def all_cells(plan: Plan, records: list[Any], bad: Flags) -> list[Cells]:
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
            cells.append(Cells(leaf, frame[name], every, every, none))
        elif leaf.raw:
            cells.append(_raw_cells(leaf, frame[name], values_of[name], bad))
        elif asked[f"{name}null"] or asked[f"{name}absent"] or (leaf.role and asked[f"{name}empty"]):
            cells.append(_text_cells(leaf, frame[name]))
        else:
            cells.append(Cells(leaf, frame[name], every, every, every))
    _empty_objects(cells, records, bad)
    return cells


def _empty_objects(cells: list[Cells], records: list[Any], bad: Flags) -> None:
    """Leave lines to the general path that have an object where others have fields, but an empty one."""
    below: dict[tuple[str, ...], list[Cells]] = {}
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


def _text_cells(leaf: Leaf, text: pl.Series) -> Cells:
    null = text.is_null()
    present = (text != ABSENT_TEXT).fill_null(value=True).to_numpy()
    if null.any():
        text = text.fill_null("null")
    usable = present & ((text != "") & (text != "null")).to_numpy() if leaf.role else present
    return Cells(leaf, text, present, usable, ~null.to_numpy())


def _raw_cells(leaf: Leaf, text: pl.Series, values: list[Any], bad: Flags) -> Cells:
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
        text = changed_at(text, changed)
    number = text.str.contains(_NUMBER).to_numpy() & ~string
    usable = present & (string & (text != "").to_numpy() & (text != "null").to_numpy() | number)
    return Cells(leaf, text, present, usable, string)


def _valid(raw: bytes) -> bool:
    try:
        orjson.loads(raw)
    except orjson.JSONDecodeError:
        return False
    return True


def changed_at(series: pl.Series, changes: dict[int, str]) -> pl.Series:
    """Return a column with other texts at some rows."""
    if not changes:
        return series
    listed = series.to_list()
    for at, text in changes.items():
        listed[at] = text
    return pl.Series(listed, dtype=pl.String)


def maps_of(cells: list[Cells], taken: dict[str, Flags]) -> pa.Array:
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

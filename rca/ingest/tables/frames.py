"""Delimited text as frames: records framed by their quotes, the odd ones set apart, the rest parsed at full speed."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from rca.ingest.source import Source
from rca.ingest.tables.batch import Batch

__all__ = ["Dialect", "Odd", "batches", "dialect", "sample_rows"]

_SEPARATORS = ",\t;|"
_NEWLINE, _QUOTE, _RETURN, _HASH = 10, 34, 13, 35
_BLOCK = 8 << 20
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a delimited text is written."""

    separator: str
    names: tuple[str, ...]
    """Names of the columns, made unique."""
    header: str
    """The line of the header as written."""
    comments: bool
    """Whether lines that begin with # are comments."""
    strip: bool
    """Whether blanks follow the separators."""


@dataclass(frozen=True, slots=True)
class Odd:
    """A record that does not have the columns of the header."""

    reason: str
    excerpt: bytes
    offset: int


def dialect(lines: list[str]) -> Dialect | None:
    """Return how a text is delimited, from its first lines; None where it has no header that others follow.

    Examples
    --------
    >>> dialect(["time;value", "1;2", "2;3"]).names
    ('time', 'value')
    """
    at = 0
    while at < len(lines) and _skipped(lines[at]):
        at += 1
    if at >= len(lines):
        return None
    commented = at > 0 and lines[0].startswith("#")
    header, body = (
        lines[at].removeprefix("\ufeff"),
        [line for line in lines[at + 1 : at + 60] if not line.startswith("#")],
    )
    best: tuple[float, str, list[str]] = (0.0, "", [])
    for separator in _SEPARATORS:
        names = _cells(header.removeprefix("# ") if header.startswith("# ") else header, separator)
        if len(names) < 2 or not _names(names):
            continue
        fitting = sum(len(_cells(line, separator)) == len(names) for line in body) / len(body) if body else 0.6
        # A quoted cell may run over lines, which then fit badly: the header alone must be convincing enough.
        best = max(best, (max(fitting, 0.3) + len(names) / 1000, separator, names))
    if not best[1]:
        return None
    separator, names = best[1], best[2]
    split = [line.split(separator) for line in [header, *body[:20]]]
    # Blanks belong to the separators where every line has them, as in exports for people's eyes.
    strip = all(
        all(cell[:1] == " " for cell in cells[1:]) or all(cell[-1:] == " " for cell in cells[:-1]) for cells in split
    )
    return Dialect(
        separator, _unique([name.strip() for name in names]), header, commented or not header.startswith("#"), strip
    )


def _skipped(line: str) -> bool:
    if line.lower().startswith("sep="):
        return True
    return (line.startswith("#") and not any(separator in line.removeprefix("# ") for separator in _SEPARATORS)) or (
        line.startswith(("#group", "#datatype", "#default"))
    )


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return line.split(separator)


def _names(names: list[str]) -> bool:
    """Say whether these can be names of columns: mostly words, none of them long."""
    words = [name.strip() for name in names if name.strip()]
    wordy = [word for word in words if any(letter.isalpha() for letter in word) and not word[0].isdigit()]
    return (
        len(wordy) >= max(1, len(words) - 1) * 0.8
        and all(len(word) < 200 for word in words)
        and len(set(words)) * 2 > len(words)
    )


def _unique(names: list[str]) -> tuple[str, ...]:
    seen: Counter[str] = Counter()
    unique = []
    for name in names:
        seen[name] += 1
        unique.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return tuple(unique)


def sample_rows(lines: list[str], form: Dialect) -> list[dict[str, Any]]:
    """Return the first records after the header, for looking at."""
    start = next((at for at, line in enumerate(lines) if line.removeprefix("\ufeff") == form.header), 0) + 1
    try:
        cells = [
            row
            for row in csv.reader(lines[start : start + 50], delimiter=form.separator)
            if len(row) == len(form.names)
        ]
    except csv.Error:
        return []
    return [{name: cell.strip() for name, cell in zip(form.names, row, strict=True) if cell != ""} for row in cells]


def batches(source: Source, form: Dialect) -> Iterator[Batch | Odd]:
    """Yield the records after the header in batches of a frame, and what does not have its columns."""
    header, found = form.header.encode(), False
    for data, offset in _blocks(source):
        starts, ends, fields = _framed(data, form.separator)
        keep = ends > starts
        first = np.frombuffer(data, np.uint8)[np.minimum(starts, len(data) - 1)]
        if form.comments:
            keep &= first != _HASH
        for at in np.flatnonzero(keep & (ends - starts >= len(header)) & (ends - starts <= len(header) + 3)):
            text = data[starts[at] : ends[at]].removeprefix(b"\xef\xbb\xbf")
            keep[at] = text != header
        if not found:
            found = True
            head = data.find(header, 0, 1 << 20)
            keep &= starts > head if head >= 0 else keep
        yield from _read(data, offset, (starts, ends, fields), keep, form)


def _blocks(source: Source) -> Iterator[tuple[bytes, int]]:
    """Yield blocks of whole records: a line end inside quotes ends none."""
    rest, at = b"", 0
    for block, offset in source.chunks(_BLOCK):
        data, start = rest + block, at if rest else offset
        cut = len(data)
        if b'"' in data:
            raw = np.frombuffer(data, np.uint8)
            open_ = np.logical_xor.accumulate(raw == _QUOTE)
            ends = np.flatnonzero((raw == _NEWLINE) & ~open_)
            cut = int(ends[-1]) + 1 if len(ends) else 0
            if len(data) - cut > source.limits.line_bytes:
                cut = len(data)
        if cut:
            yield data[:cut], start
        rest, at = data[cut:], start + cut
    if rest:
        yield rest, at


def _framed(data: bytes, separator: str) -> tuple[Ints, Ints, Ints]:
    """Return where each record begins and ends, and how many cells it has."""
    raw = np.frombuffer(data, np.uint8)
    breaks, cells = raw == _NEWLINE, raw == ord(separator)
    if b'"' in data:
        outside = ~np.logical_xor.accumulate(raw == _QUOTE)
        breaks, cells = breaks & outside, cells & outside
    ends = np.flatnonzero(breaks)
    if not len(ends) or ends[-1] != len(data) - 1:
        ends = np.append(ends, len(data))
    starts = np.concatenate(([0], ends[:-1] + 1)).astype(np.int64)
    counts = np.searchsorted(np.flatnonzero(cells), np.stack((starts, ends)))
    ends = ends - ((ends > starts) & (raw[np.maximum(ends - 1, 0)] == _RETURN))
    return starts, ends.astype(np.int64), (counts[1] - counts[0] + 1).astype(np.int64)


def _read(
    data: bytes, offset: int, records: tuple[Ints, Ints, Ints], keep: npt.NDArray[np.bool_], form: Dialect
) -> Iterator[Batch | Odd]:
    starts, ends, fields = records
    good = keep & (fields == len(form.names))
    for run in _runs(keep, good):
        if good[run[0]]:
            text = b"\n".join([data[starts[a] : ends[b - 1]] for a, b in _stretches(run)])
            frame = _parsed(text, form)
            if frame is not None and len(frame) == len(run):
                yield Batch(starts[run] + offset, frame)
                continue
        for at in run:
            yield from _one_by_one(data[starts[at] : ends[at]], int(starts[at]) + offset, form)


def _runs(keep: npt.NDArray[np.bool_], good: npt.NDArray[np.bool_]) -> list[Ints]:
    """Return the places of records that are kept, cut where good ones and odd ones meet."""
    places = np.flatnonzero(keep)
    if not len(places):
        return []
    changes = np.flatnonzero(np.diff(good[places].astype(np.int8))) + 1
    return [run for run in np.split(places, changes) if len(run)]


def _stretches(run: Ints) -> list[tuple[int, int]]:
    """Return the unbroken stretches of a run of places: blank lines and comments lie between them."""
    cuts = np.flatnonzero(np.diff(run) > 1) + 1
    return [(int(part[0]), int(part[-1]) + 1) for part in np.split(run, cuts)]


def _parsed(text: bytes, form: Dialect) -> pl.DataFrame | None:
    try:
        frame = pl.read_csv(
            text,
            has_header=False,
            separator=form.separator,
            schema=dict.fromkeys(form.names, pl.String),
            encoding="utf8-lossy",
            quote_char='"',
            infer_schema=False,
        )
    except pl.exceptions.PolarsError:
        return None
    return frame.with_columns(pl.all().str.strip_chars()) if form.strip else frame


def _one_by_one(text: bytes, offset: int, form: Dialect) -> Iterator[Batch | Odd]:
    """Read an odd record line by line: a stray quote may have glued several together."""
    for line in text.split(b"\n"):
        cells = _cells(line.decode("utf-8", "replace").rstrip("\r"), form.separator)
        while len(cells) > len(form.names) and not cells[-1].strip():
            cells.pop()
        if len(cells) == len(form.names):
            values = {name: [cell if cell != "" else None] for name, cell in zip(form.names, cells, strict=True)}
            yield Batch([offset], pl.DataFrame(values, schema=dict.fromkeys(form.names, pl.String)))
        elif line.strip():
            yield Odd(f"{len(cells)} cells where the header has {len(form.names)}", line, offset)
        offset += len(line) + 1

"""The formats that are read, in the order in which they are asked; the first of equals wins."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import overload

from rca.errors import FormatError, OptionError, did_you_mean
from rca.ingest.contract import Format, Guess, Sample

__all__ = ["FORMATS", "by_name", "choose"]


class _Formats(Sequence[Format]):
    """The package's formats; each group is imported when the first of it is asked for."""

    _GROUPS = (
        ("queries.formats", "QUERY_FORMATS"),
        ("traces", "SPAN_FORMATS"),
        ("logs.formats", "LOG_FORMATS"),
        ("metrics.formats", "METRIC_FORMATS"),
        ("changes.formats", "CHANGE_FORMATS"),
        ("tables.formats", "TABLE_FORMATS"),
        ("nothing", "NOTHING_FORMATS"),
    )

    def __iter__(self) -> Iterator[Format]:
        for module, name in self._GROUPS:
            yield from getattr(import_module(f"rca.ingest.{module}"), name)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @overload
    def __getitem__(self, at: int) -> Format: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Format, ...]: ...
    def __getitem__(self, at: int | slice) -> Format | tuple[Format, ...]:
        return tuple(self)[at]


FORMATS: Sequence[Format] = _Formats()

_SURE_ENOUGH = 0.05
_CERTAIN = 0.96
"""Of whom a file says this much, no other is asked: importing all formats takes longer than reading a small file."""


def by_name(name: str, formats: Sequence[Format] = FORMATS) -> Format:
    """Return a format by its name.

    Raises
    ------
    OptionError
        When there is none; the message names the closest.
    """
    for item in formats:
        if item.name == name:
            return item
    raise OptionError(f"There is no format {name!r}. {did_you_mean(name, [item.name for item in formats])}")


def _guess(item: Format, sample: Sample) -> Guess:
    """Ask a format; a line that is longer than a field of a table may be is none of its lines."""
    try:
        return item.sniff(sample)
    except csv.Error as error:
        return Guess(0.0, f"no table: {error}")


def choose(sample: Sample, formats: Sequence[Format] = FORMATS) -> Format:
    """Return the format that is surest of a file; the first that is certain of it.

    Raises
    ------
    FormatError
        When none is; the message names the three best guesses and why each failed.
    """
    guesses: list[tuple[Guess, Format]] = []
    for item in formats:
        guess = _guess(item, sample)
        if guess.score >= _CERTAIN:
            return item
        guesses.append((guess, item))
    ranked = sorted(guesses, key=lambda pair: -pair[0].score)
    if ranked and ranked[0][0].score >= _SURE_ENOUGH:
        return ranked[0][1]
    best = "; ".join(f"{item.name}: {guess.reason}" for guess, item in ranked[:3])
    raise FormatError(
        f"{sample.path or sample.name} is of no known format ({best}). "
        "Name one with --format (see: rca formats), or pass your own rca.Format."
    )

"""The formats that are read, in the order in which they are asked; the first of equals wins."""

from __future__ import annotations

import csv

from rca.errors import FormatError, OptionError, did_you_mean
from rca.ingest.changes.formats import CHANGE_FORMATS
from rca.ingest.contract import Format, Guess, Sample
from rca.ingest.logs.formats import LOG_FORMATS
from rca.ingest.metrics.formats import METRIC_FORMATS
from rca.ingest.nothing import NOTHING_FOUND
from rca.ingest.queries.formats import QUERY_FORMATS
from rca.ingest.tables.formats import TABLE_FORMATS
from rca.ingest.traces import SPAN_FORMATS

__all__ = ["FORMATS", "by_name", "choose"]

FORMATS: tuple[Format, ...] = (
    *SPAN_FORMATS,
    *QUERY_FORMATS,
    *LOG_FORMATS,
    *METRIC_FORMATS,
    *CHANGE_FORMATS,
    *TABLE_FORMATS,
    NOTHING_FOUND,
)

_SURE_ENOUGH = 0.05


def by_name(name: str, formats: tuple[Format, ...] = FORMATS) -> Format:
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


def choose(sample: Sample, formats: tuple[Format, ...] = FORMATS) -> Format:
    """Return the format that is surest of a file.

    Raises
    ------
    FormatError
        When none is; the message names the three best guesses and why each failed.
    """
    guesses: list[tuple[Guess, Format]] = [(_guess(item, sample), item) for item in formats]
    ranked = sorted(guesses, key=lambda pair: -pair[0].score)
    if ranked and ranked[0][0].score >= _SURE_ENOUGH:
        return ranked[0][1]
    best = "; ".join(f"{item.name}: {guess.reason}" for guess, item in ranked[:3])
    raise FormatError(
        f"{sample.path or sample.name} is of no known format ({best}). "
        "Name one with --format (see: rca formats), or pass your own rca.Format."
    )

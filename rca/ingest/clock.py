"""Times of tables: a column of texts, or one value of a JSON record, as epoch nanoseconds.

The spellings are those of :mod:`rca.ingest.logs.times`. What a table adds: units that a column's name tells, small
numbers (seconds since a start), exponents, and objects such as ``{"$date": …}`` or ``{"seconds": …, "nanos": …}``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import polars as pl

from rca.ingest.contract import Context
from rca.ingest.logs.times import GOOD
from rca.ingest.logs.times import Clock as TextClock

__all__ = ["MAX_NS", "Clock"]

MAX_NS = 2**63 - 1
"""The last time that a table can hold."""

_SMALL = 1e8
_SCALES = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
_DIGITS = r"^\d{1,18}(\.\d*)?$"
_GIT = re.compile(r"([A-Z][a-z]{2} [A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d) (\d{4}) ([+-]\d{4})")
"""git's own form of a date, whose zone stands behind the year."""
_PARTS = (("epochSecond", "nanoOfSecond"), ("seconds", "nanos"), ("sec", "nsec"))


class Clock:
    """Reads the times of one file: decides the unit of bare numbers once, and notes what it had to assume.

    Parameters
    ----------
    context
        Takes the notes and gives the file's own time.
    unit
        Unit of bare numbers (``s ms us ns``) where a column's name tells it; else their size decides.
    """

    def __init__(self, context: Context, *, unit: str = "") -> None:
        self._context = context
        self._texts = TextClock(context.reference_ns, context.note, unit)
        self._suffix = unit

    @property
    def unit(self) -> str:
        """Unit of bare numbers, ``''`` as long as nothing has decided it."""
        return self._texts.unit

    def decide(self, values: Iterable[Any]) -> None:
        """Let these values decide the unit of bare numbers, where nothing has decided it yet."""
        if self._texts.unit:
            return
        sizes = sorted(size for value in values if (size := _size(value)))
        if sizes and sizes[len(sizes) // 2] < _SMALL:
            # Not a date of our days: the seconds or steps since the start of a recording.
            self._suffix = self._texts.unit = "s"
            self._context.note("times are small numbers: read as seconds since 1970")
        elif sizes:
            middle = str(int(sizes[len(sizes) // 2]))
            self._texts.read([middle])

    def read(self, value: Any) -> int | None:
        """Return nanoseconds of one value; None where it is absent or no time that fits 64 bits."""
        if value is None or isinstance(value, bool):
            return None
        if isinstance(value, dict):
            return self._of_dict(value)
        self.decide((value,))
        time, fate = self._texts.read_one(self._plain(str(value).strip()))
        return time if fate == GOOD else None

    def column(self, texts: pl.Series) -> pl.Series:
        """Return nanoseconds of a column of texts, null where a text is missing or no time that fits 64 bits.

        Distinct texts are read once: tables repeat their times.
        """
        distinct = texts.drop_nulls().unique(maintain_order=True)
        if not len(distinct):
            return pl.Series(texts.name, [None] * len(texts), dtype=pl.Int64)
        if 2 * len(distinct) > len(texts):
            return self._column(texts)
        return texts.replace_strict(distinct, self._column(distinct), default=None, return_dtype=pl.Int64)

    def _column(self, texts: pl.Series) -> pl.Series:
        self.decide(texts.drop_nulls().gather_every(max(1, len(texts) // 1000)).to_list())
        digits = texts.str.contains(_DIGITS)
        if digits.all() and self._texts.unit:
            return self._bare(texts)
        plain = [None if text is None else self._plain(text.strip()) for text in texts.to_list()]
        times, fate = self._texts.read(plain)
        absent = pl.Series([None], dtype=pl.Int64).new_from_index(0, len(texts))
        return pl.Series(texts.name, times).zip_with(pl.Series(np.equal(fate, GOOD)), absent)

    def _bare(self, texts: pl.Series) -> pl.Series:
        """Digits before and after the point, each as a whole number: no float in between."""
        scale = _SCALES[self._texts.unit]
        places = len(str(scale)) - 1
        whole = texts.str.extract(r"^(\d+)").cast(pl.Int64, strict=False)
        whole = whole.set(whole > MAX_NS // scale - 1, None)
        if not places:
            return whole
        part = texts.str.extract(r"\.(\d*)$").fill_null("").str.slice(0, places).str.pad_end(places, "0")
        return whole * scale + part.cast(pl.Int64)

    def _plain(self, text: str) -> str:
        found = _GIT.fullmatch(text)
        if found:
            return f"{found[1]} {found[3]} {found[2]}"
        if not text or not (text[0].isdigit() or text[0] in "+-.") or not text[-1].isdigit():
            return text
        if "e" in text or "E" in text:
            try:
                text = f"{Decimal(text):f}"
            except (InvalidOperation, ValueError, OverflowError):
                return text
        if self._suffix and text.lstrip("+-").replace(".", "", 1).isdigit():
            return text.removeprefix("+") + self._suffix
        return text

    def _of_dict(self, value: dict[str, Any]) -> int | None:
        for key in ("$date", "value", "iso", "dateTime"):
            if key in value:
                inner = value[key]
                if isinstance(inner, dict) and "$numberLong" in inner:
                    inner = f"{inner['$numberLong']}ms"
                return self.read(inner)
        for whole, part in _PARTS:
            if whole in value:
                return self.read(f"{value[whole]}.{int(value.get(part) or 0):09d}s")
        return None


def _size(value: Any) -> float:
    """Return the size of a bare number; 0 for everything else."""
    text = str(value).strip()
    if not text or not text[-1].isdigit() or not (text[0].isdigit() or text[0] in "+-."):
        return 0.0
    try:
        size = abs(float(text))
    except ValueError:
        return 0.0
    # A number of fourteen digits that begins like a year is a date and time.
    return 0.0 if len(text) in {8, 14} and text[:2] in {"19", "20"} and text.isdigit() else size

"""Times of log records as epoch nanoseconds: exact, vectorised over texts of one shape, nothing guessed in silence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import polars as pl

from rca.ingest.civil import days_from_civil
from rca.ingest.logs import digits
from rca.ingest.logs.civiltimes import days_from_week, minutes_east
from rca.ingest.logs.dateorder import DEFAULT, Order, ambiguous, decide
from rca.ingest.logs.dayless import Days
from rca.ingest.logs.months import in_english
from rca.ingest.logs.timeforms import Layout, layout_of, shape
from rca.times import NS

__all__ = ["ABSENT", "BAD", "GOOD", "OVERFLOW", "Clock"]

Ints = npt.NDArray[np.int64]
GOOD, ABSENT, BAD, OVERFLOW = 0, 1, 2, 3
"""What became of a text: read, not there, no time, or a time that 64 bits cannot hold."""

_UNITS = {"s": NS, "ms": 1_000_000, "us": 1_000, "ns": 1, "ticks": 100, "filetime": 100}
_STARTS = {"ticks": 62_135_596_800 * NS, "filetime": 11_644_473_600 * NS}
"""Nanoseconds from the year 1 (.NET) and from 1601 (Windows) to 1970."""
_WINDOWS = {
    "filetime": (120_000_000_000_000_000, 160_000_000_000_000_000),
    "ticks": (620_000_000_000_000_000, 670_000_000_000_000_000),
}
"""Numbers of Windows from 1981 to 2108 and of .NET from 1965 to 2124; nanoseconds since 1970 would be in the seventies and eighties."""
_LIMIT = (1 << 63) - 1
_DAY = 86_400 * NS
_FIRST_EPOCH = 100_000_000
_SMALL_GROUP = 4


@dataclass(slots=True)
class Clock:
    """Reads the times of one file.

    Parameters
    ----------
    reference_ns
        When the file was written last: the year of times that have none is the latest that is not after it.
    note
        Told once about every assumption: an absent zone, an absent year, the unit of a number.
    """

    reference_ns: int
    note: Callable[[str], None]
    unit: str = ""
    """Unit of plain numbers in this file, decided by the first of them."""
    days: Days | None = None
    """The days of times of day that have no date; left out, they are no times."""
    _noted: set[str] = field(default_factory=set)
    _orders: dict[str, Order] = field(default_factory=dict)
    """Order of day, month and year of dates that do not tell it, by what stands between them."""

    def read(self, texts: Sequence[str | None]) -> tuple[Ints, npt.NDArray[np.uint8]]:
        """Return epoch nanoseconds and what became of each text (``GOOD``, ``ABSENT``, ``BAD``, ``OVERFLOW``)."""
        times = np.zeros(len(texts), np.int64)
        fate = np.full(len(texts), ABSENT, np.uint8)
        groups: dict[str, list[int]] = {}
        for at, text in enumerate(texts):
            if text:
                groups.setdefault(shape(text), []).append(at)
        if not self.unit:
            self._decide_unit(texts, groups)
        self._decide_order(
            texts[at] or "" for members in groups.values() if ambiguous(texts[members[0]] or "") for at in members
        )
        clocks: list[int] = []
        for members in groups.values():
            first = texts[members[0]] or ""
            layout = layout_of(first)
            if layout is not None and layout.kind == "clock":
                clocks += members
                continue
            if layout is None or layout.kind != "date" or len(members) <= _SMALL_GROUP:
                for at in members:
                    times[at], fate[at] = self.read_one(texts[at] or "", layout)
                continue
            where = np.array(members)
            block = np.frombuffer("".join([texts[at] or "" for at in members]).encode("latin-1", "replace"), np.uint8)
            times[where], fate[where] = self._block(block.reshape(len(members), len(first)), layout)
        for at in sorted(clocks):  # in the order of the file: that of the day before comes before midnight
            times[at], fate[at] = self.read_one(texts[at] or "")
        return times, fate

    def read_series(
        self, texts: pl.Series, wanted: npt.NDArray[np.bool_], unit: str = ""
    ) -> tuple[Ints, npt.NDArray[np.uint8]]:
        """Return the times of the wanted texts of a column, like :meth:`read`, at the speed of columns.

        Parameters
        ----------
        texts
            The column; no nulls.
        wanted
            Which rows to read; the others are ``ABSENT``.
        unit
            Unit of numbers where the column's name tells it.
        """
        times, fate = np.zeros(len(texts), np.int64), np.full(len(texts), ABSENT, np.uint8)
        left = wanted.copy()
        if not self.unit and not unit and wanted.any():
            numbers = texts.filter(pl.Series(wanted) & texts.str.contains(r"^\d{9,20}(?:\.\d+)?$"))
            if len(numbers):
                self.read(numbers.to_list())  # decides the unit
        if wanted.any() and ambiguous(texts[int(np.argmax(wanted))]):
            self._decide_order(texts.filter(pl.Series(wanted)))
        lengths = texts.str.len_bytes().to_numpy()
        for length in np.unique(lengths[wanted])[:24].tolist():
            where = np.flatnonzero(left & (lengths == length))
            for _ in range(8):
                if len(where) <= _SMALL_GROUP or not 6 <= length <= 40:
                    break
                where = self._like_first(texts, where, int(length), times, fate, unit)
        rest = np.flatnonzero(left & (fate == ABSENT))
        if len(rest):
            listed = texts.gather(rest).to_list()
            listed = [
                text.strip() + unit if unit and text.strip().lstrip("-").isdigit() else text.strip() for text in listed
            ]
            times[rest], fate[rest] = self.read(listed)
        return times, fate

    def _like_first(
        self,
        texts: pl.Series,
        where: npt.NDArray[np.int64],
        length: int,
        times: Ints,
        fate: npt.NDArray[np.uint8],
        unit: str,
    ) -> npt.NDArray[np.int64]:
        """Read the rows whose text has the shape of the first one's; return the others."""
        first = texts[int(where[0])]
        layout = layout_of(first)
        chosen = texts if len(where) == len(texts) else texts.gather(where)
        block = np.frombuffer(digits.bytes_of(chosen), np.uint8).reshape(len(where), length)
        alike = digits.alike(block, layout)
        if (
            layout is None
            or layout.kind not in {"date", "epoch"}
            or (layout.kind == "epoch" and layout.spans["n"][1] - layout.spans["n"][0] > 18 + (first[:1] == "1"))
            or first[:1] == "-"
        ):
            return where[~alike]
        rows = where[alike]
        if layout.kind == "date":
            times[rows], fate[rows] = self._block(block[alike], layout)
            return where[~alike]
        tail = layout.spans.get("f")
        told = layout.unit or ("" if tail else unit)
        scale = _UNITS[told or self.unit or _unit_of(int(first[slice(*layout.spans["n"])]))]
        whole = digits.number(block[alike], layout.spans["n"])
        fits = (whole < _LIMIT // scale) & (whole >= (0 if told else _FIRST_EPOCH))
        fraction = digits.fraction(block[alike], (tail[0], min(tail[1], tail[0] + 9))) * scale // NS if tail else 0
        times[rows] = np.where(fits, whole, 0) * scale + fraction
        fate[rows] = np.where(fits, GOOD, ABSENT)
        return where[~alike]

    def read_one(self, text: str, layout: Layout | None = None) -> tuple[int, int]:
        """Return the time of one text and what became of it.

        Examples
        --------
        >>> Clock(0, print, "s").read_one("1772633400.5")
        (1772633400500000000, 0)
        """
        layout = layout or layout_of(text.strip())
        if layout is None:
            english = in_english(text.strip())
            return self.read_one(english) if english and layout_of(english) else (0, BAD)
        if layout.kind == "date":
            self._decide_order((text,) if ambiguous(text) else ())
            block = np.frombuffer(text.strip().encode("latin-1", "replace"), np.uint8)
            times, fate = self._block(block.reshape(1, -1), layout)
            return int(times[0]), int(fate[0])
        part = {name: text.strip()[a:b] for name, (a, b) in layout.spans.items()}
        if layout.kind == "clock":
            found = self.days.time_of(part, self.tell) if self.days else None
            return (0, BAD) if found is None else (found, GOOD)
        if layout.kind == "float":
            return self._float(part["n"])
        if layout.kind == "tai":
            return digits.tai(part["x"]), GOOD
        if layout.kind == "dotnet":
            return _fit(int(part["n"]) * 1_000_000) if len(part["n"]) < 40 else (0, OVERFLOW)
        return self._epoch(part, layout.unit)

    def _float(self, text: str) -> tuple[int, int]:
        """Read a number with an exponent, as encoders write great ones."""
        value = Decimal(text)
        if abs(value) > _LIMIT:
            return 0, OVERFLOW
        whole, _, tail = f"{value:f}".partition(".")
        return self._epoch({"n": whole, "f": tail} if tail else {"n": whole}, "")

    def _epoch(self, part: dict[str, str], unit: str) -> tuple[int, int]:
        if len(part["n"]) > 40:
            return 0, OVERFLOW
        whole, tail = int(part["n"]), part.get("f", "")
        if not unit and abs(whole) < _FIRST_EPOCH:
            return 0, BAD
        unit = unit or self.unit or _unit_of(whole)
        scale = _UNITS[unit]
        fraction = int(tail.ljust(9, "0")[:9]) * scale // NS if tail else 0
        return _fit(whole * scale - _STARTS.get(unit, 0) + (-fraction if part["n"].startswith("-") else fraction))

    def _decide_unit(self, texts: Sequence[str | None], groups: dict[str, list[int]]) -> None:
        sizes = []
        for members in groups.values():
            layout = layout_of(texts[members[0]] or "")
            if layout and layout.kind == "epoch" and not layout.unit:
                whole = abs(int((texts[members[0]] or "")[slice(*layout.spans["n"])][:40]))
                sizes += [whole] * len(members) if whole >= _FIRST_EPOCH and whole < 10**20 else []
        if sizes:
            self.unit = _unit_of(sorted(sizes)[len(sizes) // 2])
            since = {"ticks": "100 ns since the year 1", "filetime": "100 ns since 1601"}
            self.tell(f"times that are plain numbers were read as {since.get(self.unit, f'{self.unit} since 1970')}")

    def _decide_order(self, texts: Iterable[str]) -> None:
        """Decide in which order dates of numbers are written; what was decided stays as long as the dates allow it."""
        for kind, order in decide(texts, self.reference_ns, self.tell).items():
            self._orders.setdefault(kind, order)

    def tell(self, text: str) -> None:
        """Note an assumption once."""
        if text not in self._noted:
            self._noted.add(text)
            self.note(text)

    def _block(self, block: npt.NDArray[np.uint8], layout: Layout) -> tuple[Ints, npt.NDArray[np.uint8]]:
        spans = layout.spans
        day = self._days(block, spans)
        hour, minute, second = (digits.number(block, spans.get(name)) for name in "HMS")
        if "p" in spans:
            after = (block[:, spans["p"][0]] | 32) == ord("p")
            hour = hour % 12 + 12 * after
        nanos = digits.fraction(block, spans.get("f"))
        seconds = hour * 3600 + minute * 60 + second - 60 * self._zone(block, layout)
        valid = (hour < 24) | ((hour == 24) & (minute == 0) & (second == 0) & (nanos == 0))  # the end of a day
        valid &= (minute < 60) & (second <= 60) & (day != digits.NO_DAY)
        valid &= (day > -106_000) & (day < 106_000)
        if "Y" not in spans and "y" not in spans:
            day = self._year(block, spans, seconds, valid)
            valid &= day != digits.NO_DAY
        if layout.place:
            seconds = seconds - 60 * minutes_east(layout.place, day * 86_400 + seconds, valid)
        times = np.where(valid, day, 0) * _DAY + np.where(valid, seconds * NS + nanos, 0)
        return times, np.where(valid, GOOD, BAD).astype(np.uint8)

    def _days(self, block: npt.NDArray[np.uint8], spans: dict[str, tuple[int, int]]) -> Ints:
        if "Y" in spans:
            year = digits.number(block, spans["Y"])
        elif "y" in spans:
            year = digits.number(block, spans["y"])
            year = year + np.where(year < 70, 2000, 1900)
        else:
            year = np.full(len(block), 2000, np.int64)
        if "j" in spans:
            ordinal = digits.number(block, spans["j"])
            one = np.ones_like(year)
            return np.where(
                (ordinal >= 1) & (ordinal <= 366), days_from_civil(year, one, one) + ordinal - 1, digits.NO_DAY
            )
        if "w" in spans:
            return days_from_week(year, digits.number(block, spans["w"]), digits.number(block, spans["u"]))
        month = digits.month_of(block, spans)
        day = digits.number(block, spans["d"])
        if "m" in spans:
            year, month, day = self._ordered(block, spans, year, month, day)
        valid = (month >= 1) & (month <= 12) & (day >= 1) & (day <= digits.length_of(year, month))
        return np.where(valid, days_from_civil(year, np.clip(month, 1, 12), day), digits.NO_DAY)

    def _ordered(
        self, block: npt.NDArray[np.uint8], spans: dict[str, tuple[int, int]], year: Ints, month: Ints, day: Ints
    ) -> tuple[Ints, Ints, Ints]:
        """Return year, month and day of dates of numbers in the order of the file."""
        places = sorted(spans[name] for name in ("Y", "y", "m", "d") if name in spans)
        mark = chr(block[0, places[0][1]])
        if len(places) < 3 or places[0][1] - places[0][0] > 2 or mark.isdigit():
            return year, month, day
        kind = mark + str(places[2][1] - places[2][0])
        if kind not in DEFAULT:
            return year, month, day
        first, second, third = (digits.number(block, place) for place in places)
        order = self._orders.get(kind, DEFAULT[kind])
        named = dict(zip(order, (first, second, third), strict=True))
        year, month, day = named["y"], named["m"], named["d"]
        swap = (month > 12) & (day <= 12)
        month, day = np.where(swap, day, month), np.where(swap, month, day)
        return np.where(year > 99, year, year + np.where(year < 70, 2000, 1900)), month, day

    def _year(
        self,
        block: npt.NDArray[np.uint8],
        spans: dict[str, tuple[int, int]],
        seconds: Ints,
        valid: npt.NDArray[np.bool_],
    ) -> Ints:
        self.tell("times carry no year: each is in the latest year that is not after the file's last change")
        latest = self.reference_ns // NS + 86_400
        this_year = datetime.fromtimestamp(max(0, latest), UTC).year
        month, number = digits.month_of(block, spans), digits.number(block, spans["d"])
        day = np.full(len(block), digits.NO_DAY, np.int64)
        for back in range(9):
            year = np.full(len(block), this_year - back, np.int64)
            here = days_from_civil(year, np.clip(month, 1, 12), number)
            fits = (
                (day == digits.NO_DAY)
                & valid
                & (number <= digits.length_of(year, month))
                & (here * 86_400 + seconds <= latest)
            )
            day = np.where(fits, here, day)
            if np.all(~valid | (day != digits.NO_DAY)):
                break
        return day

    def _zone(self, block: npt.NDArray[np.uint8], layout: Layout) -> Ints | int:
        if layout.place:
            return 0
        if layout.zone is not None:
            return layout.zone
        span = layout.spans.get("z")
        if span is None:
            self.tell("times carry no zone: read as UTC")
            return 0
        sign = np.where(block[:, span[0]] == ord("-"), -1, 1)
        length = span[1] - span[0]
        if length == 4:  # Db2 counts minutes
            return np.asarray(sign * digits.number(block, (span[0] + 1, span[1])))
        hours = digits.number(block, (span[0] + 1, min(span[0] + 3, span[1])))
        minutes = digits.number(block, (span[1] - 2, span[1])) if length > 4 else 0
        east: Ints = sign * (hours * 60 + minutes)
        return east


def _unit_of(value: int) -> str:
    size = abs(value)
    for unit, (least, most) in _WINDOWS.items():
        if least <= size < most:
            return unit
    return "s" if size < 10**11 else "ms" if size < 10**14 else "us" if size < 10**17 else "ns"


def _fit(value: int) -> tuple[int, int]:
    return (value, GOOD) if abs(value) <= _LIMIT else (0, OVERFLOW)

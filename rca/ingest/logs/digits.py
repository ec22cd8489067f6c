"""Digits of equally shaped texts as numbers, a column at a time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from rca.ingest.logs.timeforms import MONTHS, Layout
from rca.times import NS

__all__ = ["NO_DAY", "alike", "bytes_of", "fraction", "length_of", "month_of", "number", "tai"]

Ints = npt.NDArray[np.int64]
_TAI_OFFSETS = ((1483228800, 37), (1435708800, 36), (1341100800, 35), (1230768000, 34), (1136073600, 33))
_MONTH_OF = {name: at + 1 for at, name in enumerate(MONTHS)}


def bytes_of(texts: pl.Series) -> bytes:
    """Return the texts of a column one after the other."""
    array = texts.to_arrow().cast(pa.large_string())
    buffers = array.buffers()
    offsets = np.frombuffer(buffers[1], np.int64)[array.offset : array.offset + len(array) + 1]
    return bytes(memoryview(buffers[2])[int(offsets[0]) : int(offsets[-1])]) if buffers[2] is not None else b""


def alike(block: npt.NDArray[np.uint8], layout: Layout | None) -> npt.NDArray[np.bool_]:
    """Which rows have digits where the first has digits, and the same letters elsewhere; names of months may differ."""
    digit = (block >= 48) & (block <= 57)
    plain = np.where(digit, np.uint8(48), block)
    if layout is not None and "b" in layout.spans:
        start = layout.spans["b"][0]
        plain[:, start : start + 3] = np.where(plain[:, start : start + 3] == 48, 48, 97)
    same: npt.NDArray[np.bool_] = (plain == plain[0]).all(axis=1)
    return same


NO_DAY = np.int64(-(1 << 40))


def number(block: npt.NDArray[np.uint8], span: tuple[int, int] | None) -> Ints:
    """Return the digits of a span as a number, row by row."""
    total = np.zeros(len(block), np.int64)
    for at in range(*span) if span else ():
        total = total * 10 + (block[:, at] & 15)
    return total


def fraction(block: npt.NDArray[np.uint8], span: tuple[int, int] | None) -> Ints:
    """Return a fraction of a second in nanoseconds, row by row."""
    if span is None:
        return np.zeros(len(block), np.int64)
    digits = span[1] - span[0]
    if block[0, span[0] - 1] == ord(":") and digits < 3:
        return 1_000_000 * number(block, span)  # a fourth part after a colon is a count of milliseconds
    scaled: Ints = number(block, span) * 10 ** (9 - digits)
    return scaled


def month_of(block: npt.NDArray[np.uint8], spans: dict[str, tuple[int, int]]) -> Ints:
    """Return the month of each row, by number or name; 0 where there is none."""
    if "m" in spans:
        return number(block, spans["m"])
    start = spans["b"][0]
    letters = (block[:, start : start + 3] | 32).astype(np.int64)
    codes = letters[:, 0] << 16 | letters[:, 1] << 8 | letters[:, 2]
    month = np.zeros(len(block), np.int64)
    for name, place in _MONTH_OF.items():
        month[codes == (ord(name[0]) << 16 | ord(name[1]) << 8 | ord(name[2]))] = place
    return month


_LENGTHS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int64)


def length_of(year: Ints, month: Ints) -> Ints:
    """Return how many days a month has."""
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    days: Ints = _LENGTHS[np.clip(month, 0, 12)] + ((month == 2) & leap)
    return days


def tai(digits: str) -> int:
    """TAI64N: seconds since 1970 TAI plus 2^62, then nanoseconds; TAI runs ahead of UTC by the leap seconds."""
    seconds, nanos = int(digits[:16], 16) - (1 << 62), int(digits[16:], 16)
    ahead = next((leap for since, leap in _TAI_OFFSETS if seconds - leap >= since), 32)
    return (seconds - ahead) * NS + nanos

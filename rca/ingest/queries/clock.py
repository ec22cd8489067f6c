"""Times of fixed width in a block, all at once."""

from __future__ import annotations

import numpy as np

from rca.ingest.civil import days_from_civil
from rca.ingest.queries.buffer import Buffer, Ints

__all__ = ["MISSING", "fixed_times"]

MISSING = np.iinfo(np.int64).min
"""Stands for no time."""
_SECOND = 1_000_000_000
_LEAST_YEAR, _MOST_YEAR = 1900, 2200


def fixed_times(block: Buffer, at: Ints) -> tuple[Ints, Ints]:
    """Return nanoseconds of ``2026-05-01 00:00:00.123456`` at each position as if in UTC, and where what follows begins.

    The letter between date and time may be any; a fraction of up to nine digits is optional.

    Returns
    -------
    tuple
        Epoch nanoseconds, ``MISSING`` where no such time stands there; and the position after it.
    """
    year, month, day = block.digits(at, 4), block.digits(at + 5, 2), block.digits(at + 8, 2)
    hour, minute, second = block.digits(at + 11, 2), block.digits(at + 14, 2), block.digits(at + 17, 2)
    good = (year >= _LEAST_YEAR) & (year <= _MOST_YEAR) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    good &= (hour >= 0) & (hour <= 24) & (minute >= 0) & (minute < 60) & (second >= 0) & (second <= 60)
    dash, colon = block.bytes[at + 4], block.bytes[at + 13]
    good &= ((dash == 45) | (dash == 47)) & (colon == 58)
    safe = np.where(good, 1, 0)
    days = days_from_civil(np.where(good, year, 1970), np.where(good, month, 1), np.where(good, day, 1))
    seconds = days * 86400 + (hour * 3600 + minute * 60 + second) * safe
    after = at + 19
    fraction, after = _fraction(block, after)
    return np.where(good, seconds * _SECOND + fraction, MISSING), after


def _fraction(block: Buffer, at: Ints) -> tuple[Ints, Ints]:
    """Return the nanoseconds of a fraction, 0 where there is none, and where it ends."""
    pointed = (block.bytes[at] == 46) | (block.bytes[at] == 44)
    pointed &= (block.bytes[at + 1] >= 48) & (block.bytes[at + 1] <= 57)
    value = np.zeros(len(at), dtype=np.int64)
    length = np.zeros(len(at), dtype=np.int64)
    running = pointed
    for offset in range(1, 10):
        digit = block.bytes[at + offset].astype(np.int64) - 48
        running = running & (digit >= 0) & (digit <= 9)
        if not running.any():
            break
        value = np.where(running, value * 10 + digit, value)
        length += running
    return value * 10 ** (9 - length) * pointed, at + np.where(pointed, length + 1, 0)

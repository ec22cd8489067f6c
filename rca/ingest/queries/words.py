"""Eight bytes of text as one number, the first byte lowest: digits counted and read without a loop over bytes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["Words", "digit_count", "first_byte", "length_of_run", "ones", "whole_number"]

Words = npt.NDArray[np.uint64]
_ONE = np.uint64(1)
_ZEROS, _SIXES = np.uint64(0x3030303030303030), np.uint64(0x7676767676767676)
_HIGH, _LOW = np.uint64(0x8080808080808080), np.uint64(0x0101010101010101)
_MASKS = np.array([(1 << bits) - 1 for bits in range(65)], dtype=np.uint64)


def ones(bits: int | npt.NDArray[np.int64]) -> Words:
    """Return numbers whose lowest `bits` are set.

    Examples
    --------
    >>> int(ones(8))
    255
    """
    found: Words = _MASKS[bits]
    return found


def _bytes_below(marks: Words) -> npt.NDArray[np.int64]:
    """Return how many bytes come before the lowest bit that is set, 8 where none is."""
    below = np.bitwise_count((marks & (~marks + _ONE)) - _ONE)
    return (below >> 3).astype(np.int64)


def digit_count(words: Words) -> npt.NDArray[np.int64]:
    """Return how many of the eight bytes, from the first on, are digits.

    Examples
    --------
    >>> digit_count(np.frombuffer(b"2026-05-", dtype=np.uint64)).tolist()
    [4]
    """
    digits = (
        words ^ _ZEROS
    )  # a digit is 0 to 9 now; what carries beyond a byte only reaches those after the first other
    return _bytes_below(((digits + _SIXES) | digits) & _HIGH)


def whole_number(words: Words, count: int | npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the number that the first `count` bytes, all digits, write.

    Examples
    --------
    >>> whole_number(np.frombuffer(b"2026-05-", dtype=np.uint64), 4).tolist()
    [2026]
    """
    shift = np.uint64(8 * (8 - count)) if isinstance(count, int) else (8 * (8 - count)).astype(np.uint64)
    pairs = ((words << shift & np.uint64(0x0F0F0F0F0F0F0F0F)) * np.uint64(2561)) >> np.uint64(8)
    fours = ((pairs & np.uint64(0x00FF00FF00FF00FF)) * np.uint64(6553601)) >> np.uint64(16)
    eights = ((fours & np.uint64(0x0000FFFF0000FFFF)) * np.uint64(42949672960001)) >> np.uint64(32)
    return eights.astype(np.int64)


def first_byte(words: Words, byte: int) -> npt.NDArray[np.int64]:
    """Return where the first `byte` is among the eight, 8 where it is not.

    Examples
    --------
    >>> first_byte(np.frombuffer(b"2026-05-", dtype=np.uint64), ord("-")).tolist()
    [4]
    """
    other = words ^ (_LOW * np.uint64(byte))
    return _bytes_below((other - _LOW) & ~other & _HIGH)


def length_of_run(words: Words, byte: int) -> npt.NDArray[np.int64]:
    """Return how many of the eight bytes, from the first on, are `byte`.

    Examples
    --------
    >>> length_of_run(np.frombuffer(b"  Id: 12", dtype=np.uint64), ord(" ")).tolist()
    [2]
    """
    return _bytes_below(words ^ (_LOW * np.uint64(byte)))

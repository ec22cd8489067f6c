"""Many lines read field by field at once: what a regular expression does one line after the other."""

from __future__ import annotations

import numpy as np

from rca.ingest.queries.buffer import Buffer, Ints, Mask
from rca.ingest.queries.words import digit_count, first_byte, length_of_run, whole_number

__all__ = ["Cursor"]

_TAB, _SPACE, _POINT = ord("\t"), ord(" "), ord(".")
_POWERS = 10 ** np.arange(10, dtype=np.int64)


class Cursor:
    r"""A place on each of many lines that moves over what is expected there.

    A line on which something else stands is no longer `good`, and what is said of it means nothing.

    Parameters
    ----------
    at, ends
        Where to begin on each line, and where the line ends.

    Examples
    --------
    >>> block = Buffer(b"a: 12 x\na: 7 y\nb\n")
    >>> cursor = Cursor(block, block.starts, block.ends)
    >>> cursor.literal(b"a: ")
    >>> cursor.number().tolist()[:2], cursor.good.tolist()
    ([12, 7], [True, True, False])
    """

    def __init__(self, block: Buffer, at: Ints, ends: Ints) -> None:
        self._block, self._ends = block, ends
        self.at = at.copy()
        self.good: Mask = np.ones(len(at), dtype=np.bool_)

    def _move(self, count: Ints | int) -> None:
        self.at = np.minimum(self.at + count, self._ends)

    def fails(self, where: Mask) -> None:
        """Take lines out."""
        self.good &= ~where

    def literal(self, text: bytes) -> None:
        """Move over a text that has to be there."""
        self.good &= self._block.begins(self.at, text)
        self._move(len(text))

    def spaces(self) -> None:
        """Move over up to eight spaces, where there are any."""
        self._move(length_of_run(self._block.words(self.at), _SPACE))

    def named(self, name: bytes) -> Mask:
        """Say on which lines a field of that name comes next, spaces before it, and move to its value there."""
        place = self.at + length_of_run(self._block.words(self.at), _SPACE)
        place = np.minimum(place, self._ends)
        self.fails(self._block.bytes[place] == _TAB)
        there: Mask = (place > self.at) & (place < self._ends)
        there &= self._block.begins(place, name)
        if there.any():
            self.at = np.where(there, np.minimum(place + len(name), self._ends), self.at)
            self._move(length_of_run(self._block.words(self.at), _SPACE) * there)
        return there

    def number(self, where: Mask | None = None) -> Ints:
        """Move over a whole number of up to 16 digits, on the lines of `where`, and return it."""
        if where is not None and not where.any():
            return np.zeros(len(self.at), dtype=np.int64)
        word = self._block.words(self.at)
        count = digit_count(word)
        value = whole_number(word, count)
        long = np.flatnonzero(count == 8)
        if len(long):
            more = self._block.words(self.at[long] + 8)
            digits = digit_count(more)
            value[long] = value[long] * 10**digits + whole_number(more, digits)
            count[long] += digits
        bad = (count == 0) | (count == 16)
        if where is not None:
            bad, count = bad & where, count * where
        self.good &= ~bad
        self._move(count)
        return value

    def decimal(self, places: int, where: Mask | None = None) -> Ints:
        """Move over a number of up to 7 decimals, on the lines of `where`, and return it times 10 to the power of `places`."""
        whole = self.number(where)
        pointed = self._block.bytes[self.at] == _POINT
        pointed &= self.at < self._ends
        if where is not None:
            pointed &= where
        word = self._block.words(self.at + 1)
        count = np.minimum(digit_count(word), min(places, 7))
        fraction = whole_number(word, count) * _POWERS[places - count]
        after = np.minimum(self.at + 1 + count, self._ends)
        more = (self._block.bytes[after] >= ord("0")) & (self._block.bytes[after] <= ord("9")) & (after < self._ends)
        self.fails(pointed & ((count == 0) | more))
        self.fails(whole >= _POWERS[7])  # so long that the rounding of its text counts
        self._move((count + 1) * pointed)
        total: Ints = whole * _POWERS[places] + fraction * pointed
        return total

    def until(self, byte: bytes) -> Ints:
        """Move to the next such byte of the line, which has to have one, and return the place."""
        self.at = self.find(byte)
        self.fails(self.at >= self._ends)
        return self.at

    def find(self, byte: bytes) -> Ints:
        """Return where the next such byte of each line is, its end where there is none."""
        return self.find_from(self.at, byte)

    def find_from(self, at: Ints, byte: bytes) -> Ints:
        """Return where the next such byte from a place on is, the line's end where there is none."""
        place = at.copy()
        left = np.arange(len(place))
        while len(left):
            ahead = first_byte(self._block.words(place[left]), byte[0])
            place[left] += ahead
            left = left[(ahead == 8) & (place[left] < self._ends[left])]
        return np.minimum(place, self._ends)

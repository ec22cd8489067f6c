"""Attributes in bulk: every key-value pair is understood once, rows hold numbers of pairs.

A span repeats most of its attributes from its neighbours. A reader turns each pair into a small number, the first time it
meets the bytes of it; building the columns of a hundred thousand rows is then indexing in numpy and Arrow.

Maps leave as JSON text (see :meth:`Selection.maps`), which the engine turns into MAP several times faster than it verifies
the keys of an Arrow map; keys are made unique here, the last value of a key winning as in every JSON object.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["Pairs", "Selection", "json_map"]

Ints = npt.NDArray[np.int64]


def json_map(attributes: Mapping[str, str]) -> str:
    """Return a map as the JSON text that the sink takes in place of an Arrow map."""
    return _dump(dict(attributes)).decode()


def _dump(value: object) -> bytes:
    try:
        return orjson.dumps(value)
    except (TypeError, orjson.JSONEncodeError):  # half of a surrogate pair, which no UTF-8 can hold
        whole = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
        return orjson.dumps(orjson.loads(whole))


def _quoted(text: str) -> bytes:
    """Return a text as JSON. What orjson returns holds on to 4 KiB for as long as it lives: it is copied where it is kept."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return b'"%b"' % text.encode()
    return memoryview(_dump(text)).tobytes()


class Pairs:
    """The distinct key-value pairs of a stretch of input, numbered.

    Examples
    --------
    >>> pairs = Pairs()
    >>> ids = [pairs.of("a", "1"), pairs.of("b", "2"), pairs.of("a", "1")]
    >>> ids
    [0, 1, 0]
    >>> pairs.select(ids[:2], [2]).maps().to_pylist()
    ['{"a":"1","b":"2"}']
    """

    def __init__(self) -> None:
        self.keys: dict[str, int] = {}
        self.key_of: list[int] = []
        self.written: list[bytes] = []
        """Text of each pair as JSON, in quotes."""
        self._escaped: dict[int, bytes] = {}
        self._known: dict[tuple[str, str], int] = {}
        self._names: list[bytes] = []

    def __len__(self) -> int:
        return len(self.written)

    def of(self, key: str, text: str) -> int:
        """Return the number of a pair."""
        pair = (key, text)
        number = self._known.get(pair)
        if number is None:
            number = self._known[pair] = self.append(key, text)
        return number

    def of_all(self, attributes: Mapping[str, str]) -> list[int]:
        """Return the numbers of the pairs of a map."""
        return [self.of(key, text) for key, text in attributes.items()]

    def named(self, key: str) -> int:
        """Return the number of a key."""
        at = self.keys.setdefault(key, len(self.keys))
        if at == len(self._names):
            self._names.append(_dump(key) + b":")
        return at

    def append(self, key: str, text: str) -> int:
        """Take a pair without asking whether it is known, and return its number."""
        return self.append_text(self.named(key), text)

    def append_text(self, key: int, text: str) -> int:
        """Take a pair by the number of its key."""
        written = _quoted(text)
        if b"\\" in written:
            self._escaped[len(self.written)] = text.encode("utf-8", "replace")
        return self.append_raw(key, written)

    def append_raw(self, key: int, written: bytes) -> int:
        """Take a pair whose text needs no escapes in JSON: UTF-8 in quotes."""
        self.key_of.append(key)
        self.written.append(written)
        return len(self.written) - 1

    def text(self, number: int) -> bytes:
        """Return the text of a pair as UTF-8."""
        return self._escaped.get(number) or self.written[number][1:-1]

    def members(self) -> pa.Array:
        """Return each pair as a member of a JSON object."""
        names = pa.array(self._names, pa.binary()).cast(pa.string())
        written = pa.array(self.written, pa.binary()).cast(pa.string())
        return pc.binary_join_element_wise(names.take(pa.array(self.key_of, pa.int32())), written, "")

    def select(self, flat: Sequence[int] | Ints, counts: Sequence[int] | Ints) -> Selection:
        """Return the pairs of some rows as something to build columns from.

        Parameters
        ----------
        flat
            Numbers of the pairs, row after row.
        counts
            How many pairs each row has.
        """
        return Selection(self, np.asarray(flat, dtype=np.int64), np.asarray(counts, dtype=np.int64))


class Selection:
    """The pairs of some rows."""

    def __init__(self, pairs: Pairs, flat: Ints, counts: Ints) -> None:
        self.count = len(counts)
        self._pairs, self._flat, self._counts = pairs, flat, counts
        self._rows = np.repeat(np.arange(self.count), counts)
        self._keys = np.array(pairs.key_of, dtype=np.int64)[flat] if len(flat) else flat

    def maps(self, before: pa.Array | None = None) -> pa.Array:
        """Return one JSON object a row, each key once.

        Parameters
        ----------
        before
            Members that each row has in front of its own, as text: keys that occur in no pair.
        """
        flat, counts = self._without_repeats()
        offsets = np.concatenate(([0], np.cumsum(counts)))
        listed = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), self._pairs.members().take(pa.array(flat)))
        joined = pc.binary_join(listed, ",")
        if before is None:
            return pc.binary_join_element_wise("{", joined, "}", "")
        comma = pc.if_else(pa.array(counts > 0), ",", "")
        comma = pc.if_else(pc.equal(before, ""), "", comma)
        return pc.binary_join_element_wise("{", before, comma, joined, "}", "")

    def text(self, keys: Sequence[str]) -> pa.Array | None:
        """Return for each row the text of the first of `keys` that has any, else ''; None where no row has one."""
        known = [key for key in keys if key in self._pairs.keys]
        found = np.full(self.count, -1, dtype=np.int64)
        for key in reversed(known):
            place = np.flatnonzero(self._keys == self._pairs.keys[key])
            found[self._rows[place]] = self._flat[place] if key == known[-1] else self._filled(place, found)
        if not known or not (found >= 0).any():
            return None
        distinct, codes = np.unique(found, return_inverse=True)
        texts = pa.array([b"" if number < 0 else self._pairs.text(number) for number in distinct.tolist()], pa.binary())
        return texts.cast(pa.string()).take(pa.array(codes))

    def rows_with(self, keys: Sequence[str]) -> dict[int, dict[str, str]]:
        """Return, for the rows that have any of `keys`, which of them with what text."""
        found: dict[int, dict[str, str]] = {}
        for key in keys:
            if key in self._pairs.keys:
                for place in np.flatnonzero(self._keys == self._pairs.keys[key]).tolist():
                    text = self._pairs.text(int(self._flat[place])).decode()
                    found.setdefault(int(self._rows[place]), {})[key] = text
        return found

    def _filled(self, place: Ints, found: Ints) -> Ints:
        """Return the pairs at `place`, or what was found before where they are empty."""
        numbers = self._flat[place]
        empty = np.array([not self._pairs.text(number) for number in numbers.tolist()], dtype=bool)
        return np.where(empty, found[self._rows[place]], numbers)

    def _without_repeats(self) -> tuple[Ints, Ints]:
        """Drop all but the last pair of each key within a row."""
        coded = self._rows * max(1, len(self._pairs.keys)) + self._keys
        ordered = np.sort(coded)
        if not np.any(ordered[1:] == ordered[:-1]):
            return self._flat, self._counts
        _, last = np.unique(coded[::-1], return_index=True)
        keep = np.sort(len(coded) - 1 - last)
        return self._flat[keep], np.bincount(self._rows[keep], minlength=self.count)

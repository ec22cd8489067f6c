"""Attributes in bulk: the members of a JSON object, a line a row, and columns found in them by where the quotes are.

Every reader of spans writes attributes as ``"key":"text","key":"text"``. All quotes that are no part of a text are found
at once, and every fourth begins a key; what lies between two of them is a slice of the same bytes, which Arrow takes
without a copy. Building the columns of a hundred thousand rows is then indexing in numpy and Arrow.

Maps leave as JSON text, which the engine turns into MAP several times faster than it verifies the keys of an Arrow map;
keys are made unique here, the last value of a key winning as in every JSON object.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["Ints", "Members", "as_members", "hidden", "json_map", "quoted", "shown"]

Ints = npt.NDArray[np.int64]
_BACKSLASH, _QUOTE = (b"\\\\", b"\2\2"), (b'\\"', b"\3\3")


def json_map(attributes: Mapping[str, str]) -> str:
    """Return a map as the JSON text that the sink takes in place of an Arrow map."""
    return _dump(dict(attributes)).decode()


def as_members(attributes: Mapping[str, str]) -> bytes:
    """Return a map as the members of a JSON object.

    Examples
    --------
    >>> as_members({"a": "1", "b": ""})
    b'"a":"1","b":""'
    """
    return _dump(dict(attributes))[1:-1]  # a copy: what orjson returns holds on to 4 KiB for as long as it lives


def _dump(value: object) -> bytes:
    try:
        return orjson.dumps(value)
    except (TypeError, orjson.JSONEncodeError):  # half of a surrogate pair, which no UTF-8 can hold
        whole = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
        return orjson.dumps(orjson.loads(whole))


def quoted(text: str) -> bytes:
    """Return a text as JSON."""
    return _dump(text)


def hidden(text: bytes) -> bytes:
    """Return JSON with other bytes, as many, in place of escaped quotes and backslashes: each quote left is structure."""
    return text.replace(*_BACKSLASH).replace(*_QUOTE) if b"\\" in text else text


def shown(text: bytes) -> bytes:
    """Return what :func:`hidden` was given."""
    return (
        text.replace(_QUOTE[1], _QUOTE[0]).replace(_BACKSLASH[1], _BACKSLASH[0])
        if b"\2" in text or b"\3" in text
        else text
    )


class Members:
    r"""The attributes of some rows.

    Parameters
    ----------
    lines
        Members of a JSON object with texts as values, a line a row, each with its end. Nothing is said for a row by an
        empty line.

    Examples
    --------
    >>> some = Members(b'"a":"1","b":"x"\n\n"a":"2","a":"3"\n')
    >>> [orjson.loads(text) for text in some.maps().to_pylist()]
    [{'a': '1', 'b': 'x'}, {}, {'a': '3'}]
    >>> some.text(["c", "a"]).to_pylist(), some.text(["c"])
    (['1', '', '3'], None)
    """

    def __init__(self, lines: bytes) -> None:
        self._read(lines)
        repeated = self._repeated()
        if len(repeated):
            rows = lines.split(b"\n")
            for row in repeated.tolist():
                rows[row] = as_members(orjson.loads(b"{%b}" % rows[row]))
            self._read(b"\n".join(rows))

    def _read(self, lines: bytes) -> None:
        data = np.frombuffer(hidden(lines), dtype=np.uint8)
        quotes, self._ends = np.flatnonzero(data == ord('"')), np.flatnonzero(data == ord("\n"))
        self._lines, self._escaped = lines, b"\\" in lines
        self.count = len(self._ends)
        self._counts = np.diff(np.searchsorted(quotes, self._ends), prepend=0) // 4
        self._rows = np.repeat(np.arange(self.count), self._counts)
        quotes[0::2] += 1  # a text begins after its first quote
        self._starts, self._stops = quotes[2::4], quotes[3::4]
        offsets = np.append(quotes, len(lines)).astype(np.int32)
        self._slices = pa.StringArray.from_buffers(len(quotes), pa.py_buffer(offsets), pa.py_buffer(lines))
        coded = self._slices.take(pa.array(np.arange(0, len(quotes), 4))).dictionary_encode()
        self._codes = coded.indices.to_numpy()
        self.keys = {_unescaped(name): code for code, name in enumerate(coded.dictionary.to_pylist())}

    def _repeated(self) -> Ints:
        """Return the rows in which a key occurs twice."""
        width = max(1, len(self.keys))
        ordered = np.sort(self._rows * width + self._codes)
        return np.unique(ordered[1:][ordered[1:] == ordered[:-1]] // width)

    def lines(self, before: pa.Array | None = None) -> pa.Array:
        """Return the line of each row, with `before` in front of it; its end is a blank to a reader of JSON."""
        offsets = np.concatenate(([0], self._ends + 1)).astype(np.int32)
        own = pa.StringArray.from_buffers(self.count, pa.py_buffer(offsets), pa.py_buffer(self._lines))
        if before is None:
            return own
        comma = pc.if_else(pc.and_(pa.array(self._counts > 0), pc.not_equal(before, "")), ",", "")
        return pc.binary_join_element_wise(before, comma, own, "")

    def maps(self, before: pa.Array | None = None) -> pa.Array:
        """Return one JSON object a row, each key once.

        Parameters
        ----------
        before
            Members that each row has in front of its own: keys that occur in no row.
        """
        return pc.binary_join_element_wise("{", self.lines(before), "}", "")

    def text(self, keys: Sequence[str]) -> pa.Array | None:
        """Return for each row the text of the first of `keys` that has any, else ''; None where no row has one."""
        found = np.full(self.count, -1, dtype=np.int64)
        for key in reversed(keys):
            at = self._with(key)
            at = at[self._stops[at] > self._starts[at]]
            found[self._rows[at]] = at
        absent = found < 0
        if absent.all():
            return None
        texts = self._slices.take(pa.array(found * 4 + 2, mask=absent)).fill_null("")
        if self._escaped and pc.any(pc.match_substring(texts, "\\")).as_py():
            coded = texts.dictionary_encode()
            return pa.array(map(_unescaped, coded.dictionary.to_pylist()), pa.string()).take(coded.indices)
        return texts

    def rows_with(self, keys: Sequence[str]) -> dict[int, dict[str, str]]:
        """Return, for the rows that have any of `keys`, which of them with what text."""
        found: dict[int, dict[str, str]] = {}
        for key in keys:
            for at in self._with(key).tolist():
                text = self._lines[self._starts[at] : self._stops[at]].decode()
                found.setdefault(int(self._rows[at]), {})[key] = _unescaped(text)
        return found

    def _with(self, key: str) -> Ints:
        """Return which members have a key."""
        return np.flatnonzero(self._codes == self.keys.get(key, -1))


def _unescaped(text: str) -> str:
    """Return what stands between the quotes of a JSON string."""
    return str(orjson.loads(f'"{text}"')) if "\\" in text else text

"""OTLP/JSON's lists of attributes rewritten as members of a JSON object, many spans at once and without parsing.

``[{"key":"a","value":{"stringValue":"x"}},{"key":"b","value":{"intValue":"7"}}]`` says ``"a":"x","b":"7"``: what lies
between two texts is always the same few bytes. An unescaped quote cannot occur inside a JSON string, so that bytes with
such quotes are structure wherever they are found. Replacing them leaves lines in which nothing but keys, texts and the
seams between them may be; where the quotes are says whether that is so. Rows of any other look (lists, bytes, odd spacing,
keys with escapes) are read by themselves.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt
import orjson

from rca.ingest.members import Ints, hidden, quoted, shown
from rca.ingest.otlp.anyvalue import attributes_of
from rca.ingest.otlp.columns import Unusual
from rca.ingest.values import BadRecord

__all__ = ["lines_of"]

_SEAMS = (
    (b'"}},{"key":"', b'"\4"'),
    (b'","value":{"stringValue":"', b'"\5"'),
    (b'","value":{"intValue":"', b'"\6"'),
    (b'\n[{"key":"', b'\n"'),
    (b'"}}]\n', b'"\n'),
    (b"\n[]\n", b"\n\n"),
    (b"\n[]\n", b"\n\n"),  # the end of one is the beginning of the next
)
_NUMBER = rb"-?(?:0|[1-9][0-9]{0,15})\.[0-9]{1,17}|[1-9][0-9]{0,15}|0"
_SEAMLESS = bytes.maketrans(b"\4\5\6", b",::")
"""No JSON has such bytes: a seam cannot be mistaken for what was there before."""
_BARE = re.compile(
    rb'","value":\{"(?:boolValue":(true|false)|intValue":(0|-?[1-9][0-9]{0,17})|doubleValue":('
    + _NUMBER
    + rb'))\}\}(?:\]|(,)\{"key":)'
)
"""A value that is no text, and what follows it up to the next quote."""
_ODD_WHOLE = re.compile(rb'"\x06"(?!(?:0|-?[1-9][0-9]{0,17})")')
_TURNS = 3
"""Rows with odd numbers of quotes, then those with other seams; then there are none."""


def lines_of(raws: Sequence[msgspec.Raw]) -> bytes:
    r"""Return lists of attributes, checked JSON, as lines of members; see :class:`rca.ingest.members.Members`.

    Raises
    ------
    Unusual
        When one of them cannot be understood.

    Examples
    --------
    >>> lines_of([b'[{"key":"a","value":{"intValue":"7"}},{"key":"b","value":{"boolValue":true}}]', b"[]"])
    b'"a":"7","b":"true"\n\n'
    """
    whole = b"\n%b\n" % b"\n".join(raws)
    if whole.count(b"\n") != len(raws) + 1:  # between the tokens, where a blank is as good
        raws = [msgspec.Raw(bytes(raw).replace(b"\n", b" ")) for raw in raws]
        whole = b"\n%b\n" % b"\n".join(raws)
    whole = hidden(whole)
    for seam, short in _SEAMS:
        whole = whole.replace(seam, short)
    if b'Value":' in whole:
        whole = _BARE.sub(_quoted, whole)
    whole = whole[1:]
    for _ in range(_TURNS):
        data = np.frombuffer(whole, dtype=np.uint8)
        quotes, ends = np.flatnonzero(data == ord('"')), np.flatnonzero(data == ord("\n"))
        rows = _uneven(quotes, ends)
        rows = rows if len(rows) else _unlike(whole, data, quotes, ends)
        if not len(rows):
            return shown(whole).translate(_SEAMLESS)
        lines = whole.split(b"\n")
        for row in rows.tolist():
            lines[row] = _read(bytes(raws[row]))
        whole = b"\n".join(lines)
    return shown(whole).translate(_SEAMLESS)


def _quoted(found: re.Match[bytes]) -> bytes:
    truth, whole, number, more = found.groups(b"")
    return b'"\5"%b"%b' % (truth or whole or repr(float(number)).encode(), more and b"\4")


def _uneven(quotes: Ints, ends: Ints) -> Ints:
    """Return the rows that cannot be pairs of texts, by how many quotes they have."""
    counts = np.diff(np.searchsorted(quotes, ends), prepend=0)
    return np.flatnonzero((counts % 4 != 0) | ((counts == 0) & (np.diff(ends, prepend=-1) > 1)))


def _unlike(whole: bytes, data: npt.NDArray[np.uint8], quotes: Ints, ends: Ints) -> Ints:
    """Return the rows that have something else than texts and the seams between them, or have to be looked at anyway."""
    rows = np.searchsorted(ends, quotes[0::4])
    opened, key_end, begun, closed = (quotes[at::4] for at in range(4))
    good = (begun - key_end == 2) & ((data[key_end + 1] == 5) | (data[key_end + 1] == 6))
    # between two members is a comma, or as many ends of lines as there are from one row to the other
    apart, passed = opened[1:] - closed[:-1] - 1, np.diff(rows)
    joined = np.where(passed == 0, (apart == 1) & (data[closed[:-1] + 1] == 4), apart == passed)
    doubtful = [rows[~good], rows[:-1][~joined], rows[1:][~joined]]
    if len(rows) and (opened[0] != rows[0] or len(whole) - closed[-1] - 1 != len(ends) - rows[-1]):
        doubtful.append(rows[[0, -1]])
    doubtful.append(np.searchsorted(ends, [found.start() for found in _ODD_WHOLE.finditer(whole)]))
    if b"\\" in whole or b"\2" in whole:
        doubtful.append(_escaped(data, quotes, ends))
    found: Ints = np.unique(np.concatenate(doubtful))
    return found


def _escaped(data: npt.NDArray[np.uint8], quotes: Ints, ends: Ints) -> Ints:
    """Return the rows with an escape in a key, or one by number, which may be half of a character."""
    at = np.flatnonzero((data == ord("\\")) | (data == 2) | (data == 3))
    bad = (np.searchsorted(quotes, at) % 4 == 1) | ((data[at] == ord("\\")) & (data[at + 1] == ord("u")))
    found: Ints = np.searchsorted(ends, at[bad])
    return found


def _read(raw: bytes) -> bytes:
    """Return a list that looks otherwise as if it had been rewritten."""
    try:
        pairs = attributes_of(orjson.loads(raw))
    except (orjson.JSONDecodeError, BadRecord, AttributeError, TypeError):
        raise Unusual from None
    return b"\4".join([hidden(b"\5".join((quoted(key), quoted(text)))) for key, text in pairs.items()])

"""The quick way through an answer of Prometheus: the points of all series at once, as columns.

An answer as the server writes it is a list of series, each with pairs of a time and a number in quotes. Python objects for
each pair are most of the cost of reading them. Here a series' points stay the bytes they are, are checked by one pattern,
and become columns together. What does not look exactly so is left to the patient reader, series by series.
"""

from __future__ import annotations

import re

import msgspec
import numpy as np
import pyarrow as pa

__all__ = ["Answer", "Series", "decode", "points"]

_POINTS = re.compile(rb'\[\s*(?:\[\s*\d{1,10}(?:\.\d{1,9})?\s*,\s*"?[-+.0-9A-Za-z]{1,32}"?\s*\]\s*,?\s*)*\]')
_MARKS = b' \t\r\n[]"'
_MOST = 9_223_372_036_000_000_000  # whole seconds whose nanoseconds fit 64 bits


class Series(msgspec.Struct, gc=False):
    """One series: labels, and its points as they were written."""

    metric: dict[str, str]
    values: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    value: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    timestamps: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    histograms: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    histogram: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _Data(msgspec.Struct, gc=False):
    result: list[msgspec.Raw]
    resultType: str = ""  # noqa: N815  (the name in the answer)


class Answer(msgspec.Struct, gc=False):
    """An answer of the HTTP API."""

    data: _Data
    result: object = None
    metric: object = None


_ANSWER = msgspec.json.Decoder(Answer)
_SERIES = msgspec.json.Decoder(Series)


def decode(data: bytes) -> list[bytes] | None:
    """Return the series of one answer as they were written, or None where the document is something else.

    Examples
    --------
    >>> decode(b'{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[]}]}}')
    [b'{"metric":{},"values":[]}']
    """
    try:
        data.decode("utf-8")
        answer = _ANSWER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if answer.result is not None or answer.metric is not None:
        return None
    return [bytes(item) for item in answer.data.result]


def points(written: bytes) -> tuple[dict[str, str], pa.Array, pa.Array] | None:
    """Return labels, times in nanoseconds and values of one series; None where the patient reader must look.

    Examples
    --------
    >>> labels, times, values = points(b'{"metric":{"job":"cart"},"values":[[1795473813.869,"32"],[1795473816,"NaN"]]}')
    >>> labels, times.to_pylist(), values.to_pylist()
    ({'job': 'cart'}, [1795473813869000000, 1795473816000000000], [32.0, None])
    """
    try:
        series = _SERIES.decode(written)
    except (msgspec.DecodeError, RecursionError):
        return None
    raw = series.values
    others = (series.value, series.timestamps, series.histograms, series.histogram)
    if isinstance(raw, msgspec.UnsetType) or any(not isinstance(item, msgspec.UnsetType) for item in others):
        return None
    found = bytes(raw)
    if not _POINTS.fullmatch(found):
        return None
    flat = found.translate(None, _MARKS)
    if not flat:
        return series.metric, pa.array([], pa.int64()), pa.array([], pa.float64())
    cells = flat.decode("ascii").split(",")
    try:
        values = pa.array(cells[1::2], pa.string()).cast(pa.float64())
        # an unscaled decimal of nine places is the time in nanoseconds, digit by digit
        exact = pa.array(cells[::2], pa.string()).cast(pa.decimal128(28, 9))
    except pa.ArrowInvalid:
        return None
    halves = np.frombuffer(exact.buffers()[1], np.int64)
    times, overflow = halves[::2], halves[1::2]
    if overflow.any() or (times < 0).any() or (times > _MOST).any():
        return None
    numbers = values.to_numpy(zero_copy_only=False)
    return series.metric, pa.array(times), pa.array(numbers, mask=np.isnan(numbers))

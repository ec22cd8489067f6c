"""Times as people write them, and times as the tables hold them: Unix epoch nanoseconds, UTC."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TypeAlias

from rca.errors import OptionError

__all__ = ["NS", "TimeLike", "format_duration", "format_time", "parse_duration", "parse_time"]

NS = 1_000_000_000
"""Nanoseconds in a second."""

TimeLike: TypeAlias = str | int | datetime
"""An ISO 8601 string (no zone means UTC), a datetime (naive means UTC) or epoch nanoseconds."""

_UNITS = {
    "ns": 1,
    "us": 1_000,
    "ms": 1_000_000,
    "s": NS,
    "m": 60 * NS,
    "min": 60 * NS,
    "h": 3600 * NS,
    "d": 86400 * NS,
    "w": 604800 * NS,
}
_DURATION = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(ns|us|ms|s|min|m|h|d|w)\s*")
_CLOCK = re.compile(r"[0-2]?[0-9]:[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?")
_FRACTION = re.compile(r"(:[0-9]{2})[.,]([0-9]{1,9})[0-9]*")


def parse_time(value: TimeLike, *, day_of_ns: int | None = None) -> int:
    """Return epoch nanoseconds of a time given as text, datetime or nanoseconds.

    Parameters
    ----------
    value
        ISO 8601 text, a datetime, or nanoseconds. Without a zone it is UTC.
    day_of_ns
        Lets a clock time alone (``"15:05"``) mean that time on the day of this instant.

    Raises
    ------
    OptionError
        When the text is no time.

    Examples
    --------
    >>> parse_time("2026-03-04T14:10Z")
    1772633400000000000
    >>> parse_time("14:10", day_of_ns=1772633400000000000) == parse_time("2026-03-04T14:10Z")
    True
    """
    if isinstance(value, bool):
        raise OptionError(f"{value!r} is not a time. Give ISO 8601 text, a datetime or epoch nanoseconds.")
    if isinstance(value, int):
        return value
    if isinstance(value, datetime):
        return _of_datetime(value)
    text = str(value).strip()
    if day_of_ns is not None and _CLOCK.fullmatch(text):
        text = f"{format_time(day_of_ns)[:10]}T{text.zfill(len(text) if text[1:2] != ':' else len(text) + 1)}"
    fraction_ns = 0
    found = _FRACTION.search(text)
    if found:
        fraction_ns = int(found[2].ljust(9, "0"))
        text = text[: found.start()] + found[1] + text[found.end() :]
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        hint = "Give ISO 8601, such as 2026-03-04T14:10Z, a datetime or epoch nanoseconds."
        raise OptionError(f"{value!r} is not a time. {hint}") from None
    return _of_datetime(moment) + fraction_ns


def _of_datetime(moment: datetime | date) -> int:
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001  (made UTC on the next line)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86400 + delta.seconds) * NS + delta.microseconds * 1000


def parse_duration(text: str) -> int:
    """Return nanoseconds of a length such as ``"1h"``, ``"30m"``, ``"1h30m"`` or ``"500 ms"``.

    Raises
    ------
    OptionError
        When the text is no length.

    Examples
    --------
    >>> parse_duration("1h30m") // NS
    5400
    """
    total, at = 0, 0
    while at < len(text):
        found = _DURATION.match(text, at)
        if not found:
            raise OptionError(f"{text!r} is not a length of time. Write it like 90s, 30m, 1h30m or 7d.")
        total += round(float(found[1]) * _UNITS[found[2]])
        at = found.end()
    if not total:
        raise OptionError(f"{text!r} is not a length of time. Write it like 90s, 30m, 1h30m or 7d.")
    return total


def format_time(time_ns: int, *, digits: int = 0) -> str:
    """Return a time as ISO 8601 in UTC, with as many fractional digits as asked for.

    Examples
    --------
    >>> format_time(1772633400123456789, digits=3)
    '2026-03-04T14:10:00.123Z'
    """
    seconds, rest = divmod(time_ns, NS)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    fraction = f".{rest:09d}"[: digits + 1] if digits else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def format_duration(duration_ns: float) -> str:
    """Return a length with three significant digits and the unit that suits it.

    Examples
    --------
    >>> format_duration(2_500_000_000), format_duration(430_000_000), format_duration(1_500)
    ('2.50 s', '430 ms', '1.50 µs')
    """
    size = abs(duration_ns)
    if not size:
        return "0 ns"
    for limit, unit, scale in (
        (1e3, "ns", 1.0),
        (1e6, "µs", 1e3),
        (1e9, "ms", 1e6),
        (120e9, "s", 1e9),
        (7200e9, "min", 60e9),
    ):
        if size < limit:
            return f"{_three(duration_ns / scale)} {unit}"
    return f"{_three(duration_ns / 3600e9)} h"


def _three(number: float) -> str:
    size = abs(number)
    if size >= 100:
        return f"{number:,.0f}"
    return f"{number:.1f}" if size >= 10 else f"{number:.2f}"

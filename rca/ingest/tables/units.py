"""Units as people write them, in UCUM, and the ones that the name of a metric ends in."""

from __future__ import annotations

import re
from collections.abc import Mapping

from rca.ingest.tables.names import normal

__all__ = ["in_unit", "length_ns", "number", "ucum", "unit_in_name"]

_UCUM: Mapping[str, str] = {
    **dict.fromkeys(("ns", "nanoseconds", "nanos"), "ns"),
    **dict.fromkeys(("us", "µs", "microseconds", "micros"), "us"),
    **dict.fromkeys(("ms", "millis", "milliseconds", "msec"), "ms"),
    **dict.fromkeys(("s", "sec", "second", "seconds"), "s"),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "min"),
    **dict.fromkeys(("h", "hour", "hours"), "h"),
    **dict.fromkeys(("d", "day", "days"), "d"),
    **dict.fromkeys(("week", "weeks"), "wk"),
    **dict.fromkeys(("b", "byte", "bytes", "by"), "By"),
    **dict.fromkeys(("kb", "kilobytes"), "kBy"),
    **dict.fromkeys(("mb", "megabytes"), "MBy"),
    **dict.fromkeys(("gb", "gigabytes"), "GBy"),
    **dict.fromkeys(("tb", "terabytes"), "TBy"),
    **dict.fromkeys(("kib", "kibibytes"), "KiBy"),
    **dict.fromkeys(("mib", "mebibytes"), "MiBy"),
    **dict.fromkeys(("gib", "gibibytes"), "GiBy"),
    **dict.fromkeys(("tib", "tebibytes"), "TiBy"),
    **dict.fromkeys(("%", "percent", "pct", "percentage"), "%"),
    **dict.fromkeys(("1", "ratio", "fraction", "none", "count"), "1"),
    **dict.fromkeys(("mc", "millicores", "mcores", "millicpu"), "mCPU"),
    **dict.fromkeys(("celsius", "°c"), "Cel"),
    **dict.fromkeys(("bytes/second", "bytes/s", "by/s", "bps"), "By/s"),
    **dict.fromkeys(("count/second", "rps", "qps", "ops", "1/s", "per_sec", "/s", "req/s", "reqs/s"), "1/s"),
}
_IN_NAME = frozenset((
    "ns", "nanoseconds", "us", "microseconds", "ms", "milliseconds", "millis", "s", "seconds", "minutes", "hours", "bytes", "kb", "mb",
    "gb", "kib", "mib", "gib", "percent", "pct", "ratio", "celsius", "rps", "qps", "millicores",
))  # fmt: skip
_STATISTICS = frozenset(("total", "bucket", "sum", "avg", "max", "min", "mean", "p50", "p90", "p95", "p99", "p999"))
_LENGTHS: Mapping[str, float] = {
    "ns": 1, "us": 1e3, "µs": 1e3, "μs": 1e3, "ms": 1e6, "s": 1e9, "sec": 1e9, "m": 6e10, "min": 6e10, "mins": 6e10,
    "h": 3.6e12, "hour": 3.6e12, "hours": 3.6e12, "d": 8.64e13, "day": 8.64e13, "days": 8.64e13,
}  # fmt: skip
_PREFIXES: Mapping[str, float] = {
    "k": 1e3, "mil": 1e6, "bil": 1e9, "tri": 1e12, "ki": 1024.0, "mi": 1024.0**2, "gi": 1024.0**3,
}  # fmt: skip
_FAMILIES: tuple[Mapping[str, float], ...] = (
    {"s": 1.0, "ns": 1e-9, "us": 1e-6, "ms": 1e-3, "min": 60.0, "h": 3600.0, "d": 86400.0, "wk": 604800.0},
    {"By": 1.0, "kBy": 1e3, "MBy": 1e6, "GBy": 1e9, "TBy": 1e12, "KiBy": 2.0**10, "MiBy": 2.0**20, "GiBy": 2.0**30, "TiBy": 2.0**40},
)  # fmt: skip
"""Units that measure one thing, by how many of the first they are."""
_DECIMAL_COMMA = re.compile(r"[+-]?(?:0,\d+|\d+,(?:\d{1,2}|\d{4,})|\d{1,3}(?:\.\d{3})+,\d+)(?!\d)")
"""A number whose comma can only be a decimal one: what follows is no group of three, or groups are parted by points."""
_TEXT = re.compile(r"([+-]?(?:\d[\d,]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([A-Za-zµμ%°/][A-Za-zµμ%°/²^\d.-]{0,15})?")
_PIECE = re.compile(r"(\d+(?:\.\d+)?)\s*([a-zµμ]+)", re.IGNORECASE)
_MISSING = frozenset(("", "null", "none", "nan", "na", "n/a", "-", "nil", "undefined", "\\n", "<na>", "nat"))
_INFINITY = {"inf": float("inf"), "infinity": float("inf"), "-inf": float("-inf"), "-infinity": float("-inf")}


def ucum(unit: str) -> str:
    """Return a unit in UCUM; what is not known stays as it is.

    Examples
    --------
    >>> ucum("Milliseconds"), ucum("Percent"), ucum("widgets")
    ('ms', '%', 'widgets')
    """
    return _UCUM.get(unit.strip().lower(), unit.strip())


def unit_in_name(name: str) -> str:
    """Return the UCUM unit that a metric's name tells, else ``''``.

    Examples
    --------
    >>> [unit_in_name(name) for name in ("duration_ms", "http_request_duration_seconds_bucket", "CpuUsageRate(%)", "cpu")]
    ['ms', 's', '%', '']
    """
    if "%" in name:
        return "%"
    words = [word for word in normal(name).split("_") if word]
    while len(words) > 1 and words[-1] in _STATISTICS:
        words.pop()
    return ucum(words[-1]) if len(words) > 1 and words[-1] in _IN_NAME else ""


def in_unit(value: float, unit: str, wanted: str) -> tuple[float, str]:
    """Return a value in another unit of what it measures, in the first of its family where none is wanted; else as it is.

    Examples
    --------
    >>> in_unit(12.0, "ms", ""), in_unit(1.5, "s", "ms"), in_unit(3.0, "%", "")
    ((0.012, 's'), (1500.0, 'ms'), (3.0, '%'))
    """
    for family in _FAMILIES:
        if unit in family and (wanted or next(iter(family))) in family:
            target = wanted or next(iter(family))
            return (value if unit == target else float(f"{value * family[unit] / family[target]:.15g}")), target
    return value, unit


def number(text: str) -> tuple[float | None, str] | None:
    """Return the number in a text and the unit written after it; None where it is none, ``(None, "")`` where it is absent.

    Examples
    --------
    >>> number("1,234.5 ms"), number("n/a"), number("45%"), number("high")
    ((1234.5, 'ms'), (None, ''), (45.0, '%'), None)
    >>> number("1,5"), number("1.234,56 s"), number("1,234")
    ((1.5, ''), (1234.56, 's'), (1234.0, ''))
    """
    word = text.strip()
    if word.lower() in _MISSING:
        return None, ""
    if word.lower().lstrip("+") in _INFINITY:
        return _INFINITY[word.lower().lstrip("+")], ""
    if word.lower() in {"true", "false"}:
        return float(word.lower() == "true"), ""
    comma = _DECIMAL_COMMA.match(word)
    if comma:
        word = comma[0].replace(".", "").replace(",", ".") + word[comma.end() :]
    found = _TEXT.fullmatch(word)
    if not found:
        return None
    value, unit = float(found[1].replace(",", "")), found[2] or ""
    if unit.lower() in _PREFIXES:
        return value * _PREFIXES[unit.lower()], ""
    return value, ucum(unit)


def length_ns(text: str, unit: str) -> int | None:
    """Return nanoseconds of a length: a number of `unit`, or text that says its own (``"1.5s"``, ``"00:00:01.2"``, ``"PT1.5S"``).

    Examples
    --------
    >>> length_ns("12.5", "ms"), length_ns("1m30s", "ms"), length_ns("1.5s", ""), length_ns("00:00:01.2", "")
    (12500000, 90000000000, 1500000000, 1200000000)
    """
    word = text.strip()
    try:
        if unit and word[-1:].isdigit() and ":" not in word:
            return _exact(word, unit)
        if word[-1:].isdigit() and ":" in word:
            parts = word.split(":")
            return round(1e9 * sum(float(part) * 60.0**at for at, part in enumerate(reversed(parts))))
    except (ValueError, OverflowError):
        return None
    body = word.upper().removeprefix("PT").lower() if word[:2].upper() == "PT" else word.lower().replace(" ", "")
    pieces = _PIECE.findall(body)
    if not pieces or "".join(number + name for number, name in pieces) != body:
        return None
    if any(name not in _LENGTHS for _, name in pieces):
        return None
    return round(sum(float(amount) * _LENGTHS[name] for amount, name in pieces))


def _exact(word: str, unit: str) -> int | None:
    scale = int(_LENGTHS[unit])
    if word.isdigit():
        value: int = int(word) * scale
    else:
        amount = float(word)
        value = round(amount * scale)
    return value if abs(value) < 1 << 63 else None

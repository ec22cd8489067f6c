"""Single values as senders write them: identifiers, times, enumerations, numbers."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from rca.ingest.semconv import KINDS, STATUSES

__all__ = ["BadRecord", "count_of", "double", "hex_id", "kind_of", "nanoseconds", "number_text", "severity_of", "status_of"]  # fmt: skip

_HEX = re.compile(r"[0-9a-fA-F]+\Z")
_SEVERITIES = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
_MOST = (1 << 63) - 1


class BadRecord(ValueError):  # noqa: N818  (a record that is bad; never reaches a user)
    """One record cannot be understood; its message becomes the reason in the quarantine."""


def hex_id(value: Any, width: int) -> str:
    """Return an identifier as lower-case hex of `width` digits; '' where it is absent or nothing but zeros.

    Hex of any case and shorter hex are taken as hex; other text as base64; bytes as they are.

    Raises
    ------
    BadRecord
        When it is none of these, or too long.

    Examples
    --------
    >>> hex_id("5B8EFFF798038103", 16), hex_id("1f", 16), hex_id("Wmn8F4uo+Dc=", 16), hex_id("0000", 16)
    ('5b8efff798038103', '000000000000001f', '5a69fc178ba8f837', '')
    """
    if not value:
        return ""
    if isinstance(value, bytes):
        text = value.hex()
    elif isinstance(value, str):
        text = value if _HEX.match(value) and len(value) <= width else _from_base64(value, width)
    else:
        raise BadRecord(f"an identifier is {value!r:.60}, neither hex nor base64")
    if len(text) > width:
        raise BadRecord(f"an identifier has {len(text)} hex digits, more than {width}")
    return text.lower().rjust(width, "0") if text.strip("0") else ""


def _from_base64(text: str, width: int) -> str:
    if len(text) == 36 and text.count("-") == 4 and _HEX.match(text.replace("-", "")):
        return text.replace("-", "")
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_" if "-" in text or "_" in text else None, validate=True)  # fmt: skip
    except (binascii.Error, ValueError):
        data = b""
    if len(data) * 2 != width:
        raise BadRecord(f"the identifier {text[:60]!r} is neither {width} hex digits nor base64 of them")
    return data.hex()


def nanoseconds(value: Any) -> int | None:
    """Return a time in nanoseconds given as a number or as text; None where it is absent or 0.

    Raises
    ------
    BadRecord
        When it is no whole number, negative, or does not fit 64 bits.

    Examples
    --------
    >>> nanoseconds("1544712660300000000"), nanoseconds(0), nanoseconds(None)
    (1544712660300000000, None, None)
    """
    if value is None or value == "":
        return None
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        try:
            number = int(float(value))
        except (TypeError, ValueError, OverflowError):
            raise BadRecord(f"the time {str(value)[:60]!r} is no whole number of nanoseconds") from None
    if not 0 <= number <= _MOST:
        raise BadRecord(f"the time {number} does not fit nanoseconds in 64 bits")
    return number or None


def count_of(value: Any) -> int | None:
    """Return a 64-bit count given as a number or as text; None where it is absent.

    Raises
    ------
    BadRecord
        When it is no whole number or does not fit 64 bits.
    """
    if value is None or value == "":
        return None
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        raise BadRecord(f"{str(value)[:60]!r} is no whole number") from None
    if not -_MOST - 1 <= number <= _MOST:
        raise BadRecord(f"{number} does not fit 64 bits")
    return number


def double(value: Any) -> float | None:
    """Return a floating point number given as a number or as text such as "NaN"; None where it is absent.

    Raises
    ------
    BadRecord
        When it is no number.
    """
    if value is None or value == "":
        return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise BadRecord(f"{str(value)[:60]!r} is no number") from None


def number_text(value: float) -> str:
    """Return a number as text with every digit it has, and no more.

    Examples
    --------
    >>> number_text(0.1), number_text(True), number_text(12345678901234567890), number_text(2.0)
    ('0.1', 'true', '12345678901234567890', '2.0')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)


def kind_of(value: Any) -> int:
    """Return the number of a span kind given as a number or by any of its spellings.

    Raises
    ------
    BadRecord
        When there is no such kind.

    Examples
    --------
    >>> kind_of(2), kind_of("SPAN_KIND_SERVER"), kind_of("Server"), kind_of(None)
    (2, 2, 2, 0)
    """
    return _member(value, "SPAN_KIND_", KINDS, "span kind")


def status_of(value: Any) -> int:
    """Return the number of a status code given as a number or by any of its spellings.

    Raises
    ------
    BadRecord
        When there is no such status.
    """
    return _member(value, "STATUS_CODE_", STATUSES, "status code")


def _member(value: Any, prefix: str, names: tuple[str, ...], what: str) -> int:
    if value is None or value == "":
        return 0
    if isinstance(value, str):
        name = value.upper().removeprefix(prefix)
        if name in names:
            return names.index(name)
        if not name.isdecimal():
            raise BadRecord(f"there is no {what} {value[:60]!r}")
        value = int(name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise BadRecord(f"there is no {what} {value!r:.60}")
    return value if value < len(names) else 0


def severity_of(value: Any) -> int:
    """Return an OpenTelemetry severity number given as a number or as ``SEVERITY_NUMBER_WARN2``; 0 where it is absent.

    Raises
    ------
    BadRecord
        When there is no such severity.

    Examples
    --------
    >>> severity_of(9), severity_of("SEVERITY_NUMBER_WARN2"), severity_of(None)
    (9, 14, 0)
    """
    if value is None or value == "":
        return 0
    if isinstance(value, str):
        name = value.upper().removeprefix("SEVERITY_NUMBER_")
        if name.isdecimal():
            value = int(name)
        elif name == "UNSPECIFIED":
            return 0
        else:
            word, step = name.rstrip("1234"), name[len(name.rstrip("1234")) :] or "1"
            if word not in _SEVERITIES or len(step) > 1:
                raise BadRecord(f"there is no severity {value[:60]!r}")
            return 4 * _SEVERITIES.index(word) + int(step)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 24:
        raise BadRecord(f"there is no severity {value!r:.60}")
    return value

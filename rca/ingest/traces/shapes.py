"""What the readers of tracers' JSON share: going through records, and texts of values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import orjson

from rca.ingest.contract import Sink
from rca.ingest.exact import Broken, text_of, values
from rca.ingest.source import Source
from rca.ingest.spans import SpanRows
from rca.ingest.values import BadRecord

__all__ = ["each_record", "excerpt", "guarded", "micro", "texts", "truthy"]

_MOST = (1 << 63) - 1


def each_record(source: Source, sink: Sink, rows: SpanRows, take: Callable[[Any], None]) -> None:
    """Give every JSON value of an input to `take`; what is no JSON, or raises, goes to the quarantine."""
    for item in values(source):
        if isinstance(item, Broken):
            sink.quarantine(item.reason, item.excerpt, item.offset)
            continue
        guarded(sink, take, item.value, item.offset)
        rows.flush_if_full()
    rows.flush()


def guarded(sink: Sink, take: Callable[[Any], None], record: Any, offset: int | None = None) -> None:
    """Call `take` with a record; a record that it cannot understand goes to the quarantine."""
    try:
        take(record)
    except BadRecord as error:
        sink.quarantine(str(error), excerpt(record), offset)
    except (AttributeError, TypeError, ValueError, KeyError, IndexError, OverflowError) as error:
        sink.quarantine(f"not the shape of its format ({type(error).__name__}: {error})", excerpt(record), offset)


def excerpt(record: Any) -> bytes:
    """Return the beginning of a record as JSON."""
    try:
        return orjson.dumps(record, default=str, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_SUBCLASS)[:400]
    except (TypeError, orjson.JSONEncodeError):
        return repr(record)[:400].encode("utf-8", "replace")


def micro(value: Any, *, scale: int = 1_000) -> int | None:
    """Return nanoseconds of a number of microseconds (or of `scale` nanoseconds), exactly; None where it is absent.

    Raises
    ------
    BadRecord
        When it is no number, or does not fit 64 bits.

    Examples
    --------
    >>> micro("1485467191639875"), micro("0.5"), micro(None), micro("1478293361.271", scale=1_000_000_000)
    (1485467191639875000, 500, None, 1478293361271000000)
    """
    if value is None or value == "":
        return None
    try:
        number = Decimal(str(value)) * scale
        fits = abs(number) <= _MOST  # asked before there is an integer: 1e99999999 has a hundred million digits
    except (ArithmeticError, ValueError):
        raise BadRecord(f"the time {str(value)[:60]!r} is no number") from None
    if not fits:
        raise BadRecord(f"the time {str(value)[:60]} does not fit nanoseconds in 64 bits")
    return int(number)


def texts(attributes: Any) -> dict[str, str]:
    """Return a map of anything as a map of texts."""
    if not attributes:
        return {}
    if not isinstance(attributes, Mapping):
        raise BadRecord(f"attributes are {str(attributes)[:60]!r}, no object")
    return {str(key): text_of(value) for key, value in attributes.items()}


def truthy(value: Any) -> bool:
    """Say whether a value is true, given as JSON or as text."""
    return value is True or str(value).lower() in ("true", "1", "yes")

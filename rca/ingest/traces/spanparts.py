"""What the shapes of back ends share: how a document is known, and its parts as a span has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rca.ingest.clock import Clock
from rca.ingest.exact import text_of
from rca.ingest.tables.span_ids import Span
from rca.ingest.traces.shapes import micro
from rca.ingest.values import BadRecord

__all__ = ["CLIENT", "CONSUMER", "INTERNAL", "PRODUCER", "SERVER", "Knows", "kind_named", "known_by", "length", "moment", "plain", "tags"]  # fmt: skip

INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER = 1, 2, 3, 4, 5
_KINDS = {"internal": INTERNAL, "server": SERVER, "client": CLIENT, "producer": PRODUCER, "consumer": CONSUMER,
          "local": INTERNAL, "entry": SERVER, "exit": CLIENT}  # fmt: skip

Knows = Callable[[dict[str, Any]], bool]
Convert = Callable[[dict[str, Any], Clock], list[Span] | None]


def known_by(test: Knows) -> Callable[[Convert], Convert]:
    """Give a shape the test that tells its documents from others."""

    def mark(shape: Convert) -> Convert:
        shape.knows = test  # type: ignore[attr-defined]
        return shape

    return mark


def kind_named(text: Any) -> int:
    """Return the number of a kind by any of its spellings; 0 where it is none.

    Examples
    --------
    >>> kind_named("SPAN_KIND_SERVER"), kind_named("RPC_CLIENT"), kind_named("Exit"), kind_named(None)
    (2, 3, 3, 0)
    """
    return _KINDS.get(str(text or "").lower().removeprefix("span_kind_").removeprefix("rpc_"), 0)


def moment(clock: Clock, value: Any) -> int | None:
    """Return a time in nanoseconds; None where it is absent.

    Raises
    ------
    BadRecord
        When it is no time.
    """
    if value is None or value == "":
        return None
    found = clock.read(value)
    if found is None:
        raise BadRecord(f"the time {str(value)[:60]!r} cannot be read")
    return found


def length(start: int | None, end: int | None, given: Any = None, *, scale: int = 1) -> int | None:
    """Return a length in nanoseconds: as given, in units of `scale`, else from start to end."""
    found = micro(given, scale=scale)
    if found is not None:
        return found
    return None if start is None or end is None else end - start


def plain(fields: Mapping[str, Any], *used: str) -> dict[str, str]:
    """Return fields as texts, without those that say nothing and those that were used."""
    return {
        key: text_of(value)
        for key, value in fields.items()
        if value is not None and value not in ("", [], {}) and key not in used
    }


def tags(items: Iterable[Any] | None) -> dict[str, str]:
    """Return a list of keys with values as a map.

    Examples
    --------
    >>> tags([{"key": "url", "value": "/"}, {"key": "n", "value": {"intValue": "3"}}])
    {'url': '/', 'n': '3'}
    """
    found: dict[str, str] = {}
    for item in items or ():
        value = item.get("value")
        if isinstance(value, dict) and len(value) == 1:
            value = next(iter(value.values()))
        found[str(item["key"])] = text_of(value)
    return found

"""A format out of what one tool's JSON looks like: a record as it is known, and the rows that it makes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from rca.ingest.changes.record import BadChange
from rca.ingest.clock import Clock
from rca.ingest.contract import NO, Context, Format, Guess, Sample, Sink
from rca.ingest.exact import Broken, flatten, peek, text_of, values
from rca.ingest.source import Source
from rca.ingest.tables.unwrap import Inner, tables_in

__all__ = ["Envelope", "Made", "change_format", "person", "rest"]

Envelope = Mapping[str, Any]
"""Plain fields of the objects around a record; ``file`` is the name of the file."""

Made = tuple[str, dict[str, Any]]
"""A table and one row of it."""


def change_format(
    name: str,
    title: str,
    *,
    knows: Callable[[Mapping[str, Any]], bool],
    rows: Callable[[dict[str, Any], Envelope, Clock], Iterable[Made]],
    unit: str = "",
    tables: tuple[str, ...] = ("changes",),
    score: float = 0.9,
    marks: tuple[str, ...] = (),
) -> Format:
    """Return a format for records of one tool, alone, in a list, in lines, or in a list inside a document.

    Parameters
    ----------
    knows
        Whether an object is a record of the tool.
    rows
        The rows that a record makes; raises :class:`BadChange` where it is none.
    unit
        Unit of bare numbers that are times.
    marks
        Keys without which a file holds no record of the tool.
    """

    def sniff(sample: Sample) -> Guess:
        if not sample.looks_json or not sample.has(*marks):
            return NO
        found = [bool(record) for document in peek(sample)[:20] for record, _ in _records(document, knows, sample.name)]
        return Guess(score, f"records as {title} writes them") if found and all(found) else NO

    def read(source: Source, sink: Sink) -> None:
        clock = Clock(sink.context, unit=unit)
        waiting = _Waiting(sink)
        for item in values(source):
            if isinstance(item, Broken):
                waiting.quarantine(item.reason, item.excerpt, item.offset)
                continue
            found = list(_records(item.value, knows, source.name))
            if not found and not isinstance(item.value, dict):
                waiting.quarantine(f"no record of {title}", text_of(item.value), item.offset)
            for record, envelope in found:
                if record is None:
                    waiting.quarantine(f"no record of {title}", text_of(envelope), item.offset)
                    continue
                try:
                    waiting.take(_served(made, sink.context) for made in rows(record, envelope, clock))
                except BadChange as error:
                    waiting.quarantine(str(error), text_of(record), item.offset)
        waiting.flush()

    return Format(name, title, tables, sniff, read)


def _served(made: Made, context: Context) -> Made:
    if not made[1].get("service_name") and context.service_name:
        return made[0], {**made[1], "service_name": context.service_name}
    return made


def _records(
    document: Any, knows: Callable[[Mapping[str, Any]], bool], file: str
) -> Iterator[tuple[dict[str, Any] | None, Envelope]]:
    """Yield the records of a document with what stands around them; None for an object that should be one and is not."""
    if not isinstance(document, dict):
        return
    if knows(document):
        yield document, {"file": file}
        return
    tables = list(tables_in(document))
    found = [(row, inner.envelope) for inner in tables if any(knows(row) for row in inner.rows) for row in inner.rows]
    found = found or list(_nested(document, tables, knows))
    for row, around in found:
        yield (row, {**around, "file": file}) if knows(row) else (None, row)
    if not found and not _empty_list(document):
        yield None, document


def _nested(
    document: Mapping[str, Any], tables: Iterable[Inner], knows: Callable[[Mapping[str, Any]], bool]
) -> Iterator[tuple[dict[str, Any], Envelope]]:
    """Yield the one record that an answer is about, or those in lists within the elements of a list."""
    for value in document.values():
        if isinstance(value, dict) and knows(value):
            yield value, {}
    for outer in tables:
        for row in outer.rows:
            for inner in tables_in(row):
                yield from ((one, {**outer.envelope, **inner.envelope}) for one in inner.rows if knows(one))


def _empty_list(document: Mapping[str, Any]) -> bool:
    return any(isinstance(value, list) and not value for value in document.values())


class _Waiting:
    """Rows kept until a block of one table ends, so that the order of records holds."""

    def __init__(self, sink: Sink) -> None:
        self._sink, self._rows, self._table = sink, list[dict[str, Any]](), ""

    def take(self, made: Iterable[Made]) -> None:
        for table, row in list(made):
            if table != self._table or len(self._rows) >= 5_000:
                self.flush()
            self._table = table
            self._rows.append(row)

    def quarantine(self, reason: str, excerpt: str, offset: int) -> None:
        self.flush()
        self._sink.quarantine(reason, excerpt, offset)

    def flush(self) -> None:
        if self._rows:
            self._sink.records(self._table, self._rows)
        self._rows = []


def person(value: Any) -> str:
    """Return the name of who did something: text, or the first that an object of a person has.

    Examples
    --------
    >>> person({"id": 1, "login": "ann"}), person("bo"), person(None)
    ('ann', 'bo', '')
    """
    if isinstance(value, dict):
        keys = ("login", "username", "name", "displayName", "display_name", "email", "user", "summary", "_id", "id")
        return next((text_of(value[key]) for key in keys if value.get(key)), "")
    return text_of(value)


def rest(record: Mapping[str, Any], *used: str) -> dict[str, str]:
    """Return what is left of a record as attributes: objects opened, the keys in `used` left out.

    Examples
    --------
    >>> rest({"a": {"b": "1", "c": "2"}, "d": None}, "a.b")
    {'a.c': '2'}
    """
    flat = flatten(dict(record))
    return {
        key: text_of(value)
        for key, value in flat.items()
        if value is not None
        and value != ""
        and key not in used
        and not any(key.startswith(f"{name}.") for name in used)
    }

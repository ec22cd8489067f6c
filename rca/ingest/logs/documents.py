"""Logs that are one JSON document: answers of Loki, CloudWatch, Elasticsearch and others, arrays, pretty-printed objects."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import orjson

from rca.errors import FormatError
from rca.ingest.answers import empty_answer, hit, records_of
from rca.ingest.contract import Sink
from rca.ingest.logs.envelopes import inner_row
from rca.ingest.logs.jsonrows import object_row
from rca.ingest.logs.reader import Batch, LineReader
from rca.ingest.logs.rows import Row
from rca.ingest.source import Source

__all__ = ["read_document"]

_BATCH = 20_000


def read_document(source: Source, sink: Sink) -> None:
    """Read a file of one or several JSON documents.

    Raises
    ------
    FormatError
        When no document is valid JSON.
    """
    reader = LineReader(source, sink)
    data = source.read_all().removeprefix(b"\xef\xbb\xbf")
    batch, count = Batch(), itertools.count()
    for raw in _documents(data, source.path, sink):
        for row in _rows(raw, count):
            batch.add(row)
            if len(batch.rows) >= _BATCH:
                reader.emit(batch)
                batch = Batch()
    reader.emit(batch)
    reader.miner.finish(sink)


def _documents(data: bytes, path: str, sink: Sink) -> Iterator[bytes]:
    try:
        orjson.loads(data)
    except orjson.JSONDecodeError as error:
        problem = error
    else:
        yield data
        return
    text, at, decoder = data.decode("utf-8", "replace"), 0, json.JSONDecoder()
    found = False
    while at < len(text):
        while at < len(text) and text[at] in " \t\r\n,\x1e":
            at += 1
        if at >= len(text):
            return
        try:
            _, end = decoder.raw_decode(text, at)
        except (json.JSONDecodeError, RecursionError):
            if not found:
                raise FormatError(f"{path} looks like JSON but is not valid: {problem}.") from None
            rest = text[at:].encode("utf-8", "replace")
            sink.quarantine("not valid JSON from here on", rest[:1000], len(data) - len(rest))
            return
        found = True
        document = text[at:end].encode("utf-8", "surrogatepass")
        at = end
        try:  # the decoder that finds the end takes NaN and 1e999, which JSON has not
            orjson.loads(document)
        except orjson.JSONDecodeError as error:
            sink.quarantine(f"not valid JSON: {error}", document[:1000])
        else:
            yield document


def _rows(raw: bytes, count: Iterator[int]) -> Iterator[Row]:
    value = orjson.loads(raw)
    found = records_of(value)
    if isinstance(value, dict) and not found:
        number = next(count)
        if not (number and empty_answer(value)):  # the last page of a search has nothing on it
            yield object_row(raw, value, number)
    for item in found:
        yield from _of_item(item, value, count)


def _of_item(item: Any, whole: Any, count: Iterator[int]) -> Iterator[Row]:
    if isinstance(item, list):
        fields = {str(cell.get("field")): cell.get("value") for cell in item if isinstance(cell, dict)}
        yield _object({key: text for key, text in fields.items() if text is not None}, next(count))
        return
    if item.keys() == {"map"}:  # Sumo Logic's
        item = hit(item)
    if isinstance(item.get("values"), list) and isinstance(item.get("stream"), dict):
        yield from _loki(item, count)
        return
    row = _object(item, next(count))
    if isinstance(whole, dict):
        for key in ("logGroup", "logGroupName", "logStream", "logStreamName"):
            if isinstance(whole.get(key), str):
                row.keep(key, whole[key])
    yield row


def _object(value: dict[str, Any], line: int) -> Row:
    return object_row(orjson.dumps(value), value, line)


def _loki(stream: dict[str, Any], count: Iterator[int]) -> Iterator[Row]:
    for entry in stream["values"]:
        row = Row(next(count), time=str(entry[0]) + "ns" if str(entry[0]).isdigit() else str(entry[0]))
        labels = dict(stream["stream"])
        for more in entry[2:]:
            if isinstance(more, dict):
                labels |= more.get("structuredMetadata", more)
        envelope = object_row(orjson.dumps(labels), labels, row.line)
        envelope.time, envelope.body = row.time, ""
        yield inner_row(str(entry[1]), envelope)

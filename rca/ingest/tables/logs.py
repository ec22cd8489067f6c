"""Logs and summaries of log patterns in tables; records go through the log reader's own pipeline."""

from __future__ import annotations

import orjson

from rca.ingest.clock import Clock
from rca.ingest.contract import Sink
from rca.ingest.exact import flatten, text_of
from rca.ingest.logs.jsonrows import object_row
from rca.ingest.logs.reader import Batch as LogBatch
from rca.ingest.logs.reader import LineReader
from rca.ingest.source import Source
from rca.ingest.tables.batch import Batch
from rca.ingest.tables.layout import Layout
from rca.ingest.tables.names import CHANGE, LOG, find

__all__ = ["LogTable", "PatternTable"]


class LogTable:
    """One log record a row; which column is time, level, message or id follows the rules for JSON logs."""

    def __init__(self, source: Source, sink: Sink) -> None:
        self._reader, self._sink, self._count = LineReader(source, sink), sink, 0

    def add(self, batch: Batch) -> None:
        """Take a batch of rows."""
        rows = LogBatch()
        for record in batch.records:
            texts = {name: str(text_of(value)) for name, value in flatten(record).items() if value is not None}
            rows.add(object_row(orjson.dumps(texts), dict(texts), self._count))
            self._count += 1
        self._reader.emit(rows)

    def finish(self) -> None:
        """Settle the templates."""
        self._reader.miner.finish(self._sink)


class PatternTable:
    """Patterns of messages with how often each was seen: a log record that stands for many, and says so.

    The count stays an attribute: the records that were counted may be in the store too.
    """

    def __init__(self, layout: Layout, sink: Sink) -> None:
        self._signature, self._sink = layout.fields["signature"], sink
        self._clock = Clock(sink.context)

    def add(self, batch: Batch) -> None:
        """Take a batch of rows."""
        rows = []
        for record in batch.records:
            flat = dict(flatten(record))
            text = text_of(flat.pop(self._signature, None))
            service = find(flat, LOG["service"])
            time = find(
                flat, ("first_seen", "timestamp", "time", "first_seen_at", "last_seen", *CHANGE["time"][:3]), unit=True
            )
            attributes = {"rca.source": "pattern_summary"}
            rows.append(
                {
                    "body": text,
                    "template": text,
                    "service_name": text_of(flat.pop(service)) if service else self._sink.context.service_name,
                    "time_ns": self._clock.read(flat.get(time)) if time else None,
                    "attributes": attributes
                    | {key: text_of(value) for key, value in flat.items() if value is not None},
                }
            )
        self._sink.records("logs", rows)

    def finish(self) -> None:
        """Nothing is held back."""

"""Bodies of the bulk API of Elasticsearch and OpenSearch: a line that says what to do, then, but for deletions, the document."""

from __future__ import annotations

from typing import Any

from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.exact import Broken, text_of, values
from rca.ingest.source import Source
from rca.ingest.tables.batch import Batch
from rca.ingest.tables.logs import LogTable

__all__ = ["BULK"]

_ACTIONS = frozenset(("index", "create", "update", "delete"))
_TARGET = frozenset(
    (
        "_index",
        "_id",
        "_type",
        "routing",
        "pipeline",
        "require_alias",
        "op_type",
        "version",
        "version_type",
        "retry_on_conflict",
    )
)
_OWN = ("_index", "_id")
_BATCH = 5_000


def _action(record: Any) -> tuple[str, dict[str, Any]] | None:
    """Return what a line says to do and where, or None where it is a document."""
    if not isinstance(record, dict) or len(record) != 1:
        return None
    (name, target), *_ = record.items()
    return (name, target) if name in _ACTIONS and isinstance(target, dict) and target.keys() <= _TARGET else None


def _sniff(sample: Sample) -> Guess:
    first = sample.records[:2]
    said = _action(first[0]) if first and sample.lines[0].lstrip().startswith("{") else None
    return (
        Guess(0.95, "actions of the bulk API before documents")
        if said and (len(first) > 1 or said[0] == "delete")
        else NO
    )


def _read(source: Source, sink: Sink) -> None:
    logs, rows = LogTable(source, sink), list[dict[str, Any]]()
    said: tuple[str, dict[str, Any]] | None = None
    for item in values(source):
        value = None if isinstance(item, Broken) else item.value
        action = _action(value) if said is None else None
        if action is not None:
            said = action if action[0] != "delete" else None
            continue
        if isinstance(value, dict):
            inner = value.get("doc") if said and said[0] == "update" else None
            target: dict[str, Any] = {key: text for key, text in said[1].items() if key in _OWN} if said else {}
            rows.append({**(inner if isinstance(inner, dict) else value), **target})
        if len(rows) >= _BATCH or not isinstance(value, dict):
            logs.add(Batch(None, rows=rows))
            rows = []
        if not isinstance(value, dict):
            sink.quarantine(
                *((item.reason, item.excerpt) if isinstance(item, Broken) else ("no document", text_of(value))),
                item.offset,
            )
        said = None
    logs.add(Batch(None, rows=rows))
    logs.finish()


BULK = Format("elastic-bulk", "bodies of Elasticsearch's bulk API with log records", ("logs",), _sniff, _read)

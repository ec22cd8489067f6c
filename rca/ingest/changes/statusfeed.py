"""Status pages of providers: their incidents and what they said of them, as changes of kind ``incident``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rca.ingest.clock import Clock
from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.exact import Broken, Value, flatten, peek, text_of, values
from rca.ingest.source import Source
from rca.ingest.tables.batch import Batch, Builder
from rca.ingest.tables.build import builder_of
from rca.ingest.tables.layout import decide
from rca.ingest.tables.names import find
from rca.ingest.tables.unwrap import tables_in

__all__ = ["STATUS_FEED"]

_INCIDENTS = (
    "incidents",
    "scheduled_maintenances",
    "maintenances",
    "outages",
    "open_incidents",
    "history",
    "events",
    "updates",
)
_TIME = (
    "started_at",
    "start",
    "start_time",
    "begin",
    "timestamp",
    "time",
    "created_at",
    "date",
    "at",
    "published_at",
    "created",
    "updated_at",
)
_END = ("resolved_at", "ended_at", "end", "end_time", "finished_at", "closed_at", "scheduled_until")
_TITLE = ("name", "title", "summary", "detail", "headline", "external_desc", "message", "description", "body", "text")
_AROUND = ("provider", "vendor", "page", "component", "source", "service", "status_page", "region")
_URL = ("shortlink", "url", "link", "uri")


def _lists(document: Any) -> dict[str, list[dict[str, Any]]]:
    if not isinstance(document, dict):
        return {}
    found = {key: document[key] for key in _INCIDENTS if isinstance(document.get(key), list)}
    return {key: [row for row in rows if isinstance(row, dict)] for key, rows in found.items()}


def _is_feed(document: Any) -> bool:
    if not isinstance(document, dict) or not any(
        key in document for key in ("provider", "vendor", "page", "component", "components", "status_page", "source")
    ):
        return False
    rows = [row for rows in _lists(document).values() for row in rows]
    stated = [row for row in rows if "status" in row or "impact" in row or "severity" in row or "state" in row]
    listed = "components" in document and bool(_lists(document))
    return (bool(rows) and 2 * len(stated) >= len(rows)) or (listed and not rows)


def _is_entry(document: Any) -> bool:
    """Say whether one object is all that a provider said: who, how it is, and when."""
    if not isinstance(document, dict) or not any(document.get(key) for key in ("provider", "vendor", "status_page")):
        return False
    stated = any(isinstance(document.get(key), str) for key in ("status", "impact", "state"))
    return stated and find(document, _TIME) is not None and find(document, _TITLE) is not None


def _sniff(sample: Sample) -> Guess:
    documents = peek(sample)
    known = bool(documents) and all(_is_feed(document) or _is_entry(document) for document in documents)
    return Guess(0.9, "incidents or events of a status page") if known else NO


def _read(source: Source, sink: Sink) -> None:
    clock, builders = Clock(sink.context), dict[str, Builder]()
    for item in values(source):
        if isinstance(item, Value) and not _is_feed(item.value) and _is_entry(item.value):
            sink.records("changes", [_incident(item.value, {}, clock)])
            continue
        if isinstance(item, Broken) or not _is_feed(item.value):
            excerpt = item.excerpt if isinstance(item, Broken) else text_of(item.value)
            sink.quarantine(item.reason if isinstance(item, Broken) else "no status feed", excerpt, item.offset)
            continue
        around = _around(item.value)
        for rows in _lists(item.value).values():
            for row in rows:
                sink.records("changes", [_incident(row, around, clock)])
        taken = (*_lists(item.value), "components")
        for inner in tables_in({key: value for key, value in item.value.items() if key not in taken}):
            # A feed's own measurements; their subject is the provider, no service of ours.
            layout = decide(list(inner.rows[0]), inner.rows, inner.name)
            if layout.kind in {"points", "wide"}:
                builder = builders.get(inner.name) or builder_of(layout, source, sink, inner.rows[0])
                builders[inner.name] = builder
                provider = {"provider": around["provider"]} if around.get("provider") else {}
                builder.add(Batch([item.offset] * len(inner.rows), rows=[{**row, **provider} for row in inner.rows]))
            else:
                for row in inner.rows:
                    sink.quarantine(f"a record of the list {inner.name!r} of a status feed", text_of(row), item.offset)
    for builder in builders.values():
        builder.finish()


def _around(document: Mapping[str, Any]) -> dict[str, str]:
    found = {key: document[key] for key in (*_AROUND, "components") if document.get(key)}
    page = found.get("page")
    if isinstance(page, dict) and page.get("name"):
        found.setdefault("provider", page["name"])
    return {key: text_of(value) for key, value in flatten(found).items()}


def _incident(row: Mapping[str, Any], around: Mapping[str, str], clock: Clock) -> dict[str, Any]:
    left = {key: value for key, value in row.items() if value is not None and value != ""}
    time, end = find(left, _TIME), find(left, _END)
    title, url = find(left, _TITLE), find(left, _URL)
    change = {
        "kind": "incident",
        "time_ns": clock.read(left.pop(time)) if time else None,
        "end_ns": clock.read(left.pop(end)) if end else None,
        "title": text_of(left.pop(title)) if title else "",
        "url": text_of(left.pop(url)) if url else "",
    }
    affected = left.get("components")
    if isinstance(affected, list):
        names = [text_of(part.get("name")) if isinstance(part, dict) else text_of(part) for part in affected]
        left["component"] = left.get("component") or ", ".join(name for name in names if name)
    attributes = {
        "rca.source": "status_feed",
        **around,
        **{key: text_of(value) for key, value in flatten(left).items()},
    }
    return {**change, "attributes": attributes}


STATUS_FEED = Format("status-feed", "status pages of providers", ("changes", "metrics"), _sniff, _read)

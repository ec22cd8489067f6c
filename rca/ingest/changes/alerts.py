"""Alerts of Alertmanager, Prometheus and Grafana's unified alerting, as changes of kind ``incident``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rca.ingest.changes.documents import Envelope, Made, change_format, rest
from rca.ingest.clock import Clock
from rca.ingest.exact import text_of
from rca.ingest.metrics.series import service_of

__all__ = ["ALERTMANAGER"]


def _knows(record: Mapping[str, Any]) -> bool:
    return isinstance(record.get("labels"), dict) and ("startsAt" in record or "activeAt" in record)


def _rows(record: dict[str, Any], _around: Envelope, clock: Clock) -> Iterator[Made]:
    labels = {str(key): text_of(value) for key, value in record["labels"].items()}
    notes = record.get("annotations") if isinstance(record.get("annotations"), dict) else {}
    name = labels.get("alertname", "")
    end = text_of(record.get("endsAt"))
    service = service_of(labels)
    attributes = rest(record, "labels", "startsAt", "annotations.summary", "generatorURL")
    for key in ("value", "metric", "threshold", "severity"):
        if labels.get(key):
            attributes.setdefault(key, labels[key])
    if record.get("value"):
        attributes["observed"] = text_of(record["value"])
    row = {
        "kind": "incident",
        "time_ns": clock.read(record.get("startsAt") or record.get("activeAt")),
        "end_ns": clock.read(end) if end and not end.startswith("0001-") else None,
        "service_name": service,
        "title": text_of((notes or {}).get("summary") or (notes or {}).get("description")) or name,
        "url": text_of(record.get("generatorURL")),
        "attributes": attributes | {f"labels.{key}": value for key, value in labels.items()},
    }
    yield "changes", row


ALERTMANAGER = change_format("alertmanager", "alerts of Alertmanager and Prometheus", knows=_knows, rows=_rows)

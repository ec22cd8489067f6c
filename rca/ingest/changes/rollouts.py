"""Histories of rollouts: ``helm history`` and ``helm list`` as JSON or text, ``kubectl rollout history`` as text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rca.ingest.changes.documents import Envelope, Made, change_format, rest
from rca.ingest.clock import Clock
from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.exact import text_of
from rca.ingest.source import Source
from rca.ingest.tables.names import normal

__all__ = ["HELM", "ROLLOUT_TEXT"]

_CHART = re.compile(r"(.+?)-v?\d+\.\d+.*")
_HELM_HEAD = re.compile(r"(?:NAME\s+NAMESPACE\s+)?REVISION\s+UPDATED\s+STATUS\s+CHART.*")
_KUBECTL_HEAD = re.compile(r"REVISION\s+CHANGE-CAUSE\s*")
_TARGET = re.compile(
    r"(?:deployment|statefulset|daemonset)(?:\.apps|\.extensions)?[/ ]\"?([\w.\-]+)\"?.*", re.IGNORECASE
)
_IMAGE = re.compile(r"=(?:\S*/)?[\w.\-]+:([\w.\-]+)")
_HELM_ZONE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?) ([+-]\d{4}) [A-Z]{2,5}$")


def _knows(record: Mapping[str, Any]) -> bool:
    return {"revision", "updated", "chart"} <= record.keys()


def _rows(record: dict[str, Any], around: Envelope, clock: Clock) -> Iterator[Made]:
    yield "changes", _release(record, text_of(around.get("release")), clock)


def _release(record: Mapping[str, Any], name: str, clock: Clock) -> dict[str, Any]:
    chart = text_of(record.get("chart"))
    found = _CHART.fullmatch(chart)
    description = text_of(record.get("description"))
    updated = _HELM_ZONE.sub(r"\1 \2", text_of(record.get("updated")).strip())
    return {
        "kind": "rollback" if description.lower().startswith("rollback") else "deploy",
        "time_ns": clock.read(updated),
        "service_name": text_of(record.get("name")) or name or (found[1] if found else chart),
        "service_version": text_of(record.get("app_version")),
        "title": description or f"revision {text_of(record.get('revision'))} of {chart}",
        "attributes": rest(record, "app_version", "description", "name", "revision")
        | {"rollout.revision": text_of(record.get("revision"))},
    }


def _sniff(sample: Sample) -> Guess:
    head = sample.lines[:5]
    if any(_HELM_HEAD.fullmatch(line.strip()) for line in head):
        return Guess(0.9, "the columns of helm history")
    return (
        Guess(0.9, "the columns of kubectl rollout history")
        if any(_KUBECTL_HEAD.fullmatch(line.strip()) for line in head)
        else NO
    )


def _read(source: Source, sink: Sink) -> None:
    clock, names, target = Clock(sink.context), list[str](), ""
    for line in source.lines():
        text = line.data.decode("utf-8", "replace").strip()
        if not text:
            continue
        if _HELM_HEAD.fullmatch(text) or _KUBECTL_HEAD.fullmatch(text):
            names = [normal(cell) for cell in _cells(text)]
            continue
        found = _TARGET.fullmatch(text)
        if found and not text[0].isdigit():
            target, names = found[1], []
            continue
        cells = _cells(text, len(names))
        if not names or len(cells) < 2:
            sink.quarantine("no row of a history of rollouts", text, line.offset)
        elif "change_cause" in names:
            cause = "" if cells[1] == "<none>" else cells[1]
            image = _IMAGE.search(cause)
            row = {"kind": "deploy", "service_name": target or sink.context.service_name, "title": cause or f"revision {cells[0]} of {target}",
                   "service_version": image[1] if image else "", "attributes": {"rollout.revision": cells[0]}}  # fmt: skip
            sink.records("changes", [row])
        else:
            sink.records("changes", [_release(dict(zip(names, cells, strict=False)), sink.context.service_name, clock)])


def _cells(text: str, most: int = 0) -> list[str]:
    """Split a row at its tabs, or where it has none at wide gaps."""
    cells = text.split("\t") if "\t" in text else re.split(r" {2,}", text, maxsplit=max(0, most - 1))
    return [cell.strip() for cell in cells]


HELM = change_format("helm", "Helm's history and list", knows=_knows, rows=_rows)
ROLLOUT_TEXT = Format(
    "rollout-history", "helm history and kubectl rollout history as text", ("changes",), _sniff, _read
)

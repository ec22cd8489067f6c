"""Argo CD: applications with their history of syncs, or the history alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rca.ingest.changes.documents import Envelope, Made, change_format, person, rest
from rca.ingest.clock import Clock
from rca.ingest.exact import text_of

__all__ = ["ARGOCD"]


def _is_sync(record: Mapping[str, Any]) -> bool:
    return "deployedAt" in record and ("revision" in record or "revisions" in record)


def _knows(record: Mapping[str, Any]) -> bool:
    status = record.get("status")
    return _is_sync(record) or (
        isinstance(status, dict) and isinstance(status.get("history"), list) and any(map(_is_sync, status["history"]))
    )


def _rows(record: dict[str, Any], around: Envelope, clock: Clock) -> Iterator[Made]:
    if _is_sync(record):
        yield "changes", _sync(record, text_of(around.get("name") or around.get("application")), "", clock)
        return
    meta = record.get("metadata") if isinstance(record.get("metadata"), dict) else {}
    name, before = text_of((meta or {}).get("name")), ""
    operation = record["status"].get("operationState")
    for entry in record["status"]["history"]:
        if isinstance(entry, dict) and _is_sync(entry):
            row = _sync(entry, name, before, clock)
            if isinstance(operation, dict) and text_of(operation.get("finishedAt")) == text_of(entry["deployedAt"]):
                row["attributes"]["operationState.phase"] = text_of(operation.get("phase"))
            before = row["revision"]
            yield "changes", row


def _sync(entry: Mapping[str, Any], name: str, before: str, clock: Clock) -> dict[str, Any]:
    sources = entry.get("sources") if isinstance(entry.get("sources"), list) else [entry.get("source")]
    source = next((item for item in sources or () if isinstance(item, dict)), {})
    revision = text_of(entry.get("revision")) or text_of(next(iter(entry.get("revisions") or ()), ""))
    version = _image_tag(source) or text_of(source.get("targetRevision"))
    return {
        "kind": "deploy",
        "time_ns": clock.read(entry["deployedAt"]),
        "service_name": name,
        "service_version": "" if version == "HEAD" else version,
        "revision": revision,
        "from_value": before,
        "to_value": revision if before else "",
        "author": person(entry.get("initiatedBy")),
        "title": f"Argo CD synced {name}" if name else "Argo CD sync",
        "url": text_of(source.get("repoURL")),
        "attributes": rest(entry, "revision", "deployedAt", "initiatedBy", "source.repoURL"),
    }


def _image_tag(source: Mapping[str, Any]) -> str:
    helm = source.get("helm")
    parameters = helm.get("parameters") if isinstance(helm, dict) else None
    for item in parameters or ():
        if isinstance(item, dict) and text_of(item.get("name")).endswith("image.tag"):
            return text_of(item.get("value"))
    kustomize = source.get("kustomize")
    images = kustomize.get("images") if isinstance(kustomize, dict) else None
    return next((text_of(image).rsplit(":", 1)[1] for image in images or () if ":" in text_of(image)), "")


ARGOCD = change_format("argocd", "Argo CD applications and histories", knows=_knows, rows=_rows)

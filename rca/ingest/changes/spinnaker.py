"""Spinnaker: executions of pipelines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rca.ingest.changes.documents import Envelope, Made, change_format, person, rest
from rca.ingest.clock import Clock
from rca.ingest.exact import text_of

__all__ = ["SPINNAKER"]

_DEPLOYS = (
    "deploy",
    "createservergroup",
    "clonervergroup",
    "cloneservergroup",
    "rollingpush",
    "redblack",
    "runjob",
    "patchmanifest",
)
_SCALES = ("resizeservergroup", "scalemanifest")


def _knows(record: Mapping[str, Any]) -> bool:
    return {"application", "status", "stages"} <= record.keys() and ("startTime" in record or "buildTime" in record)


def _rows(record: dict[str, Any], _around: Envelope, clock: Clock) -> Iterator[Made]:
    stages = [text_of(stage.get("type")).lower() for stage in record["stages"] or () if isinstance(stage, dict)]
    kind = "deploy"
    if any("rollback" in stage or "undorollout" in stage for stage in stages):
        kind = "rollback"
    elif not any(stage.startswith(word) for stage in stages for word in _DEPLOYS) and any(
        stage in _SCALES for stage in stages
    ):
        kind = "scale"
    trigger = record.get("trigger") if isinstance(record.get("trigger"), dict) else {}
    build = (trigger or {}).get("buildInfo")
    row = {
        "kind": kind,
        "time_ns": clock.read(record.get("startTime") or record.get("buildTime")),
        "end_ns": clock.read(record.get("endTime")),
        "service_name": text_of(record["application"]),
        "service_version": _version(trigger or {}),
        "revision": text_of((trigger or {}).get("hash")) or _commit(build),
        "author": person(record.get("authentication")) or person((trigger or {}).get("user")),
        "title": text_of(record.get("name")) or text_of(record.get("description")),
        "attributes": rest(record, "application", "startTime", "endTime", "name", "stages", "trigger.hash")
        | {"stages": ", ".join(stages)},
    }
    yield "changes", row


def _version(trigger: Mapping[str, Any]) -> str:
    for artifact in trigger.get("artifacts") or ():
        if isinstance(artifact, dict) and artifact.get("version"):
            return text_of(artifact["version"])
    parameters = trigger.get("parameters")
    found = [
        trigger.get("tag"),
        *(
            (parameters.get(key) for key in ("version", "tag", "imageTag", "image_tag"))
            if isinstance(parameters, dict)
            else ()
        ),
    ]
    return next((text_of(item) for item in found if item), "")


def _commit(build: Any) -> str:
    changes = build.get("scm") if isinstance(build, dict) else None
    return next(
        (text_of(item.get("sha1")) for item in changes or () if isinstance(item, dict) and item.get("sha1")), ""
    )


SPINNAKER = change_format("spinnaker", "Spinnaker executions", knows=_knows, rows=_rows, unit="ms")

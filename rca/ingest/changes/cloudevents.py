"""CloudEvents, and CDEvents with or without their envelope."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rca.ingest.changes.documents import Envelope, Made, change_format, person, rest
from rca.ingest.changes.kinds import kind_of_word
from rca.ingest.clock import Clock
from rca.ingest.exact import text_of

__all__ = ["CLOUDEVENTS"]

_CD = re.compile(r"dev\.cdevents\.(\w+)\.(\w+)(?:\.\d+.*)?")
_KINDS = {
    "rolledback": "rollback",
    "deployed": "deploy",
    "upgraded": "deploy",
    "published": "deploy",
    "removed": "deploy",
}
_SUBJECTS = {
    "incident": "incident",
    "change": "commit",
    "environment": "config",
    "repository": "config",
    "branch": "config",
}
_PURL = re.compile(r"pkg:[^/]+/(?:[^/@?]+/)*([^/@?]+)(?:@([^?]+))?(?:\?(.*))?")


def _context(record: Mapping[str, Any]) -> Mapping[str, Any]:
    inner = record.get("context")
    return inner if isinstance(inner, dict) else record


def _knows(record: Mapping[str, Any]) -> bool:
    if "specversion" in record and "type" in record:
        return True
    context = _context(record)
    return isinstance(record.get("subject"), dict) and str(context.get("type", "")).startswith("dev.cdevents.")


def _rows(record: dict[str, Any], _around: Envelope, clock: Clock) -> Iterator[Made]:
    body = record
    if (
        "specversion" in record
        and isinstance(record.get("data"), dict)
        and isinstance(record["data"].get("context"), dict)
    ):
        body = record["data"]
    context = _context(body)
    name = text_of(context.get("type") or record.get("type"))
    subject = body.get("subject") if isinstance(body.get("subject"), dict) else {}
    content = (subject or {}).get("content") if isinstance((subject or {}).get("content"), dict) else {}
    data = record.get("data") if isinstance(record.get("data"), dict) and body is record else content
    version, image = _artifact(text_of((content or {}).get("artifactId")))
    row = {
        "kind": _kind(name),
        "time_ns": clock.read(context.get("timestamp") or record.get("time")),
        "service_name": _service(name, subject or {}, content or {}, data or {}, image),
        "service_version": version or text_of((data or {}).get("version")),
        "revision": text_of((data or {}).get("revision") or (data or {}).get("commit") or (data or {}).get("sha")),
        "feature_flag_key": text_of((data or {}).get("flag") or (data or {}).get("feature_flag_key")),
        "author": person((data or {}).get("author") or (data or {}).get("user")),
        "title": text_of((content or {}).get("description")) or name,
        "url": text_of((content or {}).get("uri") or context.get("link")),
        "attributes": rest(record),
    }
    yield "changes", row


def _kind(name: str) -> str:
    found = _CD.fullmatch(name)
    if found:
        return (
            _KINDS.get(found[2], "")
            or _SUBJECTS.get(found[1], "")
            or kind_of_word(f"{found[1]} {found[2]}")
            or "config"
        )
    words = name.rsplit(".", 3)[-3:]
    return kind_of_word(" ".join(words)) or "config"


def _service(
    name: str, subject: Mapping[str, Any], content: Mapping[str, Any], data: Mapping[str, Any], image: str
) -> str:
    told = content.get("service") or data.get("service") or data.get("serviceName")
    if isinstance(told, dict):
        told = told.get("name") or told.get("id")
    if told:
        return text_of(told).rstrip("/").rsplit("/", 1)[-1]
    if ".service." in name and subject.get("id"):
        return text_of(subject["id"]).rstrip("/").rsplit("/", 1)[-1]
    return image


def _artifact(text: str) -> tuple[str, str]:
    """Return version and name of a package URL."""
    found = _PURL.match(text)
    if not found:
        return "", ""
    tag = next((part[4:] for part in (found[3] or "").split("&") if part.startswith("tag=")), "")
    return tag or ("" if (found[2] or "").startswith("sha256") else found[2] or ""), found[1]


CLOUDEVENTS = change_format("cloudevents", "CloudEvents and CDEvents", knows=_knows, rows=_rows, score=0.85)

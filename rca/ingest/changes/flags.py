"""Audit logs of feature flag services: LaunchDarkly, Unleash, Flagsmith."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rca.ingest.changes.documents import Envelope, Made, change_format, person, rest
from rca.ingest.changes.record import BadChange
from rca.ingest.clock import Clock
from rca.ingest.exact import text_of

__all__ = ["FLAGSMITH", "LAUNCHDARKLY", "UNLEASH"]

_RESOURCE = re.compile(r"proj/([^:;]*).*?(?::env/([^:;]*))?.*?:flag/([^:;*]+)")
_FLAGSMITH = re.compile(
    r"(?i)(.*?)(?:\bto (true|false|[^ ]+))? for (?:feature|flag)[: ]+[\"']?([^\"']+?)[\"']?(?: in .*)?$|(?:new )?(?:flag|feature)[^:]*: ?(.+)$"
)


def _is_launchdarkly(record: Mapping[str, Any]) -> bool:
    return "date" in record and ("titleVerb" in record or "accesses" in record)


def _launchdarkly(record: dict[str, Any], _around: Envelope, clock: Clock) -> Iterator[Made]:
    resources = [text_of(item.get("resource")) for item in record.get("accesses") or () if isinstance(item, dict)]
    resources += (
        [text_of(target) for target in (record.get("target") or {}).get("resources") or ()]
        if isinstance(record.get("target"), dict)
        else []
    )
    found = next((hit for resource in resources if (hit := _RESOURCE.search(resource))), None)
    verb = text_of(record.get("titleVerb"))
    kind = text_of(record.get("kind"))
    state = "on" if "turned on" in verb else "off" if "turned off" in verb else ""
    before, after = _versions(record)
    name = text_of(record.get("name"))
    row: dict[str, Any] = {
        "kind": "flag" if kind in {"flag", "segment", ""} or found else "config",
        "time_ns": clock.read(record["date"]),
        "feature_flag_key": found[3] if found else name,
        "from_value": {"on": "off", "off": "on"}.get(state, before),
        "to_value": state or after,
        "author": person(record.get("member")) or person(record.get("token")),
        "title": f"{verb} {name}".strip() or text_of(record.get("description")),
        "attributes": rest(record, "date", "titleVerb", "member"),
    }
    if found and found[2]:
        row["attributes"]["environment"] = found[2]
    yield "changes", row


def _versions(record: Mapping[str, Any]) -> tuple[str, str]:
    """Return whether the flag was on before and after, where both versions are there."""
    states = []
    for key in ("previousVersion", "currentVersion"):
        version = record.get(key)
        places = version.get("environments") if isinstance(version, dict) else None
        on = (
            [place.get("on") for place in places.values() if isinstance(place, dict)]
            if isinstance(places, dict)
            else []
        )
        states.append(("on" if on[0] else "off") if len(on) == 1 else "")
    return states[0], states[1]


def _is_unleash(record: Mapping[str, Any]) -> bool:
    return {"type", "createdAt"} <= record.keys() and (
        "featureName" in record or "preData" in record or str(record["type"]).startswith("feature")
    )


def _unleash(record: dict[str, Any], _around: Envelope, clock: Clock) -> Iterator[Made]:
    action = text_of(record["type"])
    data = record.get("data") if isinstance(record.get("data"), dict) else {}
    state = "on" if action.endswith("enabled") else "off" if action.endswith("disabled") else ""
    row: dict[str, Any] = {
        "kind": "flag" if "feature" in action or record.get("featureName") else "config",
        "time_ns": clock.read(record["createdAt"]),
        "feature_flag_key": text_of(record.get("featureName") or (data or {}).get("name")),
        "from_value": {"on": "off", "off": "on"}.get(state, _shown(record.get("preData"))),
        "to_value": state or _shown(record.get("data")),
        "author": person(record.get("createdBy")),
        "title": text_of(record.get("label")) or action,
        "attributes": rest(record, "createdAt", "createdBy", "featureName", "label"),
    }
    yield "changes", row


def _shown(value: Any) -> str:
    return text_of(value) if value else ""


def _is_flagsmith(record: Mapping[str, Any]) -> bool:
    return {"created_date", "log"} <= record.keys() and (
        "related_object_type" in record or "environment" in record or "project" in record
    )


def _flagsmith(record: dict[str, Any], _around: Envelope, clock: Clock) -> Iterator[Made]:
    log = text_of(record["log"])
    found = _FLAGSMITH.search(log)
    if not log:
        raise BadChange("an audit record that says nothing")
    value = (found[2] or "") if found else ""
    state = {"true": "on", "false": "off"}.get(value.lower(), value)
    if not state:
        state = (
            "on"
            if re.search(r"(?i)\benabled\b|turned on", log)
            else "off"
            if re.search(r"(?i)\bdisabled\b|turned off", log)
            else ""
        )
    row: dict[str, Any] = {
        "kind": "flag",
        "time_ns": clock.read(record["created_date"]),
        "feature_flag_key": ((found[3] or found[4] or "") if found else "").strip(),
        "from_value": {"on": "off", "off": "on"}.get(state, ""),
        "to_value": state,
        "author": person(record.get("author")),
        "title": log,
        "attributes": rest(record, "created_date", "log", "author"),
    }
    yield "changes", row


LAUNCHDARKLY = change_format(
    "launchdarkly", "LaunchDarkly's audit log", knows=_is_launchdarkly, rows=_launchdarkly, unit="ms"
)
UNLEASH = change_format("unleash", "Unleash's event log", knows=_is_unleash, rows=_unleash)
FLAGSMITH = change_format("flagsmith", "Flagsmith's audit log", knows=_is_flagsmith, rows=_flagsmith)

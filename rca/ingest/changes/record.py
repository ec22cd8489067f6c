"""One change out of a record with people's names: every field found by its spellings, the rest kept as attributes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rca.ingest.changes.kinds import kind_of_name, kind_of_word
from rca.ingest.changes.patches import files_and_diff
from rca.ingest.clock import Clock
from rca.ingest.exact import flatten, text_of
from rca.ingest.tables.names import CHANGE, find, normal

__all__ = ["BadChange", "change_of"]

_ARROW = re.compile(r"^\s*(.*?)\s*(?:->|→|=>|\bto\b|➔)\s*(.*?)\s*$", re.DOTALL)
_IMAGE = re.compile(r"[\w.\-/:]+/[\w.\-/]+:([\w][\w.\-]*)(?:@sha256:[0-9a-f]+)?|[\w.\-]+:(v?\d[\w.\-]*)")
_STATES = {"true": "on", "false": "off", "enabled": "on", "disabled": "off", "enable": "on", "disable": "off", "turned_on": "on", "turned_off": "off",
           "on": "on", "off": "off", "activated": "on", "deactivated": "off"}  # fmt: skip
_OPPOSITE = {"on": "off", "off": "on"}
_PEOPLE = ("login", "name", "username", "email", "displayName", "user", "id")


class BadChange(ValueError):  # noqa: N818  (a record that is none; never reaches a user)
    """A record that is no change; its message becomes the reason in the quarantine."""


class _Fields:
    """The fields of a record, each given away once."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        self.left: dict[str, Any] = {key: value for key, value in record.items() if value is not None and value != ""}

    def key(self, spellings: Sequence[str], *, unit: bool = False) -> str | None:
        return find(self.left, tuple(spellings), unit=unit)

    def take(self, *spellings: str) -> Any:
        key = self.key(spellings)
        return self.left.pop(key) if key is not None else None

    def text(self, *spellings: str) -> str:
        """Take a field that is one plain value."""
        for spelling in spellings:
            key = self.key((spelling,))
            if key is not None and not isinstance(self.left[key], dict | list):
                return text_of(self.left.pop(key)).strip()
        return ""


def change_of(record: Mapping[str, Any], clock: Clock, *, hint: str = "", service_name: str = "") -> dict[str, Any]:
    """Return a row of the table of changes.

    Parameters
    ----------
    record
        Field → value as the file has them; objects may be nested.
    hint
        Name of the file or list, which says the kind where the record does not.
    service_name
        Service of a record that names none.

    Raises
    ------
    BadChange
        When it has a time that is none, or nothing that a change has.
    """
    fields = _Fields(_opened(record))
    kind = _kind(fields, hint)
    row: dict[str, Any] = {"kind": kind}
    row["time_ns"], row["end_ns"] = _times(fields, clock)
    files, diff = files_and_diff(fields.take(*CHANGE["files"]), fields.take(*CHANGE["diff"]))
    row |= {"files": files, "diff": diff, "service_name": _service(fields) or service_name}
    row |= _versions(fields, kind)
    if kind == "flag":
        row["feature_flag_key"] = fields.text(*CHANGE["flag"], "key", "name", "title")
    elif kind not in {"incident", "commit"}:
        row["feature_flag_key"] = fields.text("feature_flag_key", "feature_flag", "flag_key")
    if kind not in {"incident", "commit"}:
        row |= _values(fields, kind, row)
    row["author"] = _person(fields)
    row["title"] = _title(fields)
    row["url"] = fields.text(*CHANGE["url"])
    if row["time_ns"] is None and not any(
        row.get(name) for name in ("revision", "service_version", "feature_flag_key", "title")
    ):
        raise BadChange("nothing that a change has: no time, revision, version, flag or title")
    row["attributes"] = {key: text_of(value) for key, value in flatten(fields.left).items()}
    return row


def _opened(record: Mapping[str, Any]) -> dict[str, Any]:
    """Open objects inside, but for those that are read whole."""
    whole = {normal(name) for name in (*CHANGE["files"], *CHANGE["diff"], *CHANGE["author"])}
    flat: dict[str, Any] = {}
    for key, value in record.items():
        opens = isinstance(value, dict) and normal(key) not in whole
        flat |= flatten({key: value}) if opens else {key: value}
    return flat


def _kind(fields: _Fields, hint: str) -> str:
    for spelling in CHANGE["kind"]:
        key = fields.key((spelling,))
        if key is None or isinstance(fields.left[key], dict | list):
            continue
        found = kind_of_word(text_of(fields.left[key]))
        if found:
            if normal(text_of(fields.left[key])) == found:
                fields.left.pop(key)  # says no more than the column
            return found
    named = kind_of_name(hint)
    return _by_fields(fields, named) or named or "config"


def _by_fields(fields: _Fields, named: str) -> str:
    has = fields.key
    if has(
        ("threshold", "fired_at", "alertname", "alert_name", "alert", "monitor", "triggered_at", "observed")
    ) and named in {"", "incident"}:
        return "incident"
    sha = has(CHANGE["revision"])
    if has(("diff", "patch")) or (
        sha and has(("message", "subject", "commit_message")) and has(CHANGE["author"]) and not has(("version",))
    ):
        return "commit" if named in {"", "commit", "deploy"} else named
    if has(("flag", "flag_key", "feature_flag", "feature_flag_key", "flag_name", "toggle", "toggle_name")):
        return "flag" if named in {"", "flag", "deploy", "config"} else named
    if named:
        return named
    if has(("treated_start", "experiment", "control_start")):
        return "experiment"
    if has(("migration", "migration_name")):
        return "migration"
    if has(("feature", "feature_name", "switch")) and has(CHANGE["to"]):
        return "flag"
    if sha or has(("version", "new_version", "service_version", "image", "image_tag", "release")):
        return "deploy"
    if has(("replicas", "from_replicas", "desired_replicas", "desired_capacity", "desired_count")):
        return "scale"
    if has(("severity", "impact", "resolved_at", "priority")):
        return "incident"
    return ""


def _times(fields: _Fields, clock: Clock) -> tuple[int | None, int | None]:
    key = fields.key(CHANGE["time"], unit=True)
    time = None
    if key is not None:
        value = fields.left.pop(key)
        time = clock.read(value)
        if time is None:
            raise BadChange(f"{key} is {text_of(value)[:60]!r}, which is no time")
    end_key = fields.key(CHANGE["end"], unit=True)
    end = clock.read(fields.left[end_key]) if end_key is not None else None
    if end is not None and end_key is not None:
        fields.left.pop(end_key)
    return time, end


def _service(fields: _Fields) -> str:
    for spelling in CHANGE["service"]:
        key = fields.key((spelling,))
        value = fields.left.get(key) if key is not None else None
        if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str):
            value = value[0]
        if isinstance(value, str) and key is not None:
            fields.left.pop(key)
            return text_of(value).strip()
    return ""


def _versions(fields: _Fields, kind: str) -> dict[str, str]:
    row = {"service_version": "", "revision": ""}
    if kind == "incident":
        return row
    row["revision"] = fields.text(*CHANGE["revision"])
    if not row["revision"] and kind == "commit":
        row["revision"] = fields.text("id")
    if kind != "commit":
        row["service_version"] = fields.text(*CHANGE["version"])
        image = _IMAGE.fullmatch(row["service_version"])
        if image:
            fields.left["image"] = row["service_version"]
            row["service_version"] = image[1] or image[2]
    return row


def _values(fields: _Fields, kind: str, row: Mapping[str, Any]) -> dict[str, str]:
    """Settle what the value was and what it became, out of two fields or out of one such as ``off->on``."""
    before, after = "", ""
    change = fields.key(CHANGE["change"])
    if change is not None and isinstance(fields.left[change], str):
        found = _ARROW.match(text_of(fields.left[change]))
        if found:
            fields.left.pop(change)
            before, after = found[1], found[2]
        elif kind == "flag":
            after = text_of(fields.left.pop(change))
    before = before or fields.text(*CHANGE["from"])
    if kind in {"flag", "config", "scale"}:
        after = after or fields.text(
            *(CHANGE["to"] if kind == "flag" else CHANGE["to"][:8]), *(CHANGE["replicas"] if kind == "scale" else ())
        )
    elif kind in {"deploy", "rollback", "migration", "experiment"}:
        after = (
            after or fields.text("to", "to_value", "after") or (str(row.get("service_version") or "") if before else "")
        )
    if kind == "flag":
        after = _STATES.get(normal(after), after)
        before = _STATES.get(normal(before), before) or _OPPOSITE.get(after, "")
    return {"from_value": before, "to_value": after}


def _person(fields: _Fields) -> str:
    for spelling in CHANGE["author"]:
        key = fields.key((spelling,))
        if key is None:
            continue
        value = fields.left[key]
        if isinstance(value, dict):
            name = next((text_of(value[part]) for part in _PEOPLE if value.get(part)), "")
            if name:
                fields.left.pop(key)
                fields.left |= {
                    f"{key}.{part}": inner for part, inner in value.items() if inner and text_of(inner) != name
                }
                return name
        elif not isinstance(value, list):
            fields.left.pop(key)
            return text_of(value)
    return ""


def _title(fields: _Fields) -> str:
    key = next(
        (
            found
            for spelling in CHANGE["title"]
            if (found := fields.key((spelling,))) and isinstance(fields.left[found], str)
        ),
        None,
    )
    if key is None:
        return ""
    text = text_of(fields.left[key]).strip()
    first = text.split("\n", 1)[0].strip()
    if first == text:
        fields.left.pop(key)
    return first

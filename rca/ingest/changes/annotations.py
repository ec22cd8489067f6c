"""Grafana's annotations: marks that people and alerts leave on dashboards."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rca.ingest.changes.documents import Envelope, Made, change_format, person, rest
from rca.ingest.changes.kinds import kind_of_word
from rca.ingest.clock import Clock
from rca.ingest.exact import text_of

__all__ = ["GRAFANA_ANNOTATIONS"]

_SERVICE_TAGS = ("service", "app", "application", "svc", "component", "deployment")
_VERSION = re.compile(r"\bv?\d+\.\d+(?:\.\d+)?(?:[-+.][\w.]+)?\b")
_SHA = re.compile(r"\b[0-9a-f]{40}\b")
_MARKUP = re.compile(r"<[^>]{1,200}>")


def _knows(record: Mapping[str, Any]) -> bool:
    return (
        "time" in record
        and ("tags" in record or "dashboardId" in record or "dashboardUID" in record)
        and ("text" in record or "newState" in record)
    )


def _rows(record: dict[str, Any], _around: Envelope, clock: Clock) -> Iterator[Made]:
    tags = [text_of(tag) for tag in record.get("tags") or ()]
    pairs = {
        key.strip().lower(): value.strip()
        for key, mark, value in (re.split(r"([:=])", tag, maxsplit=1) for tag in tags if re.search(r"[:=]", tag))
        if mark
    }
    text = _MARKUP.sub("", text_of(record.get("text"))).strip()
    kind = next((found for tag in tags if (found := kind_of_word(tag))), "")
    if record.get("newState") or record.get("alertId") not in {None, "", "0"}:
        kind = kind or "incident"
    kind = (
        kind
        or next(
            (found for word in re.findall(r"[A-Za-z]+", text.split("\n", 1)[0])[:8] if (found := kind_of_word(word))),
            "",
        )
        or "config"
    )
    version, sha = _VERSION.search(text), _SHA.search(text)
    end = clock.read(record.get("timeEnd")) if record.get("timeEnd") not in {None, "0", ""} else None
    time = clock.read(record["time"])
    row = {
        "kind": kind,
        "time_ns": time,
        "end_ns": end if end != time else None,
        "service_name": next((pairs[tag] for tag in _SERVICE_TAGS if pairs.get(tag)), ""),
        "service_version": pairs.get("version") or (version[0] if version and kind in {"deploy", "rollback"} else ""),
        "revision": pairs.get("sha") or pairs.get("commit") or (sha[0] if sha else ""),
        "feature_flag_key": pairs.get("flag", "") or pairs.get("feature_flag", ""),
        "author": person(record.get("login")) or person(record.get("email")),
        "title": text.split("\n", 1)[0] or text_of(record.get("alertName")),
        "attributes": rest(record, "time", "timeEnd", "login"),
    }
    yield "changes", row


GRAFANA_ANNOTATIONS = change_format("grafana-annotations", "Grafana annotations", knows=_knows, rows=_rows, unit="ms")

"""GitLab: deployments and commits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rca.ingest.changes.documents import Envelope, Made, change_format, person, rest
from rca.ingest.changes.patches import files_and_diff
from rca.ingest.clock import Clock
from rca.ingest.exact import text_of

__all__ = ["GITLAB_COMMITS", "GITLAB_DEPLOYMENTS"]

_PROJECT = re.compile(r"https?://[^/]+/(?:.+/)?([^/]+)/-/")


def _is_deployment(record: Mapping[str, Any]) -> bool:
    return {"iid", "ref", "sha", "status"} <= record.keys() and ("environment" in record or "deployable" in record)


def _deployment(record: dict[str, Any], _around: Envelope, clock: Clock) -> Iterator[Made]:
    build = record.get("deployable") if isinstance(record.get("deployable"), dict) else {}
    commit = (build or {}).get("commit") if isinstance((build or {}).get("commit"), dict) else {}
    environment = record.get("environment")
    place = text_of(environment.get("name")) if isinstance(environment, dict) else text_of(environment)
    name = text_of((build or {}).get("name"))
    when = (
        (build or {}).get("finished_at")
        or record.get("finished_at")
        or record.get("updated_at")
        or record.get("created_at")
    )
    row = {
        "kind": "rollback" if "rollback" in name.lower() else "deploy",
        "time_ns": clock.read(when),
        "service_name": _project(record),
        "service_version": text_of(record.get("ref")) if (build or {}).get("tag") is True else "",
        "revision": text_of(record.get("sha")),
        "author": person(record.get("user") or (build or {}).get("user")),
        "title": text_of((commit or {}).get("title")) or f"deployment to {place}",
        "url": text_of((build or {}).get("web_url")),
    }
    attributes = rest(record, "sha", "user", "deployable.commit.title", "deployable.web_url", "deployable.user")
    yield "changes", {**row, "attributes": {"environment": place, **attributes}}


def _project(record: Mapping[str, Any]) -> str:
    """Return the project that the web addresses inside a record name."""
    build = record.get("deployable")
    urls = [
        record.get("web_url"),
        *((build.get("web_url"), (build.get("commit") or {}).get("web_url")) if isinstance(build, dict) else ()),
    ]
    return next((found[1] for url in urls if url and (found := _PROJECT.match(text_of(url)))), "")


def _is_commit(record: Mapping[str, Any]) -> bool:
    return {"id", "short_id"} <= record.keys() and ("committed_date" in record or "author_name" in record)


def _commit(record: dict[str, Any], _around: Envelope, clock: Clock) -> Iterator[Made]:
    files, diff = files_and_diff(record.get("files"), record.get("diffs") or record.get("diff"))
    message = text_of(record.get("message")).strip()
    row = {
        "kind": "commit",
        "time_ns": clock.read(record.get("committed_date") or record.get("created_at") or record.get("authored_date")),
        "revision": text_of(record["id"]),
        "author": text_of(record.get("author_name")),
        "title": text_of(record.get("title")) or message.split("\n", 1)[0],
        "url": text_of(record.get("web_url")),
        "files": files,
        "diff": diff,
    }
    same = ("message",) if message == row["title"] else ()
    attributes = rest(
        record, "id", "author_name", "title", "web_url", "files", "diffs", "diff", "committed_date", *same
    )
    yield "changes", {**row, "attributes": attributes}


GITLAB_DEPLOYMENTS = change_format("gitlab-deployments", "GitLab deployments", knows=_is_deployment, rows=_deployment)
GITLAB_COMMITS = change_format("gitlab-commits", "GitLab commits", knows=_is_commit, rows=_commit)

"""GitHub: deployments with their statuses, releases, merged pull requests, commits with their patches."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rca.ingest.changes.documents import Envelope, Made, change_format, person, rest
from rca.ingest.changes.patches import files_and_diff
from rca.ingest.clock import Clock
from rca.ingest.exact import text_of

__all__ = ["GITHUB_COMMITS", "GITHUB_DEPLOYMENTS", "GITHUB_RELEASES"]

_REPOSITORY = re.compile(r"github[^/]*/(?:api/v3/)?(?:repos/)?([^/]+)/([^/]+)")
_SHA = re.compile(r"[0-9a-f]{40}")
_DONE = ("success", "active", "inactive")


def _is_deployment(record: Mapping[str, Any]) -> bool:
    if isinstance(record.get("deployment"), dict):
        return _is_deployment(record["deployment"])
    if "commitOid" in record and "environment" in record:
        return True
    return {"sha", "ref", "environment"} <= record.keys() and bool(
        {"statuses_url", "task", "production_environment", "repository_url"} & record.keys()
    )


def _deployment(record: dict[str, Any], _around: Envelope, clock: Clock) -> Iterator[Made]:
    if isinstance(record.get("deployment"), dict):
        status = record.get("deployment_status")
        record = {**record["deployment"], **({"statuses": [status]} if isinstance(status, dict) else {})}
    statuses = [item for item in _statuses(record) if isinstance(item, dict)]
    done = next((item for item in statuses if str(item.get("state", "")).lower() in _DONE), None)
    payload = record.get("payload") if isinstance(record.get("payload"), dict) else {}
    ref = text_of(record.get("ref"))
    created = record.get("created_at") or record.get("createdAt")
    took = (done.get("created_at") or done.get("createdAt")) if done else None
    task = text_of(record.get("task"))
    row = {
        "kind": "rollback" if "rollback" in task.lower() or "revert" in task.lower() else "deploy",
        "time_ns": clock.read(took or created),
        "service_name": text_of((payload or {}).get("service") or (payload or {}).get("app")) or _repository(record),
        "service_version": text_of((payload or {}).get("version")) or ("" if _SHA.fullmatch(ref) else ref),
        "revision": text_of(record.get("sha") or record.get("commitOid")),
        "author": person(record.get("creator")),
        "title": text_of(record.get("description")) or f"deployment to {text_of(record.get('environment'))}",
        "url": text_of(done.get("log_url") or done.get("target_url") or "") if done else "",
    }
    attributes = rest(
        record, "sha", "commitOid", "creator", "description", "statuses", "payload.service", "payload.version"
    )
    if statuses:
        attributes["deployment.status"] = text_of(statuses[0].get("state"))
        attributes["statuses"] = text_of(statuses)
    yield "changes", {**row, "attributes": attributes}


def _statuses(record: Mapping[str, Any]) -> list[Any]:
    found = record.get("statuses") or record.get("latest_status") or record.get("latestStatus") or []
    if isinstance(found, dict):
        return found["nodes"] if isinstance(found.get("nodes"), list) else [found]
    return found if isinstance(found, list) else []


def _repository(record: Mapping[str, Any]) -> str:
    for key in ("repository_url", "url", "html_url", "commit_url"):
        found = _REPOSITORY.search(text_of(record.get(key)))
        if found:
            return found[2]
    return ""


def _is_release(record: Mapping[str, Any]) -> bool:
    return {"tag_name", "target_commitish"} <= record.keys() and "published_at" in record


def _release(record: dict[str, Any], _around: Envelope, clock: Clock) -> Iterator[Made]:
    target = text_of(record["target_commitish"])
    row = {
        "kind": "deploy",
        "time_ns": clock.read(record.get("published_at") or record.get("created_at")),
        "service_name": _repository(record),
        "service_version": text_of(record["tag_name"]),
        "revision": target if _SHA.fullmatch(target) else "",
        "author": person(record.get("author")),
        "title": text_of(record.get("name")) or text_of(record["tag_name"]),
        "url": text_of(record.get("html_url")),
    }
    yield "changes", {**row, "attributes": rest(record, "published_at", "tag_name", "author", "name", "html_url")}


def _is_commit(record: Mapping[str, Any]) -> bool:
    commit = record.get("commit")
    if isinstance(commit, dict) and "sha" in record and ("message" in commit or "author" in commit):
        return True
    return "merge_commit_sha" in record and "merged_at" in record


def _commit(record: dict[str, Any], _around: Envelope, clock: Clock) -> Iterator[Made]:
    inner = record.get("commit") if isinstance(record.get("commit"), dict) else {}
    when = (inner or {}).get("committer") or (inner or {}).get("author") or {}
    message = text_of((inner or {}).get("message")) or text_of(record.get("title"))
    files, diff = files_and_diff(record.get("files"), record.get("diff"))
    row = {
        "kind": "commit",
        "time_ns": clock.read(record.get("merged_at") or (when.get("date") if isinstance(when, dict) else None)),
        "revision": text_of(record.get("sha") or record.get("merge_commit_sha")),
        "author": person(record.get("author") or record.get("user") or (inner or {}).get("author")),
        "title": message.split("\n", 1)[0],
        "url": text_of(record.get("html_url")),
        "files": files,
        "diff": diff,
    }
    attributes = rest(record, "sha", "files", "html_url", "merged_at", "commit.message", "title", "author", "user")
    if "\n" in message:
        attributes["message"] = message
    yield "changes", {**row, "attributes": attributes}


GITHUB_DEPLOYMENTS = change_format("github-deployments", "GitHub deployments", knows=_is_deployment, rows=_deployment)
GITHUB_RELEASES = change_format("github-releases", "GitHub releases", knows=_is_release, rows=_release)
GITHUB_COMMITS = change_format(
    "github-commits", "GitHub commits and merged pull requests", knows=_is_commit, rows=_commit
)

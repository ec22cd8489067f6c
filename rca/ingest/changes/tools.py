"""Changes as delivery tools and flag services list them: what marks a record of a tool, and where its fields stand.

One table for tools whose records are plain fields; a tool that needs more has a module of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rca.ingest.changes.documents import Envelope, Made, change_format, person, rest
from rca.ingest.changes.kinds import kind_of_word
from rca.ingest.changes.record import BadChange
from rca.ingest.clock import Clock
from rca.ingest.contract import Format
from rca.ingest.exact import text_of

__all__ = ["TOOLS"]

_BACK = re.compile(r"(?i)roll(?:ed|ing)?[ -]?back|revert")
_FAILED = frozenset(("failed", "failure", "error", "errored", "canceled", "cancelled", "aborted", "discarded", "stopped", "rejected"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Tool:
    name: str
    title: str
    marks: tuple[str, ...]
    """Paths that every record of the tool has."""
    time: tuple[str, ...]
    kind: str = "deploy"
    """Kind of change; empty where the words of the title say it."""
    otherwise: str = "deploy"
    """Kind where they do not."""
    end: tuple[str, ...] = ()
    service: tuple[str, ...] = ()
    version: tuple[str, ...] = ()
    revision: tuple[str, ...] = ()
    flag: tuple[str, ...] = ()
    author: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    url: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    where: Mapping[str, str] = field(default_factory=dict)
    """Paths whose text is known, for records that others could have too."""


_TABLE = (
    _Tool("pagerduty-changes", "PagerDuty's change events", ("summary", "timestamp", "services"), ("timestamp",), kind="", service=("services.0.summary", "source"),
          version=("custom_details.version", "custom_details.build_number"), revision=("custom_details.commit", "custom_details.sha", "custom_details.revision"), shown=("summary",),
          url=("links.0.href",), where={"type": "change_event"}),
    _Tool("jenkins", "Jenkins' builds", ("number", "timestamp", "result", "building"), ("timestamp",), service=("~fullDisplayName",), version=("number",),
          author=("actions.0.causes.0.userName",), shown=("fullDisplayName", "displayName"), url=("url",), status=("result",)),
    _Tool("circleci", "CircleCI's workflows and pipelines", ("project_slug", "created_at"), ("created_at",), end=("stopped_at",), service=("/project_slug",), version=("pipeline_number", "number"),
          revision=("vcs.revision",), author=("trigger.actor.login", "started_by"), shown=("name", "vcs.commit.subject"), status=("status",)),
    _Tool("codedeploy", "AWS CodeDeploy's deployments", ("deploymentId", "applicationName", "createTime"), ("createTime",), end=("completeTime",), service=("applicationName",),
          revision=("revision.gitHubLocation.commitId", "revision.s3Location.eTag"), version=("revision.s3Location.key",), author=("creator",), shown=("description", "deploymentConfigName"),
          status=("status",)),
    _Tool("bitbucket", "Bitbucket's deployments", ("environment", "release", "state"), ("state.started_on", "release.created_on", "state.completed_on"), end=("state.completed_on",),
          service=("release.commit.repository.name", "step.repository.name", "environment.repository.name", "repository.name"), version=("release.name",), revision=("release.commit.hash",),
          shown=("release.commit.message", "release.name"), url=("release.url", "state.url"), status=("state.status.name", "state.name"), where={"type": "deployment"}),
    _Tool("terraform-cloud", "Terraform Cloud's runs", ("attributes.created-at", "attributes.status"), ("attributes.status-timestamps.applied-at", "attributes.created-at"), kind="config",
          service=("attributes.workspace-name", "relationships.workspace.data.id"), author=("relationships.created-by.data.id",), shown=("attributes.message",), status=("attributes.status",),
          where={"type": "runs"}),
    _Tool("azure-devops", "Azure DevOps' releases", ("releaseDefinition", "name"), ("createdOn", "startedOn", "modifiedOn"), end=("completedOn",), service=("releaseDefinition.name",), version=("name",),
          author=("createdBy", "requestedBy"), shown=("description", "name"), url=("_links.web.href",), status=("deploymentStatus", "status")),
    _Tool("sentry-releases", "Sentry's releases", ("version", "dateCreated", "projects"), ("dateReleased", "dateCreated"), service=("projects.0.slug",), version=("shortVersion", "version"),
          revision=("lastCommit.id", "ref"), author=("owner", "authors.0"), shown=("version",), url=("url",)),
    _Tool("octopus", "Octopus Deploy's deployments", ("ReleaseId", "EnvironmentId", "Created"), ("Created",), service=("ProjectName", "ProjectId"), version=("ReleaseVersion", "ReleaseId"),
          author=("DeployedBy",), shown=("Name",), status=("State",)),
    _Tool("ecs", "Amazon ECS' deployments", ("taskDefinition", "rolloutState", "createdAt"), ("createdAt",), end=("updatedAt",), service=("^serviceName",), version=("/taskDefinition",),
          shown=("rolloutStateReason",), status=("rolloutState",)),
    _Tool("github-runs", "GitHub's workflow runs", ("workflow_id", "head_sha", "created_at", "status"), ("run_started_at", "created_at"), kind="", otherwise="commit", end=("updated_at",), service=("repository.name",),
          revision=("head_sha",), author=("actor", "triggering_actor"), shown=("name", "display_title"), url=("html_url",), status=("conclusion", "status")),
    _Tool("github-statuses", "GitHub's statuses of deployments", ("deployment_url", "state", "environment", "created_at"), ("created_at",), service=("/repository_url",), author=("creator",),
          shown=("description", "environment"), url=("environment_url", "log_url", "target_url"), status=("state",)),
    _Tool("flux-releases", "Flux' Helm releases", ("status.history.0.lastDeployed", "metadata.name"), ("status.history.0.lastDeployed",), service=("metadata.name",),
          version=("status.history.0.appVersion", "status.history.0.chartVersion"), shown=("status.history.0.chartName",), status=("status.history.0.status",), where={"kind": "HelmRelease"}),
    _Tool("flux-kustomizations", "Flux' kustomizations", ("status.lastAppliedRevision", "status.conditions.0.lastTransitionTime"), ("status.conditions.0.lastTransitionTime",),
          service=("metadata.name",), revision=(":status.lastAppliedRevision",), shown=("status.conditions.0.message",), where={"kind": "Kustomization"}),
    _Tool("configcat", "ConfigCat's audit log", ("auditLogId", "auditLogDateTime"), ("auditLogDateTime",), kind="flag", flag=("actionTarget",), author=("userEmail", "userName"), shown=("auditLogType", "details")),
    _Tool("split", "Split's audit log", ("organization", "time", "type", "object.name"), ("time",), kind="flag", flag=("object.name",), author=("actor",), shown=("title", "type")),
    _Tool("statsig", "Statsig's audit log", ("changeType", "modifierEmail", "name"), ("date+time", "updatedAt", "date"), kind="flag", flag=("name",), author=("modifierEmail",), shown=("changes", "actionType")),
    _Tool("vercel", "Vercel's deployments", ("uid", "created", "state", "target"), ("ready", "created"), service=("name",), version=("uid",), revision=("meta.githubCommitSha", "meta.gitlabCommitSha"),
          author=("creator",), shown=("meta.githubCommitMessage", "name"), url=("url",), status=("state",)),
)  # fmt: skip


def _at(record: Mapping[str, Any], path: str) -> Any:
    """Return what stands at a path: keys and places in lists, joined by dots; None where there is nothing."""
    value: Any = record
    if path in record:
        return record[path]
    for step in path.split("."):
        if isinstance(value, list):
            value = value[int(step)] if step.isdigit() and int(step) < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def _text(record: Mapping[str, Any], around: Envelope, paths: tuple[str, ...]) -> str:
    """Return the first text found: ``/path`` and ``:path`` its last part, ``~path`` without a build's number, ``^path`` of what is around."""
    for path in paths:
        mark, bare = (path[0], path[1:]) if path[0] in "/:~^" else ("", path)
        value = around.get(bare) if mark == "^" else _at(record, bare)
        text = person(value) if isinstance(value, dict) else text_of(value)
        if mark in {"/", ":"}:
            text = text.rsplit(mark, 1)[-1]
        elif mark == "~":
            text = re.sub(r"\s*#\d+.*$", "", text).rsplit(" » ", 1)[-1]
        if text:
            return text
    return ""


def _knows(tool: _Tool) -> Callable[[Mapping[str, Any]], bool]:
    def knows(record: Mapping[str, Any]) -> bool:
        found = all(_at(record, path) is not None for path in tool.marks)
        return found and all(text_of(_at(record, path)) == text for path, text in tool.where.items())

    return knows


def _rows(tool: _Tool) -> Callable[[dict[str, Any], Envelope, Clock], Iterator[Made]]:
    def rows(record: dict[str, Any], around: Envelope, clock: Clock) -> Iterator[Made]:
        written = next((value for path in tool.time if (value := _when(record, path))), None)
        time = clock.read(written)
        if time is None:
            raise BadChange(f"a record of {tool.title} whose time {text_of(written)[:60]!r} is none")
        end = next((value for path in tool.end if (value := _at(record, path))), None)
        shown, status = _text(record, around, tool.shown), _text(record, around, tool.status)
        kind = tool.kind or next((found for word in shown.split() if (found := kind_of_word(word))), tool.otherwise)
        kind = "rollback" if kind == "deploy" and _BACK.search(shown) else kind
        attributes = rest(record)
        if status:
            attributes["status"] = status
        failed = status.lower() in _FAILED  # what was tried is a change too, and its title says how it went
        yield (
            "changes",
            {
                "kind": kind,
                "time_ns": time,
                "end_ns": clock.read(end) if end is not None else None,
                "service_name": _text(record, around, tool.service),
                "service_version": _text(record, around, tool.version),
                "revision": _text(record, around, tool.revision),
                "feature_flag_key": _text(record, around, tool.flag),
                "author": _text(record, around, tool.author),
                "title": f"{shown} ({status.lower()})" if failed else shown,
                "url": _text(record, around, tool.url),
                "attributes": attributes,
            },
        )

    return rows


def _when(record: Mapping[str, Any], path: str) -> Any:
    """Return a time; ``date+time`` is two fields."""
    parts = [_at(record, part) for part in path.split("+")]
    if not all(parts):
        return None
    return parts[0] if len(parts) == 1 else " ".join(map(text_of, parts))


TOOLS: tuple[Format, ...] = tuple(
    change_format(
        tool.name,
        tool.title,
        knows=_knows(tool),
        rows=_rows(tool),
        marks=tuple(path.split(".")[0] for path in tool.marks),
    )
    for tool in _TABLE
)
"""One format a tool."""

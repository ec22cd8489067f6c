"""What could have done it: every change before and around the incident, once, with when it went live and where."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rca.mechanisms.described import described
from rca.mechanisms.diffs import Diff, parse_diff
from rca.mechanisms.place import is_shared, services_of
from rca.mechanisms.scene import Scene
from rca.sql import statement
from rca.store import Store

__all__ = ["Candidate", "candidates"]

_DAY = 86_400_000_000_000
_REACH = 14 * _DAY
_LEAST_KEY = 5
"""Letters of a flag's name from which a text that holds it speaks of the flag."""
_OFF = ("off", "false", "0", "0%", "disabled", "none", "no")
_KINDS = ("deploy", "flag", "config", "scale", "migration", "commit")


@dataclass(frozen=True)
class Candidate:
    """One change.

    Attributes
    ----------
    kind, revision, feature_flag_key, title, service_name, author
        As recorded; a commit that was deployed takes the deploy's kind and service.
    time_ns
        When it was made: the deploy's time, the flag's, or that of a commit nobody deployed by itself.
    live_ns
        When it took effect: a commit's at the next deploy that carries it. None where nothing carried it.
    services
        Services that it touches, with how sure that is.
    shared
        Whether it lies in code that several services share.
    diff
        What it changed; empty where no diff is known.
    undone_ns
        When it was taken back, where that is recorded.
    message
        What a commit says of itself, beyond its title.
    switches
        Of a flag: the name of the change whose code it turns on.
    switched_ns
        When a flag turned on the code of this change, where one guards it.
    told
        Whether `diff` is what the change says of itself, for want of a real one.
    """

    kind: str
    time_ns: int
    live_ns: int | None
    revision: str = ""
    feature_flag_key: str = ""
    service_name: str = ""
    title: str = ""
    author: str = ""
    services: Mapping[str, float] = field(default_factory=dict)
    shared: bool = False
    diff: Diff = field(default_factory=Diff)
    undone_ns: int | None = None
    from_value: str = ""
    to_value: str = ""
    version: str = ""
    message: str = ""
    switches: str = ""
    switched_ns: int | None = None
    told: bool = False

    @property
    def name(self) -> str:
        """Short words for it."""
        what = self.feature_flag_key or self.revision[:10] or self.version or self.title[:40]
        return f"{self.kind} {what}" + (f" of {self.service_name}" if self.service_name else "")


def candidates(store: Store, scene: Scene) -> list[Candidate]:
    """Return every change of the two weeks before the incident's end, oldest first.

    Examples
    --------
    >>> import rca
    >>> from rca.measures.calls import CallGraph
    >>> from rca.measures.periods import Periods
    >>> from rca.model import Window
    >>> scene = Scene(rca.Incident("a", start=10, end=20), Periods(Window(0, 10), Window(10, 20)), CallGraph())
    >>> candidates(rca.open(), scene)
    []
    """
    end = scene.windows.incident.end_ns
    params = {"start_ns": end - _REACH, "end_ns": end + _DAY}
    rows = store.query(statement("all_changes").sql, params).to_dicts()
    commits = {row["revision"]: row for row in rows if row["kind"] == "commit" and row["revision"]}
    deploys = [row for row in rows if row["kind"] == "deploy"]
    undone = [row for row in rows if row["kind"] in ("rollback", "flag")]
    services = scene.services | {row["service_name"] for row in rows if row["service_name"]}
    carried = {_known(row["revision"], commits) for row in deploys}
    out = [
        _one(row, commits.get(_known(row["revision"], commits)), services, undone)
        for row in rows
        if row["kind"] in _KINDS and row["kind"] != "commit" and row["time_ns"] < end
    ]
    for revision, row in commits.items():
        if revision not in carried and row["time_ns"] < end:
            out.append(_commit(row, services, deploys, scene))
    out += [
        _one(row, None, services, undone)
        for row in rows
        if row["kind"] == "commit" and not row["revision"] and row["time_ns"] < end
    ]
    return sorted(_guarded(_merged(out), end), key=lambda item: (item.time_ns, item.name))


def _known(revision: str, commits: Mapping[str, Any]) -> str:
    """Return the full commit id of a revision that may be short."""
    if not revision or revision in commits:
        return revision
    if len(revision) >= 7:
        return next((name for name in commits if name.startswith(revision) or revision.startswith(name)), revision)
    return revision


def _one(
    row: Mapping[str, Any], commit: Mapping[str, Any] | None, services: Iterable[str], undone: list[dict[str, Any]]
) -> Candidate:
    source = commit or row
    diff = parse_diff(str(source["diff"] or ""), source["files"] or ())
    told = diff.is_empty and commit is None and not diff.paths
    if told:
        diff = described(row)
    title = str(row["title"] or (commit["title"] if commit else ""))
    touched = services_of(diff.all_paths, services, title)
    if row["service_name"]:
        touched = {**touched, row["service_name"]: 1.0}
    return Candidate(
        kind=str(row["kind"]),
        time_ns=int(row["time_ns"]),
        live_ns=int(row["time_ns"]),
        revision=str((commit or row)["revision"]),
        feature_flag_key=str(row["feature_flag_key"]),
        service_name=str(row["service_name"]),
        title=title,
        author=str(row["author"] or (commit["author"] if commit else "")),
        services=touched,
        shared=is_shared(diff.all_paths),
        diff=diff,
        undone_ns=_undone(row, undone),
        from_value=str(row["from_value"]),
        to_value=str(row["to_value"]),
        version=str(row["service_version"]),
        message=str((commit or row)["message"]),
        told=told,
    )


def _undone(row: Mapping[str, Any], undone: list[dict[str, Any]]) -> int | None:
    for other in undone:
        if other["time_ns"] <= row["time_ns"]:
            continue
        if row["kind"] == "flag" and other["kind"] == "flag" and other["feature_flag_key"] == row["feature_flag_key"]:
            if other["to_value"] != row["to_value"]:
                return int(other["time_ns"])
        elif row["kind"] == "deploy" and other["kind"] == "rollback" and other["service_name"] == row["service_name"]:
            return int(other["time_ns"])
    return None


def _commit(row: Mapping[str, Any], services: Iterable[str], deploys: list[dict[str, Any]], scene: Scene) -> Candidate:
    made = _one(row, None, services, [])
    known = [item for item in deploys if item["time_ns"] >= made.time_ns]
    if not deploys:
        live: int | None = made.time_ns
        where = ""
    else:
        carriers = [item for item in known if _carries(item["service_name"], made, scene)]
        first = min(carriers, key=lambda item: item["time_ns"], default=None)
        live, where = (int(first["time_ns"]), str(first["service_name"])) if first else (None, "")
    service = made.service_name or where or max(made.services, key=lambda name: made.services[name], default="")
    return Candidate(**{**made.__dict__, "live_ns": live, "service_name": service})


def _carries(service: str, made: Candidate, scene: Scene) -> bool:
    """Say whether a deploy of a service can carry a commit: it touches the service, or shared code."""
    if made.services:
        return service in made.services
    return made.shared or scene.place_of(service) in ("self", "below")


def _merged(found: list[Candidate]) -> list[Candidate]:
    """Return one candidate a revision: a shared library deployed in several services is one change."""
    groups: dict[tuple[str, str], list[Candidate]] = defaultdict(list)
    for item in found:
        key = (
            ("revision", item.revision)
            if item.revision
            else (item.kind, f"{item.feature_flag_key} {item.time_ns} {item.title}")
        )
        groups[key].append(item)
    out = []
    for items in groups.values():
        first = min(items, key=lambda item: item.live_ns if item.live_ns is not None else item.time_ns + _REACH)
        services = {name: sure for item in items for name, sure in item.services.items()}
        undone = next((item.undone_ns for item in items if item.undone_ns is not None), None)
        out.append(Candidate(**{**first.__dict__, "services": services, "undone_ns": undone}))
    return out


def _guarded(found: list[Candidate], end_ns: int) -> list[Candidate]:
    """Tie each flag to the change that brought the code behind it: its diff or its message names the flag.

    The two are one cause seen twice: the code does the harm, and the flag says since when.
    """
    out = list(found)
    for at, flag in enumerate(found):
        key = _plain(flag.feature_flag_key)
        if flag.kind != "flag" or len(key) < _LEAST_KEY or not _turns_on(flag):
            continue
        brought = [
            place
            for place, item in enumerate(out)
            if item.kind != "flag" and (item.live_ns or end_ns) <= flag.time_ns and _names(item, key)
        ]
        if not brought:
            continue
        place = max(brought, key=lambda which: out[which].live_ns or 0)
        out[at] = replace(out[at], switches=out[place].name)
        switched = max(flag.time_ns, out[place].switched_ns or 0)
        # what was taken back with its flag was taken back
        undone = min((when for when in (out[place].undone_ns, flag.undone_ns) if when is not None), default=None)
        out[place] = replace(out[place], switched_ns=switched, undone_ns=undone)
    return out


def _turns_on(flag: Candidate) -> bool:
    return flag.to_value.lower() not in _OFF


def _names(item: Candidate, key: str) -> bool:
    said = f"{item.message} {item.title}" if item.revision else ""
    return key in _plain(said) or any(key in _plain(line) for line in item.diff.lines("gained"))


def _plain(text: str) -> str:
    """Return a text in lower case with one separator: flags are spelt with dashes here and underscores there."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")

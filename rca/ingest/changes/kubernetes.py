"""Kubernetes: events, and what a rollout leaves behind (ReplicaSets with their revision), as ``kubectl -o json`` prints them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rca.ingest.changes.documents import Envelope, Made, change_format, rest
from rca.ingest.clock import Clock
from rca.ingest.exact import text_of

__all__ = ["KUBERNETES", "workload"]

_CHANGES = {
    "ScalingReplicaSet": "scale", "SuccessfulRescale": "scale", "DeploymentRollback": "rollback",
    "RollbackDone": "rollback", "ScaledUpGroup": "scale", "TriggeredScaleUp": "scale", "ScaleDown": "scale", "NodeReady": "config", "NodeNotReady": "config",
    "RegisteredNode": "config", "RemovingNode": "config", "NodeSchedulable": "config", "NodeNotSchedulable": "config", "Rebooted": "config",
    "UpdatedLoadBalancer": "config", "CertIssued": "config", "OperationCompleted": "deploy", "InstallSucceeded": "deploy",
    "UpgradeSucceeded": "deploy", "ReconciliationSucceeded": "deploy",
}  # fmt: skip
_SCALED = re.compile(
    r"(?i)scaled (?:up|down) replica set (\S+) (?:from (\d+) )?to (\d+)(?: from (\d+))?|new size: (\d+)"
)
_POD = re.compile(
    r"(.+?)-(?:[a-f0-9]{6,10}-[a-z0-9]{5}|[bcdfghjklmnpqrstvwxz2456789]{6,10}-[bcdfghjklmnpqrstvwxz2456789]{5}|\d+|[bcdfghjklmnpqrstvwxz2456789]{5})"
)
_REPLICA_SET = re.compile(r"(.+)-[a-z0-9]{6,10}")
_KINDS = {"pod": "Pod", "replicaset": "ReplicaSet", "deployment": "Deployment", "node": "Node", "statefulset": "StatefulSet", "job": "Job",
          "horizontalpodautoscaler": "HorizontalPodAutoscaler", "hpa": "HorizontalPodAutoscaler", "daemonset": "DaemonSet"}  # fmt: skip
_WORKLOADS = ("ReplicaSet", "ControllerRevision")


def workload(name: str, kind: str = "Pod") -> str:
    """Return the workload that a pod or ReplicaSet belongs to, by its name.

    Examples
    --------
    >>> workload("checkout-7d9f8b6c5d-x2k4p"), workload("postgres-0"), workload("checkout-7d9f8b6c5d", "ReplicaSet")
    ('checkout', 'postgres', 'checkout')
    """
    if kind == "Pod":
        found = _POD.fullmatch(name)
        return found[1] if found else name
    found = _REPLICA_SET.fullmatch(name) if kind == "ReplicaSet" else None
    return found[1] if found else name


def _knows(record: Mapping[str, Any]) -> bool:
    if isinstance(record.get("involvedObject") or record.get("regarding"), dict):
        return "reason" in record or "message" in record or "note" in record
    if "reason" in record and ("message" in record or "note" in record) and _object(record)[1]:
        return True
    meta = record.get("metadata")
    return record.get("kind") in _WORKLOADS and isinstance(meta, dict) and "creationTimestamp" in meta


def _rows(record: dict[str, Any], _around: Envelope, clock: Clock) -> Iterator[Made]:
    if record.get("kind") in _WORKLOADS:
        yield "changes", _rollout(record, clock)
        return
    kind, name = _object(record)
    reason, message = text_of(record.get("reason")), text_of(record.get("message") or record.get("note"))
    time = _time(record, clock)
    service = workload(name, kind) if kind in {"Pod", "ReplicaSet"} else "" if kind == "Node" else name
    attributes = rest(record, "message", "note", "metadata.managedFields") | {"rca.source": "kubernetes_events"}
    if reason in _CHANGES:
        scaled = _SCALED.search(message)
        sizes = ((scaled[2] or scaled[4] or ""), (scaled[3] or scaled[5] or "")) if scaled else ("", "")
        yield "changes", {
            "kind": _CHANGES[reason], "time_ns": time, "service_name": service, "from_value": sizes[0], "to_value": sizes[1],
            "author": text_of((record.get("source") or {}).get("component") if isinstance(record.get("source"), dict) else "") or text_of(record.get("reportingComponent")),
            "title": message or reason, "attributes": attributes,
        }  # fmt: skip
        return
    warning = text_of(record.get("type")) == "Warning"
    yield "logs", {
        "time_ns": time, "service_name": service, "severity_number": 13 if warning else 9, "severity_text": text_of(record.get("type")),
        "body": message or reason, "template": f"{reason} <*>" if reason else "", "attributes": attributes,
    }  # fmt: skip


def _object(record: Mapping[str, Any]) -> tuple[str, str]:
    """Return kind and name of what an event is about: an object, ``pod/name`` as kubectl prints it, or fields of their own."""
    target = record.get("involvedObject") or record.get("regarding")
    if isinstance(target, dict):
        return text_of(target.get("kind")), text_of(target.get("name"))
    told = text_of(record.get("object") or record.get("involved_object") or record.get("involvedObject"))
    if "/" in told:
        kind, name = told.split("/", 1)
        return _KINDS.get(kind.lower().split(".")[0], kind), name
    if record.get("pod"):
        return "Pod", text_of(record["pod"])
    kind = text_of(record.get("kind"))
    return (kind, text_of(record.get("name"))) if kind in _KINDS.values() and record.get("name") else ("", "")


def _time(record: Mapping[str, Any], clock: Clock) -> int | None:
    series = record.get("series") if isinstance(record.get("series"), dict) else {}
    meta = record.get("metadata") if isinstance(record.get("metadata"), dict) else {}
    times = [
        (series or {}).get("lastObservedTime"), record.get("lastTimestamp"), record.get("deprecatedLastTimestamp"), record.get("eventTime"),
        record.get("firstTimestamp"), record.get("timestamp"), record.get("time"), record.get("last_seen"), record.get("lastSeen"), (meta or {}).get("creationTimestamp"),
    ]  # fmt: skip
    return next((found for value in times if value and (found := clock.read(value)) is not None), None)


def _rollout(record: Mapping[str, Any], clock: Clock) -> dict[str, Any]:
    meta = record["metadata"]
    owners = meta.get("ownerReferences") or []
    notes = meta.get("annotations") if isinstance(meta.get("annotations"), dict) else {}
    name = (
        text_of(owners[0].get("name"))
        if owners and isinstance(owners[0], dict)
        else workload(text_of(meta.get("name")), "ReplicaSet")
    )
    spec = record.get("spec") or record.get("data") or {}
    images = _images(spec)
    revision = text_of((notes or {}).get("deployment.kubernetes.io/revision") or record.get("revision"))
    return {
        "kind": "deploy",
        "time_ns": clock.read(meta["creationTimestamp"]),
        "service_name": name,
        "service_version": images[0].rsplit(":", 1)[1].split("@")[0]
        if images and ":" in images[0].rsplit("/", 1)[-1]
        else "",
        "title": text_of((notes or {}).get("kubernetes.io/change-cause")) or f"revision {revision} of {name}",
        "attributes": {
            "rollout.revision": revision,
            "image": ", ".join(images),
            "namespace": text_of(meta.get("namespace")),
            "name": text_of(meta.get("name")),
        },
    }


def _images(value: Any) -> list[str]:
    """Return the images that containers anywhere in a template name."""
    if isinstance(value, dict):
        own = [text_of(value["image"])] if isinstance(value.get("image"), str) else []
        return own + [image for inner in value.values() for image in _images(inner)]
    return [image for inner in value for image in _images(inner)] if isinstance(value, list) else []


KUBERNETES = change_format(
    "kubernetes",
    "Kubernetes events and rollouts (kubectl -o json)",
    knows=_knows,
    rows=_rows,
    tables=("changes", "logs"),
)

"""Words for kinds of change, as data."""

from __future__ import annotations

import re
from collections.abc import Mapping

from rca.ingest.tables.names import normal

__all__ = ["KINDS", "kind_of_name", "kind_of_word"]

KINDS: Mapping[str, str] = {
    **dict.fromkeys(
        ("deploy", "deploys", "deployed", "deployment", "deployments", "release", "releases", "released", "rollout", "rollouts", "ship",
         "upgrade", "upgraded", "canary", "publish", "promotion", "install", "image", "provision"), "deploy"),
    **dict.fromkeys(("rollback", "rollbacks", "revert", "reverted", "rolledback", "undeploy", "rolled_back"), "rollback"),
    **dict.fromkeys(
        ("flag", "flags", "feature", "toggle", "toggles", "toggled", "switch", "killswitch", "ramp"), "flag"),
    **dict.fromkeys(
        ("config", "configs", "configuration", "setting", "settings", "parameter", "secret", "configmap", "env", "policy", "certificate",
         "cert", "dns", "network", "firewall", "infra", "infrastructure", "maintenance", "restart", "failover", "terraform", "quota",
         "limit", "ratelimit", "routing"), "config"),
    **dict.fromkeys(
        ("scale", "scaled", "scaling", "autoscale", "autoscaling", "autoscaler", "resize", "resized", "hpa", "replicas", "capacity"), "scale"),
    **dict.fromkeys(("migration", "migrations", "migrate", "migrated", "schema", "ddl", "backfill"), "migration"),
    **dict.fromkeys(("commit", "commits", "push", "merge", "merged", "merges", "pr", "pullrequest", "git"), "commit"),
    **dict.fromkeys(
        ("incident", "incidents", "alert", "alerts", "alerting", "alarm", "alarms", "page", "pages", "outage", "outages", "monitor",
         "problem", "status"), "incident"),
    **dict.fromkeys(("experiment", "experiments", "ab", "abtest", "trial", "gameday", "chaos"), "experiment"),
}  # fmt: skip
"""Word → kind; the words of a phrase are looked up one by one, the last kind that is no deploy wins."""

_PLAIN = re.compile(r"[^a-z0-9]+")
_LOOSE = frozenset(("status", "page", "pages", "image", "install", "feature", "switch", "network", "limit", "git", "ab", "monitor", "ship",
                    "capacity", "restart", "problem", "env", "policy", "pr", "routing", "quota", "provision"))  # fmt: skip
_STRENGTH = ("rollback", "experiment", "flag", "migration", "scale", "incident", "config", "commit", "deploy")


def kind_of_word(text: str) -> str:
    """Return the kind of change that a value names, else ``''``.

    Examples
    --------
    >>> [kind_of_word(text) for text in ("Deployment", "feature_flag.updated", "SCALE_UP", "GET", "schema-migration")]
    ['deploy', 'flag', 'scale', '', 'migration']
    """
    words = [word for word in _PLAIN.split(normal(text)) if word]
    if len(words) > 5:
        return ""
    found = {KINDS[word] for word in words if word in KINDS}
    if "pull" in words and "request" in words:
        found.add("commit")
    if {"rolled", "back"} <= set(words):
        found.add("rollback")
    return next((kind for kind in _STRENGTH if kind in found), "")


def kind_of_name(name: str) -> str:
    """Return the kind of change that a file or list of this name holds, else ``''``.

    Examples
    --------
    >>> [kind_of_name(name) for name in ("context/deploys.json", "feature-flags.csv", "git_commits", "status_feed.json", "metrics.csv")]
    ['deploy', 'flag', 'commit', 'incident', '']
    """
    stem = name.replace("\\", "/").rsplit("/", 1)[-1].split(".")[0]
    words = [word for word in _PLAIN.split(normal(stem)) if word]
    found = {
        KINDS[word] for word in words if word in KINDS and (word not in _LOOSE or len(words) > 1 or word == "status")
    }
    return next((kind for kind in _STRENGTH if kind in found), "")

"""The kinds of experiment and what each can tell apart."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rca.errors import OptionError, did_you_mean

__all__ = ["KINDS", "Kind", "kind_named", "recognise"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of experiment.

    `concurrent` experiments compare two cohorts at the same time. `isolates` names the hypotheses whose mechanism the
    change acts on by itself; an empty tuple means that it removes the trigger, and what the mechanism was is read from
    the place from which the time went away.
    """

    name: str
    title: str
    words: tuple[str, ...]
    isolates: tuple[str, ...] = ()
    concurrent: bool = False
    restores: bool = True
    """Whether the change takes the suspected cause away (a canary puts it in)."""


KINDS: tuple[Kind, ...] = (
    Kind("flag_off", "feature flag off", ("flag off", "flag_off", "toggle", "kill switch", "disable")),
    Kind("rollback", "rollback", ("rollback", "roll back", "revert")),
    Kind("canary", "canary", ("canary", "a/b", "percentage rollout"), concurrent=True, restores=False),
    Kind(
        "limit",
        "resource limit raised",
        ("cpu limit", "cpu_limit", "limit", "quota", "memory limit", "scale", "replicas", "pool size"),
        isolates=("H3",),
    ),
    Kind("index", "index added", ("index",), isolates=("H2",)),
    Kind("batch", "calls batched", ("batch", "prefetch", "eager"), isolates=("H2",)),
    Kind(
        "dependency",
        "dependency replaced or stubbed",
        ("stub", "dependency", "mock", "bypass", "failover"),
        isolates=("H1",),
    ),
    Kind("network", "network path changed", ("network", "dns", "region", "zone", "route"), isolates=("H4",)),
    Kind("fix", "fix", ("fix", "patch", "remediation", "follow-up", "follow up", "followup")),
)


def kind_named(name: str) -> Kind:
    """Return a kind of experiment by its name.

    Raises
    ------
    OptionError
        When there is no such kind; never a silent default.

    Examples
    --------
    >>> kind_named("canary").concurrent
    True
    """
    for item in KINDS:
        if item.name == name:
            return item
    raise OptionError(f"{name!r} is not a kind of experiment. {did_you_mean(name, [item.name for item in KINDS])}")


def recognise(text: str) -> Kind | None:
    """Return the kind that a free name speaks of, or None.

    Examples
    --------
    >>> recognise("CPU limit 500m to 1500m").name, recognise("promotions flag off").name
    ('limit', 'flag_off')
    """
    plain = re.sub(r"[_-]+", " ", text.lower())
    exact = next((item for item in KINDS if item.name == text), None)
    if exact:
        return exact
    if re.search(r"\bflag\b.*\boff\b|\boff\b.*\bflag\b", plain):
        return KINDS[0]
    for item in KINDS:
        if any(re.search(rf"\b{re.escape(word.replace('_', ' '))}", plain) for word in item.words):
            return item
    return None

"""Which clues are causes and which only follow: what waits grows with whatever is slow, however that came about.

A request that takes longer holds its worker, its connection and its caller's patience for longer (Little's law: what is
in a system is its arrivals times the time each stays). So queues, busy pools, open connections and the wait before a
service takes a call rise with every slow thing further down, and often rise more plainly than the cause. They are
taken for a cause only where nothing else stands out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rca.measures.services import Clue, Ranked, weight_of

__all__ = ["WAITING", "blames_others", "causes", "follows", "plain_cause"]

WAITING = frozenset(("queue", "pool", "connections"))
"""Signals that count what waits or is held."""
_PLAIN = 15.0
"""Decibans from which something else explains why things wait."""
_LEFT = 0.25
"""Share that is left of a clue that only follows."""
_FELT = ("requests", "latency", "errors", "availability")
_OTHERS = re.compile(
    r"breaker|dependency|upstream|downstream|bad gateway|service unavailable|deadline exceeded|(read|request|gateway|call) ?time(d )?out",
    re.IGNORECASE,
)
_FAILS = 5.0
"""Decibans of failures of its own from which a service explains why its callers complain."""
_QUEUED = 20.0
"""Decibans of a queue from which the wait before a service is its queue, and not the way to it."""


def blames_others(clue: Clue) -> bool:
    """Say whether a clue tells that what a service calls fails, and nothing of the service itself.

    Examples
    --------
    >>> blames_others(Clue("log", "log_errors", 40.0, "complains “dependency unavailable: breaker open” in 9 of 10"))
    True
    """
    if clue.family == "metric":
        return clue.signal in ("breaker", "retries")
    return clue.family == "log" and bool(_OTHERS.search(clue.claim))


def follows(clue: Clue, item: Ranked, queued: frozenset[str]) -> bool:
    """Say whether a clue is of the kind that follows from anything slow.

    Parameters
    ----------
    clue, item
        A clue and the service that it is held against.
    queued
        Services whose queues grew.
    """
    if clue.family == "metric":
        return clue.signal in WAITING or clue.signal in _FELT
    if clue.family == "edge":  # the wait before a call is taken, where the one that takes it has a queue
        return any(f" to {name}:" in clue.claim for name in queued) or item.service_name in queued
    return False


def plain_cause(ranked: Sequence[Ranked]) -> tuple[Ranked, Clue] | None:
    """Return the plainest clue that does not only follow, and its service; None where there is none.

    Log lines are left out: what complains is not what is slow.
    """
    queued = _queued(ranked)
    found = [
        (clue.decibans, item, clue)
        for item in ranked
        for clue in item.clues
        if clue.family != "log" and clue.decibans >= _PLAIN and not follows(clue, item, queued)
    ]
    best = max(found, key=lambda one: one[0], default=None)
    return None if best is None else (best[1], best[2])


def causes(ranked: Sequence[Ranked], *, busier: bool = False) -> list[Ranked]:
    """Return the services ranked anew with little left of what only follows, where something else stands out.

    Parameters
    ----------
    ranked
        Services with their clues.
    busier
        Whether more requests came than before: then waits need no other cause.

    Examples
    --------
    >>> waits = Ranked("a", 80.0, (Clue("metric", "queue", 80.0, "its queue grew"),))
    >>> slow = Ranked("b", 30.0, (Clue("own_time", "latency", 30.0, "b itself takes longer"),))
    >>> [item.service_name for item in causes([waits, slow])], [item.service_name for item in causes([waits])]
    (['b', 'a'], ['a'])
    """
    waits = busier or plain_cause(ranked) is not None
    queued = _queued(ranked)
    failing = {
        item.service_name
        for item in ranked
        if any(clue.family == "own_time" and clue.signal == "errors" and clue.decibans >= _FAILS for clue in item.clues)
    }

    def less(clue: Clue, item: Ranked) -> bool:
        return (waits and follows(clue, item, queued)) or (bool(failing - {item.service_name}) and blames_others(clue))

    out = []
    for item in ranked:
        clues = tuple(
            replace(clue, decibans=_LEFT * clue.decibans) if less(clue, item) else clue for clue in item.clues
        )
        whole, left = weight_of(item.clues), weight_of(clues)
        # what a caller was excused for stays excused
        score = item.score * left / whole if whole else 0.0
        out.append(replace(item, clues=tuple(sorted(clues, key=lambda clue: -clue.decibans)), score=score))
    return sorted(out, key=lambda item: (-item.score, item.service_name))


def _queued(ranked: Sequence[Ranked]) -> frozenset[str]:
    return frozenset(
        item.service_name
        for item in ranked
        if any(
            clue.family == "metric" and clue.signal in ("queue", "pool") and clue.decibans >= _QUEUED
            for clue in item.clues
        )
    )

"""Where an incident begins, and what kind of fault shows there: the service that stands out, however deep it lies.

A request of the incident's service is slow because something that it calls, perhaps at three removes, is slow. What the
incident's own service sees of that is “another service is slow”; what kind of fault it is shows at the service where it
begins. So the clues of the services that stand out (:func:`rca.measures.services.ranked_clues`) are sorted by kind of
fault, and each service counts by how plainly it stands out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from rca.hypotheses.base import Test, missing, observation
from rca.hypotheses.observed import Observed
from rca.hypotheses.spoken import said_of
from rca.hypotheses.weights import bounded
from rca.measures.knock_on import causes
from rca.measures.services import Clue, Ranked
from rca.measures.vocabulary import is_database
from rca.mechanisms.symptoms import symptoms_in
from rca.model import Evidence

__all__ = ["KINDS", "Origin", "began_elsewhere", "begins_as", "kinds_of", "origin"]

KINDS = ("dependency", "database", "runtime", "network", "defect")
"""Kinds of fault: those of H1 to H4, and a defect of the code."""
_LEAST = 10.0
"""Decibans from which a service stands out at all."""
_PLAIN = 30.0
"""Decibans from which what it shows counts in full."""
_LEAK = 1.0
"""Decibans that each kind is given, for what no instrument sees."""
_GAP = 0.3
"""Share of a gap's weight that is left where the process itself is slow: a starved process takes its calls late."""
_FOLLOWS = 0.1
"""Share that is left of failing calls and open breakers where the calls did not reach the other side."""
_MOSTLY = 0.5
"""Share of the telling messages from which failed spans say what is wrong."""
_RUNTIME = frozenset(("cpu", "throttling", "memory", "gc", "pool", "queue", "restarts", "disk"))
_DATABASE = frozenset(("db_cpu", "db_scan", "db_lock", "replication", "connections", "queries"))
_NETWORK = frozenset(("network", "dns"))
_DEPENDENCY = frozenset(("breaker", "retries"))


@dataclass(frozen=True, slots=True)
class Origin:
    """Where it begins: the service, how plainly it stands out, the share of each kind of fault, and why."""

    service_name: str
    score: float
    shares: Mapping[str, float]
    claims: Mapping[str, str]


def origin(observed: Observed) -> Origin | None:
    """Return where the incident begins, or None where no service stands out.

    The shares are those of the services that stand out, each weighted by the odds of its score.
    """
    ranked = [item for item in causes(observed.suspects or (), busier=observed.busier) if item.score >= _LEAST]
    if not ranked:
        return None
    best = ranked[0]
    shares = dict.fromkeys(KINDS, 0.0)
    claims: dict[str, str] = {}
    odds = [10 ** ((item.score - best.score) / 10) for item in ranked]
    for item, weight in zip(ranked, odds, strict=True):
        found, said = kinds_of(item, observed.incident.service_name)
        _hear(found, said, observed.failed_spans.get(item.service_name, {}))
        whole = sum(found.values()) + _LEAK * len(KINDS)
        for kind in KINDS:
            shares[kind] += weight / sum(odds) * (found[kind] + _LEAK) / whole
        for kind, claim in said.items():
            claims.setdefault(kind, f"{item.service_name}: {claim}")
    return Origin(best.service_name, best.score, shares, claims)


def kinds_of(item: Ranked, here: str) -> tuple[dict[str, float], dict[str, str]]:
    """Return the decibans of each kind of fault among a service's clues, and the plainest clue of each.

    Examples
    --------
    >>> starved = Ranked("b", 40.0, (Clue("metric", "cpu", 40.0, "cpu rose"), Clue("edge", "network", 30.0, "a to b")))
    >>> found, _ = kinds_of(starved, "a")
    >>> max(found, key=found.get), round(found["network"])
    ('runtime', 9)
    """
    found = dict.fromkeys(KINDS, 0.0)
    said: dict[str, str] = {}
    own = 0.0
    for clue in item.clues:
        kind = _kind(clue, item.service_name)
        if kind == "own":
            own = max(own, clue.decibans)
            said.setdefault("runtime", clue.claim)
            said.setdefault("dependency", clue.claim)
        elif kind and clue.decibans > found[kind]:
            found[kind] = clue.decibans
            said[kind] = clue.claim
    _divide(found, own, is_here=item.service_name == here)
    return found, said


def _hear(found: dict[str, float], said: dict[str, str], spoken: Mapping[str, tuple[float, str]]) -> None:
    """Let what failed spans say of themselves outweigh that calls fail and breakers open, which follows from it."""
    for kind in ("network", "certificate"):
        share, text = spoken.get(kind, (0.0, ""))
        if share < _MOSTLY:
            continue
        for other in ("dependency", "defect"):
            found[other] *= _FOLLOWS
        if kind in found:
            found[kind] = max(found[kind], _PLAIN)
            said[kind] = f"calls fail with “{text[:90]}”"


def _divide(found: dict[str, float], own: float, *, is_here: bool) -> None:
    """Give a service's own slowness to the kind of fault that explains it."""
    slowed = found["runtime"] >= _LEAST or own >= _GAP * found["network"] > 0
    if slowed:
        found["runtime"] = max(found["runtime"], own)
        found["network"] *= _GAP
    elif is_here:
        found["runtime"] = max(found["runtime"], 0.7 * own)
    elif found["database"] < _LEAST and found["defect"] < own:
        # slow by its own clock, and nothing says why: to its callers that is a slow dependency
        found["dependency"] = max(found["dependency"], own)
        found["runtime"] = max(found["runtime"], 0.4 * own)


def _kind(clue: Clue, service: str) -> str:
    if clue.family == "edge":
        return "network"
    if clue.family == "own_time":
        if is_database(service):
            return "database"
        return "own" if clue.signal == "latency" else "defect"
    if clue.family == "log":
        kind = said_of(symptoms_in(clue.claim) if clue.signal == "log_errors" else ())
        return kind if kind in KINDS else ""
    if clue.signal in _RUNTIME:
        return "database" if is_database(service) else "runtime"
    for kind, signals in (("database", _DATABASE), ("network", _NETWORK), ("dependency", _DEPENDENCY)):
        if clue.signal in signals:
            return kind
    return ""


def began_elsewhere(observed: Observed) -> Origin | None:
    """Return the origin where it is another service than the incident's, and shows why it is slow or fails."""
    found = observed.origin
    if found is None or found.service_name == observed.incident.service_name:
        return None
    return found if found.shares["dependency"] < 0.5 else None


def begins_as(kind: str) -> Test:
    """Return a test that asks whether the service where it begins shows a kind of fault."""

    def test(observed: Observed) -> Evidence:
        name, family = "where it begins", "origin"
        if observed.suspects is None:
            return missing(name, family, f"{observed.why['services']}")
        found = observed.origin
        if found is None:
            return missing(name, family, "No service stands out.")
        share = found.shares[kind]
        even = 1 / len(KINDS)
        weight = 10 * math.log10(share / (1 - share) * (1 - even) / even) * min(1.0, found.score / _PLAIN)
        if weight > 0 and observed.busier:
            weight *= _GAP  # with more requests everything has more to do
        claim = found.claims.get(kind, f"nothing of this kind shows at {found.service_name}, where it begins")
        source = "elicited: share of this kind among the clues of the services that stand out, against one in five"
        return observation(name, family, bounded(weight), f"{claim}.", source=source)

    return test

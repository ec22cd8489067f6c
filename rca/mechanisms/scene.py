"""The scene of an incident: everything observed that a cause has to explain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from rca.measures.calls import CallGraph
from rca.measures.logged import NO_SERVICE
from rca.measures.periods import Periods
from rca.measures.services import Ranked
from rca.measures.texts import Text
from rca.model import Incident

__all__ = ["GENERIC", "Ramp", "Scene", "Seen", "place_in"]

GENERIC = frozenset(("errors", "latency", "rejected", "callee"))
"""Symptoms that say that something is wrong, and not what."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A symptom that was seen: how plainly (0 to 1), at which service, and in words."""

    strength: float
    service_name: str
    claim: str


@dataclass(frozen=True, slots=True)
class Ramp:
    """A metric that rose steadily, and since when."""

    service_name: str
    metric_name: str
    signal: str
    start_ns: int


@dataclass(frozen=True)
class Scene:
    """What was observed.

    Attributes
    ----------
    incident, windows, graph
        The question. The incident's window reaches back a little before the onset.
    symptoms
        The plainest sighting of each symptom.
    by_service
        Symptom → strength for each service.
    complaints, vanished
        Messages that surge and complain; messages that no longer come.
    moved
        Metrics that moved, as rows of :func:`rca.measures.shifts.metric_shifts`.
    novel, gone
        Identifiers of new messages and of vanished ones, with weights.
    ramps
        Metrics that rose steadily up to the incident.
    failing_ns
        Lengths of failing spans with their weights.
    feed, alerts
        What status pages and alerts said.
    surge_ratio, entry_ratio, entry_share
        How many times more requests than before come to the incident's service, and to those that nothing calls and that
        lead to it; which share of the requests that are more comes in there. None where no metric of those says.
    standing
        Services by how plainly they stand out, most first; empty where they were not compared.
    """

    incident: Incident
    windows: Periods
    graph: CallGraph
    services: frozenset[str] = frozenset()
    symptoms: Mapping[str, Seen] = field(default_factory=dict)
    by_service: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    complaints: tuple[Text, ...] = ()
    vanished: tuple[Text, ...] = ()
    moved: pl.DataFrame = field(default_factory=pl.DataFrame)
    novel: Mapping[str, float] = field(default_factory=dict)
    gone: Mapping[str, float] = field(default_factory=dict)
    ramps: tuple[Ramp, ...] = ()
    failing_ns: tuple[tuple[int, float], ...] = ()
    feed: tuple[Mapping[str, object], ...] = ()
    alerts: tuple[str, ...] = ()
    surge_ratio: float = 1.0
    entry_ratio: float | None = None
    entry_share: float | None = None
    standing: tuple[Ranked, ...] = ()

    def seen(self, name: str) -> float:
        """How plainly a symptom was seen."""
        found = self.symptoms.get(name)
        return found.strength if found else 0.0

    def place_of(self, service: str) -> str:
        """Where a service lies from the incident's: ``self``, ``below``, ``above``, ``elsewhere``, or ``untold`` where no call tells."""
        place = place_in(self.graph, self.incident.service_name, service)
        return "untold" if place == "elsewhere" and service not in self.graph.services else place

    def shares_with(self, service: str) -> str:
        """Return a telling symptom that a service shows and that others show too; empty where there is none."""
        here = self.by_service.get(service, {})
        found = {
            name: strength
            for name, strength in here.items()
            if strength >= 0.5 and name not in GENERIC and self.seen(name) >= 0.5
        }
        others = [items for other, items in self.by_service.items() if other != service]
        shared = [name for name in found if any(items.get(name, 0.0) >= 0.5 for items in others)]
        return max(shared, key=lambda name: found[name], default="")

    @cached_property
    def said(self) -> str:
        """What complaints that are new, and alerts, say, in lower case; what messages said before is left out."""
        return " ".join((*(item.text for item in self.complaints if not item.before), *self.alerts)).lower()


def place_in(graph: CallGraph, here: str, service: str) -> str:
    """Where a service lies in a call graph, seen from another: ``self``, ``below``, ``above``, ``elsewhere``, ``unknown``."""
    if service == here or (here == NO_SERVICE and not service):
        return "self"
    if here == NO_SERVICE:
        return "unknown"
    if service in graph.below(here):
        return "below"
    return "above" if service in graph.above(here) else "elsewhere"

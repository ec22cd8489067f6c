"""Which symptoms an incident shows, how plainly, and where: in messages, alerts and metrics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping

import polars as pl

from rca.display import cell
from rca.measures.calls import CallGraph
from rca.measures.texts import Text
from rca.measures.vocabulary import is_database, words
from rca.mechanisms.scene import GENERIC, Seen, place_in
from rca.mechanisms.symptoms import of_signals, symptoms_in
from rca.model import Incident

__all__ = ["sightings"]

_NEIGHBOUR = {"self": 1.0, "below": 0.9, "above": 0.55, "elsewhere": 0.5, "unknown": 0.8}
_PLAIN = 1.5
"""A symptom is as plain as can be from two thirds of what a service says that tells anything."""
_CALM = frozenset(("plan", "slow_query", "failover", "node", "clock", "data"))
"""Symptoms that are told as news rather than as a warning."""
Found = dict[str, dict[str, Seen]]
Note = Callable[[str, str, float, str], None]


def sightings(
    incident: Incident,
    graph: CallGraph,
    complaints: tuple[Text, ...],
    fresh: tuple[Text, ...],
    said: tuple[str, ...],
    moved: pl.DataFrame,
) -> tuple[dict[str, dict[str, float]], dict[str, Seen]]:
    """Return symptom → strength for each service, and the plainest sighting of each symptom.

    Parameters
    ----------
    complaints
        Messages that surge and complain.
    fresh
        Messages that are new and complain of nothing: a database writes of its slow statements without calling it a warning.
    said
        What alerts say.
    moved
        Metrics that moved, as rows of :func:`rca.measures.shifts.metric_shifts`.
    """
    found: Found = defaultdict(dict)

    def note(service: str, name: str, strength: float, claim: str) -> None:
        if strength > found[service].get(name, Seen(0.0, "", "")).strength:
            found[service][name] = Seen(min(1.0, strength), service, claim)

    _from_messages(complaints, note)
    for item in fresh:
        for name in set(symptoms_in(item.text)) & _CALM:
            note(item.service_name, name, 0.6, f"{item.service_name} says “{item.text[:110]}”")
    for text in said:
        for name in symptoms_in(text):
            note(incident.service_name, name, 0.8, f"the alert says “{text[:110]}”")
    for row in moved.iter_rows(named=True):
        _from_metric(row, note)
    by_service = {service: {name: seen.strength for name, seen in items.items()} for service, items in found.items()}
    return by_service, _plainest(found, incident, graph)


def _from_messages(complaints: tuple[Text, ...], note: Note) -> None:
    # “request failed” says nothing of the cause, so it does not thin out what does
    named = [(item, symptoms_in(item.text)) for item in complaints]
    total: dict[str, float] = defaultdict(float)
    for item, names in named:
        if set(names) - GENERIC or all(not set(other) - GENERIC for _, other in named):
            total[item.service_name] += item.weight
    shares: dict[tuple[str, str], float] = defaultdict(float)
    examples: dict[tuple[str, str], str] = {}
    for item, names in named:
        for name in names:
            shares[item.service_name, name] += item.weight / max(total[item.service_name], item.weight)
            examples.setdefault((item.service_name, name), item.text)
    for (service, name), share in shares.items():
        note(service, name, _PLAIN * share, f"{service} says “{examples[service, name][:110]}”")


def _plainest(found: Found, incident: Incident, graph: CallGraph) -> dict[str, Seen]:
    best: dict[str, Seen] = {}
    for service, items in found.items():
        # what no request names (a node, a resolver, a cache) may lie below all the same
        known = not graph.services or service in graph.services
        factor = _NEIGHBOUR[place_in(graph, incident.service_name, service) if known else "unknown"]
        for name, seen in items.items():
            strength = factor * seen.strength
            if strength > best.get(name, Seen(0.0, "", "")).strength:
                best[name] = Seen(strength, service, seen.claim)
    return best


def _from_metric(row: Mapping[str, object], note: Note) -> None:
    score, bad = float(str(row["score"])), int(str(row["bad"]))
    service, metric, signal = str(row["service_name"]), str(row["metric_name"]), str(row["signal"])
    toward = score * (bad or 1)
    claim = f"{metric} of {service} went from {cell(row['before'])} to {cell(row['during'])}"
    if signal == "expiry":
        if float(str(row["during"])) <= 0:
            kind = "certificate" if any(word in words(metric) for word in ("cert", "tls", "ssl")) else "credential"
            note(service, kind, 1.0, claim)
        return
    if toward <= 0:
        return
    for name, strength in of_signals([(signal, toward)]).items():
        note(service, name, strength, claim)
    if signal == "cpu" and is_database(service):
        note(service, "db_cpu", toward / (toward + 4), claim)
    for name in symptoms_in(words(metric)):
        if name not in ("errors", "latency", "timeout"):
            note(service, name, 0.9 * toward / (toward + 4), claim)
    if signal in ("errors", "availability"):
        note(service, "errors", toward / (toward + 4), claim)
    if signal == "latency":
        note(service, "latency", toward / (toward + 4), claim)

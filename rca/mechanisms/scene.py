"""The scene of an incident: everything observed that a cause has to explain, gathered once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from rca.display import cell
from rca.measures.calls import CallGraph, call_graph
from rca.measures.logged import NO_SERVICE
from rca.measures.onset import ramp_start
from rca.measures.periods import Periods
from rca.measures.services import Ranked
from rca.measures.shifts import metric_series, metric_shifts, step_of
from rca.measures.texts import Text, incident_texts
from rca.measures.vocabulary import meaning, words
from rca.mechanisms.diffs import tokens
from rca.mechanisms.place import stem
from rca.mechanisms.symptoms import of_signals, symptoms_in
from rca.mechanisms.traffic import entry_ratio, surge_ratio
from rca.model import Incident, Window
from rca.sql import statement
from rca.store import Store

__all__ = ["Ramp", "Scene", "Seen", "observe"]

_MINUTE = 60_000_000_000
_MOVED = 3.0
"""Units of unrest from which a metric counts as moved."""
_FILLING = ("memory", "disk", "connections", "queue", "pool", "cpu", "db_cpu")
_SERIES = 40
"""Most series in which a ramp is sought."""
_NEW = 1.0
"""Root of the likelihood-ratio statistic from which a message counts as surging."""
_STOP = frozenset(
    [
        "the",
        "and",
        "for",
        "with",
        "not",
        "from",
        "this",
        "that",
        "was",
        "were",
        "has",
        "have",
        "failed",
        "error",
        "errors",
        "err",
        "exception",
        "request",
        "requests",
        "response",
        "status",
        "message",
        "call",
        "called",
        "returned",
        "return",
        "null",
        "nil",
        "none",
        "true",
        "false",
        "context",
        "log",
        "info",
        "warn",
        "string",
        "value",
        "values",
        "type",
        "data",
        "code",
        "http",
        "https",
        "com",
        "net",
        "org",
        "svc",
        "cluster",
        "local",
        "after",
        "before",
        "into",
        "out",
        "func",
        "new",
        "get",
        "set",
        "one",
        "two",
        "int",
        "list",
        "items",
        "item",
        "line",
        "name",
        "service",
        "services",
        "upstream",
        "downstream",
        "caller",
        "client",
        "server",
        "connection",
        "timeout",
        "time",
        "ctx",
        "self",
        "args",
        "kwargs",
        "main",
        "run",
        "handle",
        "handler",
    ]
)
_GENERIC = frozenset(("errors", "latency", "rejected", "callee"))
_NEIGHBOUR = {"self": 1.0, "below": 0.9, "above": 0.55, "elsewhere": 0.5, "unknown": 0.8}


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
    usual
        Identifiers that messages held before.
    ramps
        Metrics that rose steadily up to the incident.
    failing_ns
        Lengths of failing spans with their weights.
    feed, alerts
        What status pages and alerts said.
    surge_ratio, entry_ratio
        How many times more requests than before come to the incident's service, and to those that nothing calls and that
        lead to it; None where no metric of those says.
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
    standing: tuple[Ranked, ...] = ()

    def seen(self, name: str) -> float:
        """How plainly a symptom was seen."""
        found = self.symptoms.get(name)
        return found.strength if found else 0.0

    def place_of(self, service: str) -> str:
        """Where a service lies from the incident's: ``self``, ``below``, ``above``, ``elsewhere``, or ``untold`` without calls."""
        place = _place(self.graph, self.incident.service_name, service)
        return "untold" if place == "elsewhere" and not self.graph.services else place

    @cached_property
    def said(self) -> str:
        """What complaints that are new, and alerts, say, in lower case; what messages said before is left out."""
        return " ".join((*(item.text for item in self.complaints if not item.before), *self.alerts)).lower()


def _place(graph: CallGraph, here: str, service: str) -> str:
    if service == here or (here == NO_SERVICE and not service):
        return "self"
    if here == NO_SERVICE:
        return "unknown"
    if service in graph.below(here):
        return "below"
    return "above" if service in graph.above(here) else "elsewhere"


def observe(store: Store, incident: Incident, windows: Periods) -> Scene:
    """Gather what was observed of an incident.

    Parameters
    ----------
    store, incident
        The telemetry and the question.
    windows
        Baseline and incident; the incident's window is widened to what led up to it.
    """
    hot = windows.incident
    early = min(incident.onset_low_ns or hot.start_ns, hot.start_ns)
    lead = max(3 * _MINUTE, hot.length_ns // 4)
    start = (
        max(early - lead, min(windows.baseline.end_ns, hot.start_ns))
        if windows.baseline.end_ns <= hot.start_ns
        else hot.start_ns
    )
    wide = Periods(windows.baseline, Window(start, hot.end_ns), windows.notes)
    graph = call_graph(store)
    texts = incident_texts(store, wide)
    alerts = store.query(statement("local/alerts").sql)
    near = alerts.filter((pl.col("time_ns") >= start - 30 * _MINUTE) & (pl.col("time_ns") < hot.end_ns))
    own = near.filter(~pl.col("is_feed") & pl.col("service_name").is_in([incident.service_name, ""]))
    said = tuple(f"{row['title']} {row['metric']} {row['detail']}" for row in own.iter_rows(named=True))
    shifts = metric_shifts(store, windows)
    moved = shifts.filter(pl.col("score").abs() >= _MOVED)
    complaints = tuple(item for item in texts if item.is_error and item.surge > _NEW and item.during > 0)
    vanished = tuple(item for item in texts if not item.is_error and item.surge < -2 * _NEW)
    fresh = tuple(item for item in texts if not item.is_error and item.before == 0 and item.surge > _NEW)
    known = frozenset(
        graph.services
        | {item.service_name for item in texts}
        | set(moved["service_name"].to_list())
        | {incident.service_name}
    )
    by_service, symptoms = _symptoms(incident, graph, complaints, said, moved)
    ratio = surge_ratio(moved, incident.service_name)
    if ratio > 1.5:
        symptoms["surge"] = Seen(1 - 1 / ratio, incident.service_name, f"requests rose {ratio:.1f} times")
    changed = frozenset(str(name) for name in store.query(statement("changed_services").sql)["service_name"].to_list())
    usual = Counter(word for item in texts if item.before > 0 and item.surge <= _NEW for word in tokens(item.text))
    stems = {part for name in known for part in (stem(name), stem(name).replace("-", ""), name.lower())}
    return Scene(
        incident=incident,
        windows=wide,
        graph=graph,
        services=known,
        symptoms=symptoms,
        by_service=by_service,
        complaints=complaints,
        vanished=vanished,
        moved=moved,
        novel=_words((*complaints, *fresh), said, usual, stems),
        gone=_words(vanished, (), Counter(), stems),
        ramps=_ramps(store, windows, changed),
        failing_ns=tuple((item.duration_ns, item.during) for item in complaints if item.duration_ns),
        feed=tuple(near.filter(pl.col("is_feed")).to_dicts()),
        alerts=said,
        surge_ratio=ratio,
        entry_ratio=entry_ratio(shifts, graph, incident.service_name),
    )


def _symptoms(
    incident: Incident, graph: CallGraph, complaints: tuple[Text, ...], said: tuple[str, ...], moved: pl.DataFrame
) -> tuple[dict[str, dict[str, float]], dict[str, Seen]]:
    found: dict[str, dict[str, Seen]] = defaultdict(dict)

    def note(service: str, name: str, strength: float, claim: str) -> None:
        if strength > found[service].get(name, Seen(0.0, "", "")).strength:
            found[service][name] = Seen(min(1.0, strength), service, claim)

    # “request failed” says nothing of the cause, so it does not thin out what does
    named = [(item, symptoms_in(item.text)) for item in complaints]
    total: dict[str, float] = defaultdict(float)
    for item, names in named:
        if set(names) - _GENERIC or all(not set(other) - _GENERIC for _, other in named):
            total[item.service_name] += item.weight
    shares: dict[tuple[str, str], float] = defaultdict(float)
    examples: dict[tuple[str, str], str] = {}
    for item, names in named:
        for name in names:
            shares[item.service_name, name] += item.weight / max(total[item.service_name], item.weight)
            examples.setdefault((item.service_name, name), item.text)
    for (service, name), share in shares.items():
        note(service, name, 1.5 * share, f"{service} says “{examples[service, name][:110]}”")
    for text in said:
        for name in symptoms_in(text):
            note(incident.service_name, name, 0.8, f"the alert says “{text[:110]}”")
    for row in moved.iter_rows(named=True):
        _from_metric(row, note)
    best: dict[str, Seen] = {}
    for service, items in found.items():
        # what no request names (a node, a resolver, a cache) may lie below all the same
        known = not graph.services or service in graph.services
        factor = _NEIGHBOUR[_place(graph, incident.service_name, service) if known else "unknown"]
        for name, seen in items.items():
            strength = factor * seen.strength
            if strength > best.get(name, Seen(0.0, "", "")).strength:
                best[name] = Seen(strength, service, seen.claim)
    return {service: {name: seen.strength for name, seen in items.items()} for service, items in found.items()}, best


def _from_metric(row: Mapping[str, object], note: object) -> None:
    score, bad = float(str(row["score"])), int(str(row["bad"]))
    service, metric, signal = str(row["service_name"]), str(row["metric_name"]), str(row["signal"])
    toward = score * (bad or 1)
    claim = f"{metric} of {service} went from {cell(row['before'])} to {cell(row['during'])}"
    assert callable(note)  # noqa: S101
    if signal == "expiry":
        if float(str(row["during"])) <= 0:
            kind = "certificate" if any(word in words(metric) for word in ("cert", "tls", "ssl")) else "credential"
            note(service, kind, 1.0, claim)
        return
    if toward <= 0:
        return
    for name, strength in of_signals([(signal, toward)]).items():
        note(service, name, strength, claim)
    for name in symptoms_in(words(metric)):
        if name not in ("errors", "latency", "timeout"):
            note(service, name, 0.9 * toward / (toward + 4), claim)
    if signal in ("errors", "availability"):
        note(service, "errors", toward / (toward + 4), claim)
    if signal == "latency":
        note(service, "latency", toward / (toward + 4), claim)


def _words(texts: tuple[Text, ...], said: tuple[str, ...], usual: Counter[str], stems: set[str]) -> dict[str, float]:
    """Return identifiers of texts with weights from 0 to 1: those that few texts hold and none held before weigh most."""
    pieces = [(item.text, 1.0 if item.is_error else 0.6) for item in texts] + [(text, 0.8) for text in said]
    held: Counter[str] = Counter()
    best: dict[str, float] = {}
    for text, weight in pieces:
        for word in tokens(text):
            held[word] += 1
            best[word] = max(best.get(word, 0.0), weight)
    return {
        word: weight / (1 + usual[word]) / (1 + 0.1 * held[word])
        for word, weight in best.items()
        if word not in _STOP and word not in stems and len(word) > 3
    }


def _ramps(store: Store, windows: Periods, places: frozenset[str]) -> tuple[Ramp, ...]:
    """Return metrics of resources, of some services, that rose steadily since some time before the incident.

    A process that was killed starts anew, so that its memory looks low during the incident: what moved is no guide.
    """
    names = [
        (str(row["service_name"]), str(row["metric_name"]), meaning(str(row["metric_name"])).signal)
        for row in store.query(statement("metric_names").sql).iter_rows(named=True)
        if row["service_name"] in places and meaning(str(row["metric_name"])).signal in _FILLING
    ]
    out = []
    reach = Window(max(0, windows.baseline.start_ns - 24 * 60 * _MINUTE), windows.incident.end_ns)
    step = max(_MINUTE, step_of(windows))
    for service, metric, signal in names[:_SERIES]:
        series = metric_series(store, reach, bin_ns=step, service=service, metric=metric)
        at = ramp_start(series["value"].to_numpy()) if series.height else None
        if at is not None:
            out.append(Ramp(service, metric, signal, int(series["bin_ns"][at])))
    return tuple(out)

"""Small systems whose latency and failures spread along calls by known rules, with a fault at a known place."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

import rca
from rca.schema import conform
from rca.times import parse_time

START = parse_time("2026-02-01T00:00Z")
STEP = 300 * 1_000_000_000
CALM, HOT = 400, 5


@dataclass
class System:
    """Services in the order in which calls can go, who calls whom and how often, and every metric's points."""

    calls: dict[str, dict[str, float]]
    culprit: str
    signal: str
    metrics: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)

    @property
    def root(self) -> str:
        return next(iter(self.calls))


def simulate(seed: int, kind: str, *, drifts: bool = False, sparse: bool = False, part: bool = False) -> System:
    """Return a system with one fault.

    `kind` is ``latency`` or ``availability``; with `drifts` the baseline was taken at another time, when some services
    were at another level; with `sparse` requests are few, so averages are restless and points are missing; with `part`
    the fault begins in the middle of the incident's window.
    """
    drawn = np.random.default_rng(seed)
    names = [f"n{at}" for at in range(int(drawn.integers(7, 13)))]
    calls: dict[str, dict[str, float]] = {name: {} for name in names}
    for at, name in enumerate(names[1:], 1):
        for parent in drawn.choice(at, size=1 + int(drawn.random() < 0.2 and at > 2), replace=False):
            calls[names[int(parent)]][name] = float(drawn.choice([1.0, 1.0, 0.5, 2.0]))
    culprit = names[int(drawn.integers(1, len(names)))]
    quiet = str(drawn.choice([name for name in names[1:] if name != culprit]))
    length = CALM + HOT
    harm = float(drawn.uniform(0.05, 0.4))
    level = np.ones((len(names), length))
    if drifts:
        level[drawn.random(len(names)) < 0.3, CALM:] *= drawn.uniform(0.85, 1.2)
    active = np.zeros(length, bool)
    active[CALM + (2 if part else 0) :] = True
    noise = 0.15 if sparse else 0.04
    traffic = 1 + 0.3 * np.sin(np.arange(length) / 46) + 0.05 * drawn.standard_normal(length)
    volume = {names[0]: 100 * traffic}
    for name in names:
        for callee, times in calls[name].items():
            volume[callee] = volume.get(callee, 0) + volume[name] * times
    latency: dict[str, np.ndarray] = {}
    failed: dict[str, np.ndarray] = {}
    for at in reversed(range(len(names))):
        name = names[at]
        own = drawn.lognormal(-3, 0.7) * level[at] * np.exp(noise * drawn.standard_normal(length))
        wrong = np.clip(0.001 + 0.0005 * drawn.standard_normal(length), 0, 1)
        if name == quiet:  # steady as a clock, and a little slower now: many deviations, no harm
            own = np.median(own) * np.exp(0.002 * drawn.standard_normal(length)) * (1 + 0.08 * active)
        if name == culprit:
            own = own + active * harm * (kind == "latency") * drawn.lognormal(0, 0.1, length)
            wrong = wrong + active * drawn.uniform(0.03, 0.3) * (kind == "availability")
        latency[name] = own + sum(times * latency[callee] for callee, times in calls[name].items())
        good = 1 - wrong
        for callee, times in calls[name].items():
            good = good * (1 - np.minimum(1, times) * failed[callee] * 0.9)
        failed[name] = 1 - good
    system = System(calls, culprit, f"{kind}.Average")
    for name in names:
        system.metrics[name, "latency.Average"] = latency[name]
        system.metrics[name, "latency.p95"] = latency[name] * 1.9 * np.exp(0.05 * drawn.standard_normal(length))
        system.metrics[name, "availability.Average"] = 100 * (1 - failed[name])
        system.metrics[name, "requests.Sum"] = volume[name]
    if sparse:
        for series in system.metrics.values():
            series[:CALM][drawn.random(CALM) < 0.4] = np.nan
    return system


def load(
    system: System, *, scale: float = 1.0, edges: bool = True, away_days: int = 0
) -> tuple[rca.Store, rca.Incident]:
    """Return a store of the system and its incident; `away_days` puts the baseline so many days before."""
    store = rca.open()
    away = away_days * 86_400_000_000_000
    rows: dict[str, list[object]] = {"time_ns": [], "service_name": [], "metric_name": [], "value": []}
    for (service, metric), values in system.metrics.items():
        for at in np.flatnonzero(np.isfinite(values)):
            rows["time_ns"].append(START + int(at) * STEP + (away if at >= CALM else 0))
            rows["service_name"].append(service)
            rows["metric_name"].append(metric)
            rows["value"].append(float(values[at]) * scale)
    store.engine.insert("metrics", conform("metrics", pa.table(rows)))
    if edges:
        pairs = [(caller, callee) for caller, below in system.calls.items() for callee in below]
        table = {"caller": [a for a, _ in pairs], "callee": [b for _, b in pairs], "source": ["given"] * len(pairs)}
        store.engine.insert("service_edges", conform("service_edges", pa.table(table)))
    hot = START + CALM * STEP + away
    baseline = (START, START + CALM * STEP)
    return store, rca.Incident(system.root, start=hot, end=hot + HOT * STEP, baseline=baseline)


def deviations(system: System) -> str:
    """Return the peer's answer: the service whose metric of the alert moved by the most standard deviations."""
    best, most = "", -np.inf
    sign = -1 if system.signal.startswith("availability") else 1
    for (service, metric), values in system.metrics.items():
        if metric == system.signal:
            past = values[:CALM][np.isfinite(values[:CALM])]
            moved = sign * (np.nanmean(values[CALM:]) - past.mean()) / (past.std() + 1e-12)
            if moved > most:
                best, most = service, moved
    return best


def correlated(system: System) -> str:
    """Return another peer's answer: whose metric of the alert goes most with that of the alerting service."""
    felt = system.metrics[system.root, system.signal][CALM - 20 :]
    best, most = "", -np.inf
    for (service, metric), values in system.metrics.items():
        if metric == system.signal and service != system.root:
            both = np.isfinite(felt) & np.isfinite(values[CALM - 20 :])
            found = abs(np.corrcoef(felt[both], values[CALM - 20 :][both])[0, 1])
            if found > most:
                best, most = service, found
    return best

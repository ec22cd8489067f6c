"""Whole systems of services with one fault each: what every service does, second by second, and who did it.

Load enters at the gate and is divided along the calls. A service's latency is its own time and that of its calls, so what a
slow service costs is felt above it, a little later; requests in flight (Little's law), and so sockets, threads and memory,
rise with it there too; people who wait send less, so that the work of everybody falls. Failures spread the same way. Noise
is drawn for each series anew: what idles has the largest relative moves.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from shop_systems import SYSTEMS

FAULTS = ("cpu", "memory", "disk", "delay", "loss", "socket", "errors", "gc", "restart", "threads")
STORES = ("redis", "mongo", "memcached", "mysql", "db", "store", "cache", "index", "blob")
QUANTITIES = (
    "load",
    "p50",
    "p90",
    "p99",
    "errors",
    "cpu",
    "memory",
    "disk",
    "received",
    "sent",
    "sockets",
    "threads",
    "gc",
    "restarts",
)


@dataclass
class Shop:
    """One system with one fault: every quantity of every service on a grid of times."""

    system: str
    calls: dict[str, dict[str, float]]
    root: str
    culprit: str
    fault: str
    step_s: int
    calm: int
    hot: int
    values: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    away_s: int = 0
    """How long after the baseline the incident begins: what is measured then has moved by itself."""

    @property
    def title(self) -> str:
        """Say which case it is."""
        return f"{self.system}/{self.fault}/{self.culprit} {self.calm}+{self.hot} x {self.step_s} s"


def wander(rng: np.random.Generator, n: int, size: float, phi: float) -> np.ndarray:
    """Return autocorrelated noise of a standard deviation."""
    noise = rng.standard_normal(n + 50) * size * np.sqrt(1 - phi * phi)
    out = np.zeros(n + 50)
    for at in range(1, n + 50):
        out[at] = phi * out[at - 1] + noise[at]
    return out[50:]


def order_of(calls: dict[str, dict[str, float]]) -> list[str]:
    """Return the services so that each comes before what it calls; the first is the gate."""
    names = {*calls, *(name for below in calls.values() for name in below)}
    waiting = {name: sum(name in below for below in calls.values()) for name in sorted(names)}
    out: list[str] = []
    while waiting:
        free = [name for name, callers in waiting.items() if callers == 0]
        out += free
        for name in free:
            del waiting[name]
            for callee in calls.get(name, {}):
                waiting[callee] -= 1
    return out


def build(seed: int, *, fault: str = "", system: str = "", hard: bool = False) -> Shop:
    """Return a case drawn from a seed; the truth is drawn first.

    With `hard` the fault is a third of its usual size, or the baseline was taken days before.
    """
    rng = np.random.default_rng([seed, 77])
    system = system or str(rng.choice(list(SYSTEMS)))
    fault = fault or str(rng.choice(FAULTS))
    calls = SYSTEMS[system]
    names = order_of(calls)
    likely = [
        name
        for name in names[1:]
        if fault not in ("errors", "gc", "threads") or not any(part in name.lower() for part in STORES)
    ]
    culprit = str(rng.choice(likely))
    step_s, calm, hot = [
        (1, 300, 240),
        (1, 600, 600),
        (5, 120, 60),
        (10, 90, 30),
        (15, 40, 20),
        (60, 60, 10),
        (60, 25, 6),
    ][int(rng.integers(7))]
    shop = Shop(system, calls, names[0], culprit, fault, step_s, calm, hot, names=names)
    small = hard and bool(rng.random() < 0.5)
    shop.away_s = int(rng.integers(1, 20)) * 43_200 if hard and not small else 0
    _run(shop, rng, 0.33 if small else 1.0)
    return shop


def _profile(shop: Shop, rng: np.random.Generator) -> np.ndarray:
    """Return how much of the fault acts: a step or a ramp, a little late."""
    n = shop.calm + shop.hot
    active = np.zeros(n)
    late = int(rng.integers(0, max(1, shop.hot // 10)))
    active[shop.calm + late :] = 1.0
    if rng.random() < 0.3:
        ramp = max(2, shop.hot // 3)
        active[shop.calm + late : shop.calm + late + ramp] = np.linspace(
            0.1, 1, len(active[shop.calm + late : shop.calm + late + ramp])
        )
    return active


def _run(shop: Shop, rng: np.random.Generator, size: float) -> None:
    n, names = shop.calm + shop.hot, shop.names
    active = _profile(shop, rng) * size
    own = {name: rng.lognormal(-5.0, 0.8) * np.exp(wander(rng, n, rng.uniform(0.03, 0.2), 0.5)) for name in names}
    wrong = {name: np.clip(rng.choice([0, 0, 0.001, 0.004]) * (1 + wander(rng, n, 0.5, 0.3)), 0, 1) for name in names}
    extra = _slowness(shop, rng, own[shop.culprit])
    own[shop.culprit] = own[shop.culprit] + extra * active
    broken = {
        "errors": rng.uniform(0.1, 0.7),
        "loss": rng.uniform(0, 0.05),
        "restart": rng.uniform(0.05, 0.3),
        "socket": rng.uniform(0, 0.05),
    }
    wrong[shop.culprit] = np.clip(wrong[shop.culprit] + active * broken.get(shop.fault, 0.0), 0, 1)
    if shop.fault == "errors":  # what fails early is quick, and calls nobody
        own[shop.culprit] *= 1 - active * rng.choice([0.0, 0.3, 0.6])
    latency, failed = _spread(shop, own, wrong)
    base = float(np.median(latency[shop.root][: shop.calm]))
    patience = rng.uniform(0, 0.8)
    lag = np.r_[latency[shop.root][:1], latency[shop.root][:-1]]
    demand = 60 * rng.lognormal(0, 0.7) * np.exp(wander(rng, n, 0.06, 0.8)) * (1 + 0.1 * np.sin(np.arange(n) / n * 4))
    if shop.away_s:
        demand[shop.calm :] *= rng.uniform(0.75, 1.3)
    demand = demand / np.maximum(1, 1 + patience * (lag / base - 1)) ** 0.7
    load = dict.fromkeys(names, np.zeros(n))
    load[shop.root] = demand
    for name in names:
        carried = load[name] * (1 - 0.8 * wrong[name])
        for callee, times in shop.calls.get(name, {}).items():
            load[callee] = load[callee] + carried * times
    for name in names:
        _measure(
            shop, rng, name, load[name], latency[name], failed[name], active if name == shop.culprit else np.zeros(n)
        )
    if shop.away_s:
        for key, series in shop.values.items():
            if key[1] not in ("restarts", "errors", "load"):
                series[shop.calm :] *= rng.lognormal(0, 0.1)
    _distract(shop, rng)


def _slowness(shop: Shop, rng: np.random.Generator, own: np.ndarray) -> float:
    usual = float(np.median(own))
    times = {
        "cpu": (0.3, 3),
        "memory": (0.1, 1),
        "disk": (0.1, 1.5),
        "gc": (0.5, 4),
        "threads": (1, 6),
        "socket": (0.1, 1),
        "restart": (0.2, 1),
    }
    if shop.fault in times:
        return usual * float(rng.uniform(*times[shop.fault]))
    return float({"delay": rng.uniform(0.05, 0.4), "loss": rng.uniform(0.02, 0.2)}.get(shop.fault, 0.0))


def _spread(
    shop: Shop, own: dict[str, np.ndarray], wrong: dict[str, np.ndarray]
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    latency: dict[str, np.ndarray] = {}
    failed: dict[str, np.ndarray] = {}
    for name in reversed(shop.names):
        below = shop.calls.get(name, {})
        latency[name] = own[name] + sum(times * latency[callee] for callee, times in below.items())
        good = 1 - wrong[name]
        for callee, times in below.items():
            good = good * (1 - min(1.0, times) * 0.85 * failed[callee])
        failed[name] = 1 - good
    return latency, failed


def _measure(
    shop: Shop,
    rng: np.random.Generator,
    name: str,
    load: np.ndarray,
    latency: np.ndarray,
    failed: np.ndarray,
    acts: np.ndarray,
) -> None:
    n = len(load)

    def noisy(values: np.ndarray, low: float, high: float) -> np.ndarray:
        return values * np.exp(wander(rng, n, rng.uniform(low, high), rng.choice([0.0, 0.5, 0.9])))

    fault = shop.fault
    flight = load * latency
    cpu = noisy(rng.lognormal(-6.3, 0.8) * load + rng.lognormal(-5, 1), 0.05, 0.35)
    memory = (
        noisy(rng.lognormal(19, 0.8) * np.ones(n), 0.002, 0.02) * (1 + rng.choice([0, 0, 0.02]) * np.arange(n) / n)
        + 2e4 * flight
    )
    disk = noisy(rng.choice([0, 0, 200, 2e4]) * np.ones(n) + rng.choice([0, 30]) * load, 0.1, 0.6)
    received, sent = (noisy(rng.lognormal(6.5, 0.8) * load, 0.05, 0.25) for _ in range(2))
    sockets = np.round(noisy(rng.integers(5, 60) + flight, 0.01, 0.08))
    threads = np.round(noisy(rng.integers(10, 50) + 0.8 * flight, 0.005, 0.04))
    gc = noisy(0.0008 * cpu / cpu.mean() * np.ones(n), 0.3, 0.8)
    restarts = np.zeros(n)
    tail90, tail99 = rng.uniform(1.3, 2.5), rng.uniform(3, 6)
    p90, p99 = noisy(latency * tail90, 0.03, 0.1), noisy(latency * tail99, 0.1, 0.3)
    p50 = noisy(latency, 0.01, 0.05)
    # what the fault itself does to the resources of its host
    cpu = cpu + acts * {"cpu": rng.uniform(0.5, 2.0), "gc": 0.4, "threads": -0.3 * float(cpu.mean())}.get(fault, 0.0)
    memory = memory * (1 + acts * {"memory": rng.uniform(0.6, 3), "gc": 0.3, "restart": -0.4}.get(fault, 0.0))
    disk = disk + acts * {"disk": rng.uniform(5e5, 3e7)}.get(fault, 0.0) * np.exp(wander(rng, n, 0.2, 0.5))
    sockets = sockets + np.round(acts * {"socket": rng.uniform(60, 400)}.get(fault, 0.0))
    threads = threads + np.round(acts * {"threads": rng.uniform(60, 300)}.get(fault, 0.0))
    gc = gc + acts * {"gc": rng.uniform(0.05, 0.4)}.get(fault, 0.0) * np.exp(wander(rng, n, 0.3, 0.3))
    if fault == "restart" and acts.any():
        restarts[np.flatnonzero(acts > 0)[0] :: max(3, shop.hot // 4)] = 1
        restarts = np.cumsum(restarts)
    if fault == "loss":
        p90, p99, p50 = (
            p90 * (1 + acts * 1.5),
            p99 * (1 + acts * 3),
            p50 - 0.7 * acts * (p50 - np.median(p50[: shop.calm])),
        )
        received, sent = received * (1 - 0.2 * acts), sent * (1 - 0.2 * acts)
    errors = rng.poisson(np.clip(load * failed * shop.step_s, 0, 1e9)) / shop.step_s
    given = (
        load,
        p50,
        p90,
        p99,
        errors,
        np.maximum(cpu, 0),
        memory,
        disk,
        received,
        sent,
        np.maximum(sockets, 0),
        np.maximum(threads, 1),
        gc,
        restarts,
    )
    for quantity, series in zip(QUANTITIES, given, strict=True):
        shop.values[name, quantity] = np.asarray(series, dtype=float)


def _distract(shop: Shop, rng: np.random.Generator) -> None:
    """Let what has nothing to do with it stir: an idle service wakes a little, a cache fills, one spike."""
    others = [name for name in shop.names if name not in (shop.culprit, shop.root)]
    idle, filling, spiky = (str(name) for name in rng.choice(others, 3, replace=False))
    cpu = shop.values[idle, "cpu"]
    cpu[:] = 1e-4 * (1 + 0.02 * rng.standard_normal(len(cpu)))
    cpu[shop.calm :] *= rng.uniform(1.5, 3)
    memory = shop.values[filling, "memory"]
    memory *= 1 + rng.uniform(0.02, 0.1) * np.arange(len(memory)) / len(memory)
    for quantity in ("p99", "disk", "received"):
        at = int(rng.integers(0, len(cpu)))
        shop.values[spiky, quantity][at] *= 8

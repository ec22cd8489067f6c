"""How often the ranking of attributes names what was planted, and how often it names something where nothing was.

    python benchmarks/attributes.py [--draws 200] [--seed 1]

Each draw has its own number of requests, share of slow ones, attributes, cardinalities, gaps and correlations, and one kind of plant: a value,
one of many values, a value of an attribute that most requests lack, presence alone, a quantity above a limit, a pod that implies version and
node, or two facts that only hurt together. The first row must name it (a pair also as its two parts in the first two rows) with p < 0.05.
"""

from __future__ import annotations

import argparse
from collections import Counter

import numpy as np
import polars as pl

from rca.findings.attribute_ranking import LEAST, LEVEL, ranked
from rca.measures.request_attributes import facts_of

KINDS = ("value", "one of many", "sparse", "presence", "quantity", "implies others", "pair", "nothing")
LEAST_HURT = 25
"""Slow requests that a plant makes at least; with fewer there is nothing to find after correction."""


def requests(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    """Return columns of texts, None where a request lacks the attribute."""
    found: dict[str, np.ndarray] = {}
    for number in range(rng.integers(3, 12)):
        size = int(rng.choice([2, 3, 5, 20, 200, 3000]))
        chances = rng.dirichlet(np.full(size, rng.choice([0.5, 2.0])))
        values = np.array([f"v{value}" for value in rng.choice(size, n, p=chances)], dtype=object)
        if rng.random() < 0.4:
            values[rng.random(n) < rng.uniform(0.05, 0.9)] = None
        found[f"app.a{number}"] = values
    pods = rng.integers(0, rng.integers(4, 20), n)
    found["k8s.pod.name"] = np.array([f"pod-{pod}" for pod in pods], dtype=object)
    found["service.version"] = np.where(pods % 3 == 0, "2", "1").astype(object)
    found["k8s.node.name"] = np.array([f"node-{pod // 2}" for pod in pods], dtype=object)
    found["app.items"] = np.array([str(int(value)) for value in rng.lognormal(3, 1, n)], dtype=object)
    found["app.request.id"] = np.array([f"{value:016x}" for value in rng.integers(0, 2**62, n)], dtype=object)
    found["app.marker"] = np.where(rng.random(n) < rng.uniform(0.04, 0.3), "m", None)
    found["app.marker"] = np.array([None if value is None else f"m{rng.integers(0, 50)}" for value in found["app.marker"]], dtype=object)  # fmt: skip
    found["app.many"] = np.array([f"t{value}" for value in rng.integers(0, 40, n)], dtype=object)
    gap = np.array([f"w{value}" for value in rng.integers(0, 3, n)], dtype=object)
    gap[rng.random(n) < 0.7] = None
    found["app.sparse"] = gap
    found["app.tier"] = np.array([f"tier{value}" for value in rng.choice(3, n, p=[0.6, 0.3, 0.1])], dtype=object)
    return found


def plant(rng: np.random.Generator, kind: str, columns: dict[str, np.ndarray]) -> tuple[set[tuple[str, str]], np.ndarray]:  # fmt: skip
    """Return the facts that hurt, with '' where any value will do, and the requests that they hold for."""
    n = len(columns["app.tier"])
    single = {"value": ("app.tier", "tier2"), "one of many": ("app.many", "t7"), "sparse": ("app.sparse", "w1"), "implies others": ("k8s.pod.name", "pod-1")}  # fmt: skip
    if kind in single:
        name, value = single[kind]
        return {(name, value)}, columns[name] == value
    if kind == "presence":
        return {("app.marker", "")}, np.array([value is not None for value in columns["app.marker"]])
    if kind == "quantity":
        items = columns["app.items"].astype(float)
        return {("app.items", "")}, items >= np.quantile(items, rng.uniform(0.7, 0.9))
    if kind == "pair":
        return {("app.tier", "tier1"), ("service.version", "2")}, (columns["app.tier"] == "tier1") & (columns["service.version"] == "2")  # fmt: skip
    return set(), np.zeros(n, dtype=bool)


def frame(columns: dict[str, np.ndarray]) -> pl.DataFrame:
    """Return the requests as :func:`rca.measures.request_attributes.request_attributes` gives them."""
    entries = pl.List(pl.Struct({"key": pl.String, "value": pl.String}))
    rows = zip(*columns.values(), strict=True)
    pairs = [[{"key": key, "value": value} for key, value in zip(columns, row, strict=True) if value is not None] for row in rows]  # fmt: skip
    none = pl.lit(None, entries)
    return pl.DataFrame({"attributes": pl.Series(pairs, dtype=entries), "span_name": ["POST /"] * len(pairs)}).with_columns(resource_attributes=none, flags=none)  # fmt: skip


def named(first: list[tuple[str, str]], planted: set[tuple[str, str]]) -> bool:
    """Say whether the first rows name what was planted, which may be two parts."""
    if not first:
        return False
    lead = set(zip(first[0][0].split(" & "), first[0][1].split(" & "), strict=True))

    def fits(facts: set[tuple[str, str]]) -> bool:
        return len(facts) == len(planted) and all(any(name == fact[0] and value in ("", fact[1]) for fact in facts) for name, value in planted)  # fmt: skip

    return fits(lead) or (len(planted) == 2 and fits(set(first[:2])))


def one(rng: np.random.Generator, kind: str) -> bool | None:
    """Return whether a draw came out right; None where the plant is too small to be found."""
    n = int(rng.choice([400, 1000, 3000, 6000]))
    columns = requests(rng, n)
    planted, members = plant(rng, kind, columns)
    base = rng.uniform(0.01, 0.08)
    slow = rng.random(n) < np.where(members, rng.uniform(0.4, 0.9), base)
    if planted and (slow & members).sum() < LEAST_HURT:
        return None
    facts = facts_of(frame(columns), least=max(LEAST, round(n * 0.001)))
    first = [(item.attribute, item.value) for item in ranked(facts, slow) if item.p_value < LEVEL]
    return not first if kind == "nothing" else named(first, planted)


def main() -> None:
    """Print a row a kind."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--draws", type=int, default=200)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    right: Counter[str] = Counter()
    tried: Counter[str] = Counter()
    for number, kind in enumerate(KINDS):
        rng = np.random.default_rng([given.seed, number])
        for _ in range(given.draws):
            outcome = one(rng, kind)
            if outcome is not None:
                tried[kind] += 1
                right[kind] += outcome
        what = "no alarm" if kind == "nothing" else "first row right"
        print(f"{kind:<16}{what:<18}{right[kind]:>5} of {tried[kind]:<5} {right[kind] / max(tried[kind], 1):.3f}")
    planted = [kind for kind in KINDS if kind != "nothing"]
    total = sum(tried[kind] for kind in planted)
    print(f"planted: {sum(right[kind] for kind in planted) / total:.3f} of {total}")


if __name__ == "__main__":
    main()

"""Where the fault lies is found in simulated systems, and what must not matter does not."""

from __future__ import annotations

import numpy as np
import pytest
from simulated import CALM, HOT, correlated, deviations, load, simulate

from rca.measures.services import rank_services

SEEDS = range(8)
CONDITIONS = {"plain": {}, "drifts": {"drifts": True}, "sparse": {"sparse": True}, "part": {"part": True}}


def first(system, *, signal=True, **options):
    store, incident = load(system, **options)
    with store:
        return rank_services(store, incident, signal=system.signal if signal else None)["service_name"][0]


def order(system, **options):
    store, incident = load(system, **options)
    with store:
        return rank_services(store, incident, signal=system.signal)["service_name"].to_list()


@pytest.mark.parametrize(
    "condition", [pytest.param(name, marks=pytest.mark.slow if name != "plain" else ()) for name in CONDITIONS]
)
@pytest.mark.parametrize("kind", ["latency", "availability"])
def test_the_culprit_comes_first_with_the_call_graph(kind, condition):
    systems = [simulate(seed, kind, **CONDITIONS[condition]) for seed in SEEDS]
    away = 60 if condition == "drifts" else 0
    hits = sum(first(system, away_days=away) == system.culprit for system in systems)
    peers = [sum(peer(system) == system.culprit for system in systems) for peer in (deviations, correlated)]
    assert hits >= max(7, *peers)


@pytest.mark.parametrize("kind", ["latency", "availability"])
def test_it_comes_first_mostly_without_the_call_graph(kind):
    systems = [simulate(seed, kind) for seed in SEEDS]
    assert sum(first(system, edges=False) == system.culprit for system in systems) >= 6


@pytest.mark.parametrize("kind", ["latency", "availability"])
def test_it_comes_first_when_no_signal_is_named(kind):
    systems = [simulate(seed, kind) for seed in SEEDS]
    assert sum(first(system, signal=False) == system.culprit for system in systems) >= 7


@pytest.mark.parametrize("kind", ["latency", "availability"])
def test_the_unit_does_not_matter(kind):
    system = simulate(3, kind)
    assert order(system) == order(system, scale=1e6)


def test_a_service_that_got_better_is_not_blamed():
    system = simulate(2, "latency")
    better = next(name for name in system.calls if name not in (system.culprit, system.root) and not system.calls[name])
    system.metrics[better, "latency.Average"][CALM:] *= 0.01
    assert first(system) == system.culprit


def test_constant_and_absent_series_change_nothing():
    system = simulate(2, "availability")
    bystanders = [name for name in system.calls if name not in (system.culprit, system.root) and not system.calls[name]]
    system.metrics[bystanders[0], "availability.Average"][:] = 100.0
    system.metrics[bystanders[-1], "availability.Average"][:CALM] = np.nan
    assert first(system) == system.culprit


def test_a_handful_of_points_is_enough():
    system = simulate(2, "latency")
    for series in system.metrics.values():
        series[: CALM - 6] = np.nan
        series[CALM + HOT - 2 :] = np.nan
    assert first(system) == system.culprit


def test_success_that_falls_by_some_points_is_evidence_without_a_signal():
    """Five per cent of a share that should be full is a disaster, though it is little beside the share itself."""
    system = simulate(5, "availability")
    system.metrics[system.culprit, "availability.Average"][CALM:] = 93.0
    assert first(system, signal=False) == system.culprit

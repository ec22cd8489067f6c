"""Whether anything is wrong at all: found where requests are plainly worse, not where they move as they always do."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import rca
from rca.measures.periods import periods
from rca.measures.trouble import trouble
from rca.schema import conform
from rca.times import parse_time

SECOND = 1_000_000_000
NOON = parse_time("2026-01-05T12:00Z")
CALM, HOT = 1_800, 300
INCIDENT = rca.Incident("shop", start=NOON, end=NOON + HOT * SECOND, baseline=(NOON - CALM * SECOND, NOON))


def asked(store, service="shop", incident=INCIDENT):
    return trouble(store, service, periods(store, incident))


def requests(store, seed, *, slower=1.0, failing=0.002, level=None, service="shop", pace=1.0):
    """Fill a store with a request a second, `slower` times as long and failing so often from noon on."""
    rng = np.random.default_rng(seed)
    at = np.arange(-CALM, HOT, 1 / pace)
    hot = at >= 0
    took = 0.05 * rng.lognormal(0, 0.5, len(at)) * np.where(hot, slower, 1.0)
    took = took if level is None else took * level(at)
    failed = rng.random(len(at)) < np.where(hot, failing, 0.002)
    table = {
        "trace_id": [f"{number:032x}" for number in range(len(at))],
        "span_id": [f"{number:016x}" for number in range(len(at))],
        "service_name": [service] * len(at),
        "span_name": ["GET /"] * len(at),
        "span_kind": ["SERVER"] * len(at),
        "start_ns": [NOON + int(second * SECOND) for second in at],
        "duration_ns": [int(second * SECOND) for second in took],
        "status_code": np.where(failed, "ERROR", "UNSET").tolist(),
    }
    store.engine.insert("spans", conform("spans", pa.table(table)))


def points(store, name, values, service="shop"):
    at = np.linspace(-CALM, HOT, len(values), endpoint=False)
    table = {
        "time_ns": [NOON + int(second * SECOND) for second in at],
        "service_name": [service] * len(at),
        "metric_name": [name] * len(at),
        "value": np.asarray(values, float).tolist(),
    }
    store.engine.insert("metrics", conform("metrics", pa.table(table)))


def noise(seed, size=0.05):
    return np.exp(size * np.random.default_rng(seed).standard_normal(210))


@pytest.fixture
def store():
    with rca.open() as opened:
        yield opened


def test_requests_as_before_are_no_trouble():
    """At a nominal five per cent, over thirty recordings, three at most are told to be in trouble."""
    found = []
    for seed in range(30):
        with rca.open() as store:
            requests(store, seed, pace=0.5)
            found.append(asked(store).p_value)
    assert sum(p_value <= 0.05 for p_value in found) <= 3
    assert max(found) > 0.3


def test_slower_requests_are(store):
    requests(store, 1, slower=1.6)
    found = asked(store)
    assert found.p_value < 1e-6
    assert "duration" in found.claim or "slow" in found.claim


def test_failing_requests_are_and_the_claim_says_so(store):
    requests(store, 2, failing=0.1)
    found = asked(store)
    assert found.p_value < 1e-4
    assert found.claim.startswith("share of requests that fail")


def test_quicker_requests_are_not(store):
    requests(store, 3, slower=0.5, failing=0.0)
    assert asked(store).p_value > 0.5


def test_a_service_that_always_goes_up_and_down_needs_more(store):
    """A wave as high as the shift makes the same shift less of a surprise."""

    def wave(at):
        return np.where((at // 300) % 2 == 0, 1.8, 1.0)

    requests(store, 4, level=wave)
    restless = asked(store)
    with rca.open() as calm:
        requests(calm, 4, slower=1.8)
        steady = asked(calm)
    assert restless.unrest > 2
    assert restless.p_value > 0.01
    assert steady.p_value < 1e-6
    assert restless.n_placebos >= 8


def test_where_few_requests_are_traced_metrics_are_asked(store):
    requests(store, 5, pace=0.01)
    values = 0.2 * noise(5)
    values[180:] *= 1.5
    points(store, "latency_p99_seconds", values)
    found = asked(store)
    assert found.p_value < 1e-4
    assert found.claim.startswith("latency_p99_seconds ")


def test_availability_that_falls_is_worse_and_that_rises_is_not():
    for factor, wrong in ((0.9, True), (1.1, False)):
        with rca.open() as store:
            values = 90 * noise(6, 0.005)
            values[180:] *= factor
            points(store, "availability", values)
            assert (asked(store).p_value < 1e-4) is wrong


def test_resources_are_nothing_that_people_feel(store):
    values = 40 * noise(7)
    values[180:] *= 2
    points(store, "cpu_usage", values)
    assert asked(store) is None


def test_of_many_series_each_pays_for_the_others():
    """The same shift among twenty series that did not move is worth a twentieth."""
    moved = 0.2 * noise(8)
    moved[180:] += 0.006
    found = []
    for others in (0, 19):
        with rca.open() as store:
            points(store, "latency_checkout", moved)
            for other in range(others):
                points(store, f"latency_{other}", 0.2 * noise(100 + other))
            found.append(asked(store).p_value)
    assert found[1] == pytest.approx(min(1.0, 20 * found[0]), rel=0.2)


def test_another_service_is_not_asked_and_an_unknown_one_says_nothing(store):
    requests(store, 9, slower=3, service="mail")
    assert asked(store) is None
    assert asked(store, service="mail").p_value < 1e-6


def test_constants_and_nothing_at_all():
    with rca.open() as store:
        assert asked(store) is None
    with rca.open() as store:
        points(store, "error_rate", np.zeros(210))
        assert asked(store).p_value >= 0.5
    with rca.open() as store:
        points(store, "error_rate", np.r_[np.zeros(180), np.ones(30)])
        assert asked(store).p_value < 1e-6


def test_points_with_gaps_are_compared_by_what_is_there(store):
    values = 0.2 * noise(10)
    values[180:] *= 1.5
    there = np.random.default_rng(10).random(210) > 0.4
    at = np.linspace(-CALM, HOT, 210, endpoint=False)[there]
    table = {
        "time_ns": [NOON + int(second * SECOND) for second in at],
        "service_name": ["shop"] * len(at),
        "metric_name": ["latency"] * len(at),
        "value": values[there].tolist(),
    }
    store.engine.insert("metrics", conform("metrics", pa.table(table)))
    assert asked(store).p_value < 1e-3

from __future__ import annotations

import pyarrow as pa
import pytest

import rca
from rca.errors import NoDataError
from rca.measures.periods import periods
from rca.schema import conform
from rca.times import parse_time

MINUTE = 60_000_000_000
NOON = parse_time("2026-01-05T12:00Z")


@pytest.fixture
def store():
    with rca.open() as opened:
        yield opened


def points(store, minutes):
    times = [NOON + minute * MINUTE for minute in minutes]
    batch = pa.table(
        {
            "time_ns": times,
            "service_name": ["a"] * len(times),
            "metric_name": ["m"] * len(times),
            "value": [1.0] * len(times),
        }
    )
    store.engine.insert("metrics", conform("metrics", batch))


def change(store, minute, kind="deploy"):
    store.engine.insert("changes", conform("changes", pa.table({"time_ns": [NOON + minute * MINUTE], "kind": [kind]})))


INCIDENT = rca.Incident("a", start=NOON, end=NOON + 10 * MINUTE)


def minutes_of(window):
    return (window.start_ns - NOON) // MINUTE, (window.end_ns - NOON) // MINUTE


def test_a_named_baseline_is_taken_as_it_is(store):
    points(store, range(-120, 10))
    named = rca.Incident("a", start=NOON, end=NOON + 10 * MINUTE, baseline="20m")
    assert minutes_of(periods(store, named).baseline) == (-20, 0)


def test_the_hour_before_without_changes(store):
    points(store, range(-120, 10))
    found = periods(store, INCIDENT)
    assert minutes_of(found.baseline) == (-60, 0)
    assert "Baseline chosen" in found.notes[0]


def test_the_longest_stretch_clear_of_changes(store):
    points(store, range(-120, 10))
    change(store, -15)
    change(store, -50, "flag")
    change(store, -30, "commit")
    assert minutes_of(periods(store, INCIDENT).baseline) == (-50, -15)


def test_only_the_part_with_data(store):
    points(store, range(-25, 10))
    assert minutes_of(periods(store, INCIDENT).baseline) == (-25, 0)


def test_after_where_nothing_lies_before(store):
    points(store, range(40))
    found = periods(store, INCIDENT)
    assert minutes_of(found.baseline) == (10, 40)
    assert "after it" in found.notes[0]


def test_a_patchy_baseline_is_said_to_be_patchy(store):
    points(store, range(-60, 0, 3))
    assert any("patchy" in note for note in periods(store, INCIDENT).notes)


def test_nothing_to_compare_with(store):
    points(store, range(10))
    with pytest.raises(NoDataError, match="Name a baseline"):
        periods(store, INCIDENT)


def test_the_incident_is_compared_up_to_its_first_experiment(store):
    points(store, range(-120, 30))
    change(store, 4, kind="experiment")
    change(store, 8, kind="experiment")
    found = periods(store, INCIDENT)
    assert minutes_of(found.incident) == (0, 4)
    assert "first experiment" in found.notes[0]


def test_an_experiment_at_the_very_beginning_leaves_the_incident_whole(store):
    points(store, range(-120, 30))
    change(store, 1, kind="experiment")
    assert minutes_of(periods(store, INCIDENT).incident) == (0, 10)


def test_other_changes_do_not_cut_the_incident(store):
    points(store, range(-120, 30))
    change(store, 4, kind="config")
    assert minutes_of(periods(store, INCIDENT).incident) == (0, 10)

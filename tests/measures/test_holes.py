"""A baseline reaches back over holes where the usual hour is hardly traced."""

from __future__ import annotations

import rca
from rca.measures.periods import periods
from rca.times import parse_time

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
NOON = parse_time("2026-01-05T12:00Z")
INCIDENT = rca.Incident("shop", start=NOON, end=NOON + 10 * MINUTE)


def traced(make_span, *stretches):
    """Spans every five seconds of stretches of minutes around noon."""
    rows = []
    for first, last in stretches:
        for at in range(first * 12, last * 12):
            rows.append(
                make_span(len(rows), "a", service_name="shop", span_kind="SERVER", start_ns=NOON + at * 5 * SECOND)
            )
    return rows


def test_it_reaches_over_a_hole(spans_store, make_span):
    store = spans_store(traced(make_span, (-200, -160), (-5, 0), (0, 10)))
    baseline = periods(store, INCIDENT).baseline
    assert baseline.start_ns < NOON - 150 * MINUTE


def test_it_stays_within_the_hour_where_that_is_traced(spans_store, make_span):
    store = spans_store(traced(make_span, (-200, -160), (-50, 0), (0, 10)))
    assert periods(store, INCIDENT).baseline.start_ns >= NOON - 60 * MINUTE


def test_it_does_not_reach_back_for_nothing(spans_store, make_span):
    store = spans_store(traced(make_span, (-5, 0), (0, 10)))
    assert periods(store, INCIDENT).baseline.start_ns >= NOON - 60 * MINUTE

"""Where there are too many requests to follow every span: counted by trace, checked on drawn ones, or drawn altogether."""

from __future__ import annotations

import pytest

from rca.findings.queries_per_request import queries_per_request
from rca.measures import request_counts


@pytest.fixture
def few(monkeypatch):
    """Let a window with more than 40 traces count as large."""
    monkeypatch.setattr(request_counts, "_MOST", 40)
    monkeypatch.setattr(request_counts, "_DRAWN", 10)
    monkeypatch.setattr(request_counts, "_SLOWEST", 5)


@pytest.fixture
def whole(outbreak, incident):
    """What is found where every span is followed."""
    return queries_per_request(outbreak, incident)


def test_all_requests_are_counted_where_the_drawn_ones_agree(whole, few, outbreak, incident):
    found = queries_per_request(outbreak, incident)
    assert found.table.equals(whole.table)
    assert found.effect == whole.effect
    lead = found.details["repeats"][0]
    assert (lead["before"], lead["during"]) == (1.0, 12.0)
    note = next(text for text in found.caveats if text.startswith("Calls are counted by trace, in all 120;"))
    assert "at most 15.00%" in note


def test_the_slowest_requests_are_read_on_top_of_the_drawn_ones(few, spans_store, request_spans, incident):
    rows = [row for at in range(60) for row in request_spans(1 + at, -590 + at * 9, 1)]
    rows += [row for at in range(60) for row in request_spans(1001 + at, 5 + at * 9, 12 if at in (7, 21, 40) else 1)]
    found = queries_per_request(spans_store(rows), incident)
    assert found.table.filter(period="during", calls=12)["requests"].to_list() == [3.0]
    p99 = found.details["p99_ms"]
    assert p99["n"] == 3
    assert p99["value"] == pytest.approx(11 * 20)


def test_calls_that_belong_to_no_request_are_not_counted_by_trace(few, spans_store, request_spans, make_span, incident):
    rows = []
    for at in range(60):
        for number, second, calls in ((1 + at, -590 + at * 9, 1), (1001 + at, 5 + at * 9, 3)):
            rows += request_spans(number, second, calls)
            aside = {"db_system_name": "postgresql", "db_query_digest": "z", "span_kind": "CLIENT"}
            rows.append(make_span(number, "aside", "edge", start=second * 1000, length=1, **aside))
    found = queries_per_request(spans_store(rows), incident)
    assert (found.effect.before, found.effect.after) == (1.0, 3.0)
    assert found.effect.n_before == found.effect.n_after == 40
    assert any("40 traces were read" in text for text in found.caveats)


def test_two_requests_in_one_trace_are_followed(few, spans_store, request_spans, make_span, incident):
    rows = []
    for at in range(60):
        rows += request_spans(1 + at, -590 + at * 9, 1) + request_spans(1001 + at, 5 + at * 9, 2)
        rows.append(make_span(1001 + at, "twin", "edge", start=(5 + at * 9) * 1000, length=3, span_kind="SERVER"))
    found = queries_per_request(spans_store(rows), incident)
    assert found.effect.after == pytest.approx(1.0)
    assert found.effect.n_after == 80

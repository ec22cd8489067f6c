"""What is wrong with spans, counted over all of them or over whole traces of many."""

from __future__ import annotations

from hashlib import sha256

import pytest

import rca
from rca.findings.data_quality import data_quality
from rca.measures import inventory


def filled(make_span, fill_spans, name):
    """A store of 2,000 traces of three spans; the parent of the last one is lost in every fourth."""
    store, spans = rca.open(), []
    for number in range(2_000):
        trace = name(number)
        spans += [
            make_span(number, "a", "", trace_id=trace),
            make_span(number, "b", "a", trace_id=trace),
            make_span(number, "c", "b" if number % 4 else "e", trace_id=trace),
        ]
    fill_spans(store, spans)
    return store


def test_whole_traces_stand_for_all(make_span, fill_spans, monkeypatch):
    monkeypatch.setattr(inventory, "_EXAMINED", 1_500)
    with filled(make_span, fill_spans, lambda number: sha256(str(number).encode()).hexdigest()[:32]) as store:
        whole, some = inventory.trace_integrity(store), inventory.trace_integrity(store, 6_000)
        assert (whole["spans"], whole["roots"], whole["orphans"]) == (6_000, 2_000, 500)
        assert 1_300 < some["spans"] < 1_700
        assert some["roots"] * 3 == some["spans"]  # no trace is cut
        assert some["orphans"] / some["spans"] == pytest.approx(1 / 12, rel=0.15)
        table = data_quality(store).table
    assert table.filter(table["check"] == "examined")["count"].to_list() == [some["spans"]]
    assert table.filter(table["check"] == "orphans")["count"].to_list() == [some["orphans"]]


def test_ids_that_begin_with_the_time_are_all_looked_at(make_span, fill_spans, monkeypatch):
    monkeypatch.setattr(inventory, "_EXAMINED", 1_500)
    with filled(make_span, fill_spans, lambda number: f"69a8{number:028x}") as store:
        assert inventory.trace_integrity(store, 6_000)["spans"] == 6_000

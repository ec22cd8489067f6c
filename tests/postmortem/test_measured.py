"""What a postmortem reckons beside the findings."""

from __future__ import annotations

import json

import polars as pl

import rca
from rca.investigation import Investigation
from rca.postmortem.blocks import Section
from rca.postmortem.measured import measured

MINUTE = 60_000_000_000
START = 1_772_633_400_000_000_000


def investigated(slo):
    incident = rca.Incident("checkout", start=START, end=START + 30 * MINUTE, slo=slo)
    rows = [
        {"bucket_ns": START + at * MINUTE, "requests": 1000.0, "errors": 30.0 if at >= 20 else 0.0}
        for at in range(50)
        if at != 5
    ]
    return Investigation(incident=incident, red=pl.DataFrame(rows))


def test_the_budget_stands_after_the_impact_and_only_with_an_objective():
    parts = [Section("Impact", ()), Section("Result", ())]
    with rca.open() as store:
        titles = [part.title for part in measured(store, investigated(0.999), parts, {})]
        assert titles == ["Impact", "Error budget", "Result"]
        assert [part.title for part in measured(store, investigated(None), parts, {})] == ["Impact", "Result"]
        budget = measured(store, investigated(0.999), parts, {})[1]
    assert "900 requests failed" in budget.blocks[0].text
    assert "18.4 times" in budget.blocks[0].text  # 900 of 49,000, where 49 are allowed
    assert "50 minutes" in budget.blocks[0].text  # the minute without traffic counts as a minute


def test_inputs_are_named_with_their_checksums(tmp_path):
    import hashlib

    place = tmp_path / "app.log"
    place.write_text(
        json.dumps({"timestamp": "2026-03-04T12:00:00Z", "service": "a", "level": "info", "message": "x"}) + "\n"
    )
    with rca.open() as store:
        store.ingest(place)
        last = measured(store, Investigation(incident=None), [], {})[-1]
    row = last.blocks[1].rows[0]
    assert row["SHA-256"] == hashlib.sha256(place.read_bytes()).hexdigest()
    assert row["file"] == "app.log"

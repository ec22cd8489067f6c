"""The recorded incident: which calls the cohort comparison names first, and whether the prediction met what was measured."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import numpy as np
import pytest

import rca

DATA = Path(__file__).resolve().parents[2] / "data"
TRUTH = DATA / "checkout-incident.truth"


@pytest.fixture(scope="module")
def recorded():
    """The spans of checkout alone: its requests and the statements they make."""
    with rca.open() as store:
        store.ingest(DATA / "checkout-incident" / "traces" / "checkout.otlp.jsonl.gz")
        yield store


@pytest.fixture(scope="module")
def phases():
    listed = json.loads((TRUTH / "phases.json").read_text())["phases"]
    return {phase["name"]: (phase["start"], phase["end"]) for phase in listed}


@pytest.fixture(params=["paired", "chosen"])
def incident(request, phases):
    """The incident with the paired baseline, and with one that is chosen from the data."""
    start, end = phases["incident"]
    if request.param == "paired":
        return rca.Incident("checkout", start=start, end=end, baseline=phases["baseline"])
    return rca.Incident("checkout", start=phases["flag_on"][0], end=end)


def measured_p99_ms(phase: str) -> float:
    """What the load generator measured, from when a request was due."""
    with gzip.open(TRUTH / "requests.csv.gz", "rt", encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["phase"] == phase and row["in_window"] == "1"]
    return float(np.quantile([float(row["latency_ms"]) for row in rows], 0.99))


def test_the_look_ups_of_promotions_come_first(recorded, incident):
    found = rca.compare_traces(recorded, incident)
    first = found.table.row(0, named=True)
    assert first["operation"] == "SELECT promotions by user_id"
    assert first["slow_calls_before"] <= 1
    assert 10 <= first["slow_calls_during"] <= 12
    assert first["calls_low"] > 0
    assert first["share_of_excess"] > 0.9
    assert "SELECT promotions by user_id" in found.claim


def test_the_predicted_p99_covers_what_the_fix_brought(recorded, incident):
    found = rca.what_if(recorded, incident)
    p99 = found.table.row(-1, named=True)
    assert found.details["title"] == "SELECT promotions by user_id"
    assert p99["low"] <= measured_p99_ms("fixed") <= p99["high"]
    assert p99["low"] <= measured_p99_ms("flag_off") <= p99["high"]
    assert p99["high"] < p99["during_ms"] / 3, "an interval that excludes nothing predicts nothing"

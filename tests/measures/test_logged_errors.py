"""Application logs alone: a surge of logged errors is an incident, and the deploy before it stands first."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta

import pytest

import rca

START = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
BAD = (START + timedelta(minutes=35), START + timedelta(minutes=50))


def _records(*, surge):
    chance = random.Random(11)  # noqa: S311  (no secret)
    for number in range(7200):
        at = START + timedelta(seconds=number / 2)
        hurt = surge and BAD[0] <= at < BAD[1] and chance.random() < 0.25
        usual = chance.random() < 0.004
        text = "connect: connection refused" if hurt else f"job {number} failed" if usual else f"handled job {number}"
        name = "orders" if hurt else chance.choice(["orders", "users"])
        yield {"ts": at.isoformat(), "level": "error" if hurt or usual else "info", "service": name, "msg": text}


@pytest.fixture
def store(tmp_path, request):
    (tmp_path / "app.jsonl").write_text("\n".join(json.dumps(row) for row in _records(surge=request.param)) + "\n")
    changes = [
        {"time": "2026-11-20T08:34:30Z", "kind": "deploy", "service": "orders", "version": "7.1"},
        {"time": "2026-11-20T08:20:00Z", "kind": "deploy", "service": "users", "version": "2.2"},
    ]
    (tmp_path / "changes.json").write_text(json.dumps(changes))
    opened = rca.open()
    opened.ingest(tmp_path)
    return opened


@pytest.mark.parametrize("store", [True], indirect=True)
def test_a_surge_of_logged_errors_is_an_incident(store):
    found = rca.investigate(store)
    assert found.incident is not None, found.why
    assert (found.incident.service_name, found.incident.signal) == ("orders", "logged_errors")
    assert abs(found.incident.start_ns / 1e9 - BAD[0].timestamp()) <= 60
    assert abs(found.incident.end_ns / 1e9 - BAD[1].timestamp()) <= 60
    shift = found.findings["latency"]
    assert shift.details["source"] == "records"
    assert shift.effect is not None
    assert shift.effect.low is not None
    assert shift.effect.low > 5
    assert "nothing here tells of its requests" in shift.claim
    assert found.changes is not None
    assert found.changes.table["service_name"][0] == "orders"


@pytest.mark.parametrize("store", [False], indirect=True)
def test_usual_errors_are_none(store):
    found = rca.investigate(store)
    assert found.incident is None
    assert "no service logs more errors" in found.why

"""What services say during the incident that they did not say before."""

from __future__ import annotations

import json

import pytest

import rca
from rca.measures.volume import telemetry_volume

START = 1_772_633_400  # seconds
INCIDENT = rca.Incident("shop", start=START * 10**9, end=(START + 600) * 10**9, baseline="10m")


def store_of(tmp_path, said):
    """A store with each message as often before and during as `said` has it."""
    lines = []
    for message, level, before, during in said:
        for first, times in ((START - 600, before), (START, during)):
            lines += [
                {"timestamp": first + 600 * at / max(times, 1), "level": level, "service": "shop", "message": message}
                for at in range(times)
            ]
    lines.sort(key=lambda line: line["timestamp"])
    place = tmp_path / "shop.log"
    place.write_text("".join(json.dumps(line) + "\n" for line in lines))
    store = rca.open()
    store.ingest(place)
    return store


def test_surging_complaints_come_first_and_what_stays_is_left_out(tmp_path):
    said = [("order placed", "info", 200, 205), ("pool exhausted", "error", 2, 60), ("cache warmed", "info", 80, 5)]
    with store_of(tmp_path, said) as store:
        found = rca.messages(store, INCIDENT)
    rows = found.table.to_dicts()
    assert [row["message"] for row in rows] == ["pool exhausted", "cache warmed"]
    assert (rows[0]["before"], rows[0]["during"], rows[0]["complains"]) == (2.0, 60.0, True)
    assert rows[0]["per_minute_during"] == pytest.approx(6.0)
    assert rows[0]["ratio_low"] < 30.0 < rows[0]["ratio_high"]
    assert rows[1]["surge"] < 0
    assert "shop logs “pool exhausted” (2 → 60 times)" in found.claim


def test_quiet_logs_are_an_answer(tmp_path):
    with store_of(tmp_path, [("order placed", "info", 200, 190)]) as store:
        found = rca.messages(store, INCIDENT)
    assert found.table.is_empty()
    assert "None of 1 kinds" in found.claim


def test_new_messages_have_no_upper_end(tmp_path):
    with store_of(tmp_path, [("disk full", "error", 0, 30), ("order placed", "info", 200, 190)]) as store:
        row = rca.messages(store, INCIDENT).table.row(0, named=True)
    assert row["ratio"] is None
    assert row["ratio_high"] is None
    assert row["ratio_low"] > 1


def test_volume_counts_what_was_written(tmp_path):
    with store_of(tmp_path, [("order placed", "info", 60, 180)]) as store:
        row = telemetry_volume(store, INCIDENT).row(0, named=True)
    assert (row["service_name"], row["kind"]) == ("shop", "logs")
    assert (row["per_second_before"], row["per_second_during"]) == (pytest.approx(0.1), pytest.approx(0.3))
    assert row["ratio"] == pytest.approx(3.0)
    assert row["letters_during"] == pytest.approx(0.3 * len("order placed"))

"""What `rca` says of the recorded incident, beside what the load generator saw: counts exactly, the rest within its interval."""

from __future__ import annotations

import csv
import gzip
import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

import rca
from rca.investigation import investigate
from rca.times import parse_time

DATA = Path(__file__).resolve().parents[2] / "data"
TRUTH = DATA / "checkout-incident.truth"
HOPS_MS = 60.0
"""What a request spends outside the service at most, in its p99: the generator times it from when it was due, through the gateway."""


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    with rca.open(tmp_path_factory.mktemp("recorded") / "store.duckdb") as store:
        store.ingest(DATA / "checkout-incident")
        yield investigate(store)


@pytest.fixture(scope="module")
def seen():
    """What the generator saw of each phase: durations, failures and queries of its requests."""
    phases = defaultdict(list)
    with gzip.open(TRUTH / "requests.csv.gz", "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["in_window"] == "1":
                phases[row["phase"]].append(row)
                if row["phase"] == "canary":
                    phases[row["version"]].append(row)
    return phases


def p99(rows):
    return float(np.quantile([float(row["latency_ms"]) for row in rows], 0.99))


def failed(rows):
    return sum(int(row["status"] or 0) >= 500 or bool(row["error"]) for row in rows)


def queries(rows):
    return sum(int(row["db_queries"] or 0) for row in rows)


def phase(name):
    listed = json.loads((TRUTH / "phases.json").read_text())["phases"]
    item = next(item for item in listed if item["name"] == name)
    return parse_time(item["start"]), parse_time(item["end"])


EXPERIMENTS = {"limit": ("cpu_raised", "incident"), "flag_off": ("flag_off", "incident"), "canary": ("2.8.0-canary", "2.8.0"), "fix": ("fixed", "incident")}  # fmt: skip


def rows_of(found, kind):
    experiment = next(item for item in found.experiments if item.kind == kind)
    table = {row["period"]: row for row in experiment.table.to_dicts()}
    return experiment, table["treated"], table["control"]


@pytest.mark.parametrize("kind", EXPERIMENTS)
def test_each_arm_counts_every_request(found, seen, kind):
    _, treated, control = rows_of(found, kind)
    for row, name in ((treated, EXPERIMENTS[kind][0]), (control, EXPERIMENTS[kind][1])):
        # a request that was due in a phase may begin in the service a moment after its edge
        assert abs(row["n"] - len(seen[name])) <= 2
        assert abs(row["error_ratio"] * row["n"] - failed(seen[name])) <= 1
        assert row["queries_per_request"] * row["n"] == pytest.approx(queries(seen[name]), abs=15)


@pytest.mark.parametrize("kind", EXPERIMENTS)
def test_each_p99_lies_in_its_interval(found, seen, kind):
    _, treated, control = rows_of(found, kind)
    for row, name in ((treated, EXPERIMENTS[kind][0]), (control, EXPERIMENTS[kind][1])):
        assert row["p99_ms_low"] <= p99(seen[name]) <= row["p99_ms_high"] + HOPS_MS


@pytest.mark.parametrize("kind", EXPERIMENTS)
def test_each_share_of_the_excess_covers_the_true_one(found, seen, kind):
    experiment, _, _ = rows_of(found, kind)
    treated, control = (p99(seen[name]) for name in EXPERIMENTS[kind])
    change = treated - control if kind == "canary" else control - treated
    truth = change / (p99(seen["incident"]) - p99(seen["baseline"]))
    assert experiment.recovered_low <= truth <= experiment.recovered_high


def test_the_onset_lies_where_the_flag_was_turned_on(found):
    begin, _ = phase("flag_on")
    assert found.incident.onset_low_ns <= begin <= found.incident.onset_high_ns
    ended, _ = phase("flag_off")
    assert abs(found.incident.end_ns - ended) < 90 * 10**9


def test_it_stayed_mended(found, seen):
    later = found.findings["follow_up"]
    assert later.details["regressed"] == []
    assert "no regression" in later.claim
    total = later.table.filter(later.table["period"].str.starts_with("follow-up"))
    begin = later.window.start_ns / 1e9
    due = [row for name in ("follow_up_1", "follow_up_2") for row in seen[name] if float(row["scheduled_at"]) >= begin]
    failures = float((total["error_ratio"] * total["n"]).sum())
    # between the phases the generator goes on, outside its own windows
    assert failed(due) <= round(failures) <= failed(due) + 2
    assert total["n"].sum() >= len(due)


def test_the_verdicts(found):
    status = {item.id: item.status for item in found.verdicts}
    assert status["H2"] == "confirmed"
    assert status["H3"] == "contributing"
    assert status["H1"] == status["H4"] == "refuted"


def test_the_change(found):
    ranked = found.changes.table
    top = ranked.row(0, named=True)
    assert (top["kind"], top["service_name"]) == ("deploy", "checkout")
    release = {"checkout 2.7.0 -> 2.8.0", "personalized_promotions: off -> on"}
    probability = {row["title"]: row["probability"] for row in ranked.to_dicts()}
    assert sum(probability[title] for title in release) > 0.9
    assert max(value for title, value in probability.items() if title not in release) < 0.1


def test_queries_per_request(found):
    calls = found.findings["queries_per_request"]
    assert calls.details["source"] == "logs"
    assert calls.effect.before == 1.0
    many = calls.table.filter((calls.table["period"] == "during") & (calls.table["calls"] >= 10))
    assert many["requests"].sum() >= 50
    assert "12" in calls.claim

"""The recorded incident from one kind of telemetry alone: the text logs of the services, or their metrics."""

from __future__ import annotations

from pathlib import Path

import pytest

import rca

DATA = Path(__file__).resolve().parents[2] / "data" / "checkout-incident"


@pytest.fixture(scope="module")
def found():
    with rca.open() as store:
        store.ingest(*DATA.glob("logs/*.log.gz"), DATA / "changes.json", DATA / "alert.json")
        assert not store.tables()["spans"]
        yield rca.investigate(store)


def test_the_release_is_blamed_and_its_flag_is_not_counted_twice(found):
    first, second = found.changes.table.head(2).to_dicts()
    assert (first["kind"], first["service_name"]) == ("deploy", "checkout")
    assert first["probability"] > 0.9
    assert second["kind"] == "flag"
    assert "which is weighed for both" in second["reasons"][0], (
        "of a change that is not blamed, what speaks against it comes first"
    )


def test_calls_are_those_that_the_log_counts(found):
    calls = found.findings["queries_per_request"]
    assert calls.details["source"] == "logs"
    assert [row["p99"] for row in calls.details["summary"]] == [1, 12]


def test_the_database_is_supported_by_what_the_log_says_of_it(found):
    verdict = found.verdicts["H2"]
    assert found.verdicts[0].id == "H2"
    assert verdict.status in ("supported", "confirmed")
    tried = [item for item in verdict.evidence if item.kind == "experiment" and not item.missing]
    assert {item.name for item in tried} >= {"experiment: personalized_promotions off"}
    assert all("lay in database calls" in item.claim for item in tried)


def test_what_the_log_does_not_divide_is_missing_and_not_refuted(found):
    for name in ("H1", "H3", "H4"):
        place = next(item for item in found.verdicts[name].evidence if item.family == "place")
        assert place.missing
        assert found.verdicts[name].status == "open"


def test_metrics_alone_show_the_same_incident():
    with rca.open() as store:
        store.ingest(DATA / "metrics", DATA / "changes.json")
        found = rca.investigate(store)
    assert found.incident is not None, found.why
    assert found.findings["latency"].details["source"] == "histograms"
    assert found.changes is not None
    assert found.changes.table.row(0, named=True)["revision"]
    assert (found.verdicts[0].id, found.verdicts[0].status) == ("H2", "supported")
    assert found.verdicts["H3"].status == "contributing"

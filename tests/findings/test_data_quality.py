"""What is doubted of the data is said once, not once a service."""

from __future__ import annotations

import polars as pl

import rca
from rca.findings.data_quality import _correlation_doubts, _sampling_doubts


def minutes(*services):
    rows = [
        {"service_name": name, "entries": entries, "weight": weight}
        for name, kept in services
        for entries, weight in kept
    ]
    return pl.DataFrame(rows)


def test_services_sampled_alike_are_one_line():
    alike = [(100, 1000.0), (200, 1000.0)]
    found = list(_sampling_doubts(minutes(("a", alike), ("b", alike), ("c", alike), ("d", [(50, 100.0), (50, 100.0)]))))
    assert [(row["check"], row["service_name"]) for row in found] == [("sampled", ""), ("sampled", "d"), ("sampling_changed", "")]  # fmt: skip
    assert found[0]["claim"].startswith("About 15.0% of the requests of a, b and c are kept")
    assert "of a, b and c changed, from 10% to 20%" in found[2]["claim"]


def logs(**records):
    rows = [
        {"service_name": name, "records": count, "with_trace": 0, "with_request": 0, "without_time": 0}
        for name, count in records.items()
    ]
    return pl.DataFrame(rows).with_columns(pl.col("service_name").replace("none", ""))


def test_strays_without_a_service_are_not_doubted_but_many_are():
    assert [row["service_name"] for row in _correlation_doubts(logs(none=5, checkout=5000))] == ["checkout"]
    assert "of no named service" in next(_correlation_doubts(logs(none=5000, checkout=5000)))["claim"]


def test_an_empty_store_has_nothing_to_doubt():
    assert rca.data_quality(rca.open()).table.is_empty()

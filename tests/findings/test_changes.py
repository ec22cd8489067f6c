from __future__ import annotations

import importlib.util
from pathlib import Path

import pyarrow as pa
import pytest

import rca
from rca.findings.changes import deploy_correlation
from rca.schema import arrow_schema, conform
from rca.times import parse_time

SPEC = importlib.util.spec_from_file_location("change_cases", Path(__file__).with_name("change_cases.py"))
CASES = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(CASES)

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
NOON = parse_time("2026-05-11T12:00Z")


def put(store, table, rows):
    names = sorted({name for row in rows for name in row})
    schema = pa.schema([arrow_schema(table).field(name) for name in names])
    store.engine.insert(
        table, conform(table, pa.Table.from_pylist([{n: r.get(n) for n in names} for r in rows], schema=schema))
    )


def story(service, messages, changes, feed=""):
    """A store with an hour of calm, twenty minutes of trouble, calls gateway → service, and changes."""
    store = rca.open()
    logs = [
        {
            "time_ns": NOON - 60 * MINUTE + at * 20 * SECOND,
            "service_name": name,
            "severity_number": 9,
            "body": "served request 200",
        }
        for at in range(240)
        for name in ("gateway", service)
    ]
    for at in range(60):
        for name, severity, text in messages:
            logs.append(
                {"time_ns": NOON + at * 20 * SECOND, "service_name": name, "severity_number": severity, "body": text}
            )
    put(store, "logs", logs)
    points = [
        {
            "time_ns": NOON + at * MINUTE,
            "service_name": service,
            "metric_name": "http_5xx_ratio",
            "value": 0.002 + 0.0001 * (at % 7) + 0.3 * (at >= 0),
        }
        for at in range(-60, 20)
    ]
    put(store, "metrics", points)
    put(store, "service_edges", [{"caller": "gateway", "callee": service}])
    rows = [{"kind": "incident", "time_ns": NOON + 3 * MINUTE, "service_name": service, "title": f"{service} fails",
             "attributes": [("metric", "http_5xx_ratio")]}]  # fmt: skip
    if feed:
        rows.append({"kind": "incident", "time_ns": NOON - MINUTE, "title": feed, "attributes": [("rca.source", "status_feed"), ("provider", feed.split(":")[0])]})  # fmt: skip
    put(store, "changes", [*rows, *changes])
    return store


def deploy(revision, minutes, service, title, diff):
    at = NOON + round(minutes * MINUTE)
    return [
        {"kind": "commit", "time_ns": at - 2 * MINUTE, "revision": revision, "title": title, "diff": diff},
        {"kind": "deploy", "time_ns": at, "revision": revision, "service_name": service},
    ]


def decoys(service):
    out = []
    for number, (title, diff) in enumerate(CASES.DECOYS):
        where = "web" if "css" in diff else service
        out += deploy(f"{number}" * 40, -3 - 4 * number, where, title, diff.replace("{s}", service))
    flag = {
        "kind": "flag",
        "time_ns": NOON - 9 * MINUTE,
        "service_name": service,
        "feature_flag_key": "new_banner",
        "from_value": "off",
        "to_value": "on",
    }
    return [*out, flag]


def ranked(store):
    return deploy_correlation(store, rca.detect_incident(store))


@pytest.mark.parametrize("name", CASES.CULPRITS)
def test_the_change_that_can_do_what_is_seen(name):
    service, messages, diff = CASES.CULPRITS[name]
    culprit = deploy("c" * 40, -14, service, "refactor: simplify", diff)
    found = ranked(story(service, messages, [*decoys(service), *culprit]))
    top = found.table.row(0, named=True)
    assert top["revision"] == "c" * 40, found.table.select("revision", "probability", "reasons").head(3).to_dicts()
    assert top["probability"] > found.details["no_change_probability"]
    assert top["reasons"]


@pytest.mark.parametrize("name", CASES.NOBODY)
def test_no_change_where_the_cause_lies_outside(name):
    service, messages, feed, remediation = CASES.NOBODY[name]
    found = ranked(story(service, messages, decoys(service), feed))
    assert found.details["no_change_probability"] > 0.5, (
        found.table.select("revision", "probability", "reasons").head(2).to_dicts()
    )
    assert found.details["remediation"] == remediation


def test_probabilities_add_up():
    service, messages, diff = CASES.CULPRITS["redis_ttl"]
    found = ranked(story(service, messages, [*decoys(service), *deploy("c" * 40, -14, service, "x", diff)]))
    assert found.table["probability"].sum() + found.details["no_change_probability"] == pytest.approx(1)
    assert found.table["probability"].is_sorted(descending=True)


def test_what_came_after_did_not_do_it():
    service, messages, diff = CASES.CULPRITS["redis_ttl"]
    found = ranked(story(service, messages, deploy("c" * 40, 5, service, "x", diff)))
    assert found.table["probability"][0] < 0.2
    assert any("after the onset" in reason for reason in found.table["reasons"][0])


def test_one_change_deployed_without_a_diff_is_likelier_than_none():
    rows = [{"kind": "deploy", "time_ns": NOON - 4 * MINUTE, "service_name": "basket", "revision": "d" * 40}]
    found = ranked(story("basket", [("basket", 17, "request failed")], rows))
    assert found.table["probability"][0] > 0.5


def test_without_changes_nobody_is_blamed():
    found = ranked(story("basket", [("basket", 17, "request failed")], []))
    assert found.details["no_change_probability"] == 1
    assert any("No change is recorded" in text for text in found.caveats)


def test_a_library_commit_goes_live_with_the_next_deploy():
    service, messages, diff = CASES.CULPRITS["redis_ttl"]
    shared = diff.replace("src/catalog/cache.rb", "lib/cache/defaults.rb")
    rows = [
        {"kind": "commit", "time_ns": NOON - 50 * MINUTE, "revision": "a" * 40, "title": "tune cache", "diff": shared},
        *deploy("b" * 40, -6, service, "refactor", CASES.TIDY.replace("{s}", service)),
    ]
    top = ranked(story(service, messages, rows)).table.row(0, named=True)
    assert top["revision"] == "a" * 40
    assert top["live_ns"] == NOON - 6 * MINUTE


def test_equal_changes_are_tied():
    service, messages, diff = CASES.CULPRITS["redis_ttl"]
    rows = [*deploy("a" * 40, -6, service, "one", diff), *deploy("b" * 40, -7, service, "two", diff)]
    found = ranked(story(service, messages, rows))
    assert len(found.details["ties"]) == 1
    assert "Not told apart" in found.claim


def test_taking_it_back_ended_it():
    rows = [
        {
            "kind": "flag",
            "time_ns": NOON - 2 * MINUTE,
            "service_name": "basket",
            "feature_flag_key": "quick_totals",
            "from_value": "off",
            "to_value": "on",
        },
        {
            "kind": "flag",
            "time_ns": NOON + 20 * MINUTE,
            "service_name": "basket",
            "feature_flag_key": "quick_totals",
            "from_value": "on",
            "to_value": "off",
        },
        *deploy("b" * 40, -6, "basket", "refactor", CASES.TIDY.replace("{s}", "basket")),
    ]
    found = ranked(story("basket", [("basket", 17, "request failed")], rows))
    assert found.table["feature_flag_key"][0] == "quick_totals"
    assert found.details["remediation"] == "flag-off"

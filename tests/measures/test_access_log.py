"""An access log alone is enough to find an incident: when it began and ended, how slow it was, and what changed before."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

import rca

START = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
BAD = (START + timedelta(minutes=80), START + timedelta(minutes=105))


def _line(at: datetime, path: str, status: int, seconds: float) -> str:
    return f'10.0.0.{at.second} - - [{at:%d/%b/%Y:%H:%M:%S +0000}] "GET {path} HTTP/1.1" {status} 512 "-" "curl/8" {seconds:.3f}'


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two hours of an nginx log with four requests a second; for 25 minutes one route is slow and fails at times."""
    chance, lines = random.Random(7), []  # noqa: S311  (no secret)
    for second in range(7200):
        for _ in range(4):
            at, path = START + timedelta(seconds=second), chance.choice(["/cart", f"/items/{chance.randint(1, 99)}"])
            hurt = BAD[0] <= at < BAD[1] and path != "/cart"
            failed = hurt and chance.random() < 0.1
            lines.append(_line(at, path, 504 if failed else 200, chance.lognormvariate(-3, 0.5) + hurt))
    place = tmp_path_factory.mktemp("nginx")
    (place / "access.log").write_text("\n".join(lines) + "\n")
    changes = "time,service,version,description\n2026-11-20T02:30:00Z,cart,1.4,rounding\n2026-11-20T03:18:00Z,items,5.0,price client"
    (place / "deploys.csv").write_text(changes + "\n")
    return place


@pytest.mark.parametrize("name", [None, "shop"])
def test_an_access_log_shows_the_incident(folder, name):
    store = rca.open()
    store.ingest(folder / "access.log", service=name)
    store.ingest(folder / "deploys.csv")
    found = rca.investigate(store)
    assert found.incident is not None, found.why
    assert found.incident.service_name == (name or "(no service)")
    assert abs(found.incident.start_ns / 1e9 - BAD[0].timestamp()) < 60
    assert abs(found.incident.end_ns / 1e9 - BAD[1].timestamp()) < 60
    shift = found.findings["latency"]
    before, during = shift.table["p99_ms"].to_list()
    assert before < 300
    assert during > 1000
    assert shift.details["source"] == "logs"
    assert any("no traces" in text for text in shift.caveats)
    assert 0.03 < shift.table["error_ratio"][1] < 0.07
    assert not [item.id for item in found.verdicts if item.status in ("supported", "confirmed")]


def test_without_a_service_no_change_is_said_to_be_off_the_path(folder):
    store = rca.open()
    store.ingest(folder)
    ranked = rca.investigate(store).changes
    assert ranked is not None
    first = ranked.table.row(0, named=True)
    assert first["service_name"] == "items"
    assert not any("not on the path" in reason for row in ranked.table["reasons"].to_list() for reason in row)


def test_the_slow_route_is_named(folder):
    store = rca.open()
    store.ingest(folder)
    found = rca.investigate(store).findings["compare_attributes"]
    first = found.table.row(0, named=True)
    assert (first["attribute"], first["value"]) in {("http.route", "/items/<*>"), ("http.route", "/cart")}
    assert "http.route" in found.claim
    assert found.sql[0].startswith("-- logged_requests")


def test_red_counts_every_logged_request(folder):
    store = rca.open()
    store.ingest(folder / "access.log")
    frame = rca.red(store)
    assert frame["requests"].sum() == 28_800 - 4  # those of the first second began before the log does
    assert set(frame["service_name"]) == {"(no service)"}


def test_a_quiet_access_log_holds_no_incident(folder, tmp_path):
    lines = (folder / "access.log").read_text().splitlines()
    (tmp_path / "access.log").write_text("\n".join(lines[: 79 * 240]) + "\n")
    store = rca.open()
    store.ingest(tmp_path)
    found = rca.investigate(store)
    assert found.incident is None
    assert "No incident found" in found.why


def test_repeated_calls_are_not_denied_where_nothing_is_traced(folder):
    store = rca.open()
    store.ingest(folder)
    found = rca.investigate(store)
    assert "repeated_queries" not in found.findings
    assert not next(item for item in found.verdicts["H2"].evidence if item.name == "repeated statements").decibans


def test_errors_show_where_the_log_holds_no_lengths(folder, tmp_path):
    lines = (folder / "access.log").read_text().splitlines()
    (tmp_path / "access.log").write_text("\n".join(line.rsplit(" ", 1)[0] for line in lines) + "\n")
    store = rca.open()
    store.ingest(tmp_path)
    found = rca.investigate(store)
    assert found.incident is not None, found.why
    assert abs(found.incident.start_ns / 1e9 - BAD[0].timestamp()) < 90
    assert abs(found.incident.end_ns / 1e9 - BAD[1].timestamp()) < 90
    shift = found.findings["latency"]
    assert "does not say how long" in shift.claim
    assert shift.table["p99_ms"].to_list() == [None, None]
    assert shift.table["error_ratio"][0] == 0
    assert 0.03 < shift.table["error_ratio"][1] < 0.07

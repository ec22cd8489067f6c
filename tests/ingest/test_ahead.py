"""Inputs read by processes beside this one give the same store, whatever happens to those processes."""

from __future__ import annotations

import gzip
import os
import signal
import time

import orjson
import pytest

import rca
from rca.ingest import ahead
from rca.ingest.ahead import read_ahead
from rca.ingest.discover import discover
from rca.ingest.limits import Limits


@pytest.fixture
def folder(tmp_path):
    """Logs, spans, something broken, something empty, something unknown, and one file twice."""
    place = tmp_path / "in"
    place.mkdir()
    lines = [
        orjson.dumps(
            {"ts": f"2026-01-01T00:{at // 60 % 60:02}:{at % 60:02}Z", "level": "info", "msg": f"order {at} paid"}
        )
        for at in range(3000)
    ]
    (place / "app.log.gz").write_bytes(gzip.compress(b"\n".join([*lines, b"{broken", lines[0]])))
    spans = [
        {
            "trace_id": f"{at:032x}", "span_id": f"{at:016x}", "name": "GET /", "service_name": "web",
            "start_time": f"2026-01-01T00:{at // 60:02}:{at % 60:02}Z", "duration_ms": 5 + at % 7,
        }
        for at in (*range(600), 7)
    ]  # fmt: skip
    (place / "spans.ndjson").write_bytes(b"\n".join(map(orjson.dumps, spans)))
    (place / "cut.log.gz").write_bytes(gzip.compress(b"\n".join(lines))[:-2000])
    (place / "empty.log").write_bytes(b"")
    (place / "noise.bin").write_bytes(bytes(range(256)) * 40)
    (place / "twice.log").write_bytes(b"\n".join(lines))
    (place / "twice_again.log").write_bytes(b"\n".join(lines))
    return place


def contents(store):
    """Return all rows but what names an ingest or a moment of it."""
    found = {}
    for name, rows in store.tables().items():
        frame = store.query('SELECT * FROM "' + name + '"')
        keep = [column for column in frame.columns if column not in ("ingest_id", "started_ns", "finished_ns")]
        assert frame.height == rows
        found[name] = sorted(map(repr, frame.select(keep).rows()))
    return found


def ingested(place, monkeypatch, helpers):
    monkeypatch.setattr(ahead, "_worth", lambda *_: helpers)
    with rca.open() as store:
        store.ingest(place)
        return contents(store)


def test_the_store_is_the_same(folder, monkeypatch):
    alone = ingested(folder, monkeypatch, 0)
    assert len(alone["logs"]) > 5000
    assert len(alone["spans"]) == 600
    assert ingested(folder, monkeypatch, 1) == alone
    assert ingested(folder, monkeypatch, 3) == alone


def test_a_longer_version_of_a_file_is_continued(folder, monkeypatch):
    monkeypatch.setattr(ahead, "_worth", lambda *_: 2)
    grown = folder / "twice.log"
    with rca.open() as store:
        store.ingest(grown)
        before = store.tables()["logs"]
        with grown.open("ab") as file:
            file.write(b'\n{"ts": "2026-01-01T02:00:00Z", "level": "error", "msg": "late"}\n')
        report = store.ingest(grown)
        assert store.tables()["logs"] == before + 1
        assert report.total("records_read") == 3001


@pytest.mark.parametrize("moment", ["before", "within"])
def test_a_process_that_dies_costs_only_time(folder, monkeypatch, moment):
    alone = ingested(folder, monkeypatch, 0)
    start = ahead._Helper.__init__

    def dying(self, tasks):
        start(self, tasks)
        if moment == "within":
            time.sleep(0.7)  # it has begun to answer: what waits is more than a pipe holds
        os.kill(self.process.pid, signal.SIGKILL)

    monkeypatch.setattr(ahead._Helper, "__init__", dying)
    assert ingested(folder, monkeypatch, 2) == alone


def test_what_waits_is_bounded_and_nothing_is_left_running(folder, monkeypatch):
    monkeypatch.setattr(ahead, "_ONE", 1000)
    monkeypatch.setattr(ahead, "_ALL", 2000)
    sources = discover(str(folder), Limits())
    names = [f"ingest {at}" for at in range(len(sources))]
    started = []
    start = ahead._Helper.__init__

    def noted(self, tasks):
        start(self, tasks)
        started.append(self)

    monkeypatch.setattr(ahead._Helper, "__init__", noted)
    with read_ahead(sources, ids=names, chosen=None, service_name="", helpers=2) as beside:
        reading = beside.of(names[0])
        assert reading is not None
        kept = reading.opened(lambda _: None)
        time.sleep(1)
        assert kept["format"]
        assert reading._room.waiting < 1_000_000  # at most one message over the bound for each process
    assert len(started) == 2
    assert all(helper.process.returncode is not None and not helper.thread.is_alive() for helper in started)


def test_little_is_not_worth_a_process(tmp_path):
    small = tmp_path / "a.log"
    small.write_text("2026-01-01T00:00:00Z INFO hello\n")
    assert ahead._worth(discover(str(small), Limits()), 1, None) == 0


def test_what_is_read_faster_than_written_is_read_here_when_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(ahead, "_WORTH_IT", 10)
    monkeypatch.setattr(ahead.os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    slow = tmp_path / "slow.log"
    slow.write_text("# Query_time: 1.5  Lock_time: 0.0 Rows_sent: 1  Rows_examined: 2\nSELECT 1;\n")
    other = tmp_path / "app.log"
    other.write_text('{"ts":"2026-01-01T00:00:00Z","level":"info","msg":"hello"}\n' * 3)
    broken = tmp_path / "cut.gz"
    broken.write_bytes(b"\x1f\x8b\x08 and no more")
    alone = {path: ahead._worth(discover(str(path), Limits()), 1, None) for path in (slow, other, broken)}
    assert alone == {slow: 0, other: 1, broken: 0}
    assert ahead._worth(discover(str(tmp_path), Limits()), 3, None) == 2

"""`kill -9` at random moments of `rca ingest`: the store opens, holds no half of an input, and the next run completes it.

``RCA_KILLS=200 python -m pytest tests/ingest/test_kill.py`` kills 200 times; the suite does it a few times. ``RCA_KILL_SEED``
repeats a run's moments as far as a machine's speed allows.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

import rca
from rca.schema import PRIMARY, TABLES

KILLS = int(os.environ.get("RCA_KILLS", "4"))
SEED = int(os.environ.get("RCA_KILL_SEED", "20260304"))
T0 = 1_772_633_400
HELD = [item.name for item in TABLES if item.name != "ingests" and "ingest_id" in item.names]
SIZES = {"spans": 4_000, "logs": 6_000, "text": 6_000, "points": 4_000, "zipkin": 1_000}


def otlp_line(number: int) -> str:
    spans = [
        {
            "traceId": f"{number:032x}", "spanId": f"{number * 8 + at + 1:016x}", "parentSpanId": "" if not at else f"{number * 8 + 1:016x}",
            "name": f"step {at}", "kind": 2 + at % 2, "startTimeUnixNano": str((T0 + number) * 10**9 + at), "endTimeUnixNano": str((T0 + number) * 10**9 + at + 5_000_000),
            "attributes": [{"key": "item", "value": {"intValue": str(number)}}],
        }
        for at in range(4)
    ]  # fmt: skip
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]})


def stamp(number: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(T0 + number))


def mixed(folder: Path) -> Path:
    """Write inputs of several kinds: spans, logs, points, a compressed one, one with bad lines, and one repeated."""
    folder.mkdir()
    spans = "\n".join(otlp_line(number) for number in range(SIZES["spans"] // 4))
    (folder / "a_spans.jsonl").write_text(spans + "\n")
    logs = [json.dumps({"time": stamp(number) + "Z", "level": "info", "msg": f"order {number} paid", "trace_id": f"{number:032x}"}) for number in range(SIZES["logs"])]  # fmt: skip
    logs[5::1000] = ['{"time": "' + stamp(5) + 'Z", "level"' for _ in logs[5::1000]]
    (folder / "b_logs.jsonl").write_text("\n".join(logs) + "\n")
    text = "".join(f"{stamp(number)}Z ERROR [pool-{number % 7}] cart: item {number} is gone\n" for number in range(SIZES["text"]))  # fmt: skip
    (folder / "c_text.log.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    points = "".join(f"load,host=h{number % 9} value={number}.5 {(T0 + number) * 10**9}\n" for number in range(SIZES["points"]))  # fmt: skip
    (folder / "d_points.influx").write_text(points)
    zipkin = [
        {"traceId": f"{number:016x}", "id": f"{number + 1:016x}", "name": "get", "kind": "SERVER", "timestamp": (T0 + number) * 10**6, "duration": 500, "localEndpoint": {"serviceName": "cart"}}
        for number in range(SIZES["zipkin"])
    ]  # fmt: skip
    (folder / "e_zipkin.json").write_text(json.dumps(zipkin))
    (folder / "f_grown.jsonl").write_text(spans + "\n" + otlp_line(SIZES["spans"]) + "\n")
    return folder


def rows(store: rca.Store) -> dict[str, Counter[str]]:
    """Return every row of every table but the names of the ingests."""
    found = {}
    for name in HELD:
        table = store.engine.con.execute(f'SELECT * EXCLUDE (ingest_id) FROM "{name}"').fetchall()
        found[name] = Counter(map(repr, table))
    return found


def inconsistencies(store: rca.Store) -> list[str]:
    """Return what contradicts: ledger rows whose counts do not add up, and rows of inputs that no ledger row is about."""
    con, found = store.engine.con, []
    inputs = con.execute("SELECT ingest_id, path, records_read, records_kept, records_duplicate, records_quarantined FROM ingests").fetchall()  # fmt: skip
    counted = {name: dict(con.execute(f'SELECT ingest_id, count(*) FROM "{name}" GROUP BY ALL').fetchall()) for name in HELD}  # fmt: skip
    for ingest_id, path, read, kept, duplicate, quarantined in inputs:
        if read != kept + duplicate + quarantined:
            found.append(f"{path}: {read} read, {kept} kept, {duplicate} duplicate, {quarantined} quarantined")
        held = sum(counted[name].get(ingest_id, 0) for name in PRIMARY)
        if held != kept or counted["quarantine"].get(ingest_id, 0) != quarantined:
            found.append(f"{path}: {kept} kept by the ledger, {held} held")
    known = {row[0] for row in inputs}
    found += [f"{name}: rows of {key}, of which the ledger knows nothing" for name in HELD for key in counted[name].keys() - known]  # fmt: skip
    return found


class Killed:
    """A run of `rca ingest` in a session of its own, ended by SIGKILL after some seconds."""

    def __init__(self, folder: Path, db: Path) -> None:
        command = [sys.executable, "-m", "rca", "ingest", str(folder), "--db", str(db), "--json"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)  # fmt: skip

    def kill(self) -> bool:
        """Kill it with all its children; return whether it still ran."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            self.process.wait()
            return False
        return self.process.wait() == -signal.SIGKILL


def waited_for(db: Path, process: subprocess.Popen[bytes]) -> None:
    while not db.exists() and process.poll() is None:
        time.sleep(0.002)


def test_a_run_killed_at_any_moment_leaves_whole_inputs_and_the_next_completes_them(tmp_path: Path) -> None:
    folder, dice = mixed(tmp_path / "inputs"), random.Random(SEED)  # noqa: S311 - moments, not secrets
    undisturbed = tmp_path / "undisturbed.duckdb"
    first = Killed(folder, undisturbed)
    waited_for(undisturbed, first.process)
    started = time.monotonic()
    assert first.process.wait(timeout=120) == 0
    lasts = time.monotonic() - started
    with rca.open(undisturbed) as store:
        expected = rows(store)
        assert not inconsistencies(store)
    assert sum(map(sum, (counts.values() for counts in expected.values()))) > sum(SIZES.values()) * 0.9
    in_time, wholes = 0, Counter()
    for number in range(KILLS):
        db = tmp_path / f"{number}.duckdb"
        run = Killed(folder, db)
        waited_for(db, run.process)
        time.sleep(dice.uniform(0, lasts))
        in_time += run.kill()
        with rca.open(db) as store:
            assert not inconsistencies(store), f"kill {number} of seed {SEED}"
            wholes[store.engine.con.execute("SELECT count(*) FROM ingests").fetchone()[0]] += 1
            store.ingest(folder)
            assert not inconsistencies(store), f"after kill {number} of seed {SEED}"
            completed = rows(store)
            differing = {name: (expected[name] - completed[name], completed[name] - expected[name]) for name in HELD if completed[name] != expected[name]}  # fmt: skip
            assert not differing, f"after kill {number} of seed {SEED}: {str(differing)[:500]}"
        for left in tmp_path.glob(f"{number}.duckdb*"):
            left.unlink()
    summary = f"{KILLS} kills, {in_time} while it ran; inputs already whole when killed: {dict(sorted(wholes.items()))}"
    sys.stdout.write(summary + "\n")
    assert in_time, "no run was killed in time"


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q", "-s"]))

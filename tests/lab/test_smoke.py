"""The lab records: half a minute of real services, looked at file by file."""

from __future__ import annotations

import csv
import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[2] / "data"

pytestmark = [pytest.mark.lab, pytest.mark.slow]


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "lab", "record", "--scenario", "smoke", "--seed", "5", *words]


def need_lab() -> None:
    sys.path.insert(0, str(DATA))
    try:
        for module in ("flask", "waitress", "httpx", "sqlalchemy", "psycopg", "openfeature", "prometheus_client"):
            pytest.importorskip(
                module, reason=f"the lab's requirement {module} is not installed (dependency group lab)"
            )
        from lab.database import find_binaries
        from lab.errors import LabError

        try:
            find_binaries()
        except LabError as error:
            pytest.skip(str(error))
    finally:
        sys.path.remove(str(DATA))


def left_running(marker: str) -> list[str]:
    """Command lines of processes that name the folder of this test."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if marker in words:
            found.append(words)
    return found


@pytest.fixture(scope="module")
def place():
    # Not pytest's own folder: the database's user must be able to walk into it.
    folder = Path(tempfile.mkdtemp(prefix="rca-lab-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def recording(place):
    need_lab()
    out = place / "smoke"
    done = subprocess.run(
        command("--out", str(out), "--scale", "0.2", "--phase-seconds", "7"),
        cwd=DATA, env={**os.environ, "TMPDIR": str(place)}, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return out


def lines(path: Path) -> list[dict]:
    with gzip.open(path, "rt") as file:
        return [json.loads(line) for line in file]


def spans(recording: Path, service: str) -> list[dict]:
    return [
        span
        for batch in lines(recording / "traces" / f"{service}.otlp.jsonl.gz")
        for resource in batch["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]


def attributes(span: dict) -> dict:
    return {item["key"]: next(iter(item["value"].values())) for item in span.get("attributes", ())}


def truth(recording: Path) -> list[dict]:
    with gzip.open(recording.with_name("smoke.truth") / "requests.csv.gz", "rt", newline="") as file:
        return list(csv.DictReader(file))


def test_every_file_is_there(recording):
    names = {str(path.relative_to(recording)) for path in recording.rglob("*") if path.is_file()}
    for service in ("gateway", "checkout", "pricing", "inventory"):
        assert {f"traces/{service}.otlp.jsonl.gz", f"logs/{service}.otlp.jsonl.gz", f"logs/{service}.log.gz"} <= names
    assert {"postgresql.json.gz", "changes.json"} <= names
    for metric in ("http_server_request_duration_seconds_bucket", "worker_pool_queue_length", "circuit_breaker_state"):
        assert f"metrics/{metric}.json.gz" in names


def test_database_spans_say_what_where_and_for_whom(recording):
    database = [span for span in spans(recording, "checkout") if "db.query.text" in attributes(span)]
    collections = {attributes(span)["db.collection.name"] for span in database}
    assert collections == {"carts", "promotions"}
    lookup = next(attributes(s) for s in database if attributes(s)["db.collection.name"] == "promotions")
    assert lookup["code.function.name"] == "promotions.offers"
    assert lookup["code.file.path"] == "checkout/promotions.py"
    assert int(lookup["code.line.number"]) > 0


def test_one_trace_crosses_all_services(recording):
    traces = {s: {span["traceId"] for span in spans(recording, s)} for s in ("gateway", "checkout", "pricing")}
    assert traces["gateway"] & traces["checkout"] & traces["pricing"]
    assert all(span["traceState"] == "ot=th:0" for span in spans(recording, "pricing"))


def test_the_flag_makes_one_query_a_line(recording):
    rows = [row for row in truth(recording) if row["status"] == "200" and "checkout" in row["route"]]
    on = [row for row in rows if row["variant"] == "on"]
    assert on
    assert all(int(row["db_queries"]) == 1 + int(row["lines"]) for row in on)
    assert all(int(row["db_queries"]) == 1 for row in rows if row["variant"] == "off")


def test_logs_agree_with_the_truth(recording):
    seen = {row["request_id"]: row for row in truth(recording)}
    logged = [line for line in lines(recording / "logs" / "checkout.log.gz") if line["logger"] == "shop.access"]
    logged = [line for line in logged if line["request_id"] in seen]
    assert len(logged) == len(seen)
    for line in logged:
        assert line["http_status"] == int(seen[line["request_id"]]["status"])
        assert line["duration_ms"] <= float(seen[line["request_id"]]["latency_ms"])


def test_the_flag_event_is_on_the_span(recording):
    events = [event for span in spans(recording, "checkout") for event in span.get("events", ())]
    variants = {attributes(event)["feature_flag.result.variant"] for event in events}
    assert variants == {"on", "off"}


def test_no_place_of_this_machine_is_written(recording):
    for path in recording.rglob("*.gz"):
        assert str(DATA).encode() not in gzip.decompress(path.read_bytes()), path


def test_nothing_is_left(recording, place):
    assert left_running(str(place)) == []
    assert [path.name for path in place.iterdir() if path.name.startswith("rca-lab-")] == []
    assert not list(Path("/sys/fs/cgroup").glob(f"**/rca-lab-{os.getpid()}"))


def test_a_stopped_recording_leaves_nothing(place):
    need_lab()
    running = subprocess.Popen(
        command("--out", str(place / "stopped"), "--scale", "0.05", "--phase-seconds", "60"),
        cwd=DATA, env={**os.environ, "TMPDIR": str(place)}, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    end = time.monotonic() + 60
    while time.monotonic() < end and not any("lab.services" in words for words in left_running(str(place))):
        time.sleep(0.2)
    running.send_signal(signal.SIGTERM)
    assert running.wait(60) == 128 + signal.SIGTERM
    assert left_running(str(place)) == []
    assert not (place / "stopped").exists()


def test_without_postgresql_the_message_says_what_to_install(place, monkeypatch):
    need_lab()
    monkeypatch.syspath_prepend(str(DATA))
    from lab import database
    from lab.errors import LabError

    monkeypatch.setattr(database.shutil, "which", lambda _name: None)
    monkeypatch.setattr(database.Path, "glob", lambda _self, _pattern: iter(()))
    with pytest.raises(LabError, match="apt-get install -y postgresql"):
        database.find_binaries()


def test_an_unknown_scenario_names_those_there_are():
    need_lab()
    done = subprocess.run(
        [sys.executable, "-m", "lab", "record", "--scenario", "nope", "--out", "/nonexistent"],
        cwd=DATA, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "no scenario is called 'nope'; there are checkout" in done.stderr

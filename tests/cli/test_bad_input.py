"""Every wrong input ends with one clear sentence, an exit code of its own, and nothing half-written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rca.cli import main

NOON = "2026-03-04T12:{:02d}:{:02d}Z"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a small log of checkout, read into store.duckdb."""
    monkeypatch.chdir(tmp_path)
    lines = [
        json.dumps(
            {"timestamp": NOON.format(at // 60, at % 60), "service": "checkout", "level": "info", "message": "served"}
        )
        for at in range(300)
    ]
    Path("app.log").write_text("\n".join(lines) + "\n")
    points = ["time,service,metric,value", *(f"{NOON.format(at, 0)},checkout,cpu_usage,{at % 3}" for at in range(30))]
    Path("points.csv").write_text("\n".join(points) + "\n")
    assert main(["ingest", "app.log", "points.csv", "--db", "store.duckdb"]) == 0
    return tmp_path


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["investigate", "missing"], "missing does not exist"),
        (["ingest", "missing", "--db", "new.duckdb"], "missing does not exist"),
        (["ingest", "empty", "--db", "new.duckdb"], "empty holds no files"),
        (["ingest", "noise.bin", "--db", "new.duckdb"], "no known format"),
        (["ingest", "app.log", "--db", "new.duckdb", "--format", "jsn"], "There is no format 'jsn'"),
        (["investigate", "--db", "missing.duckdb"], "rca ingest PATH --db missing.duckdb"),
        (["investigate", "--db", "app.log"], "is not a DuckDB file"),
        (["investigate", "--db", "other.duckdb"], "other.duckdb"),
        (["investigate", "--db", "store.duckdb", "--service", "chekout"], "Did you mean checkout?"),
        (
            ["investigate", "--db", "store.duckdb", "--start", "2020-01-01", "--end", "2020-01-02"],
            "no telemetry in this window",
        ),
        (["investigate", "--db", "store.duckdb", "--start", "yesterday"], "'yesterday' is not a time"),
        (
            ["investigate", "--db", "store.duckdb", "--start", "2026-03-04T13:00Z", "--end", "2026-03-04T12:00Z"],
            "must end after it starts",
        ),
        (["investigate", "app.log", "--out", "app.log"], "is a file; name a folder"),
        (["summary", "--db", "missing.duckdb"], "missing.duckdb does not exist"),
    ],
)
def test_one_sentence_and_an_exit_code(folder, capsys, command, said):
    (folder / "empty").mkdir()
    (folder / "noise.bin").write_bytes(bytes(range(256)) * 40)
    import duckdb

    with duckdb.connect(str(folder / "other.duckdb")) as other:
        other.execute("CREATE TABLE something (x INTEGER)")
    before = sorted(path.name for path in folder.iterdir())
    capsys.readouterr()
    assert main(command) == 1
    shown = capsys.readouterr()
    assert said in shown.err
    assert "Traceback" not in shown.err + shown.out
    assert shown.err.startswith("rca: ")
    assert sorted(path.name for path in folder.iterdir()) == before


def test_a_file_that_may_not_be_read(folder, capsys):
    import os

    locked = folder / "locked.log"
    locked.write_text("x\n")
    locked.chmod(0)
    if os.access(locked, os.R_OK):
        pytest.skip("this user may read every file, whatever its mode")
    assert main(["ingest", str(locked), "--db", "new.duckdb"]) == 1
    assert "locked.log" in capsys.readouterr().err


def test_a_store_of_another_version(folder, capsys):
    import duckdb

    with duckdb.connect("store.duckdb") as store:
        store.execute("UPDATE rca_schema SET version = 999")
    assert main(["investigate", "--db", "store.duckdb"]) == 1
    said = capsys.readouterr().err
    assert "999" in said
    assert "store.duckdb" in said


def test_a_quiet_store_is_no_error(folder, capsys):
    assert main(["investigate", "--db", "store.duckdb"]) == 0
    assert capsys.readouterr().out.count("No incident found") == 1


def test_an_empty_log_is_no_error(folder):
    (folder / "mysql-slow.log").write_text("")
    assert main(["ingest", "mysql-slow.log", "--db", "new.duckdb"]) == 0
    assert (folder / "new.duckdb").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_full_disk_behind_standard_output(folder):
    import subprocess
    import sys

    with Path("/dev/full").open("w") as full:
        run = subprocess.run([sys.executable, "-m", "rca", "formats"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)  # fmt: skip
    assert run.returncode == 1
    assert run.stderr.startswith("rca: the result could not be printed: ")
    assert len(run.stderr.splitlines()) == 1


def test_a_terminal_that_knows_ascii_only(folder):
    import os
    import subprocess
    import sys

    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii:strict"}
    command = [sys.executable, "-m", "rca", "investigate", "--db", "store.duckdb"]
    run = subprocess.run(command, env=os.environ | plain, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "Traceback" not in run.stderr

"""What a user sees of an ingest: a bar while it works on a terminal, a ledger at the end that can be read at a glance."""

from __future__ import annotations

import fcntl
import os
import re
import struct
import subprocess
import sys
import termios

import orjson
import pytest

import rca


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "mixed"
    place.mkdir()
    for number in range(30):
        lines = [
            orjson.dumps(
                {"time": f"2026-03-04T14:{at // 60:02d}:{at % 60:02d}Z", "level": "info", "msg": f"{number} {at}"}
            )
            for at in range(50)
        ]
        if number == 3:
            lines[7] = b'{"time": '
        (place / f"app-{number:02d}.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    (place / "again.jsonl").write_bytes((place / "app-00.jsonl").read_bytes())
    (place / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9)
    return place


def test_many_files_are_counted_by_format_and_only_what_wants_a_look_is_named(folder):
    report = rca.open().ingest(folder)
    text = str(report)
    counted = next(line.split() for line in text.splitlines() if line.startswith("json "))
    assert counted[1] == "31"
    assert [int(part.replace(",", "")) for part in counted[3:]] == [1_550, 1_499, 50, 1, 1, 0]
    assert "partial  app-03.jsonl: 1 of 50 records quarantined" in text
    assert re.search(r"^  failed  photo\.png is of no known format", text, re.MULTILINE)
    assert "1 file: read before: same content" in text
    assert "app-04" not in text
    assert max(map(len, text.splitlines()[:5])) <= 100


def test_few_files_are_shown_one_by_one(folder):
    report = rca.open().ingest(*sorted(folder.glob("app-0*.jsonl")))
    assert all(f"app-0{number}.jsonl" in str(report) for number in range(10))


def test_a_terminal_sees_bytes_rate_and_time_left_and_a_pipe_nothing(folder, tmp_path):
    command = [sys.executable, "-m", "rca", "ingest", str(folder), "--db"]
    piped = subprocess.run([*command, str(tmp_path / "a.duckdb")], capture_output=True, text=True, check=True)
    assert [line for line in piped.stderr.splitlines() if "photo.png" not in line] == []
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 160, 0, 0))
    environment = os.environ | {"TERM": "xterm-256color"}
    with subprocess.Popen(
        [*command, str(tmp_path / "b.duckdb")], stdout=subprocess.DEVNULL, stderr=theirs, env=environment
    ) as running:
        os.close(theirs)
        seen = b""
        while True:
            try:
                some = os.read(ours, 65_536)
            except OSError:  # the other end is closed
                break
            if not some:
                break
            seen += some
    os.close(ours)
    assert running.returncode == 0
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen.decode())
    assert re.search(r"app-\d\d\.jsonl", shown)
    assert re.search(r"\d+(?:\.\d+)?/\d+(?:\.\d+)? [kM]?B", shown)
    assert re.search(r"(?:\d B|[kM]B)/s", shown) or " ? " in shown
    assert re.search(r"\d:\d\d:\d\d|-:--:--", shown)


def test_a_line_longer_than_any_header_ends_no_ingest(tmp_path):
    (tmp_path / "long.log").write_text("2026-03-04T14:10:00Z INFO " + "x" * 200_000 + "\n")
    assert rca.open().ingest(tmp_path).total("records_kept") == 1

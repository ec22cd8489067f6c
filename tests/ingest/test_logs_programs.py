"""Logs as programs write them: every record once, its time, severity, message, ids and service, what goes on joined.

Each file of `programs/` holds samples: a line ``%%% name``, the log, a line ``%%% reads`` and one line for each record:
time, severity, what its message holds (a bar inside it is ``¦``, and ``…`` leaves something out), then ids and service as ``key=value``.
"""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

import rca
from rca.times import parse_time

WRITTEN = parse_time("2026-03-20T00:00:00Z") // 10**9
BANDS = ("-", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
COLUMNS = {"trace": "trace_id", "span": "span_id", "request": "request_id", "service": "service_name"}


def samples():
    for path in sorted((Path(__file__).parent / "programs").glob("*.txt")):
        for part in re.split(r"^%%% (?!reads)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            head, _, rest = part.partition("\n")
            log, _, reads = rest.partition("%%% reads\n")
            yield pytest.param(head.strip(), log, reads.strip().split("\n"), id=head.strip())


@pytest.mark.parametrize(("name", "log", "reads"), list(samples()))
def test_a_program(tmp_path, name, log, reads):
    path = tmp_path / (name if "." in name else f"{name}.log")
    path.write_text(log, encoding="utf-8")
    os.utime(path, (WRITTEN, WRITTEN))
    with rca.open() as store:
        report = store.ingest(path)
        rows = store.query("SELECT * FROM logs ORDER BY record_no").to_dicts()
    assert report.total("records_quarantined") == 0
    assert report.total("records_read") == len(rows)
    found = [told(row) for row in rows]
    for row, want in zip(found, reads, strict=True):
        time, band, text, more = (piece.strip() for piece in [*re.split(r" \|(?: |$)", want), ""][:4])
        assert (row["time"], row["band"]) == (time, band), row
        assert all(piece in row["body"] for piece in text.replace("¦", "|").split(" … ")), row
        assert dict(pair.split("=", 1) for pair in more.split()) == row["more"], row


def told(row):
    time = row["time_ns"]
    more = {key: row[column] for key, column in COLUMNS.items() if row[column]}
    return {
        "time": written(time) if time is not None else "none",
        "band": BANDS[(row["severity_number"] + 3) // 4],
        "body": " ".join(row["body"].split()),
        "more": more,
    }


def written(ns):
    second, rest = divmod(ns, 10**9)
    fraction = f".{rest:09d}".rstrip("0").rstrip(".")
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S") + fraction + "Z"

"""What tools export, file by file: each record once, in the right table, with the values it has.

Each file of `exports/` holds samples: a line ``%%% name of the file``, its content, a line ``%%% reads`` and one line for each
row, the table and the columns that matter as JSON. Times are written out, lengths are ``duration_ms``, ``severity`` is the band,
``column~`` asks for a part of the text, ``attributes`` for these among others.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

import rca
from rca.times import parse_time

WRITTEN = parse_time("2026-03-19T18:00:00Z") // 10**9
TABLES = ("spans", "logs", "queries", "metrics", "changes")
BANDS = ("-", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")


def samples():
    for path in sorted((Path(__file__).parent / "exports").glob("*.txt")):
        for part in re.split(r"^%%% (?!reads)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            head, _, rest = part.partition("\n")
            content, _, reads = rest.partition("%%% reads\n")
            wanted = [line.split(" ", 1) for line in reads.strip().split("\n") if line]
            yield pytest.param(head.strip(), content, wanted, id=f"{path.stem}/{head.strip()}")


@pytest.mark.parametrize(("name", "content", "wanted"), list(samples()))
def test_an_export(tmp_path, name, content, wanted):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    os.utime(path, (WRITTEN, WRITTEN))
    with rca.open() as store:
        report = store.ingest(path)
        rows = {table: store.query(f"SELECT * FROM {table} ORDER BY record_no").to_dicts() for table in TABLES}
    assert report.total("records_quarantined") == 0
    for table, found in rows.items():
        expected = [json.loads(text) for of, text in wanted if of == table]
        assert len(found) == len(expected), (report.inputs[0].format, report.inputs[0].message, table, found)
        for row, want in zip(found, expected, strict=True):
            assert told(row, want) == want, (report.inputs[0].format, row)


def told(row, want):
    return {key: value_of(row, key, wanted) for key, wanted in want.items()}


def value_of(row, key, wanted):
    if key == "duration_ms":
        return row["duration_ns"] / 1e6
    if key == "severity":
        return BANDS[(row["severity_number"] + 3) // 4]
    if key.endswith("~"):
        return wanted if wanted in row[key[:-1]] else row[key[:-1]]
    if key == "attributes":
        return {name: dict(row[key]).get(name) for name in wanted}
    if isinstance(wanted, str) and key.endswith("_ns"):
        return wanted if row[key] == parse_time(wanted) else row[key]
    return row[key]

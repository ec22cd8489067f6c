"""Lines that look like another format at their begin are read as what they are."""

from __future__ import annotations

import pytest

import rca


def _read(tmp_path, text):
    path = tmp_path / "app.log"
    path.write_text(text)
    store = rca.open()
    report = store.ingest(path)
    return report, store.query("SELECT time_ns, service_name, body, severity_text, attributes, resource_attributes FROM logs ORDER BY record_no")  # fmt: skip


@pytest.mark.parametrize("first", ["[cart] starting", "[GIN-debug] GET /x --> handler", "[12] ready"])
def test_a_text_in_brackets_is_no_json(tmp_path, first):
    report, rows = _read(tmp_path, f"{first}\n[cart] listening on 8080\n")
    assert not report.failed
    assert report.total("records_read") == rows.height
    assert first in "\n".join(rows["body"])


@pytest.mark.parametrize(
    "line",
    [
        "2026-03-04T12:00:00.123Z 2026-03-04 12:00:00 INFO cart: took 12 ms",
        '2026-03-04T12:00:00.123Z cart {"level":"info","msg":"took 12 ms"}',
    ],
)
def test_a_second_time_or_a_document_is_neither_host_nor_program(tmp_path, line):
    _, rows = _read(tmp_path, f"{line}\n{line}\n")
    found = rows.row(0, named=True)
    assert found["service_name"] not in ("12", '{"level"')
    assert "2026-03-04" not in str(dict(found["resource_attributes"]))
    assert "took 12 ms" in found["body"] + str(found["attributes"])


def test_lines_that_begin_with_the_id_of_a_request_are_no_commits(tmp_path):
    lines = "".join(f"{number:08x}|2026-03-04T12:00:0{number}Z|INFO|cart took 12 ms\n" for number in range(1, 6))
    _, rows = _read(tmp_path, lines)
    assert rows.height == 5


def test_the_same_lines_of_git_are_commits(tmp_path):
    path = tmp_path / "log.txt"
    path.write_text("".join(f"{number:08x}|2026-03-04T12:00:0{number}Z|Ann|Cart in 12 ms\n" for number in range(1, 6)))
    store = rca.open()
    store.ingest(path)
    assert store.query("SELECT author, title FROM changes").unique().rows() == [("Ann", "Cart in 12 ms")]

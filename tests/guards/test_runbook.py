"""The runbook: lines from the data, honest where they cannot be drawn, escaped and redacted."""

from __future__ import annotations

import html5lib
import pytest

import rca
from rca.cli import main
from rca.errors import NoDataError, OptionError
from rca.guards.runbook import runbook
from rca.guards.runbook.thresholds import limits

START_NS = 1_772_633_400_000_000_000
MINUTE = 60_000


def fill(store, fill_spans, make_span, *, service="checkout", n=400):
    """Ten minutes at 100 ms, then ten at 900 ms with one in ten failing and five calls of the database."""
    rows = []
    for at in range(n):
        bad = at >= n // 2
        length = (900 if bad else 100) + at % 7
        start = at * 20 * MINUTE / n
        failed = (
            {"status_code": "ERROR", "http_response_status_code": 500}
            if bad and at % 10 == 0
            else {"http_response_status_code": 200}
        )
        rows.append(
            make_span(
                at + 1,
                f"{1:016x}",
                service_name=service,
                span_kind="SERVER",
                http_route="/pay",
                start=start,
                length=length,
                **failed,
            )
        )
        for call in range(5 if bad else 1):
            text = {
                "db_system_name": "postgresql",
                "db_query_text": "SELECT 1",
                "db_query_digest": "select ?",
                "db_operation_name": "SELECT",
            }
            rows.append(
                make_span(
                    at + 1,
                    f"{call + 2:016x}",
                    f"{1:016x}",
                    service_name=service,
                    span_kind="CLIENT",
                    start=start + call,
                    length=1,
                    **text,
                )
            )
    fill_spans(store, rows)
    half = START_NS + 10 * MINUTE * 1_000_000
    return rca.Incident(service, start=half, end=START_NS + 20 * MINUTE * 1_000_000, baseline="10m")


@pytest.fixture(scope="module")
def hostile():
    return "<script>alert(1)</script> [x](javascript:y)"


@pytest.fixture
def found(fill_spans, make_span):
    with rca.open() as store:
        yield store, rca.investigate(store, fill(store, fill_spans, make_span))


def test_lines_come_from_the_data(found):
    known = {item.measure: item for item in limits(*found)}
    p95 = known["p95"]
    assert 100 <= p95.low <= p95.baseline <= p95.high <= 115
    assert p95.normal == p95.high
    assert 890 <= p95.incident <= p95.worst <= 930
    assert known["p99"].high is None, "200 requests cannot bound a p99 from above"
    assert known["p99"].baseline < known["p99"].normal < known["p99"].incident
    assert known["errors"].baseline == 0
    assert 0 < known["errors"].high < 0.03
    assert known["errors"].incident == pytest.approx(0.1, abs=0.01)
    assert known["queries per request"].baseline == pytest.approx(1)
    assert known["queries per request"].incident == pytest.approx(5)


def test_both_files_say_it(found, tmp_path):
    store, investigation = found
    markdown, page = runbook(store, to=tmp_path / "deep" / "checkout.md", investigation=investigation)
    assert (markdown.name, page.name) == ("checkout.md", "checkout.html")
    text = markdown.read_text()
    for heading in ("## Lines that decide", "## Who watches, who stops", "database contention", "## After it"):
        assert heading in text
    assert "unbounded" in text
    assert "on call for checkout" in text
    html5lib.parse(page.read_text())
    with pytest.raises(OptionError, match=r"ends in \.md or \.html"):
        runbook(store, to=tmp_path / "a.pdf", investigation=investigation)


def test_nothing_of_the_data_becomes_markup(fill_spans, make_span, tmp_path, hostile):
    with rca.open() as store:
        incident = fill(store, fill_spans, make_span, service=hostile + " someone@example.org", n=120)
        markdown, page = runbook(store, incident, to=tmp_path / "x.html")
    tree = html5lib.parse(page.read_text(), namespaceHTMLElements=False)
    assert not [node for node in tree.iter() if node.tag in ("script", "a") and "javascript" in str(node.attrib)]
    assert not tree.findall(".//script")
    assert "](javascript" not in markdown.read_text()
    assert "<script" not in markdown.read_text()
    assert "someone@example" not in page.read_text() + markdown.read_text().replace("\\", "")


def test_without_an_incident_there_is_nothing_to_write(tmp_path, capsys):
    with rca.open() as store, pytest.raises(NoDataError, match="no incident"):
        runbook(store, to=tmp_path / "x.md")
    (tmp_path / "a.log").write_text("2026-03-04T14:10:00Z INFO x\n")
    assert main(["runbook", str(tmp_path / "a.log"), "--to", str(tmp_path / "x.md")]) == 1
    assert main(["runbook", str(tmp_path / "absent"), "--to", str(tmp_path / "x.md")]) == 1
    assert "Traceback" not in capsys.readouterr().err

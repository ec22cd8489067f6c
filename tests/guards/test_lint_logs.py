"""What log records must have to be searched by request."""

from __future__ import annotations

import json

import pytest

import rca
from rca.cli import main
from rca.errors import NoDataError, OptionError
from rca.guards.lint import lint_logs
from rca.guards.lint.zones import zone_of


def write(folder, name, rows):
    (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))


def record(at, service="shop", **more):
    row = {
        "timestamp": f"2026-03-04T14:{at // 60:02d}:{at % 60:02d}.000Z",
        "service": service,
        "level": "INFO",
        "message": f"step {at}",
        "trace_id": f"{at:032x}",
    }
    return {key: value for key, value in (row | more).items() if value is not None}


@pytest.fixture
def read(tmp_path):
    stores = []

    def make(*rows):
        write(tmp_path, "a.jsonl", rows)
        store = rca.open()
        stores.append(store)
        store.ingest(tmp_path / "a.jsonl")
        return store

    yield make
    for store in stores:
        store.close()


def rules(report):
    return [(issue.place, issue.rule) for issue in report.issues]


def test_good_records_pass(read):
    report = lint_logs(read(*(record(at) for at in range(100, 140))))
    assert report.issues == ()
    assert report.passed
    assert report.facts[0] == {
        "service_name": "shop",
        "records": 40,
        "time": 1.0,
        "level": 1.0,
        "message": 1.0,
        "correlation": 1.0,
    }


@pytest.mark.parametrize(
    ("lacking", "rule"),
    [
        ({"trace_id": None}, "no-correlation"),
        ({"level": None}, "no-level"),
        ({"message": ""}, "no-message"),
        ({"timestamp": None}, "no-time"),
    ],
)
def test_what_is_lacking_is_named(read, lacking, rule):
    good = [record(at) for at in range(100, 130)]
    bad = [record(at, "till", **lacking) for at in range(130, 160)]
    report = lint_logs(read(*good, *bad))
    assert (("till", rule)) in rules(report)
    assert not [place for place, _ in rules(report) if place == "shop"]
    assert "0.0% of 30 records" in str(report)


def test_a_share_below_the_coverage_fails_and_a_request_id_counts(read):
    store = read(*(record(at, trace_id=None, request_id=f"r-{at}" if at % 10 else None) for at in range(100, 200)))
    assert rules(lint_logs(store)) == [("shop", "no-correlation")]
    assert lint_logs(store, coverage=0.9).passed
    with pytest.raises(OptionError, match=r"not 1\.5"):
        lint_logs(store, coverage=1.5)


def test_required_fields(read):
    store = read(*(record(at, tenant="t" if at % 2 else None) for at in range(100, 140)))
    assert rules(lint_logs(store, require=["tenant"])) == [("shop", "missing-field")]


def test_few_records_are_not_judged(read):
    report = lint_logs(read(*(record(at, trace_id=None) for at in range(100, 110))))
    assert report.passed
    assert report.untold == ("shop: only 10 records",)
    with rca.open() as empty, pytest.raises(NoDataError):
        lint_logs(empty)


def test_correlation_is_followed_from_hop_to_hop(read, fill_spans, make_span):
    both = [record(at, service) for at in range(100, 140) for service in ("gateway", "shop")]
    store = read(*both, *(record(at, "till", trace_id=None, request_id="r") for at in range(100, 140)))
    rows = []
    for at in range(100, 140):
        rows += [
            make_span(at, "a" * 16, service_name="gateway", span_kind="CLIENT"),
            make_span(at, "b" * 16, "a" * 16, service_name="shop", span_kind="SERVER"),
            make_span(at, "c" * 16, "b" * 16, service_name="till", span_kind="SERVER"),
        ]
    fill_spans(store, rows)
    report = lint_logs(store)
    assert rules(report) == [("shop -> till", "correlation-lost")]
    assert [(row["service_name"], row["correlation"]) for row in report.facts[-2:]] == [
        ("gateway -> shop", 1.0),
        ("shop -> till", 0.0),
    ]


@pytest.mark.parametrize(
    ("line", "zone"),
    [
        ("2026-03-04T14:10:00.123456789Z x", True),
        ("2026-03-04 14:10:00,123 +0100 x", True),
        ("2026-03-04 14:10:00 UTC [1] LOG", True),
        ('{"ts":1772633400.12,"msg":"x"}', True),
        ('{"time":1772633400123}', True),
        ('1.2.3.4 - - [04/Mar/2026:14:10:00 +0000] "GET / HTTP/1.1"', True),
        ("2026-03-04 14:10:00,123 INFO", False),
        ("2026/03/04 14:10:00 x", False),
        ("Mar  4 14:10:00 host app[1]: x", False),
        ("20260304T141000 x", False),
        ("plain words 12:00", None),
    ],
)
def test_zone_of_a_line(line, zone):
    assert zone_of(line) is zone


def test_the_command_reads_folders_and_stores(tmp_path, capsys):
    logs = tmp_path / "logs"
    logs.mkdir()
    write(logs, "a.jsonl", [record(at, timestamp=f"2026-03-04 14:10:{at - 100:02d}") for at in range(100, 140)])
    assert main(["lint", str(logs), "--logs", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert [issue["rule"] for issue in document["issues"]] == ["no-zone"]
    assert document["issues"][0]["path"].endswith("a.jsonl")
    store = tmp_path / "s.duckdb"
    assert main(["ingest", str(logs), "--db", str(store)]) == 0
    assert main(["lint", str(store), "--logs"]) == 1
    (logs / "a.jsonl").unlink()
    assert main(["lint", str(store), "--logs"]) == 0
    assert "time zones: 1 of 1 files" in capsys.readouterr().out
    assert main(["lint", str(logs), "--logs"]) == 2
    assert main(["lint", str(tmp_path), "--require", "x"]) == 2

"""The gate: stops the recorded bad version, lets the fixed one and equal runs pass, and says when it cannot tell."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import polars as pl
import pytest

import rca
from rca.cli import main
from rca.errors import NoDataError, OptionError
from rca.gate import Budgets, Run, compare, compare_runs, read_budgets
from rca.gate.compare import _judged_pairs
from rca.gate.intervals import Sample, mean_difference, quantile_change, share_difference
from rca.gate.requests import requests_of
from rca.model import Window

ROOT = Path(__file__).resolve().parents[2]
RECORDED = ROOT / "data" / "checkout-incident"


@pytest.fixture(scope="module")
def recorded():
    """Checkout's requests of the recorded incident: its log names every one, its traces a sample."""
    with rca.open() as store:
        store.ingest(RECORDED / "logs" / "checkout.log.gz", RECORDED / "traces" / "checkout.otlp.jsonl.gz")
        yield store


def phase(name: str) -> Window:
    phases = json.loads((ROOT / "data" / "checkout-incident.truth" / "phases.json").read_text())["phases"]
    found = next(item for item in phases if item["name"] == name)
    start, end = (int(datetime.fromisoformat(found[key]).timestamp() * 1e9) for key in ("start", "end"))
    return Window(start, end)


def judged(store, candidate: str):
    return compare_runs(
        Run(store=store, window=phase("baseline"), role="baseline"),
        Run(store=store, window=phase(candidate), role="candidate"),
    )


@pytest.mark.parametrize("bad", ["incident", "cpu_raised"])
def test_the_bad_version_is_stopped(recorded, bad):
    report = judged(recorded, bad)
    assert not report.passed
    assert {"p99_ms", "many_queries_share"} <= set(report.regressions["measure"])
    assert "regression" in report.claim
    assert report.regressions["example_trace_id"].str.len_chars().min() == 32


@pytest.mark.parametrize("good", ["flag_off", "fixed", "follow_up_1", "follow_up_2"])
def test_the_fixed_version_passes(recorded, good):
    assert judged(recorded, good).passed


def test_versions_tell_a_canary_apart(recorded):
    def run(version, role):
        return Run(store=recorded, version=version, role=role)

    report = compare_runs(run("2.7.0", "baseline"), run("2.8.0-canary", "candidate"))
    assert report.regressions["measure"].to_list() == ["many_queries_share"]
    assert compare_runs(run("2.7.0", "baseline"), run("2.9.0", "candidate")).passed
    with pytest.raises(NoDataError, match=r"no request of version '3'; there are: 2\.7\.0, 2\.8\.0"):
        compare_runs(run("2.7.0", "baseline"), run("3", "candidate"))


@pytest.mark.parametrize("window", ["baseline", "incident"])
def test_equal_runs_pass(recorded, window):
    """Twenty splits of one window, also of the incident itself: whatever the gate says of equals is wrong."""
    requests = requests_of(Run(store=recorded, window=phase(window)))
    stopped = []
    for seed in range(20):
        left = np.random.default_rng(seed).random(requests.height) < 0.5
        report = _judged_pairs(requests.filter(left), requests.filter(~left), Budgets())
        stopped += [] if report.passed else [report.claim]
    assert not stopped


def frame(values, calls=None, failed=0.0, route="/pay"):
    n = len(values)
    return pl.DataFrame(
        {
            "source": ["spans"] * n, "service_name": ["pay"] * n, "route": [route] * n, "time_ns": np.arange(n) * 10**8, "duration_ms": values,
            "failed": np.full(n, failed), "weight": np.ones(n), "calls": calls if calls is not None else np.ones(n), "example_trace_id": [f"{i:032x}" for i in range(n)],
        }
    )  # fmt: skip


@pytest.mark.parametrize("factor", [1.0, 1.2])
def test_false_alarms_stay_below_the_level(factor):
    """No slower, or within the budget: fewer than 1 in 20 of 200 pairs may be stopped."""
    rng = np.random.default_rng(4)
    stopped = sum(
        not _judged_pairs(
            frame(rng.lognormal(4, 0.7, 300)), frame(factor * rng.lognormal(4, 0.7, 300)), Budgets()
        ).passed
        for _ in range(200)
    )
    assert stopped <= 10


def test_twice_as_slow_is_seen_in_a_few_hundred_requests():
    rng = np.random.default_rng(5)
    seen = sum(
        not _judged_pairs(frame(rng.lognormal(4, 0.5, 400)), frame(2 * rng.lognormal(4, 0.5, 400)), Budgets()).passed
        for _ in range(20)
    )
    assert seen >= 19


def test_an_n_plus_one_is_stopped_though_it_is_fast():
    rng = np.random.default_rng(6)
    quick = rng.lognormal(3, 0.3, 200)
    report = _judged_pairs(frame(quick), frame(quick, calls=np.full(200, 12.0)), Budgets())
    assert set(report.regressions["measure"]) == {"queries_per_request", "many_queries_share"}


def test_failures_are_stopped():
    rng = np.random.default_rng(7)
    assert _judged_pairs(
        frame(rng.lognormal(3, 0.3, 500)), frame(rng.lognormal(3, 0.3, 500), failed=1.0), Budgets()
    ).regressions["measure"].to_list() == ["error_ratio"]


@pytest.mark.parametrize("q", [0.5, 0.9, 0.95])
def test_the_interval_of_a_quantile_holds_its_level(q):
    rng = np.random.default_rng(8)
    alpha, below, above = 0.05, 0, 0
    times = np.arange(300.0)
    for _ in range(400):
        a, b = (Sample.of(rng.exponential(1, 300), np.ones(300), times) for _ in range(2))
        found = quantile_change(a, b, q, alpha)
        below += found.low is not None and found.low > 1
        above += found.high is not None and found.high < 1
    assert max(below, above) <= 400 * alpha * 1.4


def test_few_requests_leave_an_interval_open():
    rng = np.random.default_rng(9)
    few = Sample.of(rng.exponential(1, 20), np.ones(20), np.arange(20.0))
    found = quantile_change(few, few, 0.99, 0.001)
    assert found.high is None
    assert found.low is None or found.low <= 1


def test_bursts_are_worth_less_than_their_number():
    """Failures that come together are one event, not fifty."""
    together = np.zeros(1000)
    together[500:550] = 1
    spread = np.zeros(1000)
    spread[::20] = 1
    times, ones = np.arange(1000.0), np.ones(1000)
    none = Sample.of(np.zeros(1000), ones, times)
    low = {
        name: share_difference(none, Sample.of(values, ones, times), 0.01).low
        for name, values in (("together", together), ("spread", spread))
    }
    assert 0 < 2 * low["together"] < low["spread"]


def test_weights_count():
    heavy = Sample.of(np.array([0.0, 1.0]), np.array([1.0, 3.0]), np.arange(2.0))
    assert heavy.share() == 0.75
    assert mean_difference(heavy, heavy, 0.05).change == 0


def test_too_little_is_said_not_passed():
    rng = np.random.default_rng(10)
    with pytest.raises(NoDataError, match=r"No route has 50 requests on both sides \(the most is 20\)"):
        _judged_pairs(frame(rng.exponential(1, 20)), frame(rng.exponential(1, 400)), Budgets())


def test_a_route_of_one_side_is_named():
    both = frame(np.random.default_rng(11).exponential(1, 200))
    extra = frame(np.ones(60), route="/new")
    report = _judged_pairs(both, pl.concat([both, extra]), Budgets())
    assert report.table.filter(pl.col("route") == "/new")["reason"].to_list() == ["only the candidate has this route"]
    assert report.passed


@pytest.fixture
def two_stores(tmp_path, make_span, fill_spans):
    """A good run and one with a query a line, as DuckDB files."""
    rng = np.random.default_rng(12)
    for name, calls in (("good", 1), ("bad", 9)):
        rows = []
        for i in range(120):
            length = float(rng.lognormal(3, 0.3))
            rows.append(
                make_span(i + 1, "a" * 16, span_kind="SERVER", http_route=f"/cart/{i}", start=i * 500, length=length)
            )
            rows += [
                make_span(
                    i + 1, f"{k:016x}", "a" * 16, span_kind="CLIENT", db_system_name="postgresql", db_query_text="SELECT 1",
                    start=i * 500 + length * k / (calls + 1), length=length / 20,
                )
                for k in range(calls)
            ]  # fmt: skip
        with rca.open(tmp_path / f"{name}.duckdb") as store:
            fill_spans(store, rows)
    return tmp_path


def test_command_exit_codes(two_stores, capsys):
    good, bad = (str(two_stores / f"{name}.duckdb") for name in ("good", "bad"))
    assert main(["gate", "--baseline", good, "--candidate", bad, "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["passed"] is False
    assert {row["route"] for row in document["comparisons"]} == {"/cart/{id}"}
    assert main(["gate", "--baseline", bad, "--candidate", good]) == 0
    assert main(["gate", "--baseline", good]) == 2
    assert "same requests" in capsys.readouterr().err
    assert main(["gate", "--baseline", good, "--candidate", str(two_stores / "absent.duckdb")]) == 2
    assert main(["gate", "--baseline", good, "--candidate", bad, "--candidate-window", "yesterday"]) == 2
    assert "START" not in capsys.readouterr().err.split("rca: ")[-1]


def test_command_writes_what_pipelines_read(two_stores, capsys):
    good, bad = (str(two_stores / f"{name}.duckdb") for name in ("good", "bad"))
    paths = {kind: two_stores / "out" / f"gate.{kind}" for kind in ("markdown", "junit", "sarif")}
    options = [word for kind, path in paths.items() for word in (f"--{kind}", str(path))]
    assert main(["gate", "--baseline", good, "--candidate", bad, *options]) == 1
    suite = ET.parse(paths["junit"]).getroot().find("testsuite")  # noqa: S314
    failures = suite.findall("testcase/failure")
    assert len(failures) == int(suite.get("failures")) >= 2
    run = json.loads(paths["sarif"].read_text())["runs"][0]
    assert {item["ruleId"] for item in run["results"]} <= {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert len(run["results"]) == len(failures)
    assert "queries" in paths["markdown"].read_text()


def test_hostile_names_stay_text(make_span, fill_spans):
    route = "</testcase><script>alert(1)</script>\x1b[31m|`x`"
    with rca.open() as store:
        fill_spans(
            store,
            [
                make_span(i + 1, "a" * 16, span_kind="SERVER", http_route=route, start=i * 9, length=5)
                for i in range(60)
            ],
        )
        report = compare(store, store)
    assert ET.fromstring(report.to_junit().encode()) is not None  # noqa: S314
    assert "\x1b" not in str(report) + report.to_markdown() + report.to_junit()
    assert "<script" not in report.to_markdown() + report._repr_html_() + report.to_junit()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[budgets]\np99_rato = 1.2", "no budget 'p99_rato'.*p99_ratio"),
        ("[budgets]\np99_ratio = 'x'", "must be a number"),
        ("[budgets]\np99_ratio = -1", "must be above 0"),
        ("[budgets]\nlevel = 95", "between 0.5 and 1"),
        ("[budgets", "is not TOML"),
        ("budgets = 3", r"\[budgets\]"),
        ("[budget]\np99_ratio = 2", r"no table 'budget'"),
    ],
)
def test_wrong_budgets_are_refused(tmp_path, text, words):
    path = tmp_path / "gate.toml"
    path.write_text(text)
    with pytest.raises(OptionError, match=words):
        read_budgets(path)


def test_budgets_of_a_file(tmp_path):
    path = tmp_path / "gate.toml"
    path.write_text("[budgets]\np99_ratio = 3.0\nmin_requests = 20\n")
    assert read_budgets(path) == Budgets(p99_ratio=3.0, min_requests=20)

"""Requests as histograms of metrics count them: Prometheus' buckets, OpenTelemetry's bounds, exponential ones; alone they show an incident."""

from __future__ import annotations

import json

import pytest

import rca
from rca.measures.metered import metered_requests, p99_by_both, request_histograms, spans_miss
from rca.measures.red import red_of
from rca.model import Window

SECOND = 1_000_000_000
START = 1_795_000_000
ALL = Window(0, 2**62)
BOUNDS = (0.1, 0.25, 0.5, 1.0, 2.5)


def _classic(path, minutes, *, name="http_server_request_duration_seconds_bucket", labels=None):
    """Write a range query's answer: `minutes` has the counts by bucket of each minute, for ok and failed requests."""
    series = []
    for status in ("200", "503"):
        for at, le in enumerate((*map(str, BOUNDS), "+Inf")):
            running, values = 0, []
            for minute, counts in enumerate(minutes):
                running += sum(counts[status][: at + 1])
                values.append([START + 60 * minute, str(running)])
            more = {"__name__": name, "service": "shop", "status": status, "le": le, **(labels or {})}
            series.append({"metric": more, "values": values})
    path.write_text(json.dumps({"status": "success", "data": {"resultType": "matrix", "result": series}}))


GOOD = {"200": [80, 15, 5, 0, 0, 0], "503": [0, 0, 0, 0, 0, 0]}
BAD = {"200": [40, 10, 10, 10, 20, 0], "503": [0, 0, 0, 0, 0, 10]}


def test_classic_buckets_give_requests_failures_and_quantiles(tmp_path):
    _classic(tmp_path / "range.json", [GOOD, GOOD, BAD])
    store = rca.open()
    store.ingest(tmp_path)
    assert request_histograms(store) == {"shop": ("http_server_request_duration_seconds_bucket", 1e9)}
    counted = metered_requests(store, "shop", ALL, 60 * SECOND)
    rows = red_of(counted).sort("bucket_ns")
    assert rows["requests"].to_list() == [pytest.approx(100), pytest.approx(100)], "the first point has none before it"
    assert rows["error_ratio"].to_list() == [0.0, pytest.approx(0.1)]
    assert 100 < rows["p95_ms"][0] <= 260
    assert 2500 < rows["p99_ms"][1] <= 5100


def test_a_counter_that_falls_was_reset(tmp_path):
    _classic(tmp_path / "range.json", [GOOD, GOOD, GOOD])
    told = json.loads((tmp_path / "range.json").read_text())
    for series in told["data"]["result"]:  # the process restarts before the last scrape
        series["values"][2][1] = series["values"][0][1]
    (tmp_path / "range.json").write_text(json.dumps(told))
    store = rca.open()
    store.ingest(tmp_path)
    rows = red_of(metered_requests(store, "", ALL, 60 * SECOND)).sort("bucket_ns")
    assert rows["requests"].to_list() == [pytest.approx(100), pytest.approx(100)]


def test_a_mesh_measures_on_both_sides_and_the_server_counts(tmp_path):
    name = "istio_request_duration_milliseconds_bucket"
    _classic(tmp_path / "source.json", [GOOD, GOOD], name=name, labels={"reporter": "source"})
    _classic(tmp_path / "destination.json", [GOOD, GOOD], name=name, labels={"reporter": "destination"})
    store = rca.open()
    store.ingest(tmp_path)
    assert request_histograms(store)["shop"][1] == 1e6
    assert metered_requests(store, "shop", ALL, SECOND)["requests"].sum() == pytest.approx(100)


@pytest.mark.parametrize(
    "name",
    [
        "http_client_request_duration_seconds_bucket",
        "db_query_duration_seconds_bucket",
        "worker_pool_queue_wait_seconds_bucket",
    ],
)
def test_other_lengths_are_no_requests_served(tmp_path, name):
    _classic(tmp_path / "range.json", [GOOD, BAD], name=name)
    store = rca.open()
    store.ingest(tmp_path)
    assert request_histograms(store) == {}


def _otlp(path, points, kind, temporality):
    metric = {
        "name": "http.server.request.duration",
        "unit": "s",
        kind: {"aggregationTemporality": temporality, "dataPoints": points},
    }
    service = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    path.write_text(
        json.dumps({"resourceMetrics": [{"resource": service, "scopeMetrics": [{"metrics": [metric]}]}]}) + "\n"
    )


def _point(minute, counts, status="200", **more):
    return {
        "startTimeUnixNano": str(START * SECOND), "timeUnixNano": str((START + 60 * minute) * SECOND),
        "count": str(sum(counts)), "sum": 1.0, "bucketCounts": [str(item) for item in counts],
        "attributes": [{"key": "http.response.status_code", "value": {"intValue": status}}], **more,
    }  # fmt: skip


@pytest.mark.parametrize(("temporality", "expected"), [(1, 300), (2, 200)])
def test_explicit_bounds(tmp_path, temporality, expected):
    ok, step = GOOD["200"], 1 if temporality == 1 else 0
    points = [
        _point(minute, [item * (1 if step else minute) for item in ok], explicitBounds=list(BOUNDS))
        for minute in (1, 2, 3)
    ]
    _otlp(tmp_path / "m.json", points, "histogram", temporality)
    store = rca.open()
    store.ingest(tmp_path)
    counted = metered_requests(store, "shop", ALL, 600 * SECOND)
    assert counted["requests"].sum() == pytest.approx(expected)
    assert counted["errors"].sum() == 0
    assert 100 < red_of(counted)["p95_ms"][0] <= 500


def test_exponential_buckets(tmp_path):
    # scale 0: bucket i holds (2^i, 2^(i + 1)] seconds; offset -3 begins at an eighth
    failed = {"scale": 0, "zeroCount": "2", "positive": {"offset": -3, "bucketCounts": ["60", "38"]}}
    point = (
        {key: value for key, value in _point(1, [], "500").items() if key != "bucketCounts"} | failed | {"count": "100"}
    )
    _otlp(tmp_path / "m.json", [point], "exponentialHistogram", 1)
    store = rca.open()
    store.ingest(tmp_path)
    counted = metered_requests(store, "shop", ALL, 600 * SECOND)
    assert counted["requests"].sum() == pytest.approx(100)
    assert counted["errors"].sum() == pytest.approx(100)
    rows = red_of(counted)
    assert 125 < rows["p50_ms"][0] <= 250
    assert 250 < rows["p99_ms"][0] <= 500


def test_histograms_alone_show_an_incident(tmp_path):
    _classic(tmp_path / "range.json", [GOOD] * 60 + [BAD] * 20 + [GOOD] * 10)
    store = rca.open()
    store.ingest(tmp_path)
    found = rca.investigate(store)
    assert found.incident is not None, found.why
    assert abs(found.incident.start_ns / SECOND - (START + 60 * 60)) <= 120
    shift = found.findings["latency"]
    assert shift.details["source"] == "histograms"
    assert shift.table["p99_ms"][0] < 600
    assert shift.table["p99_ms"][1] > 2000
    assert shift.table["error_ratio"][1] == pytest.approx(0.1, abs=0.02)
    surge = next(item for item in found.verdicts["surge"].evidence if item.name == "request rate")
    assert not surge.missing
    assert surge.decibans < 0
    assert all(item.missing for item in found.verdicts["H2"].evidence if item.family == "place")


def _traced(path, seconds):
    """Write a span a second: what the service itself takes, from when it takes a request up."""
    with path.open("w") as lines:
        for at in range(600):
            record = {
                "trace_id": f"{at:032x}", "span_id": f"{at:016x}", "service": "shop", "name": "GET /", "kind": "SERVER",
                "start_ns": (START + at) * SECOND, "duration_ms": 1000 * seconds,
            }  # fmt: skip
            lines.write(json.dumps(record) + "\n")


def test_a_wait_before_the_span_begins_shows_in_the_histogram_alone(tmp_path):
    _classic(tmp_path / "range.json", [GOOD] * 5 + [BAD] * 5)
    _traced(tmp_path / "spans.ndjson", 0.4)
    store = rca.open()
    store.ingest(tmp_path)
    calm, hurt = Window(START * SECOND, (START + 270) * SECOND), Window((START + 330) * SECOND, (START + 600) * SECOND)
    assert not spans_miss(store, "shop", calm)
    assert spans_miss(store, "shop", hurt)
    both = p99_by_both(store, "shop", hurt)
    assert both is not None
    assert both[0] > 2000
    assert both[1] == pytest.approx(400, rel=0.02)
    incident = rca.Incident("shop", start=hurt.start_ns, end=hurt.end_ns, baseline=calm)
    shift = rca.latency(store, incident)
    assert shift.details["source"] == "histograms"
    assert any("waiting before" in text for text in shift.caveats)
    verdicts = rca.score_hypotheses(store, incident)
    assert verdicts[0].id == "H3"
    wait = next(item for item in verdicts["H3"].evidence if item.name == "wait before it is served")
    assert wait.decibans > 5

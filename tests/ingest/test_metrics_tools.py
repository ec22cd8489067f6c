"""Metrics as the tools that keep them export them."""

from __future__ import annotations

import json

import pytest

import rca

T0 = 1772633400 * 10**9


def ingest(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    store = rca.open()
    item = store.ingest(path).inputs[0]
    assert item.records_read == item.records_kept + item.records_quarantined
    return store, item


def points(store):
    return store.query(
        "SELECT time_ns, metric_name, service_name, value, unit, metric_type, temporality, is_monotonic, attributes FROM metrics ORDER BY record_no"
    ).to_dicts()


def named(point):
    return dict(point["attributes"])


def test_prometheus_matrix(tmp_path):
    series = {
        "metric": {"__name__": "http_requests_total", "job": "shop/cart", "code": "500"},
        "values": [[1772633400.781, "1"], [1772633415, "NaN"], [1772633430, "+Inf"], ["x", "1"]],
    }
    gauge = {"metric": {"__name__": "queue", "service": "cart", "instance": "c1"}, "values": [[1772633400, "7"]]}
    store, item = ingest(
        tmp_path,
        "q.json",
        json.dumps({"status": "success", "data": {"resultType": "matrix", "result": [series, gauge]}}),
    )
    found = points(store)
    assert item.format == "prometheus"
    assert [(row["time_ns"], row["value"]) for row in found] == [
        (T0 + 781_000_000, 1.0),
        (T0 + 15 * 10**9, None),
        (T0 + 30 * 10**9, float("inf")),
        (T0, 7.0),
    ]
    assert (found[0]["service_name"], found[0]["metric_type"], found[0]["temporality"], found[0]["is_monotonic"]) == (
        "cart",
        "sum",
        "cumulative",
        True,
    )
    assert named(found[0]) == {"code": "500", "service.namespace": "shop"}
    assert (found[3]["service_name"], found[3]["metric_type"], named(found[3])) == ("cart", "gauge", {"instance": "c1"})
    assert item.records_quarantined == 1


def test_prometheus_vector_and_native_histogram(tmp_path):
    result = [
        {"metric": {"service": "a"}, "value": [1772633400, "3"]},
        {
            "metric": {"__name__": "latency", "service": "a"},
            "histograms": [
                [1772633400, {"count": "6", "sum": "9.5", "buckets": [[0, "0.5", "1", "4"], [0, "1", "2", "2"]]}]
            ],
        },
    ]
    store, _ = ingest(
        tmp_path, "q.json", json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}})
    )
    row = store.query(
        "SELECT count, sum, bounds, bucket_counts FROM metrics WHERE metric_type = 'histogram'"
    ).to_dicts()
    assert row == [{"count": 6, "sum": 9.5, "bounds": [0.5, 1.0, 2.0], "bucket_counts": [0, 4, 2, 0]}]


def test_victoria_metrics_export(tmp_path):
    line = {"metric": {"__name__": "up", "app": "a"}, "values": [1, 2], "timestamps": [1772633400000, 1772633401500]}
    store, item = ingest(tmp_path, "export.jsonl", json.dumps(line) + "\n" + json.dumps(line) + "\n")
    assert item.format == "prometheus"
    assert [row["time_ns"] for row in points(store)] == [T0, T0 + 1_500_000_000] * 2


EXPOSITION = """# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{service="cart",path="/a b,c}"} 12 1772633400000
# TYPE lat histogram
lat_bucket{service="cart",le="0.5"} 3 1772633400.5 # {trace_id="0af7651916cd43dd8448eb211c80319c"} 0.43 1772633400.4
lat_bucket{service="cart",le="+Inf"} 4 1772633400.5
lat_sum{service="cart"} 2.25 1772633400.5
# TYPE temp gauge
# UNIT temp celsius
temp 21.5
broken line {
# EOF
"""


def test_exposition_and_openmetrics(tmp_path):
    store, item = ingest(tmp_path, "metrics.txt", EXPOSITION)
    found = points(store)
    assert item.format == "openmetrics"
    assert [row["metric_name"] for row in found] == [
        "http_requests_total",
        "lat_bucket",
        "lat_bucket",
        "lat_sum",
        "temp",
    ]
    assert (found[0]["time_ns"], found[0]["metric_type"], named(found[0])) == (T0, "sum", {"path": "/a b,c}"})
    assert named(found[1]) == {
        "le": "0.5",
        "exemplar.trace_id": "0af7651916cd43dd8448eb211c80319c",
        "exemplar.value": "0.43",
        "exemplar.timestamp": "1772633400.4",
    }
    assert (found[1]["time_ns"], named(found[2])) == (T0 + 500_000_000, {"le": "+Inf"})
    assert (found[4]["time_ns"], found[4]["unit"], found[4]["metric_type"]) == (None, "Cel", "gauge")
    assert item.records_quarantined == 1
    assert "1 points carry no time" in item.message


def test_promtool_dump(tmp_path):
    store, _ = ingest(
        tmp_path,
        "dump",
        '{__name__="up", job="api", instance="a:1"} 1 1772633400000\n{__name__="up", job="api", instance="a:1"} 0 1772633415000\n',
    )
    assert [(row["metric_name"], row["service_name"], row["time_ns"], row["value"]) for row in points(store)] == [
        ("up", "api", T0, 1.0),
        ("up", "api", T0 + 15 * 10**9, 0.0),
    ]


def test_influx_lines(tmp_path):
    text = '# comment\ncpu,service=pay,host=h\\ 1 usage=1.5,idle=98i,note="a, b" 1772633400000000000\nqueue value=3i 1772633400000000000\nnonsense\nqueue value=4i 1772633400000000001\n'
    store, item = ingest(tmp_path, "points.lp", text)
    found = points(store)
    assert item.format == "influx"
    assert [(row["metric_name"], row["service_name"], row["value"], row["time_ns"]) for row in found] == [
        ("cpu_usage", "pay", 1.5, T0),
        ("cpu_idle", "pay", 98.0, T0),
        ("queue", "", 3.0, T0),
        ("queue", "", 4.0, T0 + 1),
    ]
    assert named(found[0]) == {"host": "h 1", "note": "a, b"}
    assert item.records_quarantined == 1


def test_statsd_lines(tmp_path):
    store, item = ingest(
        tmp_path,
        "statsd.log",
        "1772633400 req.count:3|c|@0.1|#service:pay,env:prod\nreq.time:12.5:13|ms\nbad\n2026-03-04T14:10:00Z pool:4|g\n",
    )
    found = points(store)
    assert item.format == "statsd"
    assert [(row["time_ns"], row["metric_name"], row["value"], row["unit"]) for row in found] == [
        (T0, "req.count", 3.0, ""), (None, "req.time", 12.5, "ms"), (None, "req.time", 13.0, "ms"), (T0, "pool", 4.0, ""),
    ]  # fmt: skip
    assert (found[0]["service_name"], found[0]["metric_type"], found[0]["temporality"], named(found[0])) == (
        "pay",
        "sum",
        "delta",
        {"sample_rate": "0.1", "env": "prod"},
    )


def test_cloudwatch(tmp_path):
    data = {
        "MetricDataResults": [
            {
                "Id": "m1",
                "Label": "shop-db CPUUtilization",
                "Timestamps": ["2026-03-04T14:11:00Z", "2026-03-04T14:10:00Z"],
                "Values": [50.5, 40],
                "StatusCode": "Complete",
            }
        ]
    }
    store, item = ingest(tmp_path, "data.json", json.dumps(data))
    assert item.format == "cloudwatch-metrics"
    assert [(row["time_ns"], row["metric_name"], row["service_name"], row["value"]) for row in points(store)] == [
        (T0, "CPUUtilization", "shop-db", 40.0),
        (T0 + 60 * 10**9, "CPUUtilization", "shop-db", 50.5),
    ]
    statistics = {
        "Label": "CPUUtilization",
        "Datapoints": [{"Timestamp": "2026-03-04T14:10:00Z", "Average": 1.5, "Maximum": 2, "Unit": "Percent"}],
    }
    store, _ = ingest(tmp_path, "statistics.json", json.dumps(statistics))
    assert [(named(row)["statistic"], row["value"], row["unit"]) for row in points(store)] == [
        ("Average", 1.5, "%"),
        ("Maximum", 2.0, "%"),
    ]


def test_datadog(tmp_path):
    series = {
        "metric": "trace.http.duration",
        "pointlist": [[1772633400000.0, 0.5], [1772633420000.0, None]],
        "tag_set": ["service:pay", "env:prod"],
        "unit": [{"name": "second"}, None],
    }
    store, item = ingest(tmp_path, "dd.json", json.dumps({"status": "ok", "series": [series]}))
    assert item.format == "datadog-metrics"
    assert [(row["time_ns"], row["service_name"], row["value"], row["unit"], named(row)) for row in points(store)] == [
        (T0, "pay", 0.5, "s", {"env": "prod"}),
        (T0 + 20 * 10**9, "pay", None, "s", {"env": "prod"}),
    ]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "wide",
            '"Time","{service=""pay""}","{service=""cart""}"\n2026-03-04 14:10:00,12.5 ms,1.20 s\n',
            [("pay", 0.0125, "s"), ("cart", 1.2, "s")],
        ),
        (
            "mixed",
            '"Time","cart latency","pay bytes"\n1772633400000,980 µs,1.5 KiB\n1772633400000,1.20 s,2 MiB\n',
            [("cart", 0.00098, "s"), ("pay", 1536.0, "By"), ("cart", 1.2, "s"), ("pay", 2097152.0, "By")],
        ),
        ("comma", '"Time";"cart load"\n1772633400000;1,5\n', [("cart", 1.5, "")]),
        ("long", '"Series";"Time";"Value"\nlatency{service=pay};2026-03-04T14:10:00+00:00;12.5\n', [("pay", 12.5, "")]),
        (
            "joined",
            '"Time","pay latency","pay errors","cart latency"\n1772633400000,1,2,3\n',
            [("pay", 1.0, ""), ("pay", 2.0, ""), ("cart", 3.0, "")],
        ),
    ],
)
def test_grafana_tables(tmp_path, name, text, expected):
    store, _ = ingest(tmp_path, f"{name}.csv", text)
    found = points(store)
    assert [(row["service_name"], row["value"], row["unit"]) for row in found] == expected
    assert {row["time_ns"] for row in found} == {T0}


@pytest.mark.parametrize(
    "text",
    [
        '{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"a"},"values":[[1,"1"]',
        EXPOSITION[:-40],
        '{"series":[{"metric":"a","pointlist":[[1,2],[3',
    ],
)
def test_what_breaks_off_is_accounted_for(tmp_path, text):
    store, item = ingest(tmp_path, "cut", text)
    assert item.records_kept == store.tables()["metrics"]
    assert item.records_quarantined == store.tables()["quarantine"]


STREAM = {"metric_stream_name": "s", "account_id": "1", "region": "eu", "namespace": "AWS/RDS", "metric_name": "Latency", "dimensions": {"service": "cart"}, "timestamp": T0 // 10**6, "value": {"max": 3.0, "count": 2.0}, "unit": "Milliseconds"}  # fmt: skip
EMBEDDED = {"_aws": {"Timestamp": T0 // 10**6, "CloudWatchMetrics": [{"Namespace": "shop", "Dimensions": [["service"]], "Metrics": [{"Name": "Latency", "Unit": "Milliseconds"}]}]}, "service": "cart", "Latency": [3.0, 2.0]}  # fmt: skip
TELEGRAF = {"fields": {"latency": 3.0, "n": 2, "note": "a"}, "name": "cart", "tags": {"service": "cart"}, "timestamp": T0 // 10**9}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (json.dumps(STREAM), ("Latency", "Latency")),
        (json.dumps(EMBEDDED), ("Latency", "Latency")),
        (json.dumps(TELEGRAF), ("cart_latency", "cart_n")),
        (json.dumps({"metrics": [TELEGRAF]}), ("cart_latency", "cart_n")),
        ("shop.cart.latency;service=cart 3 1772633400\nshop.cart.n;service=cart 2 1772633400.0\n", ("shop.cart.latency", "shop.cart.n")),
        ("shop.cart.latency,2026-03-04 14:10:00,3\nshop.cart.n,2026-03-04 14:10:00,2\n", ("shop.cart.latency", "shop.cart.n")),
    ],
    ids=["stream", "embedded", "telegraf", "telegraf-batch", "graphite", "graphite-csv"],
)  # fmt: skip
def test_points_as_records_and_lines(tmp_path, text, names):
    store, item = ingest(tmp_path, "points", text)
    assert (item.records_read, item.records_quarantined) == (2, 0)
    found = points(store)
    assert [(row["metric_name"], row["value"], row["time_ns"]) for row in found] == list(zip(names, (3.0, 2.0), (T0, T0), strict=True))  # fmt: skip
    assert {row["service_name"] for row in found} <= {"cart", ""}


def test_a_scalar_is_one_point(tmp_path):
    store, _ = ingest(
        tmp_path, "scalar", '{"status":"success","data":{"resultType":"scalar","result":[1772633400,"3.5"]}}'
    )
    assert [(row["metric_name"], row["value"], row["time_ns"]) for row in points(store)] == [("value", 3.5, T0)]


def test_names_that_are_no_identifiers(tmp_path):
    text = '# TYPE "http.server.duration" counter\n# UNIT "http.server.duration" seconds\n{"http.server.duration",service="cart",code="200"} 4 1772633400000\n{"x.y"} 5\n{code="7"} 5\n'
    store, item = ingest(tmp_path, "metrics.prom", text)
    assert (item.records_kept, item.records_quarantined) == (2, 1)
    first, second = points(store)
    assert (first["metric_name"], first["metric_type"], first["unit"], first["service_name"], dict(first["attributes"])) == ("http.server.duration", "sum", "s", "cart", {"code": "200"})  # fmt: skip
    assert second["metric_name"] == "x.y"


def test_each_value_of_a_distribution_is_a_point(tmp_path):
    store, _ = ingest(tmp_path, "dd.json", json.dumps({"series": [{"metric": "m", "points": [[1772633400, [1.0, 2.5]]], "type": "distribution"}]}))  # fmt: skip
    assert [row["value"] for row in points(store)] == [1.0, 2.5]

"""Series as query APIs answer with them: names, labels, units, times and what is no number."""

from __future__ import annotations

import json

import pytest

import rca

T0 = 1772633400 * 10**9
MS, SEC, WHEN, LATER = T0 // 10**6, T0 // 10**9, "2026-03-04T14:10:00Z", "2026-03-04T14:11:00Z"


def ingest(tmp_path, document):
    path = tmp_path / "answer.json"
    path.write_text(json.dumps(document))
    store = rca.open()
    item = store.ingest(path).inputs[0]
    assert item.records_read == item.records_kept + item.records_quarantined
    return store, item


ANSWERS = {
    "grafana": {"results": {"A": {"status": 200, "frames": [{"schema": {"refId": "A", "fields": [{"name": "Time", "type": "time"}, {"name": "Value", "type": "number",
                "labels": {"__name__": "rps", "service": "cart"}, "config": {"unit": "s"}}]}, "data": {"values": [[MS, MS + 60_000], [1.5, None]]}}]}}},
    "datadog": {"data": {"type": "timeseries_response", "attributes": {"series": [{"group_tags": ["service:cart"], "query_index": 0}], "times": [MS, MS + 60_000], "values": [[1.5, None]]}}},
    "azure": {"cost": 1, "timespan": "x", "value": [{"id": "/subscriptions/s/providers/Microsoft.Web/sites/cart/providers/Microsoft.Insights/metrics/rps", "name": {"value": "rps"},
              "unit": "Seconds", "timeseries": [{"metadatavalues": [], "data": [{"timeStamp": WHEN, "average": 1.5}, {"timeStamp": LATER, "average": None}]}]}]},
    "graphite": [{"target": "rps", "tags": {"name": "rps", "service": "cart"}, "datapoints": [[1.5, SEC], [None, SEC + 60]]}],
    "opentsdb": [{"metric": "rps", "tags": {"service": "cart"}, "aggregateTags": [], "dps": {str(SEC): 1.5, str(SEC + 60): None}}],
    "dynatrace": {"totalCount": 1, "result": [{"metricId": "rps", "data": [{"dimensionMap": {"service": "cart"}, "timestamps": [MS, MS + 60_000], "values": [1.5, None]}]}]},
    "influx": {"results": [{"series": [{"name": "http", "tags": {"service": "cart"}, "columns": ["time", "rps"], "values": [[WHEN, 1.5], [LATER, 2]]}]}]},
    "google": {"timeSeries": [{"metric": {"type": "rps", "labels": {}}, "resource": {"type": "x", "labels": {"service_name": "cart"}}, "metricKind": "GAUGE", "points": [
               {"interval": {"endTime": LATER}, "value": {"int64Value": "2"}}, {"interval": {"endTime": WHEN}, "value": {"doubleValue": 1.5}}]}]},
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
def test_series(tmp_path, name):
    store, item = ingest(tmp_path, ANSWERS[name])
    rows = store.query("SELECT time_ns, service_name, value FROM metrics ORDER BY record_no").rows()
    second = 2.0 if name in {"influx", "google"} else None
    assert (item.format, rows) == ("series-answers", [(T0, "cart", 1.5), (T0 + 60 * 10**9, "cart", second)])
    known = {"influx": "http_rps", "datadog": "query 0"}
    assert set(store.query("SELECT metric_name FROM metrics")["metric_name"]) == {known.get(name, "rps")}


@pytest.mark.parametrize(
    ("options", "bounds"),
    [
        ({"explicitBuckets": {"bounds": [1, 5]}}, [1.0, 5.0]),
        ({"exponentialBuckets": {"numFiniteBuckets": 2, "growthFactor": 2, "scale": 1}}, [1.0, 2.0, 4.0]),
        ({"linearBuckets": {"numFiniteBuckets": 1, "width": 10, "offset": 5}}, [5.0, 15.0]),
    ],
)
def test_distributions_are_histograms(tmp_path, options, bounds):
    value = {"count": "3", "mean": 2.0, "bucketOptions": options, "bucketCounts": ["1", "2"]}
    series = {"metric": {"type": "latency"}, "resource": {"labels": {}}, "metricKind": "DELTA", "valueType": "DISTRIBUTION", "points": [{"interval": {"endTime": WHEN}, "value": {"distributionValue": value}}]}  # fmt: skip
    store, _ = ingest(tmp_path, {"timeSeries": [series]})
    row = store.query("SELECT metric_type, temporality, count, sum, bounds, bucket_counts FROM metrics").rows()[0]
    assert row == ("histogram", "delta", 3, 6.0, bounds, [1, 2] + [0] * (len(bounds) - 1))


def test_a_point_without_a_number_is_set_apart(tmp_path):
    _, item = ingest(tmp_path, [{"target": "rps", "datapoints": [["x", SEC], [1, SEC]]}])
    assert (item.records_kept, item.records_quarantined) == (1, 1)


def test_counters_of_log_analytics(tmp_path):
    columns = ["TimeGenerated", "Computer", "CounterName", "CounterValue"]
    answer = {"tables": [{"name": "PrimaryResult", "columns": [{"name": name} for name in columns], "rows": [[WHEN, "h1", "Available Bytes", 5.5]]}]}  # fmt: skip
    store, _ = ingest(tmp_path, answer)
    assert store.query("SELECT time_ns, metric_name, value FROM metrics").rows() == [(T0, "Available Bytes", 5.5)]


@pytest.mark.parametrize(
    "value",
    [
        {"count": {"a": 1}},
        {"count": 1, "bucketOptions": {"explicitBuckets": {"bounds": ["x"]}}},
        {"count": 1, "bucketCounts": ["x"]},
    ],
)
def test_a_distribution_that_is_none_is_set_apart(tmp_path, value):
    series = {"metric": {"type": "latency"}, "points": [{"interval": {"endTime": WHEN}, "value": {"distributionValue": value}}]}  # fmt: skip
    _, item = ingest(tmp_path, {"timeSeries": [series]})
    assert (item.records_read, item.records_quarantined) == (1, 1)

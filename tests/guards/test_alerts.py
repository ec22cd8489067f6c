"""Alert rules and dashboard: only what the store has seen, and what Prometheus and Grafana take."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

import rca
from rca.cli import main
from rca.errors import NoDataError, OptionError
from rca.guards.alerts import export_guards, grafana_dashboard, prometheus_rules
from rca.guards.alerts.names import prometheus_name

yaml = pytest.importorskip("yaml", reason="PyYAML comes with the extra notebook")

SHOP = """\
# TYPE http_server_request_duration_seconds histogram
http_server_request_duration_seconds_bucket{job="shop",status="200",le="0.1"} 5 1772633400
http_server_request_duration_seconds_bucket{job="shop",status="200",le="+Inf"} 6 1772633400
http_server_request_duration_seconds_sum{job="shop",status="200"} 1.2 1772633400
http_server_request_duration_seconds_count{job="shop",status="500"} 6 1772633400
# TYPE container_cpu_cfs_throttled_periods_total counter
container_cpu_cfs_throttled_periods_total{job="shop"} 3 1772633400
# TYPE container_cpu_cfs_periods_total counter
container_cpu_cfs_periods_total{job="shop"} 3 1772633400
# TYPE executor_queue_length gauge
executor_queue_length{job="shop"} 3 1772633400
# TYPE db_queries_per_request histogram
db_queries_per_request_bucket{job="shop",le="+Inf"} 3 1772633400
db_queries_per_request_sum{job="shop"} 3 1772633400
db_queries_per_request_count{job="shop"} 3 1772633400
# TYPE mysql_global_status_slow_queries counter
mysql_global_status_slow_queries{job="shop"} 3 1772633400
"""
TILL = """\
# TYPE grpc_server_handled_total counter
grpc_server_handled_total{job="till",grpc_code="OK"} 5 1772633400
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes{job="till"} 5 1772633400
"""
MICROMETER = """\
# TYPE http_server_requests_seconds histogram
http_server_requests_seconds_bucket{job="till",outcome="SERVER_ERROR",le="0.1"} 5 1772633400
http_server_requests_seconds_bucket{job="till",outcome="SERVER_ERROR",le="+Inf"} 6 1772633400
http_server_requests_seconds_count{job="till",outcome="SERVER_ERROR"} 6 1772633400
http_server_requests_seconds_sum{job="till",outcome="SERVER_ERROR"} 6 1772633400
# TYPE hikaricp_connections_pending gauge
hikaricp_connections_pending{job="till"} 1 1772633400
# TYPE hikaricp_connections_active gauge
hikaricp_connections_active{job="till"} 1 1772633400
# TYPE hikaricp_connections_max gauge
hikaricp_connections_max{job="till"} 1 1772633400
"""


@pytest.fixture
def filled(tmp_path):
    stores = []

    def make(text):
        (tmp_path / "m.prom").write_text(text)
        store = rca.open()
        stores.append(store)
        store.ingest(tmp_path / "m.prom")
        return store

    yield make
    for store in stores:
        store.close()


def expressions(rules):
    return {rule.alert: rule.expr for rule in rules.rules}


def test_rules_carry_the_stores_own_names(filled):
    rules = prometheus_rules(filled(SHOP), slo=0.99)
    found = expressions(rules)
    assert list(found) == ["ErrorBudgetBurn1h", "ErrorBudgetBurn6h", "ErrorBudgetBurn1d", "ErrorBudgetBurn3d", "SlowRequests", "SlowQueries",
                           "QueriesPerRequest", "ProcessorThrottled", "PoolQueue"]  # fmt: skip
    assert 'http_server_request_duration_seconds_count{status=~"5.."}[5m]' in found["ErrorBudgetBurn1h"]
    assert "> (14.4 * 0.01)" in found["ErrorBudgetBurn1h"]
    assert "mysql_global_status_slow_queries" in found["SlowQueries"]
    assert found["PoolQueue"].startswith("min by (job) (min_over_time(executor_queue_length")
    assert [name for name, _ in rules.left_out] == ["sequential scans"]


def test_what_has_no_metric_is_left_out_with_the_reason(filled):
    rules = prometheus_rules(filled(TILL))
    assert 'grpc_server_handled_total{grpc_code=~"Unknown|' in expressions(rules)["ErrorBudgetBurn1h"]
    assert len(rules.rules) == 4
    why = dict(rules.left_out)
    assert why["processor throttling"] == "no counter of throttled periods (container_cpu_cfs_throttled_periods_total)"
    assert set(why) == {
        "latency",
        "slow queries",
        "sequential scans",
        "queries per request",
        "processor throttling",
        "pool and queue",
    }
    assert "# left out: slow queries: no metric" in rules.to_yaml()


def test_names_of_another_framework(filled):
    found = expressions(prometheus_rules(filled(MICROMETER)))
    assert 'http_server_requests_seconds_count{outcome=~"SERVER_ERROR"}' in found["ErrorBudgetBurn1h"]
    assert "hikaricp_connections_pending" in found["PoolQueue"]
    assert (
        found["PoolExhausted"]
        == "sum by (job) (hikaricp_connections_active) / sum by (job) (hikaricp_connections_max) > 0.9"
    )


@pytest.mark.parametrize(
    ("name", "unit", "counter", "expected"),
    [
        ("http.server.request.duration", "ms", False, "http_server_request_duration_milliseconds"),
        ("db.client.connections.usage", "connections", False, "db_client_connections_usage"),
        ("jvm.gc.count", "1", True, "jvm_gc_count"),
        ("2xx-answers", "", True, "_2xx_answers_total"),
        ("http_server_request_duration_seconds_bucket", "s", True, "http_server_request_duration_seconds_bucket"),
    ],
)
def test_names_in_prometheus(name, unit, counter, expected):
    assert prometheus_name(name, unit, counter=counter) == expected


@pytest.mark.parametrize("text", [SHOP, TILL, MICROMETER, "# TYPE x gauge\nx 1 1772633400\n"])
def test_the_file_is_what_the_documented_schema_asks(filled, text):
    document = yaml.safe_load(prometheus_rules(filled(text)).to_yaml())
    assert set(document) == {"groups"}
    names = [group["name"] for group in document["groups"]]
    assert len(names) == len(set(names))
    for group in document["groups"]:
        assert set(group) == {"name", "rules"}
        for rule in group["rules"]:
            assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
            assert all(isinstance(value, str) for value in (*rule["labels"].values(), *rule["annotations"].values()))
            assert rule["expr"].count("(") == rule["expr"].count(")")


@pytest.mark.parametrize("text", [SHOP, TILL, MICROMETER])
def test_promtool_accepts_the_rules(filled, tmp_path, text):
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed: apt-get install prometheus")
    _, paths = export_guards(filled(text), to=tmp_path / "out")
    done = subprocess.run([promtool, "check", "rules", str(paths[0])], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "SUCCESS" in done.stdout


def test_dashboard_has_a_row_a_service_and_marks_changes(filled):
    store = filled(SHOP + SHOP.replace('"shop"', '"till"'))
    board = grafana_dashboard(store, service_label="job")
    assert [panel["title"] for panel in board["panels"]][:8] == [
        "shop",
        "Requests",
        "Errors",
        "Duration",
        "till",
        "Requests",
        "Errors",
        "Duration",
    ]
    assert board["schemaVersion"] >= 36
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    places = [(p["gridPos"]["x"], p["gridPos"]["y"], p["gridPos"]["w"], p["gridPos"]["h"]) for p in board["panels"]]
    assert all(x + w <= 24 for x, _, w, _ in places)
    cells = [(column, row) for x, y, w, h in places for column in range(x, x + w) for row in range(y, y + h)]
    assert len(cells) == len(set(cells)), "no panel lies on another"
    for panel in board["panels"]:
        assert {"type", "title", "gridPos", "id"} <= set(panel)
        for target in panel.get("targets", []):
            assert target["expr"]
            assert target["refId"]
    assert any(item.get("target", {}).get("tags") == ["change"] for item in board["annotations"]["list"])
    assert board["templating"]["list"][0]["query"] == "prometheus"
    assert json.dumps(board) == json.dumps(grafana_dashboard(store, service_label="job"))


def test_hostile_names_stay_inside_their_quotes(filled, tmp_path):
    hostile = SHOP.replace('"shop"', '"sh\\"} or vector(1) {{ 7 }}"')
    store = filled(hostile)
    rules, paths = export_guards(store, to=tmp_path / "out", service_label="job")
    assert "vector(1)" not in rules.to_yaml()
    board = json.loads(paths[1].read_text())
    assert 'job="sh\\"} or vector(1) {{ 7 }}"' in board["panels"][1]["targets"][0]["expr"]


def test_the_command(filled, tmp_path, capsys):
    (tmp_path / "m.prom").write_text(SHOP)
    (tmp_path / "changes.json").write_text(
        json.dumps(
            [
                {
                    "time": "2026-03-04T14:00:00Z",
                    "kind": "deploy",
                    "service": "shop",
                    "version": "1.2",
                    "title": "<b>1.2</b>",
                }
            ]
        )
    )
    db = tmp_path / "s.duckdb"
    assert main(["ingest", str(tmp_path / "m.prom"), str(tmp_path / "changes.json"), "--db", str(db)]) == 0
    capsys.readouterr()
    assert main(["export", str(db), "--to", str(tmp_path / "out"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert len(document["files"]) == 3
    notes = json.loads((tmp_path / "out" / "annotations.json").read_text())
    assert notes[0]["time"] == 1772632800000
    assert notes[0]["tags"] == ["change", "deploy"]
    assert "<b>" not in notes[0]["text"]
    assert main(["export", str(db), "--to", str(tmp_path / "m.prom")]) == 1
    assert main(["export", str(db), "--to", str(tmp_path / "out"), "--slo", "2"]) == 1
    assert "not 2.0" in capsys.readouterr().err


def test_a_store_without_metrics_says_so():
    with rca.open() as store:
        with pytest.raises(NoDataError):
            prometheus_rules(store)
        with pytest.raises(NoDataError):
            grafana_dashboard(store)
        with pytest.raises(OptionError):
            prometheus_rules(store, slo=0.2)

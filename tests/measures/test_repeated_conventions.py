"""Repeated calls in the words of tracers other than OpenTelemetry: the statement may stand in a tag or a resource, without a system."""

from __future__ import annotations

import json

import pytest

import rca

T0 = 1772625600 * 10**9
MS = 10**6
COUNT = 7


def zipkin(tags):
    root = {"traceId": "a" * 32, "id": "b" * 16, "name": "get /cart", "kind": "SERVER", "timestamp": T0 // 1000, "duration": 500_000, "localEndpoint": {"serviceName": "cart"}, "tags": {"http.method": "GET", "http.path": "/cart"}}  # fmt: skip
    calls = [{"traceId": "a" * 32, "parentId": "b" * 16, "id": f"{at + 1:016x}", "name": "query", "kind": "CLIENT", "timestamp": T0 // 1000 + 10_000 * at, "duration": 5_000, "localEndpoint": {"serviceName": "cart"}, "tags": tags(at)} for at in range(COUNT)]  # fmt: skip
    return [root, *calls]


def datadog(span):
    root = {"trace_id": 7, "span_id": 1, "parent_id": 0, "name": "flask.request", "resource": "GET /cart", "service": "cart", "type": "web", "start": T0, "duration": 500 * MS, "error": 0, "meta": {}, "metrics": {}}  # fmt: skip
    calls = [{**root, "span_id": at + 2, "parent_id": 1, "start": T0 + 10 * MS * at, "duration": 5 * MS, **span(at)} for at in range(COUNT)]  # fmt: skip
    return [[root, *calls]]


def otlp(attributes):
    spans = [{"traceId": "a" * 32, "spanId": "b" * 16, "name": "GET /cart", "kind": 2, "startTimeUnixNano": str(T0), "endTimeUnixNano": str(T0 + 500 * MS), "attributes": [{"key": "http.route", "value": {"stringValue": "/cart"}}]}]  # fmt: skip
    for at in range(COUNT):
        start = T0 + 10 * MS * at
        pairs = [{"key": key, "value": {"stringValue": text}} for key, text in attributes(at).items()]
        spans.append({"traceId": "a" * 32, "parentSpanId": "b" * 16, "spanId": f"{at + 1:016x}", "name": "call", "kind": 3, "startTimeUnixNano": str(start), "endTimeUnixNano": str(start + 5 * MS), "attributes": pairs})  # fmt: skip
    return {"resourceSpans": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "cart"}}]}, "scopeSpans": [{"spans": spans}]}]}  # fmt: skip


CASES = {
    "brave's sql.query": (zipkin(lambda at: {"sql.query": f"select * from t where id = {at}"}), "other_sql"),
    "a statement alone": (otlp(lambda at: {"db.statement": f"SELECT * FROM t WHERE id = {at}"}), "other_sql"),
    "datadog sql": (datadog(lambda _: {"name": "postgres.query", "type": "sql", "resource": "SELECT * FROM t WHERE id = ?"}), "postgresql"),
    "datadog redis": (datadog(lambda at: {"name": "redis.command", "type": "redis", "resource": "GET", "meta": {"redis.raw_command": f"GET user:{at}"}}), "redis"),
    "datadog mongo": (datadog(lambda _: {"name": "mongodb.query", "type": "mongodb", "resource": 'find users {"_id": "?"}'}), "mongodb"),
    "datadog cassandra": (datadog(lambda _: {"name": "cassandra.query", "type": "cassandra", "resource": "SELECT * FROM t WHERE id = ?"}), "cassandra"),
    "couchbase's texts in double quotes": (otlp(lambda at: {"db.system": "couchbase", "db.statement": f'SELECT * FROM `t` WHERE id = "a{at}"'}), "couchbase"),
    "cypher": (otlp(lambda at: {"db.system": "neo4j", "db.statement": f'MATCH (u:User {{name: "n{at}"}}) RETURN u'}), "neo4j"),
    "bigquery": (otlp(lambda at: {"db.system.name": "gcp.bigquery", "db.query.text": f'SELECT * FROM `p.d.t` WHERE day = "2026-03-{at:02}"'}), "gcp.bigquery"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_calls_are_found_in_the_words_of(tmp_path, name):
    document, system = CASES[name]
    path = tmp_path / "traces.json"
    path.write_text(json.dumps(document))
    with rca.open() as store:
        assert store.ingest(path).total("records_quarantined") == 0
        found = rca.repeated_queries(store).table.to_dicts()
    assert [(row["calls"], row["pattern"] != "none") for row in found] == [(COUNT, True)]
    assert found[0]["db_system_name"] == system

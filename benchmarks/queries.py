"""CPU seconds of the questions about traces, on spans made here: python benchmarks/queries.py [SPANS …] [--json FILE]

One request is 20 spans in three services (gateway, checkout, pricing) with 14 database calls; half of the requests lie in a
baseline hour and half in an incident hour. In the incident one request in twenty repeats a look-up six times more and is
slow. Entry spans carry 50 attributes. Every question runs in a process of its own, after the store is written, so that
neither caches nor memory of another count; CPU seconds are user and system time of that process, without imports.

Next to each question stands the plain statement that one would write by hand in DuckDB. It answers less: no ancestry, no
exceptions, no critical path, no interval, no correction for what was tried.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

START_NS = 1_772_633_400_000_000_000
HOUR_NS = 3_600_000_000_000
SPANS = 20

MAKE = """
INSERT INTO spans BY NAME
WITH raw AS (
  SELECT t, s, t % 20 = 0 AND t * 2 > $requests AS slow,
    s BETWEEN 4 AND 9 OR s >= 12 AS database,
    CASE WHEN s <= 1 THEN 'gateway' WHEN s IN (11, 12, 13) THEN 'pricing' ELSE 'checkout' END AS service_name,
    CASE s WHEN 0 THEN -1 WHEN 1 THEN 0 WHEN 2 THEN 1 WHEN 3 THEN 2 WHEN 11 THEN 10 WHEN 12 THEN 11 WHEN 13 THEN 11 ELSE 3 END AS above
  FROM range($from_request, $to_request) AS requests(t), range(20) AS steps(s)
)
SELECT
  md5(t::VARCHAR) AS trace_id,
  printf('%016x', t * 20 + s + 1) AS span_id,
  CASE WHEN above < 0 THEN '' ELSE printf('%016x', t * 20 + above + 1) END AS parent_span_id,
  service_name,
  CASE WHEN s IN (0, 2, 11) THEN 'POST /' || service_name WHEN database THEN 'SELECT shop' ELSE 'step' || s END AS span_name,
  CASE WHEN s IN (0, 2, 11) THEN 'SERVER' WHEN s = 3 THEN 'INTERNAL' ELSE 'CLIENT' END AS span_kind,
  $start_ns - 3600000000000 + t * (7200000000000 // $requests) + s * 4000000 AS start_ns,
  CASE WHEN s <= 3 THEN (CASE WHEN slow THEN 400 ELSE 100 END - s) * 1000000 + hash(t) % 40000000
    WHEN database AND slow AND s >= 14 THEN 40000000 ELSE 3000000 END AS duration_ns,
  'UNSET' AS status_code, '' AS status_message, '1.' || (t % 3) AS service_version, '' AS service_instance_id,
  '' AS deployment_environment_name, CASE WHEN s IN (0, 1, 2, 10, 11) THEN 'POST' ELSE '' END AS http_request_method,
  CASE WHEN s IN (0, 2, 11) THEN '/' || service_name ELSE '' END AS http_route, NULL AS http_response_status_code, '' AS error_type,
  CASE WHEN s IN (1, 10) THEN 'host' || s ELSE '' END AS server_address,
  CASE WHEN database THEN 'postgresql' ELSE '' END AS db_system_name, '' AS db_namespace, '' AS db_collection_name,
  CASE WHEN database THEN 'SELECT' ELSE '' END AS db_operation_name,
  CASE WHEN database THEN 'SELECT a, b FROM t' || (CASE WHEN s >= 14 AND slow THEN 14 ELSE s END) || ' WHERE user_id = ' || (t * 20 + s) ELSE '' END AS db_query_text,
  CASE WHEN database THEN 'select a, b from t' || (CASE WHEN s >= 14 AND slow THEN 14 ELSE s END) || ' where user_id = ?' ELSE '' END AS db_query_digest,
  1 AS calls, 1.0 AS adjusted_count,
  CASE WHEN s = 2 THEN map_from_entries([{'k': 'app.fact.' || i, 'v': 'v' || (hash(t * 64 + i) % (2 + i))} FOR i IN range(50)])
    ELSE MAP {'thread.id': (t % 16)::VARCHAR} END AS attributes,
  MAP {'service.name': service_name, 'k8s.pod.name': 'pod-' || (t % 8)} AS resource_attributes, 'made' AS ingest_id, t * 20 + s AS record_no
FROM raw
"""

BY_HAND = {
    "count": "SELECT n, COUNT(*) FROM (SELECT trace_id, COUNT(*) AS n FROM spans WHERE db_system_name <> '' GROUP BY trace_id) GROUP BY n",
    "repeated": """SELECT db_query_digest, COUNT(*) FROM (SELECT trace_id, db_query_digest, COUNT(*) AS n FROM spans WHERE db_system_name <> ''
        GROUP BY trace_id, db_query_digest) WHERE n >= 5 GROUP BY db_query_digest""",
    "attributes": """SELECT key, value, slow, COUNT(*) FROM (SELECT UNNEST(map_keys(attributes)) AS key, UNNEST(map_values(attributes)) AS value,
        duration_ns > 300000000 AS slow FROM spans WHERE service_name = 'checkout' AND span_kind = 'SERVER') GROUP BY key, value, slow""",
    "cohorts": """SELECT p.service_name, p.span_name, c.service_name, c.span_name, c.db_query_digest, c.start_ns >= 1772633400000000000 AS during,
        COUNT(*), SUM(c.duration_ns) FROM spans c JOIN spans p ON c.trace_id = p.trace_id AND c.parent_span_id = p.span_id GROUP BY 1, 2, 3, 4, 5, 6""",
}  # fmt: skip
QUESTIONS = ("count", "repeated", "attributes", "cohorts", "hops")


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def make(path: str, spans: int) -> None:
    import rca

    requests = spans // SPANS
    with rca.open(path) as store:
        for begin in range(0, requests, 50_000):
            bounds = {
                "requests": requests,
                "start_ns": START_NS,
                "from_request": begin,
                "to_request": min(requests, begin + 50_000),
            }
            store.engine.con.execute(MAKE, bounds)


def measure(path: str, question: str, *, by_hand: bool) -> dict[str, float]:
    import polars  # noqa: F401, ICN001
    import scipy.stats  # noqa: F401

    import rca

    incident = rca.Incident("checkout", start=START_NS, end=START_NS + HOUR_NS, baseline="1h")
    ask = {
        "count": lambda store: rca.queries_per_request(store, incident),
        "repeated": rca.repeated_queries,
        "attributes": lambda store: rca.compare_attributes(store, incident, slower_than_ns=300_000_000),
        "cohorts": lambda store: rca.compare_traces(store, incident),
        "hops": lambda store: rca.dependencies(store, incident),
    }
    with rca.open(path, read_only=True) as store:
        store.query("SELECT 1 AS n")
        _ = rca.queries_per_request, rca.repeated_queries, rca.compare_attributes, rca.compare_traces, rca.dependencies
        begin, clock = cpu(), time.perf_counter()
        if by_hand:
            store.engine.con.execute(BY_HAND[question]).fetchall()
        else:
            ask[question](store)
        used = {"cpu_s": round(cpu() - begin, 2), "wall_s": round(time.perf_counter() - clock, 2)}
    return used | {"peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}


def run(path: str, question: str, *, by_hand: bool = False) -> dict[str, float]:
    command = [sys.executable, __file__, "--measure", path, question, *(["--by-hand"] if by_hand else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("spans", nargs="*", type=int, default=[1_000_000])
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--measure", nargs=2, metavar=("STORE", "QUESTION"))
    parser.add_argument("--by-hand", action="store_true")
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(*options.measure, by_hand=options.by_hand)))
        return
    results = []
    for spans in options.spans:
        with tempfile.TemporaryDirectory() as folder:
            path = str(pathlib.Path(folder) / "spans.duckdb")
            make(path, spans)
            for question in QUESTIONS:
                row = {"spans": spans, "question": question} | run(path, question)
                if question in BY_HAND:
                    row["by_hand_cpu_s"] = run(path, question, by_hand=True)["cpu_s"]
                print("  ".join(f"{key} {value}" for key, value in row.items()), flush=True)
                results.append(row)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()

"""CPU and wall seconds of the whole scorecard on a large store: python benchmarks/verdicts.py [--spans N] [--series N] [--changes N]

Made here: two hours of 2 million spans (requests of twenty, in six services with a database; in the last half hour one
request in twenty repeats a look-up and is slow), 10,000 metric series of 60 points, 200 changes, some with diffs. The
store is written to a file first; then hypotheses are weighed and changes ranked, in this process, caches empty. Imports do
not count. Peak memory is that of the process.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import resource
import tempfile
import time

START_NS = 1_772_633_400_000_000_000
HOUR_NS = 3_600_000_000_000

SPANS = """
INSERT INTO spans BY NAME
WITH raw AS (
  SELECT t, s, t % 20 = 0 AND t * 4 > 3 * $requests AS slow, s BETWEEN 4 AND 9 OR s >= 14 AS database,
    CASE WHEN s <= 1 THEN 'gateway' WHEN s IN (11, 12, 13) THEN 'svc' || (t % 4) ELSE 'checkout' END AS service_name,
    CASE s WHEN 0 THEN -1 WHEN 1 THEN 0 WHEN 2 THEN 1 WHEN 3 THEN 2 WHEN 11 THEN 10 WHEN 12 THEN 11 WHEN 13 THEN 11 ELSE 3 END AS above
  FROM range($from_request, $to_request) AS requests(t), range(20) AS steps(s)
)
SELECT md5(t::VARCHAR) AS trace_id, printf('%016x', t * 20 + s + 1) AS span_id,
  CASE WHEN above < 0 THEN '' ELSE printf('%016x', t * 20 + above + 1) END AS parent_span_id, service_name,
  CASE WHEN s IN (0, 2, 11) THEN 'POST /' || service_name WHEN database THEN 'SELECT shop' ELSE 'step' || s END AS span_name,
  CASE WHEN s IN (0, 2, 11) THEN 'SERVER' WHEN s = 3 THEN 'INTERNAL' ELSE 'CLIENT' END AS span_kind,
  $start_ns + t * (7200000000000 // $requests) + s * 4000000 AS start_ns,
  CASE WHEN s <= 3 THEN (CASE WHEN slow THEN 900 ELSE 100 END - s) * 1000000 + hash(t) % 40000000
    WHEN database AND slow AND s >= 14 THEN 120000000 ELSE 3000000 + hash(t * 20 + s) % 2000000 END AS duration_ns,
  CASE WHEN hash(t * 3) % 500 = 0 AND s IN (0, 2) THEN 'ERROR' ELSE 'UNSET' END AS status_code, '' AS status_message,
  '1.' || (t % 3) AS service_version, service_name || '-' || (t % 4) AS service_instance_id, '' AS deployment_environment_name,
  CASE WHEN s IN (0, 1, 2, 10, 11) THEN 'POST' ELSE '' END AS http_request_method,
  CASE WHEN s IN (0, 2, 11) THEN '/' || service_name ELSE '' END AS http_route, NULL AS http_response_status_code, '' AS error_type,
  CASE WHEN s IN (1, 10) THEN 'host' || s ELSE '' END AS server_address, CASE WHEN database THEN 'postgresql' ELSE '' END AS db_system_name,
  '' AS db_namespace, '' AS db_collection_name, CASE WHEN database THEN 'SELECT' ELSE '' END AS db_operation_name,
  CASE WHEN database THEN 'SELECT a, b FROM t' || (CASE WHEN s >= 14 AND slow THEN 14 ELSE s END) || ' WHERE user_id = ' || (t * 20 + s) ELSE '' END AS db_query_text,
  CASE WHEN database THEN 'select a, b from t' || (CASE WHEN s >= 14 AND slow THEN 14 ELSE s END) || ' where user_id = ?' ELSE '' END AS db_query_digest,
  1 AS calls, 1.0 AS adjusted_count, MAP {'thread.id': (t % 16)::VARCHAR} AS attributes,
  MAP {'service.name': service_name} AS resource_attributes, 'made' AS ingest_id, t * 20 + s AS record_no
FROM raw
"""
METRICS = """
INSERT INTO metrics BY NAME
SELECT $start_ns + m * 120000000000 AS time_ns, $start_ns AS start_time_ns,
  CASE s % 5 WHEN 0 THEN 'process_resident_memory_bytes' WHEN 1 THEN 'container_cpu_usage' WHEN 2 THEN 'queue_length'
    WHEN 3 THEN 'gc_pause_ms' ELSE 'custom_metric_' || (s // 200) END AS metric_name,
  CASE s % 7 WHEN 0 THEN 'gateway' WHEN 1 THEN 'checkout' ELSE 'svc' || (s % 40) END AS service_name, '' AS unit, 'gauge' AS metric_type,
  '' AS temporality, false AS is_monotonic, 100 + (hash(s * 1000 + m) % 1000) / 100.0 + s % 50 AS value,
  MAP {'instance': 'i' || s} AS attributes, MAP {} AS resource_attributes, 'made' AS ingest_id, s * 60 + m AS record_no
FROM range($series) AS series(s), range(60) AS points(m)
"""
CHANGES = """
INSERT INTO changes BY NAME
SELECT $start_ns + hash(c) % 7000000000000 AS time_ns,
  CASE c % 4 WHEN 0 THEN 'deploy' WHEN 1 THEN 'flag' WHEN 2 THEN 'config' ELSE 'commit' END AS kind,
  CASE c % 6 WHEN 0 THEN 'checkout' WHEN 1 THEN 'gateway' ELSE 'svc' || (c % 4) END AS service_name,
  CASE WHEN c % 4 IN (0, 3) THEN sha256(c::VARCHAR)[:40] ELSE '' END AS revision,
  CASE WHEN c % 4 = 1 THEN 'flag_number_' || c ELSE '' END AS feature_flag_key, 'change ' || c AS title,
  CASE WHEN c % 4 = 3 THEN '--- a/src/m' || c || '.py' || chr(10) || '+++ b/src/m' || c || '.py' || chr(10) || '@@ -1,3 +1,4 @@' || chr(10)
    || '-rows = load_all(ids)' || chr(10) || '+for i in ids:' || chr(10) || '+    rows.append(load(i))' ELSE '' END AS diff,
  'made' AS ingest_id, c AS record_no
FROM range($changes) AS every(c)
"""


def fill(path: pathlib.Path, spans: int, series: int, changes: int) -> None:
    import duckdb

    import rca

    rca.open(str(path)).close()
    with duckdb.connect(str(path)) as connection:
        requests = max(1, spans // 20)
        for start in range(0, requests, 10_000):
            connection.execute(
                SPANS,
                {
                    "requests": requests,
                    "from_request": start,
                    "to_request": min(requests, start + 10_000),
                    "start_ns": START_NS,
                },
            )
        connection.execute(METRICS, {"start_ns": START_NS, "series": series})
        connection.execute(CHANGES, {"start_ns": START_NS, "changes": changes})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spans", type=int, default=2_000_000)
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--changes", type=int, default=200)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    import rca
    from rca.hypotheses import Observed

    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "made.duckdb"
        fill(path, options.spans, options.series, options.changes)
        store = rca.open(str(path))
        incident = rca.Incident("checkout", start=START_NS + 3 * HOUR_NS // 2, end=START_NS + 2 * HOUR_NS)
        steps, observed = {}, Observed(store, incident)

        def timed(name, make):
            wall, used = time.perf_counter(), time.process_time()
            made = make()
            steps[name] = (round(time.perf_counter() - wall, 2), round(time.process_time() - used, 2))
            return made

        for name in (
            ("windows", "requests", "suspects", "calls", "repeated", "slow", "saturation", "hops", "logs")
            if options.profile
            else ()
        ):
            timed(f"  {name}", lambda name=name: getattr(observed, name))
        verdicts = timed("score_hypotheses", lambda: rca.score_hypotheses(store, incident, observed=observed))
        ranked = timed(
            "deploy_correlation", lambda: rca.deploy_correlation(store, incident, suspects=observed.suspects)
        )
        whole = {
            "wall_s": round(sum(value[0] for value in steps.values()), 2),
            "cpu_s": round(sum(value[1] for value in steps.values()), 2),
        }
        print(json.dumps({"steps": steps, "scorecard": whole, "first": next(iter(verdicts)).id, "changes": ranked.table.height,
                          "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}, indent=1))  # fmt: skip


if __name__ == "__main__":
    main()

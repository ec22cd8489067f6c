"""CPU seconds of the questions about traces, on spans made here: python benchmarks/queries.py [SPANS …] [--peers] [--json FILE]

One request is 20 spans in three services (gateway, checkout, pricing) with 14 database calls; half of the requests lie in a
baseline hour and half in an incident hour. In the incident one request in twenty repeats a look-up six times more and is
slow. Entry spans carry 50 attributes. Every question runs in a process of its own, after the store is written, so that
neither caches nor memory of another count; CPU seconds are user and system time of that process, without imports.

Next to each question stands the plain statement that one would write by hand in DuckDB, with --peers also in polars and chdb
(which read the same spans from Parquet, DuckDB from the store). It answers less: no ancestry, no exceptions, no critical path,
no interval, no correction for what was tried. All three hand-written ones must give the same number of rows.
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
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

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
BY_CHDB = {
    "count": "SELECT n, COUNT(*) FROM (SELECT trace_id, COUNT(*) AS n FROM {spans} WHERE db_system_name <> '' GROUP BY trace_id) GROUP BY n",
    "repeated": """SELECT db_query_digest, COUNT(*) FROM (SELECT trace_id, db_query_digest, COUNT(*) AS n FROM {spans} WHERE db_system_name <> ''
        GROUP BY trace_id, db_query_digest) WHERE n >= 5 GROUP BY db_query_digest""",
    "attributes": """SELECT key, value, slow, COUNT(*) FROM (SELECT mapKeys(attributes) AS keys, mapValues(attributes) AS entries,
        duration_ns > 300000000 AS slow FROM {spans} WHERE service_name = 'checkout' AND span_kind = 'SERVER')
        ARRAY JOIN keys AS key, entries AS value GROUP BY key, value, slow""",
    "cohorts": """SELECT p.service_name, p.span_name, c.service_name, c.span_name, c.db_query_digest, c.start_ns >= 1772633400000000000 AS during,
        COUNT(*), SUM(c.duration_ns) FROM {spans} c JOIN {spans} p ON c.trace_id = p.trace_id AND c.parent_span_id = p.span_id GROUP BY 1, 2, 3, 4, 5, 6""",
}  # fmt: skip
QUESTIONS = ("count", "repeated", "attributes", "cohorts", "hops")


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_mib() -> int:
    """Return the most memory that this program held; the system's ru_maxrss is also that of the program that started it."""
    told = pathlib.Path("/proc/self/status")
    if not told.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return next(int(line.split()[1]) for line in told.read_text().splitlines() if line.startswith("VmHWM")) // 1024


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
        begin, clock, rows = cpu(), time.perf_counter(), 0
        if by_hand:
            rows = len(store.engine.con.execute(BY_HAND[question]).fetchall())
        else:
            ask[question](store)
        used = {"rows": rows, "cpu_s": round(cpu() - begin, 2), "wall_s": round(time.perf_counter() - clock, 2)}
    return used | {"peak_mib": peak_mib()}


def measure_peer(parquet: str, question: str, peer: str) -> dict[str, float]:
    """Measure the statement written by hand for polars or chdb, over Parquet."""
    if peer == "chdb":
        import chdb

        chdb.query("SELECT 1")
        text = BY_CHDB[question].replace("{spans}", f"file('{parquet}', Parquet)")
        begin, clock = cpu(), time.perf_counter()
        rows = len(chdb.query(text, "CSV").bytes().splitlines())
    else:
        import polars as pl

        ask = by_polars(pl.scan_parquet(parquet), question)
        begin, clock = cpu(), time.perf_counter()
        rows = ask.collect(engine="streaming").height
    used = {"cpu_s": round(cpu() - begin, 2), "wall_s": round(time.perf_counter() - clock, 2), "rows": rows}
    return used | {"peak_mib": peak_mib()}


def by_polars(spans: pl.LazyFrame, question: str) -> pl.LazyFrame:
    """Return what BY_HAND says, in polars."""
    import polars as pl

    made = spans.filter(pl.col("db_system_name") != "")
    if question == "count":
        return made.group_by("trace_id").agg(n=pl.len()).group_by("n").agg(requests=pl.len())
    if question == "repeated":
        like = made.group_by("trace_id", "db_query_digest").agg(n=pl.len())
        return like.filter(pl.col("n") >= 5).group_by("db_query_digest").agg(requests=pl.len())
    if question == "attributes":
        entries = spans.filter((pl.col("service_name") == "checkout") & (pl.col("span_kind") == "SERVER"))
        listed = pl.col("attributes").cast(pl.List(pl.Struct({"key": pl.String, "value": pl.String})))
        pairs = entries.select(listed, slow=pl.col("duration_ns") > 300_000_000)
        pairs = pairs.explode("attributes").unnest("attributes")
        return pairs.group_by("key", "value", "slow").agg(requests=pl.len())
    above = spans.select("trace_id", "service_name", "span_name", parent_span_id="span_id")
    joined = spans.join(above, on=["trace_id", "parent_span_id"], suffix="_above")
    names = ["service_name_above", "span_name_above", "service_name", "span_name", "db_query_digest"]
    during = (pl.col("start_ns") >= START_NS).alias("during")
    return joined.group_by(*names, during).agg(pl.len(), pl.sum("duration_ns"))


def run(path: str, question: str, *, by_hand: bool = False, peer: str = "") -> dict[str, float]:
    more = ["--peer", peer] if peer else ["--by-hand"] if by_hand else []
    command = [sys.executable, __file__, "--measure", path, question, *more]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def peers(folder: pathlib.Path, store: str) -> dict[str, dict[str, float]]:
    """Return what the peers need for each question; a test of equal work is the number of rows."""
    import rca

    with rca.open(store, read_only=True) as opened:
        parquet = next(str(file) for file in opened.export(folder / "parquet") if "spans" in file.name)
    return {question: {peer: run(parquet, question, peer=peer) for peer in ("polars", "chdb")} for question in BY_CHDB}


def row(spans: int, question: str, path: str, beside: dict[str, dict[str, float]]) -> dict[str, float | str]:
    """Measure one question, by hand too, and set the peers beside it."""
    used = run(path, question)
    found: dict[str, float | str] = {
        "spans": spans,
        "question": question,
        **{k: used[k] for k in ("cpu_s", "wall_s", "peak_mib")},
    }
    if question in BY_HAND:
        by_hand = run(path, question, by_hand=True)
        found["by_hand_cpu_s"] = by_hand["cpu_s"]
        for peer, used in beside.items():
            found |= {f"{peer}_cpu_s": used["cpu_s"], f"{peer}_peak_mib": used["peak_mib"]}
            if used["rows"] != by_hand["rows"]:
                raise SystemExit(f"{question}: {peer} gives {used['rows']} rows, DuckDB {by_hand['rows']}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("spans", nargs="*", type=int, default=[1_000_000])
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--measure", nargs=2, metavar=("STORE", "QUESTION"))
    parser.add_argument("--by-hand", action="store_true")
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--peer", choices=("polars", "chdb"))
    parser.add_argument("--keep", type=pathlib.Path, help="folder in which stores are kept, and taken from")
    options = parser.parse_args()
    if options.peer:
        print(json.dumps(measure_peer(*options.measure, options.peer)))
        return
    if options.measure:
        print(json.dumps(measure(*options.measure, by_hand=options.by_hand)))
        return
    results = []
    for spans in options.spans:
        with tempfile.TemporaryDirectory() as folder:
            path = (options.keep or pathlib.Path(folder)) / f"{spans}.duckdb"
            if not path.exists():
                make(str(path), spans)
            beside = peers(pathlib.Path(folder), str(path)) if options.peers else {}
            for question in QUESTIONS:
                results.append(row(spans, question, str(path), beside.get(question, {})))
                print("  ".join(f"{key} {value}" for key, value in results[-1].items()), flush=True)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()

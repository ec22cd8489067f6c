"""How fast telemetry gets into a store, next to what one would write otherwise and next to the limit.

    python benchmarks/ingest.py [SUITE …] [--spans 200000] [--lines 500000] [--repeats 3] [--only WORD,…] [--folder DIR] [--json]

Suites: ``spans``, ``logs``, ``templates``, ``cores`` (four files with one core and with all), ``split`` (what
reading, writing and maps cost), ``memory`` (1, 4 and 12 times
the spans). Every contestant runs in a process of its own, contestants interleaved, medians over the repeats. CPU-seconds
are of the process and its children: on a shared machine they are what can be compared. Peak memory is of the process and
of its largest child, together. The rows of the obvious way are compared with ours, column by column; the result is printed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import ingest_ways as ways  # noqa: E402
import logs_input  # noqa: E402
import spans_input  # noqa: E402

COMPARED = """trace_id, span_id, parent_span_id, service_name, span_name, span_kind, start_ns, duration_ns, status_code, status_message, service_version,
service_instance_id, deployment_environment_name, http_request_method, http_route, http_response_status_code, error_type, server_address, db_system_name,
db_namespace, db_collection_name, db_operation_name, db_query_text, calls, adjusted_count, attributes, resource_attributes"""


@dataclass(frozen=True)
class Case:
    """One contestant: what is shown, the way, its input, and how many records that has."""

    name: str
    way: Callable[[Path, Path], int]
    path: Path
    records: int

    @property
    def size(self) -> int:
        return sum(item.stat().st_size for item in (self.path.iterdir() if self.path.is_dir() else (self.path,)))


# ---- the suites: each writes its inputs and says who reads them ----
def spans(folder: Path, options: argparse.Namespace) -> list[Case]:
    source, packed, count = folder / "spans.jsonl", folder / "spans.bin", options.spans
    spans_input.write(source, count)
    to_protobuf(source, packed)
    return [
        Case("rca: OTLP JSON", ways.rca_store, source, count),
        Case("rca: OTLP protobuf", ways.rca_store, packed, count),
        Case("DuckDB read_ndjson typed + unnest", ways.duckdb_unnest, source, count),
        Case("polars scan_ndjson + explode", ways.polars_explode, source, count),
        Case("pandas read_json", ways.pandas_loop, source, count),
        Case("Python loop (orjson)", ways.python_loop, source, count),
        Case("limit: parse into a tape", ways.limit_tape, source, count),
        Case("limit: read the bytes", ways.limit_read, source, count),
    ]


def logs(folder: Path, options: argparse.Namespace) -> list[Case]:
    source, count = folder / "app.jsonl", options.lines
    logs_input.write(source, count)
    return [
        Case("rca: JSON logs", ways.rca_store, source, count),
        Case("DuckDB read_json", ways.duckdb_logs, source, count),
        Case("polars scan_ndjson", ways.polars_logs, source, count),
        Case("pandas read_json", ways.pandas_logs, source, count),
        Case("Python loop (orjson)", ways.python_logs, source, count),
        Case("limit: parse into a tape", ways.limit_tape, source, count),
        Case("limit: read the bytes", ways.limit_read, source, count),
    ]


def templates(folder: Path, options: argparse.Namespace) -> list[Case]:
    import random

    source, rng = folder / "messages.txt", random.Random(7)
    with source.open("w") as file:
        file.writelines(logs_input.message(rng) + "\n" for _ in range(options.lines))
    return [Case("rca: templates", ways.rca_templates, source, options.lines)]


def cores(folder: Path, options: argparse.Namespace) -> list[Case]:
    place, four, count = folder / "four", 4, options.spans // 4
    place.mkdir()
    for number in range(four):
        spans_input.write(place / f"{number}.jsonl", count, seed=number)
    return [
        Case("rca: four files, one core", ways.rca_one_core, place, four * count),
        Case("rca: four files, all cores", ways.rca_store, place, four * count),
    ]


def split(folder: Path, options: argparse.Namespace) -> list[Case]:
    source, logged = folder / "spans.jsonl", folder / "app.jsonl"
    spans_input.write(source, options.spans)
    logs_input.write(logged, options.lines)
    return [
        Case(f"{name}: {what}", way, path, count)
        for name, path, count in (("OTLP JSON", source, options.spans), ("JSON logs", logged, options.lines))
        for what, way in (
            ("read only", ways.rca_read),
            ("and written without maps", ways.rca_no_maps),
            ("and with attributes", ways.rca_no_resources),
            ("and with resources: all", ways.rca_written),
        )
    ]


def memory(folder: Path, options: argparse.Namespace) -> list[Case]:
    found = []
    for times in (1, 4, 12):
        path = folder / f"{times}.jsonl"
        spans_input.write(path, options.spans, copies=times)
        found.append(Case(f"rca: {times * options.spans:,} spans", ways.rca_store, path, times * options.spans))
    return found


SUITES = {"spans": spans, "logs": logs, "templates": templates, "cores": cores, "split": split, "memory": memory}


def run_one(way: str, path: Path, db: Path) -> None:
    """Run one contestant in this process and print what it took."""
    with contextlib.suppress(ImportError):  # what is imported once a process is no part of the rate
        import pandas as pd  # noqa: F401
    if way.startswith("rca"):
        import rca.ingest.formats
        import rca.store  # noqa: F401
    before, begun = usage()[0], time.perf_counter()
    rows = getattr(ways, way)(path, db)
    after, peak = usage()
    wall, stored = time.perf_counter() - begun, db.stat().st_size if db.exists() else 0
    print(json.dumps({"cpu": after - before, "wall": wall, "peak_mb": peak, "rows": rows, "stored": stored}))


def usage() -> tuple[float, float]:
    """Return CPU-seconds and peak memory in MB, of this process and its children."""
    of = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(item.ru_utime + item.ru_stime for item in of), sum(item.ru_maxrss for item in of) / 1024


def to_protobuf(source: Path, target: Path) -> None:
    """Write the same spans as the file exporter's length-prefixed protobuf."""
    import base64

    import orjson
    from google.protobuf import json_format
    from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

    def fixed(span: dict) -> dict:
        for key in ("traceId", "spanId", "parentSpanId"):
            span[key] = base64.b64encode(bytes.fromhex(span[key])).decode()
        return span

    with source.open("rb") as lines, target.open("wb") as out:
        for line in lines:
            document = orjson.loads(line)
            for entry in document["resourceSpans"]:
                for scope in entry["scopeSpans"]:
                    scope["spans"] = [fixed(span) for span in scope["spans"]]
            data = json_format.ParseDict(document, TracesData()).SerializeToString()
            out.write(len(data).to_bytes(4, "big") + data)


def same_rows(ours: Path, theirs: Path) -> str:
    import duckdb

    con = duckdb.connect()
    con.execute("ATTACH '" + str(ours) + "' AS ours (READ_ONLY)")
    con.execute("ATTACH '" + str(theirs) + "' AS theirs (READ_ONLY)")
    counts = [
        con.execute(
            f"SELECT count(*) FROM (SELECT {COMPARED} FROM {a}.spans EXCEPT ALL SELECT {COMPARED} FROM {b}.spans)"
        ).fetchone()[0]
        for a, b in (("ours", "theirs"), ("theirs", "ours"))
    ]
    return "identical rows" if counts == [0, 0] else f"rows differ: {counts[0]} only here, {counts[1]} only there"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("suites", nargs="*", metavar="SUITE", default=["spans"], help=", ".join(SUITES))
    parser.add_argument("--spans", type=int, default=200_000)
    parser.add_argument("--lines", type=int, default=500_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", default="", help="names of contestants that contain one of these words")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", nargs=3, metavar=("WAY", "FILE", "DB"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        run_one(options.one[0], Path(options.one[1]), Path(options.one[2]))
        return 0
    for suite in options.suites:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            results = measure(suite, Path(folder), options)
        print(json.dumps(results) if options.json else table(results), flush=True)
    return 0


def measure(suite: str, folder: Path, options: argparse.Namespace) -> dict:
    words = [word for word in options.only.split(",") if word]
    cases = [case for case in SUITES[suite](folder, options) if not words or any(word in case.name for word in words)]
    stores = [folder / f"{number}.duckdb" for number, _ in enumerate(cases)]
    runs: list[list[dict]] = [[] for _ in cases]
    for _ in range(options.repeats):
        for case, db, done in zip(cases, stores, runs, strict=True):
            db.unlink(missing_ok=True)
            done.append(in_a_process(case, db))
    found = {case.name: db for case, db in zip(cases, stores, strict=True) if db.exists()}
    ours, theirs = found.get("rca: OTLP JSON"), found.get("DuckDB read_ndjson typed + unnest")
    compared = same_rows(ours, theirs) if ours and theirs else ""
    rows = [
        {"name": case.name, "records": case.records, "size": case.size, "runs": done}
        for case, done in zip(cases, runs, strict=True)
    ]
    return {"suite": suite, "compared": compared, "rows": rows}


def in_a_process(case: Case, db: Path) -> dict:
    words = [sys.executable, __file__, "--one", case.way.__name__, str(case.path), str(db)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else {"absent": done.stderr.strip().splitlines()[-1:]}


def table(results: dict) -> str:
    lines = [
        f"{results['suite']}: {results['rows'][0]['records']:,} records, {results['rows'][0]['size'] / 1e6:,.0f} MB; {results['compared']}",
        "",
        "| way | CPU-s | spread | wall s | records per CPU-s | MB per CPU-s | peak MB | records | stored / source |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in results["rows"]:
        good = [run for run in row["runs"] if "cpu" in run]
        if not good:
            lines.append(f"| {row['name']} | {row['runs'][0].get('absent') if row['runs'] else ''} | | | | | | | |")
            continue
        cpu, wall = (statistics.median(run[kind] for run in good) for kind in ("cpu", "wall"))
        spread = f"{min(run['cpu'] for run in good):.2f}–{max(run['cpu'] for run in good):.2f}"
        stored = f"{good[-1]['stored'] / row['size']:.0%}" if good[-1]["stored"] else ""
        lines.append(
            f"| {row['name']} | {cpu:.2f} | {spread} | {wall:.2f} | {row['records'] / cpu:,.0f} | {row['size'] / 1e6 / cpu:,.0f} "
            f"| {max(run['peak_mb'] for run in good):,.0f} | {good[-1]['rows']:,} | {stored} |"
        )
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.exit(main())

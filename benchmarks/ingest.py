"""How fast telemetry gets into a store, next to what one would write otherwise and next to the limit.

    python benchmarks/ingest.py [--spans 200000] [--repeats 3] [--only NAME,…] [--folder DIR] [--json]

Every contestant runs in a process of its own, contestants interleaved, medians over the repeats. CPU-seconds are of the
process and its children: on a shared machine they are what can be compared. The rows of the obvious way are compared with
ours, column by column; the result is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
COMPARED = """trace_id, span_id, parent_span_id, service_name, span_name, span_kind, start_ns, duration_ns, status_code, status_message, service_version,
service_instance_id, deployment_environment_name, http_request_method, http_route, http_response_status_code, error_type, server_address, db_system_name,
db_namespace, db_collection_name, db_operation_name, db_query_text, calls, adjusted_count, attributes, resource_attributes"""


# ---- contestants: each reads `path`; those that store return the rows they stored ----
def rca_store(path: Path, db: Path) -> int:
    import rca

    with rca.open(db) as store:
        return store.ingest(path).total("records_kept")


def duckdb_unnest(path: Path, db: Path) -> int:
    import duckdb

    from rca.schema import create_statements

    con = duckdb.connect(str(db))
    for statement in create_statements():
        con.execute(statement)
    con.execute((HERE / "sql" / "otlp_spans.sql").read_text(), {"path": str(path)})
    count = con.execute("SELECT count(*) FROM spans").fetchone()[0]
    con.close()
    return count


def polars_explode(path: Path, db: Path) -> int:
    import polars as pl

    lines = pl.scan_ndjson(path, infer_schema_length=50)
    spans = lines.explode("resourceSpans").unnest("resourceSpans").explode("scopeSpans").unnest("scopeSpans").explode("spans").select(pl.col("resource"), pl.col("spans").struct.unnest())  # fmt: skip
    spans.sink_parquet(db.with_suffix(".parquet"))
    return pl.scan_parquet(db.with_suffix(".parquet")).select(pl.len()).collect().item()


def pandas_loop(path: Path, _db: Path) -> int:
    import pandas as pd

    frame = pd.read_json(path, lines=True)
    spans = pd.json_normalize(
        frame["resourceSpans"].explode().tolist(), ["scopeSpans", "spans"], [["resource", "attributes"]]
    )
    spans["attributes"] = [
        {pair["key"]: str(next(iter(pair["value"].values()))) for pair in pairs} for pairs in spans["attributes"]
    ]
    return len(spans)


def python_loop(path: Path, db: Path) -> int:
    import duckdb
    import orjson
    import pyarrow as pa

    def text(value: dict) -> str:
        return str(next(iter(value.values()), ""))

    rows = []
    with path.open("rb") as file:
        for line in file:
            for entry in orjson.loads(line)["resourceSpans"]:
                shared = [(pair["key"], text(pair["value"])) for pair in entry["resource"]["attributes"]]
                for scope in entry["scopeSpans"]:
                    rows += [
                        {
                            "trace_id": span["traceId"], "span_id": span["spanId"], "parent_span_id": span["parentSpanId"], "name": span["name"], "kind": span["kind"],
                            "start_ns": int(span["startTimeUnixNano"]), "end_ns": int(span["endTimeUnixNano"]), "resource": shared,
                            "attributes": [(pair["key"], text(pair["value"])) for pair in span["attributes"]],
                        }
                        for span in scope["spans"]
                    ]  # fmt: skip
    kind = pa.map_(pa.string(), pa.string())
    fields = [
        (
            name,
            pa.int64()
            if name in ("kind", "start_ns", "end_ns")
            else kind
            if name in ("attributes", "resource")
            else pa.string(),
        )
        for name in rows[0]
    ]
    table = pa.Table.from_pylist(rows, pa.schema(fields))
    con = duckdb.connect(str(db))
    con.register("incoming", table)
    con.execute("CREATE TABLE spans AS SELECT * FROM incoming")
    con.close()
    return len(rows)


def limit_read(path: Path, _db: Path) -> int:
    buffer, total = bytearray(1 << 20), 0
    with path.open("rb") as file:
        while got := file.readinto(buffer):
            total += got
    return 0 * total


def limit_tape(path: Path, _db: Path) -> int:
    """Parse into simdjson's tape where pysimdjson is installed, else skip over all values with msgspec."""
    try:
        import simdjson
    except ImportError:
        import msgspec

        decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
    else:
        decode = simdjson.Parser().parse
    with path.open("rb") as file:
        for line in file:
            decode(line)
    return 0


CONTESTANTS = {
    "rca: OTLP JSON": rca_store, "rca: OTLP protobuf": rca_store, "DuckDB read_ndjson typed + unnest": duckdb_unnest, "polars scan_ndjson + explode": polars_explode,
    "pandas read_json": pandas_loop, "Python loop (orjson)": python_loop, "limit: parse into a tape": limit_tape, "limit: read the bytes": limit_read,
}  # fmt: skip


def run_one(name: str, path: Path, db: Path) -> None:
    try:
        __import__({"pandas read_json": "pandas"}.get(name, "json"))
    except ImportError:
        print(json.dumps({"absent": "pandas is not installed"}))
        return
    if name.startswith("rca"):
        import rca.ingest.formats  # noqa: F401  (what is imported once a process is no part of the rate)
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    before, begun = sum(item.ru_utime + item.ru_stime for item in usage), time.perf_counter()
    rows = CONTESTANTS[name](path, db)
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    after = sum(item.ru_utime + item.ru_stime for item in usage)
    peak = max(item.ru_maxrss for item in usage) / 1024
    print(
        json.dumps(
            {
                "cpu": after - before,
                "wall": time.perf_counter() - begun,
                "peak_mb": peak,
                "rows": rows,
                "stored": db.stat().st_size if db.exists() else 0,
            }
        )
    )


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
    parser.add_argument("--spans", type=int, default=200_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", default="", help="names of contestants that contain one of these words")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", nargs=3, metavar=("NAME", "FILE", "DB"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        run_one(options.one[0], Path(options.one[1]), Path(options.one[2]))
        return 0
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        results = measure(Path(folder), options)
    print(json.dumps(results) if options.json else table(results))
    return 0


def measure(folder: Path, options: argparse.Namespace) -> dict:
    import spans_input

    source, packed = folder / "spans.jsonl", folder / "spans.bin"
    spans_input.write(source, options.spans)
    words = [word for word in options.only.split(",") if word]
    names = [name for name in CONTESTANTS if not words or any(word in name for word in words)]
    if "rca: OTLP protobuf" in names:
        to_protobuf(source, packed)
    runs: dict[str, list[dict]] = {name: [] for name in names}
    for _ in range(options.repeats):
        for number, name in enumerate(names):
            db = folder / f"{number}.duckdb"
            db.unlink(missing_ok=True)
            file = packed if "protobuf" in name else source
            done = subprocess.run(
                [sys.executable, __file__, "--one", name, str(file), str(db)],
                capture_output=True,
                text=True,
                check=False,
                env=os.environ,
            )
            runs[name].append(
                json.loads(done.stdout) if done.returncode == 0 else {"absent": done.stderr.strip().splitlines()[-1:]}
            )
    stores = {name: folder / f"{number}.duckdb" for number, name in enumerate(names)}
    ours, theirs = stores.get("rca: OTLP JSON"), stores.get("DuckDB read_ndjson typed + unnest")
    compared = same_rows(ours, theirs) if ours and theirs and ours.exists() and theirs.exists() else ""
    sizes = {name: (packed if "protobuf" in name else source).stat().st_size for name in names}
    return {"spans": options.spans, "bytes": source.stat().st_size, "sizes": sizes, "compared": compared, "runs": runs}


def table(results: dict) -> str:
    lines = [
        f"{results['spans']:,} spans, {results['bytes'] / 1e6:,.0f} MB of OTLP JSON; {results['compared']}",
        "",
        "| way | CPU-s | spread | wall s | spans per CPU-s | MB per CPU-s | peak MB | stored |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, runs in results["runs"].items():
        good = [run for run in runs if "cpu" in run]
        if not good:
            lines.append(f"| {name} | {runs[0].get('absent') if runs else ''} | | | | | | |")
            continue
        cpu = statistics.median(run["cpu"] for run in good)
        wall, peak = statistics.median(run["wall"] for run in good), max(run["peak_mb"] for run in good)
        spread = f"{min(run['cpu'] for run in good):.2f}–{max(run['cpu'] for run in good):.2f}"
        stored = f"{good[-1]['stored'] / results['sizes'][name]:.0%}" if good[-1]["stored"] else ""
        lines.append(
            f"| {name} | {cpu:.2f} | {spread} | {wall:.2f} | {results['spans'] / cpu:,.0f} | {results['sizes'][name] / 1e6 / cpu:,.0f} | {peak:,.0f} | {stored} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())

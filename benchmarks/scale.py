"""How statements grow with the number of spans: generated spans as Parquet, read where they lie.

    python benchmarks/scale.py --spans 2000000 8000000 [--engines duckdb clickhouse] [--folder PLACE]

Spans have the shape of the lab's: a gateway, three services and a database, eleven spans a trace, one trace in ten slow, several days in
one folder. Each statement runs once to warm the files, then is measured; results of the engines are compared to the last bit, and the
client's memory is the most that the process ever held.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import tempfile
import time
from pathlib import Path

import duckdb

import rca
from rca.sql import statement

STATEMENTS = ("red", "own_time", "requests_by_place", "dependency_hops", "request_call_counts", "trace_integrity")
START, LENGTH = 1_772_633_400_000_000_000, 3_600_000_000_000
GENERATE = (Path(__file__).parent / "sql" / "scale_spans.sql").read_text(encoding="utf-8")


def make(folder: Path, spans: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    step = 2_200_000
    con = duckdb.connect()
    con.execute("SET memory_limit = '2GB'")
    for number, first in enumerate(range(0, spans, step)):
        traces = (first // 11, min(first + step, spans) // 11)
        file = folder / f"spans-{number:03d}.parquet"
        text = (
            GENERATE.replace("$low", str(traces[0]))
            .replace("$high", str(traces[1]))
            .replace("$traces", str(max(1, spans // 11)))
        )
        con.execute(f"COPY ({text}) TO '{file}' (FORMAT parquet, COMPRESSION zstd)")
    con.close()


def opened(engine: str, folder: Path) -> rca.Store:
    if engine == "duckdb":
        return rca.open(folder)
    import clickhouse_connect

    client = clickhouse_connect.get_client(dsn="chdb://memory")
    database = f"scale_{folder.name}"
    client.command(f"CREATE DATABASE {database}")
    client.command(f"USE {database}")
    client.command(f"CREATE VIEW spans AS SELECT * FROM file('{folder}/*.parquet', Parquet)")
    return rca.open(client)


def measure(engine: str, folder: Path, spans: int) -> dict[str, str]:
    middle = START + LENGTH // 2
    params = {"service": "checkout", "start_ns": middle, "end_ns": START + LENGTH, "before_start_ns": START, "before_end_ns": middle,
              "from_ns": START, "to_ns": START + LENGTH, "bin_ns": 60_000_000_000, "least": 8}  # fmt: skip
    hashes, cells = {}, []
    with opened(engine, folder) as store:
        for name in STATEMENTS:
            text = statement(name).sql
            store.query(text, params)
            began = time.perf_counter()
            frame = store.query(text, params)
            cells.append(f"{time.perf_counter() - began:.2f}")
            hashes[name] = hashlib.sha256(repr(sorted(map(repr, frame.rows()))).encode()).hexdigest()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = sum(path.stat().st_size for path in folder.glob("*.parquet"))
    print(f"| {engine} | {spans:,} | {size / spans:.1f} | {' | '.join(cells)} | {peak:,.0f} |", flush=True)
    return hashes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spans", type=int, nargs="+", default=[2_000_000])
    parser.add_argument("--engines", nargs="+", choices=["duckdb", "clickhouse"], default=["duckdb"])
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    place = options.folder or Path(tempfile.mkdtemp())
    print(f"| engine | spans | B a span | {' | '.join(STATEMENTS)} | peak MB |")
    print("|" + "---|" * (len(STATEMENTS) + 4))
    for spans in options.spans:
        folder = place / str(spans)
        if not folder.exists():
            make(folder, spans)
        found = [measure(engine, folder, spans) for engine in options.engines]
        if any(one != found[0] for one in found):
            raise SystemExit(f"engines differ: {found}")


if __name__ == "__main__":
    main()

"""How statements grow with the number of spans: generated spans as Parquet, read where they lie.

    python benchmarks/scale.py --spans 2000000 20000000 [--engines duckdb clickhouse sail] [--folder PLACE]

Spans have the shape of the lab's: a gateway, three services and a database, eleven spans a trace, one trace in ten slow, over one
hour. The files are read into the system's cache first; results of the engines are compared to the last bit. Each engine and
size is a process of its own, and its memory the most that it ever held: of DuckDB and ClickHouse (chDB) that is the engine's, too, of
Sail it is the client's alone, and the server's is beside it. The last columns are seconds a span of all statements, by the clock and by the
processor (which other jobs disturb less), as a multiple of those at the size before: 1 is linear.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

import rca
from rca.measures.inventory import examined_below
from rca.sql import statement

STATEMENTS = ("red", "own_time", "requests_by_place", "dependency_hops", "request_call_counts", "trace_integrity")
START, LENGTH = 1_772_633_400_000_000_000, 3_600_000_000_000
STEP = 2_200_000
GENERATE = (Path(__file__).parent / "sql" / "scale_spans.sql").read_text(encoding="utf-8")


def make(folder: Path, spans: int) -> None:
    """Write the spans into files of two million, several at a time; whole or not at all."""
    unfinished = folder.with_name("unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    firsts = range(0, spans, STEP)
    with duckdb.connect(config={"threads": 1}) as con, ThreadPoolExecutor(os.cpu_count()) as pool:

        def write(number: int) -> None:
            traces = firsts[number] // 11, min(firsts[number] + STEP, spans) // 11
            text = GENERATE
            for word, value in (("$low", traces[0]), ("$high", traces[1]), ("$traces", max(1, spans // 11))):
                text = text.replace(word, str(value))
            file = unfinished / f"spans-{number:03d}.parquet"
            con.cursor().execute(f"COPY ({text}) TO '{file}' (FORMAT parquet, COMPRESSION zstd)")

        list(pool.map(write, range(len(firsts))))
    unfinished.rename(folder)


@contextmanager
def sail() -> Iterator[tuple[int, int]]:
    """Start Sail with its workers; give its process id and port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = shutil.which("sail") or str(Path(sys.executable).with_name("sail"))
    command = [program, "spark", "server", "--ip", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(
        command, env=os.environ | {"SAIL_MODE": "local-cluster"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(600):  # a busy machine takes its time
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.2)
        yield process.pid, port
    finally:
        process.kill()
        process.wait()


@contextmanager
def opened(engine: str, folder: Path) -> Iterator[tuple[rca.Store, int]]:
    """Give a store over the folder, and the process id of its server where it has one."""
    if engine == "duckdb":
        with rca.open(folder) as store:
            yield store, 0
    elif engine == "sail":
        warnings.simplefilter("ignore")  # the client warns of pandas, which rca does not use
        with sail() as (server, port), rca.open(f"sc://127.0.0.1:{port}?path={folder.parent}&tables=spans") as store:
            yield store, server
    else:
        import clickhouse_connect

        client = clickhouse_connect.get_client(dsn="chdb://memory")
        client.command("CREATE DATABASE scale")
        client.command("USE scale")
        client.command(f"CREATE VIEW spans AS SELECT * FROM file('{folder}/*.parquet', Parquet)")
        with rca.open(client) as store:
            yield store, 0


def measure(engine: str, folder: Path) -> None:
    """Print what one engine needs for each statement, as JSON."""
    middle = START + LENGTH // 2
    params = {"service": "checkout", "start_ns": middle, "end_ns": START + LENGTH, "before_start_ns": START, "before_end_ns": middle,
              "from_ns": START, "to_ns": START + LENGTH, "bin_ns": 60_000_000_000, "least": 8}  # fmt: skip
    for path in folder.glob("*.parquet"):
        path.read_bytes()  # into the cache of the system
    hashes, seconds, used = {}, {}, {}
    with opened(engine, folder) as (store, server):
        store.query(statement("red").sql, params)
        params["below"] = examined_below(store.tables()["spans"])
        for name in STATEMENTS:
            began, before = time.perf_counter(), processor(server)
            frame = store.query(statement(name).sql, params)
            seconds[name], used[name] = time.perf_counter() - began, processor(server) - before
            hashes[name] = hashlib.sha256(repr(sorted(map(repr, frame.rows()))).encode()).hexdigest()
        beside = Path(f"/proc/{server}/status").read_text(encoding="utf-8") if server else "VmHWM: 0"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    held = int(beside.split("VmHWM:")[1].split()[0]) // 1024
    print(json.dumps({"hashes": hashes, "seconds": seconds, "used": used, "peak": peak, "server": held}))


def processor(server: int) -> float:
    """Return the processor's seconds that this process and its server have used."""
    own = time.process_time()
    if not server:
        return own
    fields = Path(f"/proc/{server}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return own + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spans", type=int, nargs="+", default=[2_000_000])
    parser.add_argument("--engines", nargs="+", choices=["duckdb", "clickhouse", "sail"], default=["duckdb"])
    parser.add_argument("--folder", type=Path)
    parser.add_argument(
        "--one", nargs=2, metavar=("ENGINE", "FOLDER"), help="measure one engine over one folder, in this process"
    )
    options = parser.parse_args()
    if options.one:
        measure(options.one[0], Path(options.one[1]))
        return
    place = options.folder or Path(tempfile.mkdtemp())
    print(
        f"| engine | spans | B a span | {' | '.join(STATEMENTS)} | peak MB | server MB | processor s | time a span | processor a span |"
    )
    print("|" + "---|" * (len(STATEMENTS) + 8))
    before: dict[str, tuple[float, float]] = {}
    for spans in options.spans:
        folder = place / str(spans) / "spans"
        if not folder.exists():
            make(folder, spans)
        size, seen = sum(path.stat().st_size for path in folder.glob("*.parquet")), {}
        for engine in options.engines:
            command = [sys.executable, __file__, "--one", engine, str(folder)]
            found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
            cells = " | ".join(f"{found['seconds'][name]:.2f}" for name in STATEMENTS)
            used = sum(found["used"].values())
            each = sum(found["seconds"].values()) / spans, used / spans
            growth = [f"{now / then:.2f}" for now, then in zip(each, before.get(engine, ()), strict=False)] or ["", ""]
            before[engine] = each
            print(
                f"| {engine} | {spans:,} | {size / spans:.1f} | {cells} | {found['peak']:,} | {found['server'] or ''} | {used:.1f} | {' | '.join(growth)} |",
                flush=True,
            )
            seen[engine] = found["hashes"]
        if any(one != seen[options.engines[0]] for one in seen.values()):
            raise SystemExit(f"engines differ: {seen}")


if __name__ == "__main__":
    main()

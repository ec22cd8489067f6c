"""What rca adds to an engine's own time for one statement: composing it, checking it, making a frame of the rows.

    python benchmarks/overhead.py [--engines parquet clickhouse sail] [--times 5]

Every statement of ``rca/sql`` over the recorded incident; of each the least of several runs, the engine's own time taken off. Goal: less
than 50 ms. The first run is not counted: changes are fetched, and digests learned, in it.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scale import sail

import rca
from rca import sql

RECORDED = Path(__file__).resolve().parents[1] / "data" / "checkout-incident"
GOAL_MS = 50


@contextmanager
def opened(engine: str, folder: Path) -> Iterator[rca.Store]:
    """Give a store on one engine over the exported incident."""
    if engine == "parquet":
        with rca.open(folder) as store:
            yield store
    elif engine == "sail":
        warnings.simplefilter("ignore")  # the client warns of pandas, which rca does not use
        with sail() as (_, port), rca.open(f"sc://127.0.0.1:{port}?path={folder}") as store:
            yield store
    else:
        import clickhouse_connect

        client = clickhouse_connect.get_client(dsn="chdb://memory")
        client.command("CREATE DATABASE overhead")
        client.command("USE overhead")
        for path in folder.glob("*.parquet"):
            client.command(
                f"CREATE TABLE {path.stem} ENGINE = MergeTree ORDER BY tuple() AS SELECT * FROM file('{path}', Parquet)"
            )
        with rca.open(client) as store:
            yield store


class Stopwatch:
    """Adds up the time that calls of one function take."""

    def __init__(self, call: Callable[..., Any]) -> None:
        self.call, self.seconds = call, 0.0

    def __call__(self, *given: Any, **named: Any) -> Any:
        began = time.perf_counter()
        try:
            return self.call(*given, **named)
        finally:
            self.seconds += time.perf_counter() - began


def parameters(store: rca.Store) -> dict[str, Any]:
    """Return a value for every parameter that a statement may have."""
    row = store.query("SELECT MIN(start_ns) AS low, MAX(start_ns) AS high, MIN(trace_id) AS trace FROM spans").row(
        0, named=True
    )
    middle = (row["low"] + row["high"]) // 2
    return {
        "service": "checkout", "metric": "", "trace_id": row["trace"], "before_start_ns": row["low"], "before_end_ns": middle, "start_ns": middle,
        "end_ns": row["high"] + 1, "from_ns": row["low"], "to_ns": row["high"] + 1, "bin_ns": 60_000_000_000, "bucket_ns": 60_000_000_000,
        "slow_ns": 100_000_000, "least": 5, "most": 40,
    }  # fmt: skip


def added(store: rca.Store, times: int) -> dict[str, float]:
    """Return the milliseconds that rca adds to each statement."""
    of_type = {"VARCHAR": "", "BIGINT": 0, "INTEGER": 1, "DOUBLE": 1.0, "BOOLEAN": True, "VARCHAR[]": []}
    known, found = parameters(store), {}
    remote = hasattr(store.engine, "ask")
    if remote:
        store.engine.ask = watch = Stopwatch(store.engine.ask)
    else:
        watch = Stopwatch(lambda text, params: store.engine.con.execute(text, params).to_arrow_table())
    for name in sql.names():
        statement = sql.statement(name)
        params = {field.name: known.get(field.name, of_type[field.type]) for field in statement.params}
        least = []
        for _ in range(times + 1):
            watch.seconds = 0.0
            if not remote:
                watch(statement.sql, params)
            began = time.perf_counter()
            store.query(statement.sql, params)
            passed = time.perf_counter() - began
            least.append((passed - watch.seconds) * 1000)
        found[name] = max(0.0, min(least[1:]))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--engines", nargs="+", choices=["parquet", "clickhouse", "sail"], default=["parquet", "clickhouse", "sail"]
    )
    parser.add_argument("--times", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, rca.open() as recorded:
        recorded.ingest(RECORDED)
        folder = Path(place) / "telemetry"
        recorded.export(folder)
        print("| engine | statements | median ms | greatest ms | of | over the goal |")
        print("|---|---:|---:|---:|---|---:|")
        for engine in options.engines:
            with opened(engine, folder) as store:
                found = added(store, options.times)
            worst = max(found, key=found.__getitem__)
            over = sum(value >= GOAL_MS for value in found.values())
            print(
                f"| {engine} | {len(found)} | {statistics.median(found.values()):.1f} | {found[worst]:.1f} | {worst} | {over} |",
                flush=True,
            )


if __name__ == "__main__":
    main()

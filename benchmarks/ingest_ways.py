"""What competes in `ingest.py`: each way reads `path`; those that store return how many records they stored, or what else they counted."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent


def rca_store(path: Path, db: Path) -> int:
    import rca

    with rca.open(db) as store:
        return store.ingest(path).total("records_kept")


def rca_one_core(path: Path, db: Path) -> int:
    os.sched_setaffinity(0, {0})
    return rca_store(path, db)


def rca_read(path: Path, _db: Path) -> int:
    """Read and write nothing."""
    return _read_into(path, lambda *_: None)


def rca_written(path: Path, db: Path) -> int:
    """Read and write in one process, as `rca_store` does where there is one core."""
    return _written(path, db, ())


def rca_no_resources(path: Path, db: Path) -> int:
    return _written(path, db, ("resource_attributes",))


def rca_no_maps(path: Path, db: Path) -> int:
    return _written(path, db, ("resource_attributes", "attributes"))


def _written(path: Path, db: Path, left_out: tuple[str, ...]) -> int:
    """Read and write; the maps of some columns are left empty."""
    import pyarrow as pa

    import rca

    def insert(table: str, rows: pa.Table) -> None:
        for at, name in enumerate(rows.schema.names):
            if name in left_out:
                rows = rows.set_column(at, name, pa.nulls(len(rows), pa.map_(pa.string(), pa.string())))
        store.engine.insert(table, rows)

    with rca.open(db) as store, store.engine.writing():
        store.engine.execute("BEGIN")
        kept = _read_into(path, insert)
        store.engine.execute("COMMIT")
    return kept


def _read_into(path: Path, insert: Callable[..., None]) -> int:
    from rca.ingest.contract import Context
    from rca.ingest.discover import discover
    from rca.ingest.formats import choose
    from rca.ingest.limits import Limits
    from rca.ingest.reading import beginning, read_into
    from rca.ingest.sink import TableSink

    (source,) = discover(str(path), Limits())
    return read_into(choose(beginning(source)), source, TableSink(insert, "benchmark", Context())).kept


def rca_templates(path: Path, _db: Path) -> int:
    """Mine the messages of a file of them, one a line, in blocks such as the reader of logs has."""
    import polars as pl

    from rca.ingest.templates import Miner

    miner, found, block = Miner(), 0, 20_000
    bodies = pl.Series("body", path.read_text().splitlines())
    for at in range(0, len(bodies), block):
        some = bodies.slice(at, block)
        found += len(miner.templates(some, pl.repeat("", len(some), eager=True)))
    return found


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


def duckdb_logs(path: Path, db: Path) -> int:
    """Store what `read_json` makes of a log; of a bad line it makes a row of NULLs."""
    import duckdb

    con = duckdb.connect(str(db))
    con.execute("CREATE TABLE logs AS SELECT * FROM read_json($path, format = 'newline_delimited', ignore_errors = true)", {"path": str(path)})  # fmt: skip
    count = con.execute("SELECT count(message) FROM logs").fetchone()[0]
    con.close()
    return count


def polars_explode(path: Path, db: Path) -> int:
    import polars as pl

    lines = pl.scan_ndjson(path, infer_schema_length=50)
    spans = lines.explode("resourceSpans").unnest("resourceSpans").explode("scopeSpans").unnest("scopeSpans").explode("spans").select(pl.col("resource"), pl.col("spans").struct.unnest())  # fmt: skip
    spans.sink_parquet(db.with_suffix(".parquet"))
    return pl.scan_parquet(db.with_suffix(".parquet")).select(pl.len()).collect().item()


def _good(path: Path) -> io.BytesIO:
    """Return the lines that are whole, for readers that stop at one that is not."""
    return io.BytesIO(b"".join(line for line in path.open("rb") if line.endswith(b"}\n")))


def polars_logs(path: Path, db: Path) -> int:
    import polars as pl

    pl.scan_ndjson(_good(path), infer_schema_length=1_000).sink_parquet(db.with_suffix(".parquet"))
    return pl.scan_parquet(db.with_suffix(".parquet")).select(pl.col("message").count()).collect().item()


def pandas_loop(path: Path, _db: Path) -> int:
    import pandas as pd

    frame = pd.read_json(path, lines=True)
    spans = pd.json_normalize(frame["resourceSpans"].explode().tolist(), ["scopeSpans", "spans"], ["resource"])
    spans["attributes"] = [
        {pair["key"]: str(next(iter(pair["value"].values()))) for pair in pairs} for pairs in spans["attributes"]
    ]
    return len(spans)


def pandas_logs(path: Path, _db: Path) -> int:
    """Read a log into memory."""
    import pandas as pd

    return len(pd.read_json(_good(path), lines=True))


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
    of = {"kind": pa.int64(), "start_ns": pa.int64(), "end_ns": pa.int64(), "attributes": kind, "resource": kind}
    table = pa.Table.from_pylist(rows, pa.schema([(name, of.get(name, pa.string())) for name in rows[0]]))
    con = duckdb.connect(str(db))
    con.register("incoming", table)
    con.execute("CREATE TABLE spans AS SELECT * FROM incoming")
    con.close()
    return len(rows)


def python_logs(path: Path, db: Path) -> int:
    """Store the lines that can be parsed, with what has no column as a map of texts; count the others and forget them."""
    import duckdb
    import orjson
    import pyarrow as pa

    named, rows = ("timestamp", "level", "service", "message", "trace_id", "span_id"), []
    with path.open("rb") as file:
        for line in file:
            try:
                record = orjson.loads(line)
            except orjson.JSONDecodeError:
                continue
            rows.append(
                {key: record.get(key) for key in named}
                | {"attributes": [(key, str(value)) for key, value in record.items() if key not in named]}
            )
    kinds = [(name, pa.string()) for name in named] + [("attributes", pa.map_(pa.string(), pa.string()))]
    con = duckdb.connect(str(db))
    con.register("incoming", pa.Table.from_pylist(rows, pa.schema(kinds)))
    con.execute("CREATE TABLE logs AS SELECT * FROM incoming")
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

        decode, failure = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode, msgspec.DecodeError
    else:
        decode, failure = simdjson.Parser().parse, ValueError
    with path.open("rb") as file:
        for line in file:
            try:
                decode(line)
            except failure:
                continue
    return 0

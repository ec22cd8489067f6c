"""What it saves to keep statistics of Parquet files: the statements that may be computed file by file, over spans in several files.

    python benchmarks/scale.py --spans 20000000 --folder PLACE
    python benchmarks/kept.py PLACE/20000000/spans

Seconds by the clock and by the processor: without a folder for what is kept, with an empty one, with a full one, and with one that
lacks the last file.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import rca
from rca import sql

PARAMS = {"service": "", "start_ns": 0, "end_ns": 10**18 * 9, "bin_ns": 60_000_000_000, "slow_ns": 100_000_000}


def measured(folder: Path, keep: Path | None) -> tuple[float, float, list[object]]:
    names = [name for name in sql.names() if sql.statement(name).merge and "FROM spans" in sql.statement(name).sql]
    with rca.open(folder, keep=keep) as store:
        clock, processor = time.perf_counter(), time.process_time()
        rows = [store.query(sql.statement(name).sql, PARAMS).rows() for name in names]
        return time.perf_counter() - clock, time.process_time() - processor, rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    files = sorted(folder.glob("*.parquet"))
    with tempfile.TemporaryDirectory() as place:
        keep, earlier, most = Path(place) / "kept", Path(place) / "earlier", Path(place) / "most"
        most.mkdir()
        for path in files[:-1]:
            (most / path.name).symlink_to(path)
        ways = (("not kept", None), ("nothing kept yet", keep), ("all kept", keep))
        seen = []
        for name, where in ways:
            seconds, used, rows = measured(folder, where)
            seen.append(rows)
            print(f"{name}: {seconds:.2f} s, {used:.2f} s of the processor", flush=True)
        measured(most, earlier)
        seconds, used, rows = measured(folder, earlier)
        print(f"one file of {len(files)} is new: {seconds:.2f} s, {used:.2f} s of the processor")
        if any(one != rows for one in seen):
            raise SystemExit("what is kept differs from what is computed")


if __name__ == "__main__":
    main()

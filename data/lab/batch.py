"""Record many short incidents one after the other, keep those whose fault was felt, packed as rca's own tables.

``python -m lab batch --out incidents --minutes 60`` in ``data/``. A recording becomes a folder ``NAME`` of Parquet files with
``alert.json``, and ``NAME.truth`` beside it, which no analysis reads.
"""

from __future__ import annotations

import fnmatch
import json
import logging
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.model import Scenario
from lab.record import record
from lab.truth import Row, read

__all__ = ["batch", "felt", "pack"]

log = logging.getLogger("lab")
TABLES = ("spans", "logs", "queries", "metrics", "changes")
SLOWER, FAILING = 1.4, 0.03
"""Ratio of a p95 or p99, and rise of the share of failures, from which a fault was felt."""
EVENTS = """coalesce((SELECT list({'time_ns': e.time_ns, 'event_name': e.event_name, 'attributes': e.attributes} ORDER BY e.time_ns)
    FROM span_events e WHERE e.trace_id = spans.trace_id AND e.span_id = spans.span_id), []) AS events"""


@dataclass(frozen=True, slots=True)
class Felt:
    """What the load generator saw before and during."""

    before_p95: float
    during_p95: float
    before_p99: float
    during_p99: float
    before_failed: float
    during_failed: float
    worst_lag: float

    @property
    def clear(self) -> bool:
        """Whether the fault was felt."""
        slower = max(self.during_p95 / self.before_p95, self.during_p99 / self.before_p99) >= SLOWER
        return slower or self.during_failed - self.before_failed >= FAILING


def felt(truth: Path) -> Felt:
    """Compare the phases ``baseline`` and ``incident`` of a recording's truth."""
    rows = read(truth)
    parts = [[row for row in rows if row.phase == name and row.in_window] for name in ("baseline", "incident")]
    values: list[float] = []
    for q in (0.95, 0.99):
        values += [sorted(row.latency for row in part)[int(q * (len(part) - 1))] for part in parts]
    return Felt(*values, *(_failed(part) for part in parts), max(row.lag for row in rows))


def _failed(rows: list[Row]) -> float:
    return sum(row.status >= 500 or row.status == 0 for row in rows) / len(rows)


def pack(recording: Path, out: Path) -> None:
    """Write a recording's tables as Parquet, and its alert."""
    import duckdb

    import rca

    if out.exists():
        shutil.rmtree(out)
    out.mkdir(parents=True)
    connection = duckdb.connect()
    store = rca.open(connection)
    store.ingest(recording)
    for table in TABLES:
        rows = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        if rows and rows[0]:
            events = f", {EVENTS}" if table == "spans" else ""
            frame = connection.execute(
                f"SELECT * EXCLUDE (ingest_id, record_no){events} FROM {table} ORDER BY ingest_id, record_no"
            ).to_arrow_table()
            _write(frame, out / f"{table}.parquet")
    store.close()
    if (recording / "alert.json").exists():
        shutil.copy(recording / "alert.json", out / "alert.json")


def _write(frame: Any, path: Path) -> None:
    import pyarrow.parquet as pq

    pq.write_table(frame, path, compression="zstd", compression_level=19, store_schema=False)


def batch(scenarios: tuple[Scenario, ...], out: Path, *, pattern: str, minutes: float) -> None:
    """Record every scenario that matches and is not there yet, until the time is over."""
    end = time.monotonic() + minutes * 60
    out.mkdir(parents=True, exist_ok=True)
    for scenario in scenarios:
        if not fnmatch.fnmatch(scenario.name, pattern) or (out / scenario.name).exists():
            continue
        length = sum(phase.seconds for phase in scenario.phases) + 45
        if time.monotonic() + length > end:
            break
        try:
            log.info("%s: %s", scenario.name, _one(scenario, out))
        except LabError as error:
            log.warning("%s was given up: %s", scenario.name, error)


def _one(scenario: Scenario, out: Path) -> str:
    with tempfile.TemporaryDirectory(prefix="rca-lab-batch-") as folder:
        raw = Path(folder) / scenario.name
        record(scenario, raw, seed=1 + sum(map(ord, scenario.name)))
        truth = raw.with_name(f"{scenario.name}.truth")
        seen = felt(truth)
        said = (
            f"p95 {seen.before_p95:.3f} -> {seen.during_p95:.3f} s, p99 {seen.before_p99:.3f} -> {seen.during_p99:.3f} s, "
            f"failed {seen.before_failed:.1%} -> {seen.during_failed:.1%}, generator late by {seen.worst_lag * 1e3:.0f} ms at most"
        )
        wanted = scenario.expect[:1] != ("none",)
        if seen.clear != wanted:
            return f"discarded, {'not felt' if wanted else 'felt, but nothing is wrong'}: {said}"
        pack(raw, out / scenario.name)
        kept = out / f"{scenario.name}.truth"
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir()
        label = json.loads((truth / "phases.json").read_text())
        label["felt"] = {name: round(getattr(seen, name), 4) for name in seen.__slots__}
        (kept / "phases.json").write_text(json.dumps(label, indent=1) + "\n")
        size = sum(file.stat().st_size for file in (out / scenario.name).iterdir())
        alert = "alert" if (out / scenario.name / "alert.json").exists() else "no alert"
        return f"kept, {size / 1e3:.0f} kB, {alert}: {said}"

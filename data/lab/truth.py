"""What the load generator saw, phase by phase: ``python -m lab truth data/checkout-incident.truth``."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError

__all__ = ["Row", "read", "table"]


@dataclass(frozen=True, slots=True)
class Row:
    """One request as the generator saw it; times in seconds."""

    phase: str
    in_window: bool
    latency: float
    lag: float
    status: int
    route: str
    tier: str
    version: str
    variant: str
    db_queries: int | None


def read(folder: Path) -> list[Row]:
    """Read ``requests.csv.gz`` of a truth folder."""
    path = folder / "requests.csv.gz"
    if not path.exists():
        raise LabError(f"{folder} holds no requests.csv.gz: give the folder whose name ends in .truth")
    with gzip.open(path, "rt", newline="") as file:
        return [
            Row(
                row["phase"], row["in_window"] == "1", float(row["latency_ms"]) / 1e3, float(row["lag_ms"]) / 1e3,
                int(row["status"]), row["route"], row["tier"], row["version"], row["variant"],
                int(row["db_queries"]) if row["db_queries"] else None,
            )
            for row in csv.DictReader(file)
        ]  # fmt: skip


def _quantile(values: Sequence[float], q: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))] if ordered else float("nan")


def _line(name: str, rows: list[Row]) -> str:
    latencies = [row.latency for row in rows]
    failed = sum(row.status >= 500 or row.status == 0 for row in rows)
    flagged = [row.db_queries for row in rows if row.variant == "on" and row.db_queries is not None]
    plain = [row.db_queries for row in rows if row.variant == "off" and row.db_queries is not None]

    def mean(values: list[int]) -> str:
        return f"{sum(values) / len(values):.2f} ({len(values)})" if values else "–"

    return (
        f"| {name} | {len(rows)} | {_quantile(latencies, 0.5):.3f} | {_quantile(latencies, 0.95):.3f} "
        f"| {_quantile(latencies, 0.99):.3f} | {failed} ({failed / len(rows):.2%}) | {mean(plain)} | {mean(flagged)} "
        f"| {max(row.lag for row in rows) * 1e3:.1f} |"
    )


def table(folder: Path) -> str:
    """Return a Markdown table, one line a phase and, in the canary phase, one a version."""
    rows = read(folder)
    label = json.loads((folder / "phases.json").read_text())
    lines = [
        "| phase | requests | p50 s | p95 s | p99 s | failed | queries, flag off (n) | queries, flag on (n) | lag max ms |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for phase in label["phases"]:
        inside = [row for row in rows if row.phase == phase["name"] and row.in_window]
        if not inside:
            continue
        lines.append(_line(phase["name"], inside))
        versions = sorted({row.version for row in inside if row.version})
        if len(versions) > 1:
            lines += [_line(f"– {v}", [row for row in inside if row.version == v]) for v in versions]
    return "\n".join(lines)

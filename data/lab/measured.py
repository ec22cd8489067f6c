"""What a recording's own counters say, phase by phase: ``python -m lab measured checkout-incident``."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lab.errors import LabError

__all__ = ["table"]

HEAD = (
    "phase", "DB CPU", "checkout CPU, cores", "throttled periods", "throttled s", "longest queue", "scrapes with a queue",
    "busy workers", "DB connections", "slow promotions (max ms)", "other slow", "GC s",
)  # fmt: skip


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@dataclass(frozen=True, slots=True)
class Metrics:
    """The scraped series of a recording."""

    folder: Path

    def _series(self, name: str, service: str) -> Iterable[list[tuple[float, float]]]:
        path = self.folder / "metrics" / f"{name}.json.gz"
        if not path.exists():
            return
        with gzip.open(path) as file:
            for result in json.load(file)["data"]["result"]:
                if result["metric"].get("service") == service:
                    yield [(at, float(value)) for at, value in result["values"]]

    def increase(self, name: str, service: str, start: float, end: float) -> float:
        """Add up by how much the counters rose between the first and last scrape of the window."""
        total = 0.0
        for values in self._series(name, service):
            inside = [value for at, value in values if start <= at <= end]
            total += inside[-1] - inside[0] if inside else 0.0
        return total

    def values(self, name: str, service: str, start: float, end: float) -> list[float]:
        """Return the gauge's values in the window."""
        return [v for values in self._series(name, service) for at, v in values if start <= at <= end]


def _slow(folder: Path) -> list[tuple[float, float, bool]]:
    """Read the slow log: end, milliseconds, whether it reads promotions. A plan repeats its statement and is left out."""
    found = []
    with gzip.open(folder / "postgresql.json.gz", "rt") as file:
        for line in file:
            record = json.loads(line)
            words = record["message"].split(None, 3)
            if words[0] == "duration:" and not record["message"].partition(" ms")[2].lstrip().startswith("plan:"):
                at = datetime.strptime(record["timestamp"], "%Y-%m-%d %H:%M:%S.%f %Z").replace(tzinfo=UTC)
                statement = "FROM promotions" in record["message"]
                found.append((at.timestamp(), float(words[1]), statement))
    return found


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else float("nan")


def _range(values: list[float]) -> str:
    return f"{_mean(values):.1f} (max {max(values, default=0):.0f})"


def _row(metrics: Metrics, slow: list[tuple[float, float, bool]], phase: dict[str, Any]) -> list[str]:
    start, end = _seconds(phase["start"]), _seconds(phase["end"])

    def rise(name: str, service: str = "checkout") -> float:
        return metrics.increase(name, service, start, end)

    def seen(name: str, service: str = "checkout") -> list[float]:
        return metrics.values(name, service, start, end)

    periods, throttled = (rise(f"container_cpu_cfs_{name}_total") for name in ("periods", "throttled_periods"))
    queue = seen("worker_pool_queue_length_max")
    own = [ms for at, ms, promotions in slow if start <= at <= end and promotions]
    other = sum(start <= at <= end and not promotions for at, _, promotions in slow)
    return [
        phase["name"],
        f"{_mean(seen('pg_cpu_utilization_ratio', 'postgres')):.0%}",
        f"{rise('container_cpu_usage_seconds_total') / (end - start):.2f}",
        f"{throttled:.0f} of {periods:.0f} ({throttled / max(periods, 1):.1%})",
        f"{rise('container_cpu_cfs_throttled_seconds_total'):.1f}",
        f"{max(queue, default=0):.0f}",
        f"{sum(value > 0 for value in queue)} of {len(queue)}",
        _range(seen("worker_pool_busy")),
        _range(seen("db_client_connections_in_use")),
        f"{len(own)} ({max(own, default=0):.0f})",
        f"{other}",
        f"{rise('python_gc_pause_seconds_sum'):.2f}",
    ]


def table(folder: Path) -> str:
    """Return a Markdown table, one line a phase."""
    label = folder.with_name(f"{folder.name}.truth") / "phases.json"
    if not label.exists():
        raise LabError(f"{label} does not exist: give the folder of a recording that lies beside its truth")
    metrics, slow = Metrics(folder), _slow(folder)
    rows = [_row(metrics, slow, phase) for phase in json.loads(label.read_text())["phases"]]
    return "\n".join("| " + " | ".join(row) + " |" for row in [list(HEAD), ["---"] * len(HEAD), *rows])

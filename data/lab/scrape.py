"""What a Prometheus server would have scraped: every target's text, kept with its time and read when the load is over."""

from __future__ import annotations

import contextlib
import threading
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import psycopg
from prometheus_client.parser import text_string_to_metric_families

from lab.cgroups import PERIOD_US, CpuGroup

__all__ = ["Scraper", "Target"]

Series = dict[tuple[str, tuple[tuple[str, str], ...]], list[tuple[float, float]]]

# Not asked for by anybody, and of no use: when a counter was born, and what Python it is.
_SKIPPED = ("python_info", "process_virtual_memory_bytes", "process_start_time_seconds", "process_max_fds")

_TABLES = """SELECT relname, seq_scan, seq_tup_read, coalesce(idx_scan, 0) AS idx_scan FROM pg_stat_user_tables"""
_ACTIVITY = """SELECT coalesce(state, 'background'), count(*), count(*) FILTER (WHERE wait_event_type = 'Lock')
FROM pg_stat_activity WHERE datname = 'shop' AND pid <> pg_backend_pid() GROUP BY 1"""


@dataclass(frozen=True, slots=True)
class Target:
    """One process to be scraped."""

    service: str
    instance: str
    version: str
    metrics_port: int | None
    group: CpuGroup | None


@dataclass(slots=True)
class Scraper:
    """Scrapes all targets every few seconds in a thread of its own."""

    seconds: float
    database_url: str
    targets: dict[str, Target] = field(default_factory=dict)
    _texts: list[tuple[float, Target, str]] = field(default_factory=list)
    _samples: list[tuple[float, str, dict[str, str], float]] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name="scraper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after one last scrape."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(10)

    def _run(self) -> None:
        due = time.time()
        with psycopg.connect(self.database_url, application_name="exporter", autocommit=True) as connection:
            before: tuple[float, float] | None = None
            while not self._stop.is_set():
                for target in list(self.targets.values()):
                    with contextlib.suppress(OSError):
                        self._scrape(target)
                before = self._scrape_database(connection, before)
                due += self.seconds
                self._stop.wait(max(0.05, due - time.time()))

    def _scrape(self, target: Target) -> None:
        labels = {"service": target.service, "instance": target.instance}
        if target.group is not None:
            now, counted = time.time(), target.group.counters()
            names = {
                "container_cpu_cfs_periods_total": counted["periods"],
                "container_cpu_cfs_throttled_periods_total": counted["throttled_periods"],
                "container_cpu_cfs_throttled_seconds_total": counted["throttled_seconds"],
                "container_cpu_usage_seconds_total": counted["usage_seconds"],
            }
            if target.group.cpus is not None:
                names["container_spec_cpu_quota"] = target.group.cpus * PERIOD_US
                names["container_spec_cpu_period"] = PERIOD_US
            self._samples += [(now, name, labels, value) for name, value in names.items()]
        if target.metrics_port is not None:
            url = f"http://127.0.0.1:{target.metrics_port}/metrics"
            with urllib.request.urlopen(url, timeout=2) as answer:
                self._texts.append((time.time(), target, answer.read().decode()))

    def _scrape_database(
        self, connection: psycopg.Connection[Any], before: tuple[float, float] | None
    ) -> tuple[float, float] | None:
        labels = {"service": "postgres", "instance": "postgres-1"}
        now = time.time()
        for table, seq, read, idx in connection.execute(_TABLES).fetchall():
            named = labels | {"relname": table}
            self._samples.append((now, "pg_stat_user_tables_seq_scan", named, float(seq)))
            self._samples.append((now, "pg_stat_user_tables_seq_tup_read", named, float(read)))
            self._samples.append((now, "pg_stat_user_tables_idx_scan", named, float(idx)))
        waiting = 0
        for state, count, locked in connection.execute(_ACTIVITY).fetchall():
            waiting += locked
            self._samples.append((now, "pg_stat_activity_count", labels | {"state": state}, float(count)))
        self._samples.append((now, "pg_locks_waiting", labels, float(waiting)))
        group = next((t.group for t in self.targets.values() if t.service == "postgres"), None)
        if group is None:
            return None
        now, used = time.time(), group.counters()["usage_seconds"]
        if before is not None:
            # The server has one core to itself, so cores used are the share that is busy.
            share = (used - before[1]) / (now - before[0])
            self._samples.append((now, "pg_cpu_utilization_ratio", labels, round(share, 4)))
        return now, used

    def series(self, *, since: float, until: float) -> Series:
        """Return every series with the samples of the window, read from what was scraped."""
        found: Series = defaultdict(list)
        for at, name, labels, value in self._samples:
            if since <= at <= until:
                found[name, tuple(sorted(labels.items()))].append((at, value))
        for at, target, text in self._texts:
            if since <= at <= until:
                own = {"service": target.service, "instance": target.instance, "version": target.version}
                for name, labels, value in _samples(text):
                    found[name, tuple(sorted((labels | own).items()))].append((at, value))
        return found


def _samples(text: str) -> Iterable[tuple[str, dict[str, str], float]]:
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name not in _SKIPPED and not sample.name.endswith("_created"):
                yield sample.name, dict(sample.labels), sample.value


def matrices(found: Series) -> dict[str, dict[str, Any]]:
    """Shape series as answers of Prometheus' ``query_range``, one a metric name."""
    by_name: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for (name, labels), values in sorted(found.items()):
        by_name[name].append(
            {
                "metric": {"__name__": name, **dict(labels)},
                "values": [[round(at, 3), f"{value:.10g}"] for at, value in values],
            }
        )
    return {
        name: {"status": "success", "data": {"resultType": "matrix", "result": result}}
        for name, result in by_name.items()
    }

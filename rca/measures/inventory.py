"""What a store holds, counted: the first question of every investigation."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from rca.sql import statement
from rca.store import Store

__all__ = ["Inventory", "inventory", "sampling_by_minute", "trace_integrity"]


@dataclass(frozen=True, slots=True)
class Inventory:
    """One frame a signal; each has ``first_ns`` and ``last_ns`` and one row a service, system or kind."""

    spans: pl.DataFrame
    logs: pl.DataFrame
    metrics: pl.DataFrame
    queries: pl.DataFrame
    changes: pl.DataFrame

    @property
    def services(self) -> list[str]:
        """Names of all services that any signal names, sorted."""
        frames = (self.spans, self.logs, self.metrics, self.changes)
        return sorted({name for frame in frames for name in frame["service_name"].to_list() if name})

    @property
    def extent_ns(self) -> tuple[int, int] | None:
        """Earliest and latest time of any telemetry, changes left out; None where there is none."""
        frames = (self.spans, self.logs, self.metrics, self.queries)
        first = [value for frame in frames for value in frame["first_ns"].to_list() if value is not None]
        last = [value for frame in frames for value in frame["last_ns"].to_list() if value is not None]
        return (min(first), max(last)) if first else None


def inventory(store: Store) -> Inventory:
    """Count what is there, by service, system and kind.

    Examples
    --------
    >>> import rca
    >>> inventory(rca.open()).services
    []
    """
    names = ("spans", "logs", "metrics", "queries", "changes")
    return Inventory(*(store.query(statement(f"inventory_{name}").sql) for name in names))


def trace_integrity(store: Store) -> dict[str, int]:
    """Count what is wrong with the spans: orphans, clocks that disagree, impossible lengths."""
    row = store.query(statement("trace_integrity").sql).row(0, named=True)
    return {name: int(value or 0) for name, value in row.items()}


def sampling_by_minute(store: Store) -> pl.DataFrame:
    """Return how many requests each kept entry span stands for, by service and minute."""
    return store.query(statement("sampling_by_minute").sql)

"""What a store holds, counted: the first question of every investigation."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from rca.sql import statement
from rca.store import Store

__all__ = ["Inventory", "examined_below", "inventory", "sampling_by_minute", "trace_integrity"]

_EXAMINED = 4_000_000
"""Spans whose parents are looked up: a share of orphans is as good from these, and each costs a place in a table in memory."""
_FINEST = 4096


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


def trace_integrity(store: Store, spans: int = 0) -> dict[str, int]:
    """Count what is wrong with the spans: orphans, clocks that disagree, impossible lengths.

    Parameters
    ----------
    spans
        How many there are, as far as known. Of more than four million, whole traces with about so many are looked at: those whose ids,
        which are random, sort first. ``spans`` of the result says how many these were.
    """
    below = examined_below(spans)
    found = _integrity(store, below)
    if below and found["spans"] * _FINEST < spans * int(below, 16) // 2:  # ids that do not begin at random
        found = _integrity(store, "")
    return found


def examined_below(spans: int) -> str:
    """Return the first digits of an id below which traces are looked at where there are so many spans; ``''`` for all.

    Examples
    --------
    >>> examined_below(1_000_000), examined_below(20_000_000)
    ('', '200')
    """
    one_in = 1
    while spans > one_in * _EXAMINED and one_in < _FINEST:
        one_in *= 2
    return f"{_FINEST // one_in:03x}" if one_in > 1 else ""


def _integrity(store: Store, below: str) -> dict[str, int]:
    row = store.query(statement("trace_integrity").sql, below=below).row(0, named=True)
    return {name: int(value or 0) for name, value in row.items()}


def sampling_by_minute(store: Store) -> pl.DataFrame:
    """Return how many requests each kept entry span stands for, by service and minute."""
    return store.query(statement("sampling_by_minute").sql)

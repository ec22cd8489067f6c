"""Requests of a service and what is below them, laid out in arrays: who called what, and in which period."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from rca.errors import NoDataError
from rca.measures.callers import merged_calls
from rca.measures.periods import periods
from rca.measures.targets import CONNECT
from rca.measures.trees import Flags, Forest, Ints, forest
from rca.model import Incident, Window
from rca.sql import statement
from rca.store import Store

__all__ = ["EVERY", "Requests", "asked_windows", "bounds_of", "compared_windows", "limited", "requests", "spread_over"]

EVERY = 2**31 - 1
"""No limit to the number of traces: the greatest that every engine takes behind LIMIT."""


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests (entry spans) and the database calls below them.

    `rows` are the entry spans' rows in `tree`; `during` says which of them lie in the incident (all of them where there is
    none), `drawn` which stand for the others (all of them but those that were read for being slow). `calls` has one row a
    database call: its ``row``, its ``statement``, its real ``calls``.
    """

    tree: Forest
    rows: Ints
    during: Flags
    drawn: Flags
    calls: pl.DataFrame

    @property
    def entries(self) -> pl.DataFrame:
        """The entry spans, in the order of `rows`."""
        return self.tree.spans[self.rows]

    @property
    def weights(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Requests that each entry span stands for."""
        return self.entries["adjusted_count"].to_numpy()

    def counts(self) -> Ints:
        """Return the database calls below each request, in any service."""
        return spread_over(self.tree, self.rows, self.calls["row"].to_numpy(), self.calls["calls"].to_numpy())


def compared_windows(store: Store, incident: Incident) -> tuple[Window, Window]:
    """Return the two windows of :func:`rca.measures.periods.periods`; where nothing precedes, as much time as is compared."""
    try:
        found = periods(store, incident)
    except NoDataError:
        window = incident.window
        return incident.baseline_window or Window(window.start_ns - window.length_ns, window.start_ns), window
    return found.baseline, found.incident


def requests(
    store: Store,
    incident: Incident | None,
    *,
    windows: tuple[Window, Window] | None = None,
    most: int = EVERY,
    slow_ns: int = 0,
    slowest: int = 0,
) -> Requests:
    """Return the requests of the incident's service in both windows, or all root spans where there is no incident.

    Ancestry is exact, in any service and at any depth. It is found in arrays, not in SQL: recursion is the one thing that
    no portable subset has, and the spans of the traces in question are read once. Of more than `most` traces in a
    window, as many are taken by the end of their ids: at random, and the same ones each time. On top of these come
    `slowest` traces with a request of the incident of at least `slow_ns`, drawn the same way.
    """
    before, during = windows or asked_windows(store, incident)
    bounds = bounds_of(incident, before, during) | {"most": most, "slow_ns": slow_ns, "slowest": slowest}
    tree = forest(store.query(statement("request_spans").sql, bounds))
    entry = _entries(tree, incident)
    start = tree.spans["start_ns"].fill_null(-(2**63)).to_numpy()
    inside = (start >= during.start_ns) & (start < during.end_ns)
    compared = inside | ((start >= before.start_ns) & (start < before.end_ns))
    rows = np.flatnonzero(entry & compared)
    drawn = (tree.spans["drawn"] == 1).to_numpy()
    return Requests(tree, rows, inside[rows], drawn[rows], _database_calls(tree))


def asked_windows(store: Store, incident: Incident | None) -> tuple[Window, Window]:
    """Return the windows that :func:`requests` compares; twice all of time where there is no incident."""
    everything = Window(-(2**63), 2**63 - 1)
    return compared_windows(store, incident) if incident else (everything, everything)


def bounds_of(incident: Incident | None, before: Window, during: Window) -> dict[str, str | int]:
    """Return the parameters of a statement that compares two windows."""
    return {
        "service": incident.service_name if incident else "",
        "start_ns": during.start_ns,
        "end_ns": during.end_ns,
        "before_start_ns": before.start_ns,
        "before_end_ns": before.end_ns,
    }


def limited(asked: Requests, most: int) -> tuple[str, ...]:
    """Say that not all traces were read, where that is so."""
    traces = asked.entries.select("trace_id", during=pl.Series(asked.during)).unique().group_by("during").len()
    if (traces["len"] < most).all():
        return ()
    return (f"Of either window {most:,} traces were read, drawn at random where there are more.",)


def _entries(tree: Forest, incident: Incident | None) -> Flags:
    root: Flags = tree.roots & ~tree.orphan
    if incident is None:
        return root
    own: Flags = (tree.spans["service_name"] == incident.service_name).to_numpy()
    served: Flags = own & tree.spans["span_kind"].is_in(["SERVER", "CONSUMER"]).to_numpy()
    return served if served.any() else own & root


def _database_calls(tree: Forest) -> pl.DataFrame:
    made = (pl.col("db_system_name") != "") & ~pl.col("span_kind").is_in(["SERVER", "CONSUMER"])
    asks_nothing = (pl.col("statement") == pl.col("span_name")) & pl.col("span_name").str.contains(CONNECT)
    found = tree.spans.with_row_index("row").filter(made & ~asks_nothing)
    key = pl.concat_str("db_system_name", pl.lit("\0"), "statement")
    return merged_calls(tree, found.select(pl.col("row").cast(pl.Int64), "statement", "calls", key=key))


def spread_over(tree: Forest, entries: Ints, rows: Ints, amounts: Ints) -> Ints:
    """Return the sum of `amounts` below each entry; a row below several nested entries counts for each."""
    marked = np.zeros(tree.parent.size, dtype=bool)
    marked[entries] = True
    above = tree.above(marked)
    total = np.zeros(tree.parent.size)
    at = above[rows]
    while at.size:
        held = at >= 0
        at, amounts = at[held], amounts[held]
        total += np.bincount(at, weights=amounts, minlength=total.size)
        at = above[at]
    return np.rint(total[entries]).astype(np.int64)

"""What a statement of the slow log looks like: a missing index, waits for locks, another plan than before, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rca.digests import Statement
from rca.measures.plans import Scan, scans, shape

__all__ = ["Facts", "Suspicion", "suspect"]

_MANY_ROWS = 10_000
"""Rows read by one statement from which a scan costs more than its index would."""
_WASTE = 100.0
"""Rows read for each row returned."""
_LOCK_SHARE = 0.3
_PLAN_JUMP = 5.0
"""Times by which the rows read, or the length, must jump for another plan to be suspected."""

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of one statement: means by time bin, totals, plans in the order of time."""

    described: Statement
    events: int
    duration_ms: Array
    """Mean length by time bin."""
    examined: Array
    """Mean rows read by time bin; NaN where the log does not say."""
    examined_per_row: float | None
    lock_share: float
    locked: int
    full_scans: int
    waits: int
    """Waits of this statement that the server's log tells of."""
    plans: Sequence[str]


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A suspicion, the index that would help where one would, and why."""

    name: str
    reason: str
    index: str = ""


def suspect(facts: Facts) -> Suspicion:
    """Return the first suspicion that the facts carry, strongest kind of evidence first."""
    if facts.lock_share > _LOCK_SHARE and facts.locked >= 3:
        return Suspicion("lock_contention", f"{facts.lock_share:.0%} of its time went into waiting for locks")
    if facts.waits >= 3:
        return Suspicion(
            "lock_contention", f"the server's log tells of {facts.waits} waits for locks of this statement"
        )
    changed = _plan_changed(facts)
    return changed or _missing_index(facts) or Suspicion("none", "")


def _plan_changed(facts: Facts) -> Suspicion | None:
    """Say whether the same statement began to read far more rows, or changed its plan, at one point of time."""
    shapes = [shape(text) for text in facts.plans]
    if len(shapes) >= 6:
        cut = _cut([float(text == shapes[-1]) for text in shapes])
        if cut and shapes[0] != shapes[-1]:
            return Suspicion("plan_change", f"the plan changed from {shapes[0][:80]} to {shapes[-1][:80]}")
    rows = facts.examined[np.isfinite(facts.examined)]
    jump = _jump(rows) if len(rows) >= 6 else 1.0
    slower = _jump(facts.duration_ms)
    if jump > _PLAN_JUMP and slower > 2 and facts.described.equality and not facts.described.is_write:
        return Suspicion(
            "plan_change",
            f"it reads {jump:,.0f} times as many rows from one point of time on, and takes {slower:,.0f} times as long",
        )
    return None


def _cut(values: Sequence[float]) -> int:
    """Return where a run of zeros turns into a run of ones for good, or 0."""
    first = next((at for at, value in enumerate(values) if value), 0)
    clean = first > 0 and all(values[first:]) and not any(values[:first])
    return first if clean and min(first, len(values) - first) >= 2 else 0


def _jump(values: Array) -> float:
    """Return the median of the last half over that of the first at the split that separates them best, if it does so cleanly."""
    best = 1.0
    for at in range(2, len(values) - 1):
        early, late = values[:at], values[at:]
        low, high = float(np.quantile(early, 0.9)), float(np.quantile(late, 0.1))
        if low >= 0 and high > low:
            best = max(best, float(np.median(late)) / max(float(np.median(early)), 1.0))
    return best


def _missing_index(facts: Facts) -> Suspicion | None:
    seen = facts.described
    columns = _index_columns(seen)
    if (
        not columns
        or seen.aggregates
        or seen.operation not in ("SELECT", "UPDATE", "DELETE", "FIND", "AGGREGATE", "COUNT")
    ):
        return None
    table, names = columns
    index = f"CREATE INDEX ON {table} ({', '.join(names)})"
    read = [item for text in facts.plans for item in scans(text)]
    if read:
        return _from_plans(read, table, index)
    rows = facts.examined[np.isfinite(facts.examined)]
    if facts.examined_per_row is None or not len(rows):
        return None
    typical = float(np.median(rows))
    if facts.examined_per_row > _WASTE and typical >= _MANY_ROWS:
        scan = f", {facts.full_scans} of {facts.events} without an index" if facts.full_scans else ""
        return Suspicion(
            "missing_index",
            f"it reads {typical:,.0f} rows, {facts.examined_per_row:,.0f} for each row returned{scan}",
            index,
        )
    return None


def _from_plans(read: Sequence[Scan], table: str, index: str) -> Suspicion | None:
    whole = [item for item in read if item.whole and item.removed + item.kept >= _MANY_ROWS and item.waste > 0.99]
    if len(whole) * 2 < len(
        [item for item in read if item.relation.split(".")[-1] == table.rsplit(".", maxsplit=1)[-1].strip('"`')] or read
    ):
        return None
    item = whole[0]
    return Suspicion(
        "missing_index",
        f"its plan reads {item.relation} whole and throws away {item.waste:.1%} of {item.removed + item.kept:,.0f} rows",
        index,
    )


def _index_columns(seen: Statement) -> tuple[str, tuple[str, ...]] | None:
    """Return the table and the columns of an index that would serve the statement: equality, then one range, then sort."""
    for table in seen.tables:
        key = table if table in seen.equality or table in seen.range else ""
        equal, between = seen.equality.get(key, ()), seen.range.get(key, ())
        if not equal and not between:
            continue
        ordered = (*equal, *between[:1], *(() if between else seen.sort.get(key, ())))
        return table, tuple(dict.fromkeys(ordered))
    return None

"""Time between services: client span less server span, edge by edge, and which service the slow edges have in common."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import polars as pl

from rca.display import format_number
from rca.sql import statement
from rca.store import Store

__all__ = ["bucket_quantile", "edge_gaps", "edge_suspects", "level_shift", "usual_level"]

_LEAST = 3
"""Calls on either side below which an edge says nothing."""
_AFFECTED = 6.0
"""Shift, in units of an edge's own unrest, from which it counts as slowed."""


def bucket_quantile(buckets: npt.NDArray[np.int64], weights: npt.NDArray[np.float64], q: float) -> float:
    """Return a quantile in ms from buckets of nanoseconds (exponential histogram, scale 5, sorted); NaN where empty.

    Examples
    --------
    >>> round(bucket_quantile(np.array([-1, 637]), np.array([1.0, 3.0]), 0.5), 2)  # 637 is about one millisecond
    0.99
    """
    total = float(weights.sum())
    if not total:
        return float("nan")
    at = int(np.searchsorted(np.cumsum(weights), q * total))
    bucket = int(buckets[min(at, len(buckets) - 1)])
    return 0.0 if bucket < 0 else float(2.0 ** ((bucket + 0.5) / 32) / 1e6)


def level_shift(
    buckets: npt.NDArray[np.int64], before: npt.NDArray[np.float64], during: npt.NDArray[np.float64], floor: float = 0.0
) -> tuple[float, float, float]:
    """Return a level before and during in ms and its shift in units of unrest: of the median, or of the lower quartile.

    The greater shift of the two is taken. The lower quartile is what a healthy call takes even where the fault began
    before its alert and fills half of the baseline; the median sees a fault that slows only half of the calls.

    Parameters
    ----------
    buckets, before, during
        Histogram of nanoseconds (exponential, scale 5), sorted by bucket.
    floor
        Least unrest in ms: what is usual among the peers of what is measured.

    Examples
    --------
    >>> level_shift(np.array([637, 957]), np.array([10.0, 0.0]), np.array([0.0, 10.0]), floor=1.0)[2] > 500
    True
    """
    low, first, middle, high = (bucket_quantile(buckets, before, q) for q in (0.05, 0.25, 0.5, 0.9))
    now_first, now_middle = (bucket_quantile(buckets, during, q) for q in (0.25, 0.5))
    lower = (now_first - first) / max((first - low) / 0.97, 0.1 * first, floor, 0.05)
    centre = (now_middle - middle) / max((high - low) / 2.93, 0.1 * middle, floor, 0.05)
    return (first, now_first, lower) if lower > centre else (middle, now_middle, centre)


def usual_level(frame: pl.DataFrame, keys: list[str]) -> float:
    """Return the median over groups of what each takes before, in ms: below it a shift is of no account."""
    rows = []
    for _, part in frame.group_by(keys, maintain_order=True):
        rows.append(bucket_quantile(part["bucket"].to_numpy(), part["before"].to_numpy(), 0.5))
    known = [value for value in rows if value == value]  # noqa: PLR0124  (NaN)
    return float(np.median(known)) if known else 0.0


def edge_gaps(store: Store, params: Mapping[str, int]) -> pl.DataFrame:
    """Return for each edge how long calls spend between caller and callee, before and during.

    Parameters
    ----------
    store
        The telemetry.
    params
        The windows, as the statement ``edge_gaps`` names them.

    Returns
    -------
    polars.DataFrame
        ``caller, callee, before_ms, during_ms`` (medians or lower quartiles), ``calls_before, calls_during, shift`` (in units of the
        edge's unrest).
    """
    frame = store.query(statement("edge_gaps").sql, params)
    floor = usual_level(frame, ["caller", "callee"])
    rows = []
    for key, part in frame.group_by("caller", "callee", maintain_order=True):
        buckets = part["bucket"].to_numpy()
        before, during = part["before"].to_numpy(), part["during"].to_numpy()
        if before.sum() < _LEAST or during.sum() < _LEAST:
            continue
        usual, now, shift = level_shift(buckets, before, during, floor)
        rows.append((*key, usual, now, float(before.sum()), float(during.sum()), shift))
    schema = {
        "caller": pl.String,
        "callee": pl.String,
        "before_ms": pl.Float64,
        "during_ms": pl.Float64,
        "calls_before": pl.Float64,
        "calls_during": pl.Float64,
        "shift": pl.Float64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row").sort("shift", descending=True)


def edge_suspects(gaps: pl.DataFrame) -> dict[str, tuple[float, str]]:
    """Return for each service how much of all time lost between services its edges hold, and its worst edge in words.

    A service whose every edge slowed explains more than one of whose many edges one slowed: the value is the shift of
    its worst edge times the share of the loss that its edges cover times the share of its edges that slowed.

    Examples
    --------
    >>> gaps = pl.DataFrame({"caller": ["a", "b", "a"], "callee": ["x", "x", "y"], "before_ms": [1.0] * 3,
    ...     "during_ms": [500.0, 500.0, 1.0], "calls_during": [10.0] * 3, "shift": [100.0, 100.0, 0.0]})
    >>> found = edge_suspects(gaps)
    >>> max(found, key=lambda name: found[name][0])
    'x'
    """
    lost: dict[str, float] = {}
    worst: dict[str, tuple[float, str]] = {}
    ways: dict[str, list[tuple[bool, bool]]] = {}
    total = 0.0
    for row in gaps.iter_rows(named=True):
        excess = max(row["during_ms"] - row["before_ms"], 0.0) * row["calls_during"]
        slowed = row["shift"] >= _AFFECTED
        total += excess if slowed else 0.0
        words = f"{row['caller']} to {row['callee']}: {format_number(row['before_ms'])} → {format_number(row['during_ms'])} ms between them"
        for name, incoming in ((row["callee"], True), (row["caller"], False)):
            ways.setdefault(name, []).append((slowed, incoming))
            if slowed:
                lost[name] = lost.get(name, 0.0) + excess
                worst[name] = max(worst.get(name, (0.0, "")), (float(row["shift"]), words))
    out = {}
    for name, (shift, words) in worst.items():
        into = [slowed for slowed, incoming in ways[name] if incoming]
        share = sum(slowed for slowed, _ in ways[name]) / len(ways[name])
        share = max(share, sum(into) / len(into) if into else 0.0)
        out[name] = (shift * (lost[name] / total if total else 0.0) * share, words)
    return out

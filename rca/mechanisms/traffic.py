"""How many more requests come in: to one service, and from outside."""

from __future__ import annotations

import re
from collections.abc import Iterable

import polars as pl

from rca.measures.calls import CallGraph
from rca.measures.vocabulary import words

__all__ = ["entry_ratio", "rate_ratio", "surge_ratio"]

_PLAINLY = 6.0
"""Units of unrest from which a rate rose plainly."""
_RATE = re.compile(
    r"request|\brps\b|\bqps\b|\breqs?\b|traffic|throughput|workload|calls|hits|invocations|messages (in|received)|orders"
)


def surge_ratio(moved: pl.DataFrame, service: str) -> float:
    """Return how many times more requests come to a service, where its rate rose plainly; 1 where it did not."""
    return rate_ratio(moved.filter(pl.col("score") > _PLAINLY), [service]) or 1.0


def entry_ratio(shifts: pl.DataFrame, graph: CallGraph, service: str) -> float | None:
    """Return how many times more requests come in from outside, by the services that lead to one and that nothing calls."""
    above = graph.above(service)
    return rate_ratio(shifts, [name for name in above if not graph.above(name)])


def rate_ratio(shifts: pl.DataFrame, services: Iterable[str]) -> float | None:
    """Return how many times more requests come to some services, by the metric that says the most; None where none counts."""
    if shifts.is_empty():
        return None
    rows = shifts.filter(
        (pl.col("signal") == "requests")
        & pl.col("service_name").is_in(sorted(services))
        & (pl.col("before") > 0)
        & pl.col("metric_name").map_elements(_is_rate, return_dtype=pl.Boolean)
    )
    return None if rows.is_empty() else float((rows["during"] / rows["before"]).max())  # type: ignore[arg-type]


def _is_rate(metric: str) -> bool:
    return bool(_RATE.search(words(metric)))

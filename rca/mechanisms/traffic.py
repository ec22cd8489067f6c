"""How many more requests come in: to one service, and from outside."""

from __future__ import annotations

import re
from collections.abc import Iterable

import polars as pl

from rca.measures.calls import CallGraph
from rca.measures.vocabulary import words

__all__ = ["entry_ratio", "entry_share", "rate_ratio", "surge_ratio"]

_PLAINLY = 6.0
"""Units of unrest from which a rate rose plainly."""
_RATE = re.compile(
    r"request|\brps\b|\bqps\b|\breqs?\b|traffic|throughput|workload|calls|hits|invocations|messages (in|received)|orders"
)
_SENT = re.compile(r"outbound|outgoing|upstream|downstream|egress|\bclient\b|retr(y|ies)|forwarded|\bsent\b|to \w+$")
"""What a service sends is no request that comes to it."""


def surge_ratio(moved: pl.DataFrame, service: str) -> float:
    """Return how many times more requests come to a service, where its rate rose plainly; 1 where it did not."""
    return rate_ratio(moved.filter(pl.col("score") > _PLAINLY), [service]) or 1.0


def entry_ratio(shifts: pl.DataFrame, graph: CallGraph, service: str) -> float | None:
    """Return how many times more requests come in from outside, by the services that lead to one and that nothing calls."""
    above = graph.above(service)
    return rate_ratio(shifts, [name for name in above if not graph.above(name)])


def entry_share(shifts: pl.DataFrame, graph: CallGraph, service: str) -> float | None:
    """Return what share of the requests that a service gets more of comes in from outside; None where no metric tells.

    A rise of a small flow can lie wholly in a rise of a large one, whose ratio then hardly moves: differences tell, as far as
    the same metric counts both.
    """
    above = graph.above(service)
    here = _rates(shifts, [service])
    there = _rates(shifts, [name for name in above if not graph.above(name)])
    both = here.join(there, on="metric_name", suffix="_entry").with_columns(
        more=pl.col("during") - pl.col("before"), more_entry=pl.col("during_entry") - pl.col("before_entry")
    )
    both = both.filter(pl.col("more") > 0)
    return None if both.is_empty() else float((both["more_entry"] / both["more"]).max())  # type: ignore[arg-type]


def rate_ratio(shifts: pl.DataFrame, services: Iterable[str]) -> float | None:
    """Return how many times more requests come to some services, by the metric that says the most; None where none counts."""
    rows = _rates(shifts, services)
    return None if rows.is_empty() else float((rows["during"] / rows["before"]).max())  # type: ignore[arg-type]


def _rates(shifts: pl.DataFrame, services: Iterable[str]) -> pl.DataFrame:
    if shifts.is_empty():
        return pl.DataFrame(schema={"metric_name": pl.String, "before": pl.Float64, "during": pl.Float64})
    return shifts.filter(
        (pl.col("signal") == "requests")
        & pl.col("service_name").is_in(sorted(services))
        & (pl.col("before") > 0)
        & pl.col("metric_name").map_elements(_is_rate, return_dtype=pl.Boolean)
    ).select("metric_name", "before", "during")


def _is_rate(metric: str) -> bool:
    said = words(metric)
    return bool(_RATE.search(said)) and not _SENT.search(said)

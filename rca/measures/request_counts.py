"""How many database calls requests make: counted by trace for all of them where that is what ancestry gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from rca.measures.requests import Requests, asked_windows, bounds_of, limited, requests
from rca.model import Incident
from rca.sql import statement
from rca.stats.weighted import weighted_quantile
from rca.store import Store

__all__ = ["CallCounts", "call_counts"]

_MOST = 20_000
"""Traces of either window whose spans are all followed to their requests."""
_DRAWN, _SLOWEST = 2_000, 1_000
"""Of more: traces of either window that are drawn, and slow ones on top of them."""
_SLOW_SHARE = 0.02
"""The slowest requests that say what p99 is made of: those from p98 on."""


@dataclass(frozen=True, slots=True)
class CallCounts:
    """Requests by the number of database calls that they make.

    `cells` has one row a kind of request: ``period`` (``before``, ``during``, or ``all``), ``calls``, ``adjusted_count``
    (requests that each stands for), ``seen`` (spans). `asked` are the requests whose spans were followed, `slow` says
    which of these are the incident's slowest, from `slow_ns` on. `most` is the largest number of calls in any
    trace of the store that holds one request of the service. `notes` say how the numbers came about where not every span was followed.
    """

    cells: pl.DataFrame
    asked: Requests
    each: pl.DataFrame
    slow: pl.DataFrame
    slow_ns: float
    most: int
    notes: tuple[str, ...]


def call_counts(store: Store, incident: Incident | None) -> CallCounts:
    """Count the database calls below the requests of a service, in both windows.

    Up to 20,000 traces in a window, every span is followed to its request. Of more, all traces are counted without
    ancestry (database calls of the service, or of any service, in traces that hold one request), which is exact where
    calls belong to the request that the trace holds; whether they do is told by 2,000 drawn traces of either window and
    1,000 slow ones, whose spans are followed. Where a single one of them disagrees, 20,000 drawn ones are followed and
    stand for all.

    Examples
    --------
    >>> import rca
    >>> call_counts(rca.open(), None).cells.height
    0
    """
    windows = asked_windows(store, incident)
    traces = store.query(statement("request_call_counts").sql, bounds_of(incident, *windows))
    most = int(traces.filter(pl.col("entries") == 1)["every_call"].max() or 0)  # type: ignore[arg-type]
    inside = traces.filter(pl.col("period") != "")
    if not _large(inside):
        asked = requests(store, incident, windows=windows, most=_MOST)
        return _followed(asked, incident, most)
    edge = _edge(inside)
    asked = requests(store, incident, windows=windows, most=_DRAWN, slow_ns=int(edge), slowest=_SLOWEST)
    column = _agrees(asked, incident) if (inside["entries"] == 1).all() else None
    if column is None:
        return _followed(requests(store, incident, windows=windows, most=_MOST), incident, most)
    return _counted(asked, incident, inside, column, edge, most)


def _large(inside: pl.DataFrame) -> bool:
    return any(part["traces"].sum() > _MOST for part in inside.partition_by("period"))


def _edge(inside: pl.DataFrame) -> float:
    """Return the lower end of the bucket that holds p98 of the incident's lengths."""
    timed = inside.filter((pl.col("period") == "during") & (pl.col("bucket") >= 0))
    weight = (timed["adjusted_count"] * timed["traces"]).to_numpy()
    bucket = weighted_quantile(timed["bucket"].to_numpy(), 1 - _SLOW_SHARE, weight)
    return float(np.exp2(bucket / 32)) if np.isfinite(bucket) else float(2**62)


def _each(asked: Requests, incident: Incident | None) -> pl.DataFrame:
    names = np.where(asked.during, "during", "before") if incident else np.full(asked.rows.size, "all")
    columns = ["trace_id", "duration_ns", "adjusted_count", "service_version", "http_route"]
    return asked.entries.select(columns).with_columns(
        period=pl.Series(names, dtype=pl.String), calls=pl.Series(asked.counts()), request=pl.int_range(pl.len()),
        drawn=pl.Series(asked.drawn),
    )  # fmt: skip


def _followed(asked: Requests, incident: Incident | None, most: int) -> CallCounts:
    each = _each(asked, incident)
    cells = each.group_by("period", "calls", "adjusted_count").agg(seen=pl.len())
    now = each.filter((pl.col("period") == "during") & pl.col("duration_ns").is_not_null())
    edge = weighted_quantile(now["duration_ns"].to_numpy(), 1 - _SLOW_SHARE, now["adjusted_count"].to_numpy())
    return CallCounts(_sorted(cells), asked, each, now.filter(pl.col("duration_ns") >= edge), edge, most, limited(asked, _MOST))  # fmt: skip


def _counted(
    asked: Requests, incident: Incident | None, inside: pl.DataFrame, column: str, edge: float, most: int
) -> CallCounts:
    each = _each(asked, incident)
    period = pl.col("period") if incident else pl.lit("all").alias("period")
    cells = inside.group_by(period, pl.col(column).alias("calls"), "adjusted_count").agg(seen=pl.sum("traces"))
    slow = each.filter((pl.col("period") == "during") & (pl.col("duration_ns") >= edge))
    drawn = each.filter("drawn")
    note = (
        f"Calls are counted by trace, in all {int(inside['traces'].sum()):,}; of {each.height:,} traces, {drawn.height:,} drawn and "
        f"the rest slow ones, every span was followed, and each gives the same number (so at most {3 / drawn.height:.2%} of "
        "requests can differ). Statements, versions, routes and what calls cost are those of these traces."
    )
    return CallCounts(_sorted(cells), asked, each, slow, edge, most, (note,))


def _sorted(cells: pl.DataFrame) -> pl.DataFrame:
    return cells.select("period", "calls", "adjusted_count", pl.col("seen").cast(pl.Int64)).sort(
        "period", "calls", "adjusted_count"
    )


def _agrees(asked: Requests, incident: Incident | None) -> str | None:
    """Return the column of ``request_call_counts`` that gives the number of calls of each followed request, if one does."""
    if not asked.rows.size:
        return None
    spans, service = asked.tree.spans, incident.service_name if incident else ""
    made = (pl.col("asks") == 1) & ~pl.col("span_kind").is_in(["SERVER", "CONSUMER"])
    below = made if service else made & (pl.col("parent_span_id") != "")
    mine = below & (pl.col("service_name") == service)
    told = spans.group_by("trace_id").agg(
        every_call=pl.col("calls").filter(below).sum(), own_calls=pl.col("calls").filter(mine).sum()
    )
    both = asked.entries.select("trace_id", exact=pl.Series(asked.counts())).join(told, on="trace_id", how="left")
    fits = [name for name in ("every_call", "own_calls") if (both["exact"] == both[name]).all()]
    return fits[0] if fits else None

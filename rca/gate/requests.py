"""The requests of a run, one row each: from spans, and from log records that say how a request went."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from rca.errors import NoDataError
from rca.measures.logged import logged_requests
from rca.model import Window
from rca.sql import statement
from rca.store import Store

__all__ = ["EVER", "Run", "requests_of"]

EVER = Window(-(2**63), 2**63 - 1)
"""The whole of a store."""

_COLUMNS = (
    "service_name",
    "service_version",
    "route",
    "time_ns",
    "duration_ms",
    "failed",
    "weight",
    "calls",
    "example_trace_id",
)

_NUMBER_IN_PATH = r"/(?:\d+|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[0-9a-fA-F]{16,})\b"
"""Ids in a path that was not written as a template: one route, not one a shopper."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One side of a comparison: a store, and what of it counts."""

    store: Store
    window: Window = EVER
    version: str = ""
    """Only requests of this ``service.version``; services that name none of their requests so are left out."""
    role: str = "run"
    """Word for messages: baseline or candidate."""

    def __str__(self) -> str:
        parts = [str(self.store.engine.location)]
        parts += [f"version {self.version}"] if self.version else []
        parts += [str(self.window)] if self.window != EVER else []
        return f"{self.role} ({', '.join(parts)})"


def requests_of(run: Run) -> pl.DataFrame:
    """Return the requests of a run.

    A request is an entry span, or a log record with a route, a status and a length; the column ``source`` says which. The two see
    the same requests, so they are compared apart and never added.

    Returns
    -------
    polars.DataFrame
        ``source`` (``spans``, ``logs``), ``service_name``, ``route``, ``time_ns``, ``duration_ms``, ``failed`` (0, 1), ``weight`` (requests
        that the row stands for), ``calls`` (database calls; null where the source does not tell), ``example_trace_id``.

    Raises
    ------
    NoDataError
        When nothing of the store counts.
    """
    bounds = {"start_ns": run.window.start_ns, "end_ns": run.window.end_ns}
    spans = run.store.query(statement("gate_spans").sql, bounds)
    logs = logged_requests(run.store, "", run.window)
    frame = pl.concat([_of_spans(spans), logs.select(pl.lit("logs").alias("source"), *_COLUMNS)])
    if run.version:
        known = sorted(set(frame["service_version"].to_list()) - {""})
        frame = frame.filter(pl.col("service_version") == run.version)
        if frame.is_empty():
            raise NoDataError(
                f"The {run.role} holds no request of version {run.version!r}; there are: {', '.join(known) or 'none'}."
            )
    if frame.is_empty():
        raise NoDataError(
            f"The {run} holds no request: no entry span, and no log record with a route, a status and a length."
        )
    return frame.drop("service_version").with_columns(pl.col("route").str.replace_all(_NUMBER_IN_PATH, "/{id}"))


def _of_spans(frame: pl.DataFrame) -> pl.DataFrame:
    told = frame.group_by("service_name").agg((pl.col("calls").sum() > 0).alias("calls_traced"))
    return (
        frame.join(told, on="service_name", how="left")
        .select(
            pl.lit("spans").alias("source"),
            "service_name",
            "service_version",
            "route",
            "time_ns",
            (pl.col("duration_ns") / 1e6).alias("duration_ms"),
            pl.col("failed").cast(pl.Float64),
            "weight",
            # a service that never shows a call may have none, or an untraced database: both sides then say nothing
            pl.when(pl.col("calls_traced")).then(pl.col("calls")).alias("calls"),
            "example_trace_id",
        )
        .filter(pl.col("weight") > 0)
    )

"""What observing costs: how much telemetry the services write, before and during."""

from __future__ import annotations

import polars as pl

from rca.measures.periods import periods
from rca.model import Incident
from rca.sql import statement
from rca.store import Store

__all__ = ["telemetry_volume"]

_SECOND = 1_000_000_000


def telemetry_volume(store: Store, incident: Incident) -> pl.DataFrame:
    """Return how many log records and spans a second each service wrote, before and during.

    What was written is counted, not what it stands for: this is what storage, network and the services pay.

    Parameters
    ----------
    store
        The store.
    incident
        Window and baseline.

    Returns
    -------
    polars.DataFrame
        ``service_name``, ``kind`` (logs, spans), ``per_second_before``, ``per_second_during``, ``ratio`` of the two (None
        where nothing was written before), ``letters_before``, ``letters_during`` (of message or statement, a second).

    Raises
    ------
    NoDataError
        When there is no telemetry to choose a baseline from.

    Examples
    --------
    >>> import rca
    >>> inc = rca.Incident("a", start="2026-03-04T14:10Z", end="2026-03-04T15:00Z", baseline="1h")
    >>> telemetry_volume(rca.open(), inc).is_empty()
    True
    """
    windows = periods(store, incident)
    bounds = {
        "before_start_ns": windows.baseline.start_ns,
        "before_end_ns": windows.baseline.end_ns,
        "start_ns": windows.incident.start_ns,
        "end_ns": windows.incident.end_ns,
    }
    before, during = (window.length_ns / _SECOND for window in (windows.baseline, windows.incident))
    rows = store.query(statement("telemetry_volume").sql, bounds)
    return rows.select(
        "service_name",
        "kind",
        per_second_before=pl.col("before") / before,
        per_second_during=pl.col("during") / during,
        ratio=pl.when(pl.col("before") > 0).then(pl.col("during") / during / (pl.col("before") / before)),
        letters_before=pl.col("before_bytes") / before,
        letters_during=pl.col("during_bytes") / during,
    )

"""Resources that ran short: CPU, throttling, memory, collection of garbage, pools, queues, connections, disks, networks."""

from __future__ import annotations

import math

import polars as pl

from rca.errors import NoDataError
from rca.measures.periods import periods
from rca.measures.shifts import metric_series, shifts_between, step_of
from rca.measures.vocabulary import is_database
from rca.model import Incident
from rca.sql import statement
from rca.stats.levels import level_change
from rca.stats.multiplicity import fdr
from rca.store import Store

__all__ = ["SCHEMA", "saturation_signals"]

SCHEMA = {
    "signal": pl.String,
    "service_name": pl.String,
    "metric_name": pl.String,
    "before": pl.Float64,
    "during": pl.Float64,
    "change": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "score": pl.Float64,
    "p_value": pl.Float64,
    "q_value": pl.Float64,
    "unit": pl.String,
    "n_before": pl.Int64,
    "n_during": pl.Int64,
    "peak": pl.Float64,
    "bad": pl.Int64,
}

_KEYS = ("service_name", "metric_name")


def saturation_signals(store: Store, incident: Incident) -> pl.DataFrame:
    """Return how every metric of a resource moved during an incident, the most telling first.

    Parameters
    ----------
    store
        The telemetry.
    incident
        Window and baseline; all services are looked at.

    Returns
    -------
    polars.DataFrame
        ``signal`` (``cpu throttling gc memory pool queue connections db_cpu db_scan db_lock disk network breaker restarts
        retries replication``), ``service_name, metric_name, before, during`` (means), ``change`` (their difference) with
        its 95 % interval ``low, high``, ``score`` (shift of the quartiles in units of the baseline's unrest; positive
        hurts), ``p_value`` (batch means; null where a window has fewer than six points), ``q_value`` (corrected for the
        number of metrics that varied: Benjamini and Yekutieli), ``unit, n_before, n_during, peak, bad`` (1 where a rise
        hurts, -1 where a fall does).

    Raises
    ------
    NoDataError
        When no metric of a resource lies in both windows.
    """
    windows = periods(store, incident)
    step = step_of(windows)
    before = metric_series(store, windows.baseline, bin_ns=step)
    during = metric_series(store, windows.incident, bin_ns=step)
    of_resources = (pl.col("group") == "saturation") & ~pl.col("metric_name").str.ends_with("_bucket")
    frame = shifts_between(before, during).filter(of_resources)
    if frame.is_empty():
        raise NoDataError(
            f"No metric of a resource (CPU, memory, pools, queues, …) has points both in the baseline ({windows.baseline}) and in {incident}."
        )
    past, now = (series.partition_by(*_KEYS, as_dict=True, include_key=False) for series in (before, during))
    names = store.query(statement("metric_names").sql)
    units = {(row["service_name"], row["metric_name"]): row["unit"] for row in names.iter_rows(named=True)}
    rows = [
        _row(row, past[key]["value"], now[key]["value"], units.get(key, ""))
        for row in frame.iter_rows(named=True)
        for key in [(row["service_name"], row["metric_name"])]
    ]
    table = pl.DataFrame(rows, schema={name: kind for name, kind in SCHEMA.items() if name != "q_value"}, orient="row")
    p_values = table["p_value"].to_numpy()
    table = table.with_columns(pl.Series("q_value", fdr(p_values), nan_to_null=True)).select(*SCHEMA)
    return table.sort("score", *_KEYS, descending=[True, False, False])


def _row(row: dict[str, object], past: pl.Series, now: pl.Series, unit: str) -> tuple[object, ...]:
    x, y = past.to_numpy(), now.to_numpy()
    signal = "db_cpu" if row["signal"] == "cpu" and is_database(str(row["service_name"])) else row["signal"]
    bad = -1 if row["bad"] == -1 else 1
    score = bad * float(str(row["score"]))
    means = float(x.mean()), float(y.mean())
    tested: tuple[float | None, ...] = (None, None, None)
    if x.std() > 0 or y.std() > 0 or not math.isclose(*means):
        try:
            found = level_change(x, y)
            tested = found.low, found.high, found.p_value
        except NoDataError:
            pass
    known = signal, row["service_name"], row["metric_name"]
    return (*known, *means, means[1] - means[0], *tested[:2], score, tested[2], unit, len(x), len(y), row["peak"], bad)

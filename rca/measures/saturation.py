"""Resources that ran short: CPU, throttling, memory, collection of garbage, pools, queues, connections, disks, networks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from rca.errors import NoDataError
from rca.measures.periods import Periods, periods
from rca.measures.shifts import metric_series, metric_shifts, step_of
from rca.model import Incident
from rca.sql import statement
from rca.stats.placebo import placebo_test
from rca.stats.quantiles import quantile_change
from rca.store import Store

__all__ = ["saturation_signals"]

Array = npt.NDArray[np.float64]

_TESTED = 30
"""Most shifted metrics for which intervals and placebo tests are made; they cost."""

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
    "unit": pl.String,
    "n_before": pl.Int64,
    "n_during": pl.Int64,
    "peak": pl.Float64,
}


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
        ``signal`` (``cpu throttling gc memory pool queue connections db_cpu db_lock disk network breaker restarts retries
        replication``), ``service_name, metric_name, before, during`` (medians), ``change`` (difference of the medians) with
        its 95 % interval ``low, high``, ``score`` (shift in units of the baseline's unrest; positive hurts), ``p_value``
        (placebo; null where the baseline does not join the incident), ``unit, n_before, n_during, peak``.

    Raises
    ------
    NoDataError
        When no metric of a resource lies in both windows.
    """
    windows = periods(store, incident)
    frame = metric_shifts(store, windows).filter(pl.col("group") == "saturation")
    if frame.is_empty():
        raise NoDataError(
            f"No metric of a resource (CPU, memory, pools, queues, …) has points both in the baseline ({windows.baseline}) and in {incident}."
        )
    bad = pl.when(pl.col("bad") < 0).then(-pl.col("score")).otherwise(pl.col("score"))
    frame = frame.with_columns(bad.alias("score")).sort(
        "score", "service_name", "metric_name", descending=[True, False, False]
    )
    names = store.query(statement("metric_names").sql)
    units = {(row["service_name"], row["metric_name"]): row["unit"] for row in names.iter_rows(named=True)}
    rows = []
    for place, row in enumerate(frame.iter_rows(named=True)):
        tested = _tested(store, windows, row["service_name"], row["metric_name"]) if place < _TESTED else (None,) * 3
        change = row["during"] - row["before"]
        unit = units.get((row["service_name"], row["metric_name"]), "")
        rows.append(
            (row["signal"], row["service_name"], row["metric_name"], row["before"], row["during"], change, *tested[:2],
             row["score"], tested[2], unit, row["n_before"], row["n_during"], row["peak"])
        )  # fmt: skip
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _tested(
    store: Store, windows: Periods, service: str, metric: str
) -> tuple[float | None, float | None, float | None]:
    step = step_of(windows)
    base, hot = windows.baseline, windows.incident
    before = metric_series(store, base, bin_ns=step, service=service, metric=metric)
    during = metric_series(store, hot, bin_ns=step, service=service, metric=metric)
    past, now = before["value"].to_numpy(), during["value"].to_numpy()
    try:
        found = quantile_change(past, now, 0.5, scale="difference")
        low, high = found.low, found.high
    except NoDataError:
        low = high = None
    return low, high, _placebo(past, now, joined=base.end_ns >= hot.start_ns - 2 * step)


def _placebo(past: Array, now: Array, *, joined: bool) -> float | None:
    """Return the placebo p-value of the shift at the start of the incident; None where the history is too short."""
    size = min(len(now), len(past) // 3)
    if not joined or size < 2:
        return None
    try:
        return placebo_test(np.concatenate([past, now[:size]]), len(past), size).p_value
    except NoDataError:
        return None

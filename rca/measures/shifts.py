"""How far every metric moved between two windows, in units of its own unrest, so that no unit of measure matters."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from rca.measures.periods import Periods
from rca.measures.vocabulary import meaning
from rca.model import Window
from rca.sql import statement
from rca.store import Store

__all__ = ["metric_series", "metric_shifts", "shifts_between", "spread", "step_of"]

Array = npt.NDArray[np.float64]

_SECOND = 1_000_000_000
_BINS = 1_000
_RELATIVE = 0.05
"""A shift below a twentieth of the level is not worth a unit: a constant's smallest tremor would else count as infinite."""

_FULL = 0.002
"""The same for a share that is nearly full (availability, success): what is lost from it counts, not what is left."""
_FINE = 20
"""Points in a window from which it does not matter where the first and the last one lie."""
_FEW = 4
"""Points at which the unrest of a baseline is counted double."""

SCHEMA = {
    "service_name": pl.String,
    "metric_name": pl.String,
    "signal": pl.String,
    "group": pl.String,
    "bad": pl.Int64,
    "before": pl.Float64,
    "during": pl.Float64,
    "peak": pl.Float64,
    "score": pl.Float64,
    "excess": pl.Float64,
    "n_before": pl.Int64,
    "n_during": pl.Int64,
}


def step_of(windows: Periods) -> int:
    """Return a length of time bin that cuts both windows into about a thousand, whole seconds."""
    total = windows.baseline.length_ns + windows.incident.length_ns
    return max(1, total // _BINS // _SECOND) * _SECOND


def metric_series(store: Store, window: Window, *, bin_ns: int, service: str = "", metric: str = "") -> pl.DataFrame:
    """Return every metric as a series of levels: gauges as they are, counters as rates, histograms as their mean.

    Counters are what its source calls so, and what is named like one (``_total``) and only ever rises, but for fresh
    starts: plain tables say of no column what it is.

    Parameters
    ----------
    store, window
        Where and when.
    bin_ns
        Length of a time bin in ns.
    service, metric
        Only this service or metric; empty for all.

    Returns
    -------
    polars.DataFrame
        ``service_name, metric_name, bin_ns, value``. A histogram also gives ``<name>.count``, observations a second.
    """
    params = {
        "service": service,
        "metric": metric.removesuffix(".count"),
        "start_ns": window.start_ns,
        "end_ns": window.end_ns,
        "bin_ns": bin_ns,
    }
    keys = ["service_name", "metric_name", "bin_ns"]
    points = store.query(statement("metric_points").sql, params)
    running = store.query(statement("running_increases").sql, params)
    points = points.join(running.select("metric_name").unique(), on="metric_name", how="anti")
    gauges = points.select(*keys, (pl.col("total") / pl.col("points")).alias("value"))
    increases = store.query(statement("metric_increases").sql, params)
    increases = increases.filter(pl.col("elapsed_ns") > 0)
    plain = pl.concat([increases.filter(~pl.col("is_histogram")).select(running.columns), running])
    rates = plain.select(*keys, (pl.col("total") / _seconds(bin_ns)).alias("value"))
    histograms = increases.filter(pl.col("is_histogram") & (pl.col("observations") > 0))
    means = histograms.select(*keys, (pl.col("total") / pl.col("observations")).alias("value"))
    counts = histograms.select(
        "service_name",
        (pl.col("metric_name") + ".count").alias("metric_name"),
        "bin_ns",
        (pl.col("observations") / _seconds(bin_ns)).alias("value"),
    )
    frame = pl.concat([gauges, rates, means, counts]).drop_nulls("value").filter(pl.col("value").is_finite())
    return frame.sort(keys)


def _seconds(bin_ns: int) -> pl.Expr:
    """Several points in one bin rose over the whole bin, one point over the time since the point before."""
    return pl.max_horizontal("elapsed_ns", pl.when(pl.col("points") > 1).then(float(bin_ns)).otherwise(0.0)) / 1e9


def metric_shifts(store: Store, windows: Periods, *, service: str = "", metric: str = "") -> pl.DataFrame:
    """Compare every metric of every service during the incident with its baseline.

    The score is signed and has no unit: the upper quartile during the incident less the one before, over the unrest of
    the baseline (its standard deviation or its quantile spread, the greater) plus a twentieth of its level,
    or of what is missing of it where it is a share that should be full. A fall is measured on the lower quartiles.

    Parameters
    ----------
    store, windows
        The telemetry and the two windows.
    service, metric
        Only this service or metric; empty for all.

    Returns
    -------
    polars.DataFrame
        ``service_name, metric_name, signal, group, bad`` (1 where a rise hurts), ``before, during`` (medians), ``peak``
        (farthest value in the direction of the shift), ``score``, ``excess`` (the same shift in the metric's unit), ``n_before, n_during``.
    """
    step = step_of(windows)
    before = _covering(store, windows.baseline, step, service, metric)
    during = _covering(store, windows.incident, step, service, metric)
    return shifts_between(before, during)


def _covering(store: Store, window: Window, bin_ns: int, service: str, metric: str) -> pl.DataFrame:
    """Return the series of the points that tell of a window: a point speaks of the time since the point before it.

    Where points come once a minute and the incident lasts two, the last one comes after its end, and the first still
    speaks of the time before. So a point counts by the middle of its step, where the step is long against the window.
    """
    late = Window(window.start_ns, window.end_ns + window.length_ns // 2)
    frame = metric_series(store, late, bin_ns=bin_ns, service=service, metric=metric)
    step = pl.col("bin_ns").diff().median().over("service_name", "metric_name").fill_null(0)
    half = pl.when(step * _FINE > window.length_ns).then(step / 2).otherwise(0.0)
    middle = pl.col("bin_ns") - half
    return frame.filter((middle >= window.start_ns - bin_ns) & (middle < window.end_ns))


def shifts_between(past: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """Return what :func:`metric_shifts` returns, of series from :func:`metric_series` of the two windows.

    Examples
    --------
    >>> levels = {"service_name": ["a"] * 4, "metric_name": ["queue_length"] * 4, "bin_ns": [0, 1, 2, 3]}
    >>> past, now = (pl.DataFrame(levels | {"value": values}) for values in ([1.0, 2, 1, 2], [8.0, 9, 8, 9]))
    >>> shifts_between(past, now)["score"].round(1).to_list()
    [4.3]
    """
    before, during = _summary(past), _summary(now)
    both = during.join(before.filter(pl.col("n") > 1), on=["service_name", "metric_name"], suffix="_before")
    if both.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    score, excess = _scores(both)
    means = [meaning(name) for name in both["metric_name"].to_list()]
    return pl.DataFrame(
        {
            "service_name": both["service_name"],
            "metric_name": both["metric_name"],
            "signal": [item.signal for item in means],
            "group": [item.group for item in means],
            "bad": [item.bad for item in means],
            "before": both["q50_before"],
            "during": both["q50"],
            "peak": np.where(score >= 0, both["max"].to_numpy(), both["min"].to_numpy()),
            "score": score,
            "excess": excess,
            "n_before": both["n_before"].cast(pl.Int64),
            "n_during": both["n"].cast(pl.Int64),
        },
        schema=SCHEMA,
    ).sort(pl.col("score").abs(), "service_name", "metric_name", descending=[True, False, False])


def _summary(series: pl.DataFrame) -> pl.DataFrame:
    value = pl.col("value")
    quantiles = [value.quantile(q, "linear").alias(f"q{round(100 * q):02d}") for q in (0.05, 0.25, 0.5, 0.75, 0.95)]
    return series.group_by("service_name", "metric_name", maintain_order=True).agg(
        value.len().alias("n"),
        *quantiles,
        value.std(ddof=0).alias("std"),
        value.min().alias("min"),
        value.max().alias("max"),
    )


def _scores(both: pl.DataFrame) -> tuple[Array, Array]:
    """Return :func:`shift` of every row at once, and the same in the metric's unit."""

    def column(name: str) -> Array:
        return both[name].to_numpy().astype(np.float64)

    past = {name: column(f"{name}_before") for name in ("q05", "q25", "q50", "q75", "q95", "std", "n")}
    unrest = np.maximum(
        past["std"], np.maximum((past["q75"] - past["q25"]) / 1.349, (past["q95"] - past["q05"]) / 3.29)
    )
    level = _RELATIVE * np.abs(past["q50"])
    full = np.array([meaning(name).signal == "availability" for name in both["metric_name"].to_list()])
    ceiling = np.maximum(column("max_before"), column("max"))
    failing = np.maximum(_RELATIVE * np.abs(ceiling - past["q50"]), _FULL * np.abs(ceiling))
    scale = (unrest + np.where(full, failing, level)) * (1 + _FEW / past["n"])
    fresh = _RELATIVE * np.maximum(np.abs(column("q75")), np.abs(column("q25")))
    scale = np.where(scale == 0, fresh, scale)
    scale = np.where(scale == 0, 1.0, scale)
    up, down, middle = (column(name) - past[name] for name in ("q75", "q25", "q50"))
    excess = np.asarray(np.where((up <= 0) & (down >= 0), middle, np.where(up >= -down, up, down)), dtype=np.float64)
    return excess / scale, excess


def spread(past: Array) -> float:
    """Return how restless a series is: standard deviation or quantile spread, the greater, and 5 % of its level.

    Few points know little of their unrest, so that of n points counts for ``1 + 4 / n`` of itself.

    Examples
    --------
    >>> spread(np.full(100, 10.0))
    0.52
    """
    low, first, middle, third, high = np.quantile(past, [0.05, 0.25, 0.5, 0.75, 0.95])
    unrest = max(float(past.std()), float(third - first) / 1.349, float(high - low) / 3.29)
    return (unrest + _RELATIVE * abs(float(middle))) * (1 + _FEW / len(past))


def shift(past: Array, values: Array) -> float:
    """Return the signed shift of `values` against `past` in units of the unrest of `past`.

    Examples
    --------
    >>> shift(np.zeros(5), np.ones(5)), shift(np.arange(5.0), np.arange(5.0))
    (20.0, 0.0)
    """
    scale = spread(past)
    low, high = (float(np.quantile(values, q)) for q in (0.25, 0.75))
    if scale == 0:  # always zero before: anything now is new, and its size has nothing to be compared with
        scale = _RELATIVE * max(abs(low), abs(high))
    if scale == 0:
        return 0.0
    up = (high - float(np.quantile(past, 0.75))) / scale
    down = (low - float(np.quantile(past, 0.25))) / scale
    if up <= 0 <= down:
        return float(np.median(values) - np.median(past)) / scale
    return up if up >= -down else down

"""Requests as histograms of metrics count them: every one, by bucket of latency and by whether it failed."""

from __future__ import annotations

import re

import numpy as np
import polars as pl

from rca.measures.counted import binned_counts
from rca.measures.served import served_rank
from rca.measures.vocabulary import to_ms
from rca.model import Window
from rca.sql import statement
from rca.stats.binned import Binned
from rca.stats.loghistogram import bucket_index, bucket_value
from rca.stats.weighted import weighted_quantile
from rca.store import Store

__all__ = ["SCHEMA", "binned_metrics", "metered_requests", "p99_by_both", "request_histograms", "spans_miss"]

SCHEMA = {
    "bin_ns": pl.Int64,
    "service_name": pl.String,
    "bucket": pl.Int64,
    "requests": pl.Float64,
    "weight": pl.Float64,
    "errors": pl.Float64,
}
_PARTS = 8
"""Parts, equal on the logarithm, over which the requests of one bucket are spread: within it nothing is known."""
_FIRST, _LAST = 4.0, 2.0
"""How wide the first bucket, which begins at 0, and the last, which has no end, are taken to be: a factor."""
_BINS = 60
_SECOND = 1_000_000_000
_ENOUGH = 50
"""Requests below which the two are not compared."""
_MISSED = 2.0
"""Ratio of the two from which spans miss part of what is slow: more than the width of a bucket explains."""
_FAILED = re.compile(
    r"5\d\d|5xx|server_error|(?:internal_?)?error|errors?|fail(?:ed|ure)?|exception|unknown|deadline_?exceeded|unimplemented|"
    r"internal|unavailable|data_?loss|timeout"
)
_GRPC_FAILED = frozenset(("2", "4", "12", "13", "14", "15"))
_KEYS = ["service_name", "bin_ns", "failed"]


def request_histograms(store: Store) -> dict[str, tuple[str, float]]:
    """Return the histogram of served requests of each service, and the factor that makes nanoseconds of it.

    Of several the one is taken whose name says it most plainly, then the shortest.

    Examples
    --------
    >>> import rca
    >>> request_histograms(rca.open())
    {}
    """
    best: dict[str, tuple[int, int, str, float]] = {}
    for row in store.query(statement("export_metrics").sql).iter_rows(named=True):
        name, is_classic = str(row["metric_name"]), row["metric_type"] == "sum"
        if is_classic and not name.endswith("_bucket"):
            continue
        if not is_classic and row["metric_type"] not in ("histogram", "exponential_histogram"):
            continue
        family = name.removesuffix("_bucket") if is_classic else name
        rank = served_rank(family)
        if rank is None:
            continue
        found = (rank, len(family), name, to_ms(family, row["unit"] or "") * 1e6)
        service = str(row["service_name"])
        best[service] = min(best.get(service, found), found)
    return {service: (name, factor) for service, (_, _, name, factor) in best.items()}


def metered_requests(store: Store, service: str, window: Window, bin_ns: int) -> pl.DataFrame:
    """Count the requests of services by time bin and latency, as their histograms tell of them.

    A point speaks of the time since the point before it; requests count in the bin of the later one. A counter that falls
    was reset. Latencies are known to their bucket: requests are spread over it evenly on the logarithm.

    Parameters
    ----------
    store
        The telemetry.
    service
        One service, or ``""`` for all.
    window
        Points in it.
    bin_ns
        Length of a time bin.

    Returns
    -------
    polars.DataFrame
        ``bin_ns, service_name, bucket`` (exponential histogram of nanoseconds, scale 5), ``requests``, ``weight`` (the same),
        ``errors``: as ``rca/sql/red.sql`` has them of spans.

    Examples
    --------
    >>> import rca
    >>> metered_requests(rca.open(), "", Window(0, 1), 1).height
    0
    """
    chosen = request_histograms(store)
    wanted: dict[tuple[str, float], list[str]] = {}
    for name, kind in chosen.items():
        if service in ("", name):
            wanted.setdefault(kind, []).append(name)
    parts = []
    for (metric, factor), services in wanted.items():
        params = {"service": service, "metric": metric, "start_ns": window.start_ns, "end_ns": window.end_ns}
        points = store.query(statement("request_histograms").sql, params).filter(pl.col("service_name").is_in(services))
        points = points.with_columns(
            (pl.col("time_ns") - pl.col("time_ns") % bin_ns).alias("bin_ns"), _failed().alias("failed")
        )
        counted = (_classic(points), _listed(points), _exponential(points))
        parts += [_spread(part.with_columns(pl.col("lower", "upper") * factor)) for part in counted if part.height]
    if not parts:
        return pl.DataFrame(schema=SCHEMA)
    return (
        pl.concat(parts)
        .group_by("bin_ns", "service_name", "bucket")
        .agg(
            pl.col("count").sum().alias("requests"),
            pl.col("count").sum().alias("weight"),
            (pl.col("count") * pl.col("failed").cast(pl.Float64)).sum().alias("errors"),
        )
        .select(list(SCHEMA))
        .sort("bin_ns", "service_name", "bucket")
    )


def _failed() -> pl.Expr:
    status = pl.col("status").str.to_lowercase()
    return status.str.contains(f"^(?:{_FAILED.pattern})$") | status.is_in(list(_GRPC_FAILED))


def _increase(value: str, over: list[str]) -> pl.Expr:
    """Return by how much a running count rose since the point before of its series, or what a delta says itself."""
    now, before = pl.col(value), pl.col(value).shift(1).over(over, order_by="time_ns")
    rise = pl.when(before.is_null()).then(0.0).when(now >= before).then(now - before).otherwise(now)
    return pl.when(pl.col("temporality") == "delta").then(now).otherwise(rise)


def _classic(points: pl.DataFrame) -> pl.DataFrame:
    """Return counts by bucket from Prometheus' buckets, each of which counts all that are smaller, too."""
    bound = pl.col("le").str.replace(r"^\+?[Ii]nf$", "inf").cast(pl.Float64, strict=False)
    rows = points.filter((pl.col("metric_type") == "sum") & (pl.col("le") != "")).with_columns(bound.alias("upper"))
    risen = rows.with_columns(_increase("running", ["service_name", "series", "source"]).alias("rise"))
    below = risen.drop_nulls("upper").group_by(*_KEYS, "upper").agg(pl.col("rise").sum()).sort(*_KEYS, "upper")
    return below.with_columns(
        pl.col("upper").shift(1).over(_KEYS).fill_null(0.0).alias("lower"),
        (pl.col("rise") - pl.col("rise").shift(1).over(_KEYS).fill_null(0.0)).clip(0).alias("count"),
    ).select(*_KEYS, "lower", "upper", "count")


def _listed(points: pl.DataFrame) -> pl.DataFrame:
    """Return counts by bucket from histograms with explicit bounds."""
    rows = points.filter(
        (pl.col("metric_type") == "histogram") & (pl.col("bucket_counts").list.len() == pl.col("bounds").list.len() + 1)
    )
    lower = pl.concat_list(pl.lit([0.0]), "bounds")
    upper = pl.concat_list("bounds", pl.lit([float("inf")]))
    return _by_bucket(rows.with_columns(lower.alias("lower"), upper.alias("upper")))


def _exponential(points: pl.DataFrame) -> pl.DataFrame:
    """Return counts by bucket from exponential histograms; zeros count in a bucket of their own."""
    rows = points.filter(pl.col("metric_type") == "exponential_histogram").with_columns(
        pl.concat_list(pl.col("zero_count").fill_null(0), pl.col("bucket_counts").fill_null([])).alias("bucket_counts")
    )
    bounds = [
        [0.0, *np.exp2((offset + np.arange(count)) / 2.0**scale).tolist()]
        for offset, count, scale in zip(
            rows["positive_offset"].fill_null(0),
            rows["bucket_counts"].list.len() - 1 if rows.height else [],
            rows["scale"].fill_null(0),
            strict=True,
        )
    ]
    growth = np.exp2(1 / np.exp2(rows["scale"].fill_null(0).to_numpy().astype(np.float64)))
    ends = [[lower[1] if len(lower) > 1 else 0.0, *(low * by for low in lower[1:])] for lower, by in zip(bounds, growth, strict=True)]  # fmt: skip
    kind = pl.List(pl.Float64)
    return _by_bucket(rows.with_columns(pl.Series("lower", bounds, kind), pl.Series("upper", ends, kind)))


def _by_bucket(rows: pl.DataFrame) -> pl.DataFrame:
    each = rows.select(*_KEYS, "time_ns", "temporality", "series", "source", "lower", "upper", "bucket_counts").explode(
        "lower", "upper", "bucket_counts"
    )
    each = each.with_columns(pl.col("bucket_counts").cast(pl.Float64).alias("running"))
    risen = each.with_columns(_increase("running", ["service_name", "series", "source", "lower"]).alias("count"))
    return risen.group_by(*_KEYS, "lower", "upper").agg(pl.col("count").sum()).select(*_KEYS, "lower", "upper", "count")


def _spread(counted: pl.DataFrame) -> pl.DataFrame:
    """Spread the count of each bucket over :data:`_PARTS` fine ones."""
    rows = counted.filter(pl.col("count") > 0)
    lower, upper = rows["lower"].to_numpy().copy(), rows["upper"].to_numpy().copy()
    upper = np.where(np.isinf(upper), lower * _LAST, upper)
    lower = np.where(lower <= 0, upper / _FIRST, lower)
    at = (np.arange(_PARTS) + 0.5) / _PARTS
    low, high = np.log(np.maximum(lower, 1.0)), np.log(np.maximum(upper, 1.0))
    middle = np.exp(low[:, None] + (high - low)[:, None] * at)
    return pl.DataFrame(
        {
            **{name: np.repeat(rows[name].to_numpy(), _PARTS) for name in _KEYS},
            "bucket": bucket_index(middle.ravel()),
            "count": np.repeat(rows["count"].to_numpy() / _PARTS, _PARTS),
        }
    )


def binned_metrics(store: Store, service: str, window: Window) -> Binned:
    """Return the requests of a service as its histogram counts them, by time bin and latency bucket; its `n` is 0 where none does.

    Parameters
    ----------
    store, service, window
        Which requests.
    """
    step = max(_SECOND, window.length_ns // _BINS)
    return binned_counts(metered_requests(store, service, window, step), calls=float("nan"))


def p99_by_both(store: Store, service: str, window: Window) -> tuple[float, float] | None:
    """Return p99 of a service's requests in milliseconds by its histogram and by its spans; None where one of them holds under fifty.

    A span begins when the service takes a request up. What waited before, for a worker or in a queue of the server, a
    histogram of the server can see, and the span cannot.

    Examples
    --------
    >>> import rca
    >>> p99_by_both(rca.open(), "checkout", Window(0, 1)) is None
    True
    """
    step = max(1, window.length_ns)
    params = {"service": service, "start_ns": window.start_ns, "end_ns": window.end_ns, "bin_ns": step}
    traced = store.query(statement("red").sql, params)
    if traced["requests"].sum() < _ENOUGH:
        return None
    metered = metered_requests(store, service, window, step)
    if metered["weight"].sum() < _ENOUGH:
        return None
    by_histogram, by_spans = (
        weighted_quantile(frame["bucket"].to_numpy(), 0.99, frame["weight"].to_numpy()) for frame in (metered, traced)
    )
    return float(bucket_value(by_histogram)) / 1e6, float(bucket_value(by_spans)) / 1e6


def spans_miss(store: Store, service: str, window: Window) -> bool:
    """Say whether the service's histogram shows its slowest requests at least twice as slow as its spans do.

    Examples
    --------
    >>> import rca
    >>> spans_miss(rca.open(), "checkout", Window(0, 1))
    False
    """
    both = p99_by_both(store, service, window)
    return both is not None and both[0] >= _MISSED * both[1]

"""Requests as a service's own log tells of them: every one, where traces are sampled."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from rca.measures.places import WHERE
from rca.model import Window
from rca.sql import statement
from rca.stats.binned import Binned
from rca.stats.loghistogram import bucket_index
from rca.store import Store

__all__ = ["NO_SERVICE", "binned_log", "complete_log", "logged_errors", "logged_requests"]

NO_SERVICE = "(no service)"
"""What requests belong to whose records name no service, as in most access logs."""
_LATE = 120_000_000_000
"""A record is written when the request ends; requests are looked for that end this long after the window."""
_EVER = 2**62
_AGREE = 0.1
"""Share by which the numbers of logged and of traced requests may differ where the log is said to be complete."""
_BINS = 60


def logged_requests(store: Store, service: str, window: Window, *, lengthless: bool = False) -> pl.DataFrame:
    """Return the requests that log records tell of: those with a route, a status and a length.

    Records of one span tell of one request; the one with the longest time counts. (A correlation ID alone does not tell them
    apart: a service may be asked twice within one request of a user.)

    Parameters
    ----------
    store
        The telemetry.
    service
        One service, or ``""`` for all.
    window
        Requests that begin in it: a record is taken to be written at the end of its request.
    lengthless
        Where no record says how long its request took, as in the default format of web servers, take those with a route
        and a status; their ``duration_ms`` is null.

    Returns
    -------
    polars.DataFrame
        ``service_name, service_version, service_instance_id, route, time_ns`` (begin), ``duration_ms, failed`` (0, 1: a
        status of 500 and more), ``weight`` (requests that the record stands for), ``calls`` (database calls; null where it does not
        count them), ``example_trace_id``.

    Examples
    --------
    >>> import rca
    >>> logged_requests(rca.open(), "checkout", Window(0, 1)).height
    0
    """
    late = window.end_ns + _LATE if window.end_ns < _EVER else window.end_ns
    params = {"service": service, "start_ns": window.start_ns, "end_ns": late, "lengthless": lengthless}
    frame = store.query(statement("logged_requests").sql, params)
    number = {
        name: pl.col(name).cast(pl.Float64, strict=False)
        for name in ("milliseconds", "seconds", "nanoseconds", "status", "calls")
    }
    length = pl.coalesce(number["milliseconds"], number["seconds"] * 1e3, number["nanoseconds"] / 1e6)
    # an access log knows paths, not routes: the template of the whole line holds the path without its identifiers
    shape = pl.coalesce(pl.col("template").str.extract(r"^[A-Z]{3,20} (/\S*)"), "path")
    told = frame.with_columns(
        pl.when(pl.col("route") == "").then(shape).otherwise("route").alias("route"),
        length.alias("duration_ms"),
        (number["status"] >= 500).cast(pl.Float64).alias("failed"),
        number["calls"].alias("calls"),
    ).filter(pl.col("failed").is_not_null())
    timed = told.filter(pl.col("duration_ms").is_finite() & (pl.col("duration_ms") >= 0))
    told = told.with_columns(duration_ms=pl.lit(None, pl.Float64)) if lengthless and timed.is_empty() else timed
    named, nameless = told.filter(pl.col("span") != ""), told.filter(pl.col("span") == "")
    once = named.sort("duration_ms", descending=True).unique(
        ["service_name", "span"], keep="first", maintain_order=True
    )
    began = pl.col("time_ns") - (pl.col("duration_ms").fill_null(0) * 1e6).cast(pl.Int64)
    return (
        pl.concat([once, nameless])
        .with_columns(began.alias("time_ns"))
        .filter((pl.col("time_ns") >= window.start_ns) & (pl.col("time_ns") < window.end_ns))
        .drop("milliseconds", "seconds", "nanoseconds", "status", "span", "path", "template")
        .sort("service_name", "time_ns", "route", "duration_ms")
    )


def logged_errors(store: Store, service: str, window: Window, bin_ns: int) -> dict[str, pl.DataFrame]:
    """Return how many errors each service logs: by service, ``bin_ns, records, errors``, with a row for every bin.

    Parameters
    ----------
    store
        The telemetry.
    service
        One service, or ``""`` for all.
    window
        From its first bin to its last.
    bin_ns
        Length of a bin.

    Examples
    --------
    >>> import rca
    >>> logged_errors(rca.open(), "", Window(0, 1), 1)
    {}
    """
    params = {"service": service, "start_ns": window.start_ns, "end_ns": window.end_ns, "bin_ns": bin_ns}
    counted = store.query(statement("logged_errors").sql, params)
    first = window.start_ns - window.start_ns % bin_ns
    every = pl.DataFrame({"bin_ns": np.arange(first, window.end_ns, bin_ns, dtype=np.int64)})
    return {
        str(key[0]): every.join(part.drop("service_name"), on="bin_ns", how="left", maintain_order="left").fill_null(0)
        for key, part in counted.group_by("service_name", maintain_order=True)
    }


def complete_log(store: Store, service: str, *windows: Window, most: int | None = None) -> list[pl.DataFrame] | None:
    """Return the logged requests of each window where the log sees all of them and traces do not, or there are none; else None.

    The log is complete where it is not sampled itself, and in each window tells of as many requests as the traces stand for,
    give or take a tenth. Where nothing is sampled, traces tell the same and more. With `most`, a log of more requests is not read
    where traces tell, too.
    """
    seen = [_traced(store, service, window) for window in windows]
    if not any(weight for _, weight in seen):
        alone = [logged_requests(store, service, window, lengthless=True) for window in windows]
        told = pl.concat(alone)
        return alone if told.height and (told["weight"] == 1).all() else None
    if all(count >= 0.999 * weight for count, weight in seen) or sum(weight for _, weight in seen) > (
        most or float("inf")
    ):
        return None
    logs = [logged_requests(store, service, window) for window in windows]
    for (_, weight), log in zip(seen, logs, strict=True):
        spread = _AGREE * weight + 3 * weight**0.5  # what traces stand for is itself an estimate
        if log.is_empty() or (log["weight"] != 1).any() or abs(log.height - weight) > spread:
            return None
    return logs


def _traced(store: Store, service: str, window: Window) -> tuple[float, float]:
    """Return how many entry spans of the service begin in the window, and how many requests these stand for."""
    params = {"service": service, "start_ns": window.start_ns, "end_ns": window.end_ns, "bin_ns": window.length_ns}
    frame = store.query(statement("red").sql, params)
    return float(frame["requests"].sum()), float(frame["weight"].sum())


def binned_log(
    frame: pl.DataFrame, window: Window, *, where: Mapping[str, str] | None = None, exclude: bool = False
) -> Binned | None:
    """Return logged requests as counts by time bin and latency bucket, as traced ones are; None where `where` asks for more.

    Parameters
    ----------
    frame
        From :func:`logged_requests`, one service.
    window
        Sets the bins: a sixtieth of it, a second at least.
    where, exclude
        Values of ``service_version``, ``service_instance_id`` or ``route`` that the cohort has, or has not. A column that
        the log never fills cannot choose.
    """
    if any(column not in WHERE or (frame[column] == "").all() for column in where or {}):
        return None
    if where:
        inside = pl.all_horizontal(pl.col(column) == value for column, value in where.items())
        frame = frame.filter(~inside if exclude else inside)
    step = max(1_000_000_000, window.length_ns // _BINS)
    bins = (frame["time_ns"] // step).to_numpy()
    length = frame["duration_ms"].fill_null(0).to_numpy() * 1e6
    bucket = np.where(length > 0, bucket_index(np.maximum(length, 1.0)), -1)
    rows, row_at = np.unique(bins, return_inverse=True)
    columns, column_at = np.unique(bucket, return_inverse=True)

    def grid(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        out = np.zeros((len(rows), len(columns)))
        np.add.at(out, (row_at, column_at), values)
        return out

    weight = grid(frame["weight"].to_numpy())
    calls = grid(frame["calls"].fill_null(float("nan")).to_numpy())
    return Binned(
        columns,
        weight,
        grid(np.ones(frame.height)),
        grid(frame["failed"].to_numpy() * frame["weight"].to_numpy()),
        calls,
        {},
    )

"""Requests as a service's own log tells of them: every one, where traces are sampled."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import polars as pl

from rca.measures.places import WHERE
from rca.model import Window
from rca.sql import statement
from rca.stats.binned import PLACES, Binned
from rca.stats.loghistogram import bucket_index
from rca.store import Store

__all__ = ["NO_SERVICE", "binned_log", "complete_log", "logged_errors", "logged_requests", "told_places"]

NO_SERVICE = "(no service)"
"""What requests belong to whose records name no service, as in most access logs."""
_LATE = 120_000_000_000
"""A record is written when the request ends; requests are looked for that end this long after the window."""
_EVER = 2**62
_AGREE = 0.1
"""Share by which the numbers of logged and of traced requests may differ where the log is said to be complete."""
_BINS = 60
_UNITS = {"ns": 1e-6, "us": 1e-3, "µs": 1e-3, "ms": 1.0, "s": 1e3}
"""Milliseconds in each unit that a length is written in."""
_TOLD = 0.9
"""Share of requests that must say how long they spent in a place for it to be known of all of them."""


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
        status of 500 and more), ``weight`` (requests that the record stands for), ``calls`` (database calls), ``database_ms``
        (time in them), ``downstream_ms`` (time in what was called on, without connecting), ``network_ms`` (connecting); these are null
        where the record does not say, ``example_trace_id``.

    Examples
    --------
    >>> import rca
    >>> logged_requests(rca.open(), "checkout", Window(0, 1)).height
    0
    """
    late = window.end_ns + _LATE if window.end_ns < _EVER else window.end_ns
    params = {"service": service, "start_ns": window.start_ns, "end_ns": late, "lengthless": lengthless}
    frame = store.query(statement("logged_requests").sql, params)
    connecting = _milliseconds("connecting")
    told = frame.with_columns(
        pl.when(pl.col("route") == "").then(_shape()).otherwise("route").alias("route"),
        pl.when(pl.col("length").str.contains(r"\d")).then(_milliseconds("length")).alias("duration_ms"),
        (pl.col("status").cast(pl.Float64, strict=False) >= 500).cast(pl.Float64).alias("failed"),
        pl.col("calls").cast(pl.Float64, strict=False),
        _milliseconds("in_database").alias("database_ms"),
        (_milliseconds("in_backend") - connecting.fill_null(0)).clip(0).alias("downstream_ms"),
        connecting.alias("network_ms"),
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
        .drop("length", "in_database", "in_backend", "connecting", "status", "span", "path", "template")
        .sort("service_name", "time_ns", "route", "duration_ms")
    )


def _shape() -> pl.Expr:
    """Return the path without its identifiers, where a record knows no route: as the template of its line has it, else masked."""
    path = pl.col("path").str.replace(r"^[a-z]+://[^/]+", "").str.replace(r"[?#].*$", "")
    return pl.coalesce(
        pl.col("template").str.extract(r"^[A-Z]{3,20} (/\S*)"), path.str.replace_all(r"/[^/]*\d[^/]*", "/<*>")
    )


def _milliseconds(column: str) -> pl.Expr:
    """Return a length as text and unit in milliseconds, null where the record has no such field.

    A request that was tried at several servers has a time for each; they add up. A dash, or -1, is what proxies write where
    nothing answered: no time.
    """
    text = pl.col(column).str.replace(r"(\d+)m(\d)", "$1@$2")  # minutes, as Go writes them: 1m2.5s
    minutes = text.str.extract(r"(\d+)@").cast(pl.Float64).fill_null(0)
    text = text.str.replace(r"\d+@", "")
    factor = text.str.extract("(ns|us|µs|ms|s)").replace_strict(_UNITS, default=None, return_dtype=pl.Float64)
    answered = text.str.replace_all(r"(^|[\s,:])-[\d.]*", "$1")
    number = answered.str.extract_all(r"\d+(?:\.\d*)?(?:[eE][+-]?\d+)?").cast(pl.List(pl.Float64)).list.sum()
    return pl.when(text != "").then(number * factor + minutes * 60_000)


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
    frame: pl.DataFrame,
    window: Window,
    *,
    where: Mapping[str, str] | None = None,
    exclude: bool = False,
    places: Collection[str] = (),
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
    places
        From :func:`told_places`: where time is divided up. What is left of a request's time is the place ``rest``.
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

    def grid(values: pl.Series) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        out = np.zeros((len(rows), len(columns)))
        np.add.at(out, (row_at, column_at), values.to_numpy())
        return out

    spent = {place: frame[f"{place}_ms"].fill_null(0) * frame["weight"] for place in places}
    if places:
        whole = frame["duration_ms"].fill_null(0) * frame["weight"]
        spent["rest"] = (whole - sum(spent.values(), start=whole * 0)).clip(0)
    return Binned(
        columns,
        grid(frame["weight"]),
        grid(pl.ones(frame.height, pl.Float64, eager=True)),
        grid(frame["failed"] * frame["weight"]),
        grid(frame["calls"].fill_null(float("nan"))),
        {place: grid(values) for place, values in spent.items()},
    )


def told_places(*frames: pl.DataFrame) -> tuple[str, ...]:
    """Return the places for which every log says how long its requests spent there: nine in ten of them at least.

    Examples
    --------
    >>> said = pl.DataFrame({"database_ms": [1.0, 2.0], "downstream_ms": [3.0, None], "network_ms": [None, None]})
    >>> told_places(said)
    ('database',)
    """
    return tuple(place for place in PLACES if place != "own" and all(_says(frame, place) for frame in frames))


def _says(frame: pl.DataFrame, place: str) -> bool:
    return frame.height > 0 and frame[f"{place}_ms"].null_count() <= (1 - _TOLD) * frame.height

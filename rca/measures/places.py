"""Requests of one service and where their time went: database, other services, the network between, or its own code."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from rca.errors import OptionError, did_you_mean
from rca.model import Window
from rca.sql import statement
from rca.stats.binned import PLACES, Binned
from rca.store import Store

__all__ = ["WHERE", "binned", "requests_by_place"]

WHERE = ("service_version", "service_instance_id", "route")
"""Columns by which requests can be split into cohorts."""

_TARGET_BINS = 60
"""Enough clusters for a bootstrap, few enough for each to hold several requests."""


def requests_by_place(store: Store, service: str, window: Window, *, bin_ns: int | None = None) -> pl.DataFrame:
    """Count requests of a service by time bin and latency bucket, with the time spent in each place.

    Calls that run in parallel are added up, so a place can hold more time than passed; own time is never negative.

    Parameters
    ----------
    service
        Service whose entry spans are the requests.
    window
        Requests that start in it.
    bin_ns
        Length of a time bin in nanoseconds; left out, a sixtieth of the window but at least a second.

    Returns
    -------
    polars.DataFrame
        As ``rca/sql/requests_by_place.sql`` says.
    """
    length = bin_ns or max(1_000_000_000, window.length_ns // _TARGET_BINS)
    params = {"service": service, "start_ns": window.start_ns, "end_ns": window.end_ns, "bin_ns": length}
    return store.query(statement("requests_by_place").sql, params)


def binned(frame: pl.DataFrame, *, where: Mapping[str, str] | None = None, exclude: bool = False) -> Binned:
    """Return the requests of a cohort as arrays for :mod:`rca.stats.binned`.

    Parameters
    ----------
    frame
        From :func:`requests_by_place`.
    where
        Values of ``service_version``, ``service_instance_id`` or ``route`` that the cohort has.
    exclude
        Take the requests that `where` does not match instead.

    Raises
    ------
    OptionError
        When `where` names another column.
    """
    rows = _filtered(frame, where or {}, exclude=exclude)
    bins = rows["bin_ns"].unique().sort()
    buckets = rows["bucket"].unique().sort()
    row_at = bins.search_sorted(rows["bin_ns"]).to_numpy()
    column_at = buckets.search_sorted(rows["bucket"]).to_numpy()

    def matrix(values: pl.Series) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        out = np.zeros((len(bins), len(buckets)))
        np.add.at(out, (row_at, column_at), values.cast(pl.Float64).to_numpy())
        return out

    own = (pl.col("total_us") - pl.col("database_us") - pl.col("downstream_us") - pl.col("network_us")).clip(
        lower_bound=0
    )
    columns = {place: rows[f"{place}_us"] for place in PLACES if place != "own"} | {
        "own": rows.select(own.alias("own"))["own"]
    }
    columns["waiting"] = rows["waiting_us"]  # a part of the database's time, and no place of its own
    places = {place: matrix(values) / 1000 for place, values in columns.items()}
    return Binned(
        index=buckets.to_numpy().astype(np.int64),
        weight=matrix(rows["weight"]),
        requests=matrix(rows["requests"]),
        errors=matrix(rows["errors"]),
        calls=matrix(rows["calls"]),
        places=places,
    )


def _filtered(frame: pl.DataFrame, where: Mapping[str, str], *, exclude: bool) -> pl.DataFrame:
    matches = pl.lit(value=True)
    for name, value in where.items():
        if name not in WHERE:
            raise OptionError(f"Requests cannot be split by {name!r} here. {did_you_mean(name, WHERE)}")
        matches = matches & (pl.col(name) == str(value))
    return frame.filter(~matches if exclude else matches)

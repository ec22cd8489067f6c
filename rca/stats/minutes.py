"""Errors and requests minute by minute, as an error budget is counted."""

from __future__ import annotations

import polars as pl

__all__ = ["by_minute"]

_MINUTE = 60_000_000_000


def by_minute(red: pl.DataFrame) -> pl.DataFrame:
    """Return errors and requests of every minute from the first to the last, zero where nothing was seen.

    Parameters
    ----------
    red
        From :func:`rca.red`: ``bucket_ns, requests, errors`` in steps of a minute or less.

    Returns
    -------
    polars.DataFrame
        ``bucket_ns`` (start of the minute), ``requests``, ``errors``; empty where `red` is.

    Examples
    --------
    >>> by_minute(pl.DataFrame({"bucket_ns": [0, 120_000_000_000], "requests": [10.0, 20.0], "errors": [1.0, None]})).rows()
    [(0, 10.0, 1.0), (60000000000, 0.0, 0.0), (120000000000, 20.0, 0.0)]
    """
    minutes = (
        red.group_by(pl.col("bucket_ns") // _MINUTE * _MINUTE)
        .agg(pl.col("requests").fill_null(0).sum(), pl.col("errors").fill_null(0).sum())
        .sort("bucket_ns")
    )
    if minutes.is_empty():
        return minutes
    first, last = minutes["bucket_ns"][0], minutes["bucket_ns"][-1]
    every = pl.DataFrame({"bucket_ns": pl.int_range(first, last + _MINUTE, _MINUTE, eager=True)})
    return every.join(minutes, on="bucket_ns", how="left", maintain_order="left").fill_null(0)

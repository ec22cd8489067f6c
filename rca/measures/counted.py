"""Requests that are counted by time bin and latency bucket, as arrays: what spans and histograms have in common."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from rca.stats.binned import Binned

__all__ = ["binned_counts"]


def binned_counts(counted: pl.DataFrame, *, calls: float) -> Binned:
    """Return counted requests as arrays; `n` is 0 where there are none.

    Parameters
    ----------
    counted
        One service's ``bin_ns, bucket, requests, weight, errors``, as ``rca/sql/red.sql`` has them.
    calls
        Database calls in every cell: 0, or NaN where they are not known.
    """
    bins, index = counted["bin_ns"].unique().sort(), counted["bucket"].unique().sort()
    rows, columns = bins.search_sorted(counted["bin_ns"]).to_numpy(), index.search_sorted(counted["bucket"]).to_numpy()

    def grid(name: str) -> npt.NDArray[np.float64]:
        out = np.zeros((len(bins), len(index)))
        np.add.at(out, (rows, columns), counted[name].to_numpy().astype(np.float64))
        return out

    weight = grid("weight")
    return Binned(index.to_numpy(), weight, grid("requests"), grid("errors"), np.full_like(weight, calls), {})

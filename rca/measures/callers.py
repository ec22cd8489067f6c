"""Who makes a call: which spans are one call, below which root it lies, and as what the service called took it."""

from __future__ import annotations

import numpy as np
import polars as pl

from rca.measures.trees import Flags, Forest

__all__ = ["merged_calls", "roots_above", "served_routes"]


def served_routes(tree: Forest) -> pl.DataFrame:
    """Return the ``row`` of spans whose child is a request served elsewhere, and the route it was ``served_as``."""
    routes = tree.spans.select("span_kind", served_as="http_route", row=pl.Series(tree.parent))
    routes = routes.filter((pl.col("span_kind") == "SERVER") & (pl.col("served_as") != "") & (pl.col("row") >= 0))
    return routes.unique("row", keep="first", maintain_order=True).select("row", "served_as")


def merged_calls(tree: Forest, calls: pl.DataFrame) -> pl.DataFrame:
    """Leave out calls inside a call of the same ``key``: an ORM and its driver each write a span of one call.

    What lies between them may be any span but a request or another call.
    """
    code = np.full(tree.parent.size, -1, dtype=np.int64)
    row = calls["row"].to_numpy()
    code[row] = calls["key"].cast(pl.Categorical).to_physical().to_numpy().astype(np.int64)
    entry: Flags = tree.spans["span_kind"].is_in(["SERVER", "CONSUMER"]).to_numpy()
    above = tree.above(entry | (code >= 0))[row]
    double = (above >= 0) & (code[above] == code[row])
    return calls.filter(~pl.Series(double, dtype=pl.Boolean))


def roots_above(tree: Forest, calls: pl.DataFrame) -> pl.Series:
    """Return for each call the root above it, for what two requests of one trace ask is not repeated; -1 where it is lost.

    Calls whose way up is lost belong to the only root there is, else together.
    """
    row = calls["row"].to_numpy()
    top = tree.top()[row]
    lost = pl.Series("lost", tree.orphan[top] | (top == row), dtype=pl.Boolean)
    placed = calls.select("trace_id", lost, top=pl.Series(top)).with_columns(root=pl.when(~pl.col("lost")).then("top"))
    alone = pl.col("root").drop_nulls().n_unique().over("trace_id") == 1
    only = pl.when(alone).then(pl.col("root").max().over("trace_id"))
    return placed.select(request=pl.col("root").fill_null(only).fill_null(-1)).to_series()

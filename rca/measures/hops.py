"""Calls from service to service, database or elsewhere: how many, how long on either side, how often they fail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from rca.measures.edges import bucket_quantile
from rca.sql import statement
from rca.store import Store

__all__ = ["connections", "hop_rows", "own_by_service", "quantile_draws"]

Array = npt.NDArray[np.float64]
_COUNTED = ("failed", "timeouts", "breaker")


def hop_rows(
    store: Store, params: Mapping[str, int]
) -> tuple[list[dict[str, Any]], dict[tuple[str, str], pl.DataFrame]]:
    """Return one row a hop, and the histograms behind each by caller and callee.

    Parameters
    ----------
    store
        The store.
    params
        The windows, as the statement ``dependency_hops`` names them.
    """
    frame = store.query(statement("dependency_hops").sql, params)
    rows, parts = [], {}
    for (caller, callee, kind), part in frame.group_by("caller", "callee", "kind", maintain_order=True):
        hop = (str(caller), str(callee))
        parts[hop] = part
        client = part.filter(pl.col("side") == "client")
        row: dict[str, Any] = {"caller": hop[0], "callee": hop[1], "kind": str(kind)}
        for name in ("before", "during"):
            calls = float(client[name].sum())
            row[f"calls_{name}"] = calls
            row[f"seen_{name}"] = int(client[f"seen_{name}"].sum())
            for what in _COUNTED:
                row[f"{what}_{name}"] = float(client[f"{what}_{name}"].sum())
            row[f"error_ratio_{name}"] = row[f"failed_{name}"] / calls if calls else None
            row |= _latency(part, name)
        row["trace_id"] = str(client["trace_id"].max() or "")
        rows.append(row)
    return rows, parts


def _latency(part: pl.DataFrame, name: str) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for side, label in (("client", "client"), ("server", "server"), ("gap", "network")):
        of = part.filter(pl.col("side") == side).sort("bucket")
        bucket, weight = of["bucket"].to_numpy(), of[name].to_numpy()
        for q, text in ((0.5, "p50"), (0.99, "p99")):
            found[f"{label}_{text}_ms_{name}"] = _known(bucket_quantile(bucket, weight, q))
        if side == "client":
            middle = np.where(bucket < 0, 0.0, 2.0 ** ((bucket + 0.5) / 32)) / 1e6
            found[f"mean_ms_{name}"] = float(middle @ weight / weight.sum()) if weight.sum() else None
    found[f"network_ms_{name}"] = found.pop(f"network_p50_ms_{name}")
    return found


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value


def own_by_service(store: Store, params: Mapping[str, int]) -> dict[str, dict[str, float | None]]:
    """Return for each service the p50 and p99 of the time that its operations spend themselves, before and during."""
    frame = store.query(statement("own_time").sql, params)
    summed = (
        frame.group_by("service_name", "bucket").agg(pl.sum("before"), pl.sum("during")).sort("service_name", "bucket")
    )
    found: dict[str, dict[str, float | None]] = {}
    for (service,), part in summed.group_by("service_name", maintain_order=True):
        bucket = part["bucket"].to_numpy()
        found[str(service)] = {
            f"own_{text}_ms_{name}": _known(bucket_quantile(bucket, part[name].to_numpy(), q))
            for q, text in ((0.5, "p50"), (0.99, "p99"))
            for name in ("before", "during")
        }
    return found


def connections(store: Store, params: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return how often names are looked up and connections opened, and how long that takes, before and during."""
    frame = store.query(statement("connection_spans").sql, params)
    rows = []
    for (service, span), part in frame.group_by("service_name", "span_name", maintain_order=True):
        bucket = part["bucket"].to_numpy()
        row: dict[str, Any] = {"service_name": service, "span_name": span}
        for name in ("before", "during"):
            weight = part[name].to_numpy()
            row[f"spans_{name}"] = float(weight.sum())
            row[f"p99_ms_{name}"] = _known(bucket_quantile(bucket, weight, 0.99))
        rows.append(row)
    return rows


def quantile_draws(part: pl.DataFrame, name: str, q: float, *, draws: int = 400, seed: int = 0) -> Array:
    """Return bootstrap draws of a hop's quantile in ms as its caller sees it, resampling calls over buckets."""
    client = part.filter(pl.col("side") == "client").sort("bucket")
    bucket, weight = client["bucket"].to_numpy(), client[name].to_numpy()
    seen = int(client[f"seen_{name}"].sum())
    if not seen or weight.sum() <= 0:
        return np.full(draws, np.nan)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(seen, weight / weight.sum(), size=draws)
    at = (np.cumsum(drawn, axis=1) < q * seen).sum(axis=1)
    chosen = bucket[np.minimum(at, bucket.size - 1)]
    within = rng.uniform(0.0, 1.0, draws)  # where in its bucket the quantile lies is not known
    return np.where(chosen < 0, 0.0, 2.0 ** ((chosen + within) / 32)) / 1e6

"""Time that operations spend themselves, and errors that begin in them, before and during."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from rca.display import format_number
from rca.measures.edges import level_shift, usual_level
from rca.sql import statement
from rca.store import Store

__all__ = ["own_suspects", "own_times"]

_LEAST = 5
"""Spans on either side below which an operation says nothing."""


def own_times(store: Store, params: Mapping[str, int]) -> pl.DataFrame:
    """Return own time and errors that begin in each operation, before and during.

    Parameters
    ----------
    store
        The telemetry.
    params
        The windows, as the statement ``own_time`` names them.

    Returns
    -------
    polars.DataFrame
        ``service_name, span_name, before_ms, during_ms`` (medians or lower quartiles of own time), ``shift`` (in units of unrest),
        ``calls_before, calls_during, failed_before, failed_during`` (spans that fail while no child does), ``excess_ms``
        (own time lost in all during the incident).
    """
    frame = store.query(statement("own_time").sql, params)
    floor = usual_level(frame, ["service_name", "span_name"])
    rows = []
    for key, part in frame.group_by("service_name", "span_name", maintain_order=True):
        buckets = part["bucket"].to_numpy()
        before, during = part["before"].to_numpy(), part["during"].to_numpy()
        n_before, n_during = float(before.sum()), float(during.sum())
        if n_before < _LEAST or n_during < _LEAST:
            continue
        middle, after, shift = level_shift(buckets, before, during, floor)
        failed = float(part["before_failed"].sum()), float(part["during_failed"].sum())
        excess = max(after - middle, 0.0) * n_during
        rows.append((*key, middle, after, shift, n_before, n_during, *failed, excess))
    schema = dict.fromkeys(("service_name", "span_name"), pl.String) | dict.fromkeys(
        (
            "before_ms",
            "during_ms",
            "shift",
            "calls_before",
            "calls_during",
            "failed_before",
            "failed_during",
            "excess_ms",
        ),
        pl.Float64,
    )
    return pl.DataFrame(rows, schema=schema, orient="row").sort("shift", descending=True)


def own_suspects(frame: pl.DataFrame) -> dict[str, tuple[float, str, str]]:
    """Return, of the frame of :func:`own_times`, for each service the shift of its own time or its own errors, the signal, and the claim in words.

    Own time counts by the share of all lost own time that the service holds; errors by the root of the likelihood-ratio
    statistic of the two shares.
    """
    total = float(frame["excess_ms"].sum() or 0.0)
    out: dict[str, tuple[float, str, str]] = {}
    for row in frame.iter_rows(named=True):
        share = row["excess_ms"] / total if total else 0.0
        words = (
            f"{row['span_name']} itself takes {format_number(row['before_ms'])} → {format_number(row['during_ms'])} ms"
        )
        _keep(out, row["service_name"], row["shift"] * share, "latency", words)
        before, during = row["failed_before"] / row["calls_before"], row["failed_during"] / row["calls_during"]
        if during > before:
            words = f"{row['span_name']} fails by itself in {before:.2%} → {during:.2%} of calls"
            _keep(out, row["service_name"], _root(row), "errors", words)
    return out


def _keep(out: dict[str, tuple[float, str, str]], name: str, value: float, signal: str, words: str) -> None:
    if value > out.get(name, (0.0, "", ""))[0]:
        out[name] = (value, signal, words)


def _root(row: Mapping[str, float]) -> float:
    """Return the root of the likelihood-ratio statistic of two shares."""
    hits = np.array([row["failed_before"], row["failed_during"]])
    trials = np.array([row["calls_before"], row["calls_during"]])
    shares = np.append(hits / trials, hits.sum() / trials.sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        own = np.where(hits > 0, hits * np.log(shares[:2] / shares[2]), 0.0)
        rest = np.where(trials > hits, (trials - hits) * np.log((1 - shares[:2]) / (1 - shares[2])), 0.0)
    return float(np.sqrt(max(0.0, 2 * float((own + rest).sum()))))

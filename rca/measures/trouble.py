"""Whether anything is wrong with a service at all: its requests against their own history, in one p-value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from rca.display import format_number
from rca.measures.periods import Periods
from rca.measures.shifts import metric_series
from rca.measures.vocabulary import meaning
from rca.model import Window
from rca.sql import statement
from rca.stats.arrays import Array
from rca.stats.worse import worse
from rca.store import Store

__all__ = ["Trouble", "trouble"]

_SECOND = 1_000_000_000
_HISTORY = 20
"""How many times the incident's length of history is looked at."""
_A_BIN = 5
"""Requests that a bin of time holds on average, so that most bins hold some."""
_BINS = 4_000
_LEAST = 30
"""Requests in each window below which traces say nothing."""
_SLOW = 0.95
"""Share of the requests of both windows together that do not count as slow."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """The p-value of “as before”, over all series looked at, and what the one that speaks loudest says.

    Attributes
    ----------
    p_value
        Of the plainest worsening, times the number of series (Bonferroni), at most 1.
    claim
        That series before and during.
    unrest
        How many times wider than chance the same statistic spreads over the service's history; 1 where it does not, or
        where there is too little history to say.
    n_placebos
        Moments of the history that say so.
    """

    p_value: float
    claim: str
    unrest: float
    n_placebos: int


@dataclass(frozen=True, slots=True)
class _Series:
    name: str
    values: Array
    scaled: Array
    """The values on the scale on which they vary alike at every level."""


def trouble(store: Store, service: str, windows: Periods) -> Trouble | None:
    """Test whether requests of a service are slower or fail more than before, against their own history.

    Parameters
    ----------
    store
        The telemetry.
    service
        Whose requests.
    windows
        Baseline and incident.

    Returns
    -------
    Trouble or None
        From traces: mean log duration, share of slow requests (beyond the 95th percentile of both windows together), share
        that fails. Where traces say nothing, from the service's metrics of latency, errors and availability. None where
        those say nothing either.
    """
    hot, usual = windows.incident, windows.baseline
    start = min(usual.start_ns, hot.start_ns - _HISTORY * hot.length_ns)
    reach = Window(start, max(hot.end_ns, usual.end_ns))
    for made in (_traced(store, service, windows, reach), _measured(store, service, reach)):
        found = _tested(made, windows) if made is not None else None
        if found is not None:
            return found
    return None


def _tested(made: tuple[Array, list[_Series]], windows: Periods) -> Trouble | None:
    at, series = made
    before, during, past = (
        (at >= window.start_ns) & (at < window.end_ns)
        for window in (
            windows.baseline,
            windows.incident,
            Window(int(min(at[0], windows.incident.start_ns - 1)), windows.incident.start_ns),
        )
    )
    tested = []
    for item in series:
        found = worse(item.scaled[before], item.scaled[during], history=item.scaled[past])
        if found is not None:
            levels = [float(np.nanmean(item.values[part])) for part in (before, during)]
            tested.append((found.p_value, found, item.name, levels))
    if not tested:
        return None
    p_value, found, name, levels = min(tested, key=lambda one: one[0])
    corrected = min(1.0, p_value * len(tested))
    claim = f"{name} {format_number(levels[0])} → {format_number(levels[1])}"
    return Trouble(corrected, claim, found.unrest, found.n_placebos)


def _traced(store: Store, service: str, windows: Periods, reach: Window) -> tuple[Array, list[_Series]] | None:
    params = {"service": service, "start_ns": reach.start_ns, "end_ns": reach.end_ns}
    fine = max(_SECOND, reach.length_ns // _BINS // _SECOND * _SECOND)
    rows = store.query(statement("red").sql, params | {"bin_ns": fine})
    parts = [
        rows.filter(pl.col("bin_ns").is_between(window.start_ns - fine + 1, window.end_ns - 1))
        for window in (windows.baseline, windows.incident)
    ]
    counts = [int(part["requests"].sum()) for part in parts]
    if min(counts) < _LEAST:
        return None
    both = pl.concat(parts).group_by("bucket").agg(pl.col("requests").sum()).sort("bucket")
    running = np.cumsum(both["requests"].to_numpy())
    limit = int(both["bucket"][int(np.searchsorted(running, _SLOW * running[-1]))])
    # a bin is cut from the begin of the incident, so that none holds requests of both windows
    length = sum(window.length_ns for window in (windows.baseline, windows.incident))
    step = max(fine, -(-_A_BIN * length // sum(counts) // fine) * fine)
    requests, weight = pl.col("requests"), pl.col("weight")
    slow = requests.filter(pl.col("bucket") > limit).sum()
    binned = (
        rows.group_by(((pl.col("bin_ns") - windows.incident.start_ns) // step).alias("step"))
        .agg(
            ((pl.col("bucket") * requests).sum() / requests.sum()).alias("log_duration"),
            (slow / requests.sum()).alias("slow"),
            (pl.col("errors").sum() / weight.sum()).alias("failed"),
        )
        .sort("step")
    )
    first, last = int(binned["step"][0]), int(binned["step"][-1])
    grid = pl.DataFrame({"step": np.arange(first, last + 1)}).join(binned, on="step", how="left")
    at = grid["step"].to_numpy() * step + windows.incident.start_ns + step // 2
    log_duration, late, failed = (grid[name].cast(pl.Float64).to_numpy() for name in ("log_duration", "slow", "failed"))
    return at, [
        _Series("typical duration in ms", np.exp2((log_duration + 0.5) / 32) / 1e6, log_duration),
        _Series("share of slow requests", late, np.sqrt(late)),
        _Series("share of requests that fail", failed, np.sqrt(failed)),
    ]


def _measured(store: Store, service: str, reach: Window) -> tuple[Array, list[_Series]] | None:
    fine = max(_SECOND, reach.length_ns // _BINS // _SECOND * _SECOND)
    frame = metric_series(store, reach, bin_ns=fine, service=service)
    felt = [name for name in frame["metric_name"].unique().sort().to_list() if _is_felt(name)]
    if not felt:
        return None
    wide = (
        frame.filter(pl.col("metric_name").is_in(felt))
        .pivot(on="metric_name", index="bin_ns", values="value", aggregate_function="mean")
        .sort("bin_ns")
    )
    return wide["bin_ns"].to_numpy(), list(_levels(wide, felt))


def _is_felt(name: str) -> bool:
    found = meaning(name)
    return found.group == "red" and bool(found.bad)


def _levels(wide: pl.DataFrame, names: list[str]) -> Iterator[_Series]:
    for name in names:
        values = wide[name].cast(pl.Float64).to_numpy()
        yield _Series(name, values, meaning(name).bad * np.sign(values) * np.sqrt(np.abs(values)))

"""The requests of one arm of an experiment: all of them where a log tells of all, else the traced ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from rca.errors import NoDataError
from rca.measures.logged import binned_log, complete_log, told_places
from rca.measures.places import binned, requests_by_place
from rca.model import Incident, Window
from rca.sql import statement
from rca.stats.binned import PLACES, Binned, estimate, resample, summarize
from rca.store import Store

__all__ = ["Arm", "Cohort", "cohort_table", "cohorts"]

_COLUMNS = (
    *("p99_ms", "p95_ms", "p50_ms", "error_ratio", "queries_per_request"),
    *(f"{which}_{place}_ms" for which in ("slow", "mean") for place in (*PLACES, "rest")),
)

Draws = dict[str, npt.NDArray[np.float64]]
_UNTOLD = np.full(1, np.nan)


@dataclass(frozen=True, slots=True)
class Arm:
    """What a cohort is: its role, its window, and which of the requests in it."""

    role: str
    window: Window
    where: Mapping[str, str] | None = None
    exclude: bool = False


@dataclass(frozen=True, slots=True)
class Cohort:
    """Requests of one arm, their statistics and the resamples of these.

    `data` counts every request that the source saw; `traced` is what is known of where their time went.
    """

    data: Binned
    traced: Binned
    source: str
    """``logged`` or ``traced``."""
    value: dict[str, float]
    draws: Draws


def cohorts(store: Store, incident: Incident, *arms: Arm) -> tuple[list[Cohort], tuple[str, ...]]:
    """Return the requests of each arm, all from one source, and the SQL that they came from.

    Raises
    ------
    NoDataError
        When no request of the service lies in a window.
    """
    windows = list(dict.fromkeys(arm.window for arm in arms))
    frames = {window: requests_by_place(store, incident.service_name, window) for window in windows}
    traced = [binned(frames[arm.window], where=arm.where, exclude=arm.exclude) for arm in arms]
    logs = complete_log(store, incident.service_name, *windows)
    # spans divide time up further than a log does, so the log does it only where there is none
    places = told_places(*logs) if logs and not any(item.n for item in traced) else ()
    told = [_logged(log, arm, places) for arm, log in _by_arm(arms, windows, logs)]
    whole = all(item is not None and item.n for item in told)
    found = [
        _cohort(incident, arm, seen, log if whole else None, seed)
        for seed, (arm, seen, log) in enumerate(zip(arms, traced, told, strict=True), start=1)
    ]
    names = ("requests_by_place", "logged_requests") if whole else ("requests_by_place",)
    return found, tuple(statement(name).sql for name in names)


def _by_arm(
    arms: tuple[Arm, ...], windows: list[Window], logs: list[pl.DataFrame] | None
) -> list[tuple[Arm, pl.DataFrame | None]]:
    by_window = dict(zip(windows, logs or [], strict=False))
    return [(arm, by_window.get(arm.window)) for arm in arms]


def _logged(log: pl.DataFrame | None, arm: Arm, places: tuple[str, ...]) -> Binned | None:
    return None if log is None else binned_log(log, arm.window, where=arm.where, exclude=arm.exclude, places=places)


def _cohort(incident: Incident, arm: Arm, traced: Binned, log: Binned | None, seed: int) -> Cohort:
    data = traced if log is None else log
    if not data.n:
        chosen = f" with {dict(arm.where)}" if arm.where and not arm.exclude else ""
        raise NoDataError(
            f"No traced request of {incident.service_name!r}{chosen} lies in the {arm.role} window, {arm.window}. Check the service's name and the times (rca summary --db FILE)."
        )
    value = {name: float(values[0]) for name, values in summarize(traced).items()}
    draws = resample(traced, seed=seed)
    if log is not None:
        # where time went is known of the traced requests alone, and so are calls that the log does not count
        seen = {name: float(values[0]) for name, values in summarize(log).items()}
        told = [name for name, number in seen.items() if np.isfinite(number)]
        drawn = resample(log, seed=seed)
        value |= {name: seen[name] for name in told}
        draws |= {name: drawn[name] for name in told}
    return Cohort(data, traced, "traced" if log is None else "logged", value, draws)


def cohort_table(*named: tuple[str, Cohort]) -> pl.DataFrame:
    """Return a row a cohort: ``period, n``, and each statistic with its interval as ``…_low`` and ``…_high``."""
    rows = []
    for name, cohort in named:
        row: dict[str, object] = {"period": name, "n": cohort.data.n}
        for column in _COLUMNS:
            found = estimate(cohort.value.get(column, np.nan), cohort.draws.get(column, _UNTOLD))
            row |= {column: found.value, f"{column}_low": found.low, f"{column}_high": found.high}
        rows.append(row)
    return pl.DataFrame(rows, infer_schema_length=None).fill_nan(None)

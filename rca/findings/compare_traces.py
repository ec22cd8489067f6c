"""Where the time of slow requests went: call path by call path, during against before."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from rca.errors import NoDataError
from rca.measures.call_paths import PathUse, call_paths
from rca.measures.periods import Periods, periods
from rca.measures.requests import limited, requests
from rca.model import Effect, Finding, Incident
from rca.sql import statement
from rca.stats.weighted import interval, mean_draws, weighted_mean, weighted_quantile
from rca.store import Store

__all__ = ["compare_traces"]

_Z = 1.96
_SLOW = 0.98
"""The quantile of length from which a request counts as one of the slowest: what p99 is made of."""
_FEW = 20


def compare_traces(store: Store, incident: Incident, *, most: int = 25_000) -> Finding:
    """Say which calls of a request became more, slower or more often failed, and how much of the excess each one is.

    Requests of the service in the incident and in its baseline are compared call path by call path (service and operation,
    step by step from the request's entry span; spans inside a service belong to the step that contains them). Time on the
    critical path adds up to the length of the request, so that the shares of the excess add up too.

    Parameters
    ----------
    store
        The store.
    incident
        Service and window.
    most
        Traces of either window that are read at most; where there are more, they are drawn at random and the finding says so.

    Returns
    -------
    Finding
        The table has one row a call path, by what it adds to the slowest requests (from p98 on, which p99 is made of):
        ``path``, ``service_name``, ``operation``, ``calls_before``, ``calls_during`` (a request), ``calls_low``,
        ``calls_high`` (interval of the difference), ``self_ms_before``, ``self_ms_during``, ``critical_ms_before``,
        ``critical_ms_during`` (a request), ``critical_low``, ``critical_high``, ``slow_calls_before``,
        ``slow_calls_during``, ``slow_ms_before``, ``slow_ms_during`` (calls and critical path of the slowest), ``excess_ms`` (their difference), ``share_of_excess``, ``error_ratio_before``,
        ``error_ratio_during``, ``change`` (``new``, ``vanished`` or ''), ``db_query_digest``, ``depth``, ``trace_id``.
        The effect is the mean length of a request. An observation: where time went is not why.

    Raises
    ------
    NoDataError
        When there are no requests in one of the windows.

    Examples
    --------
    >>> import rca
    >>> compare_traces(rca.open(), rca.Incident("a", start="2026-03-04T14:10Z", end="2026-03-04T15:00Z", baseline="1h"))
    Traceback (most recent call last):
    rca.errors.NoDataError: No request of a with a length starts in 2026-03-04 13:10:00 to 14:10:00 UTC (60.0 min).
    """
    compared = periods(store, incident)
    asked = requests(store, incident, windows=(compared.baseline, compared.incident), most=most)
    found = call_paths(asked)
    _check(found, incident, compared)
    table = _table(found)
    effect = _effect(found)
    return Finding(
        name="compare_traces",
        claim=_claim(incident, table),
        table=table,
        effect=effect,
        sql=(statement("request_spans").sql,),
        window=compared.incident,
        baseline=compared.baseline,
        examples=tuple(
            table.filter(pl.col("trace_id") != "")["trace_id"].unique(maintain_order=True).head(3).to_list()
        ),
        caveats=(*compared.notes, *limited(asked, most), *_caveats(found, effect)),
        details={"requests_before": effect.n_before, "requests_during": effect.n_after},
    )


def _check(found: PathUse, incident: Incident, compared: Periods) -> None:
    for during, window in ((False, compared.baseline), (True, compared.incident)):
        if not (found.requests["during"] == during).any():
            raise NoDataError(f"No request of {incident.service_name} with a length starts in {window}.")


def _table(found: PathUse) -> pl.DataFrame:
    asked = found.requests.with_columns(request=pl.int_range(pl.len()), slow=_slow(found.requests))
    use = found.use.join(asked, on="request", how="inner").sort(
        "request", "path"
    )  # sums of floats in one order, whatever the engine
    sums = _sums(use, asked)
    wide = found.paths
    for name, during in (("before", False), ("during", True)):
        suffixed = {column: f"{column}_{name}" for column in sums.columns if column not in ("path", "during")}
        part = sums.filter(pl.col("during") == during).drop("during").rename(suffixed)
        wide = wide.join(part, on="path", how="left")
    numbers = [
        column for column, kind in wide.schema.items() if kind.is_numeric() and column.endswith(("_before", "_during"))
    ]
    wide = wide.with_columns(pl.col(column).fill_null(0.0) for column in numbers)
    wide = wide.join(_examples(use), on="path", how="left").with_columns(pl.col("trace_id").fill_null(""))
    return _finished(wide)


def _slow(asked: pl.DataFrame) -> pl.Series:
    slow = np.zeros(asked.height, dtype=bool)
    for during in (False, True):
        mine = (asked["during"] == during).to_numpy()
        edge = weighted_quantile(asked["duration_ns"].to_numpy()[mine], _SLOW, asked["weight"].to_numpy()[mine])
        slow |= mine & (asked["duration_ns"].to_numpy() >= edge)
    return pl.Series("slow", slow)


def _sums(use: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
    """Weighted means a request, by period and path, with their standard errors; a request without the path counts as 0."""
    weight, square = pl.col("weight"), pl.col("weight") ** 2
    total = asked.group_by("during", maintain_order=True).agg(
        all=weight.sum(), squares=square.sum(), slow_all=weight.filter("slow").sum()
    )
    parts = use.group_by("during", "path", maintain_order=True).agg(
        *(
            piece
            for name in ("calls", "critical_ns")
            for piece in (
                (weight * pl.col(name)).sum().alias(f"{name}_1"),
                (square * pl.col(name)).sum().alias(f"{name}_w"),
                (square * pl.col(name) ** 2).sum().alias(f"{name}_2"),
            )
        ),
        self_ns=(weight * pl.col("self_ns")).sum(),
        slow_ns=(weight * pl.col("critical_ns")).filter("slow").sum(),
        slow_made=(weight * pl.col("calls")).filter("slow").sum(),
        failed=(weight * pl.col("failed")).sum(),
        made=(weight * pl.col("spans")).sum(),
        seen=pl.len(),
    )
    joined = parts.join(total, on="during")
    every = pl.col("all")
    means = {name: pl.col(f"{name}_1") / every for name in ("calls", "critical_ns")}
    errors = {
        name: (
            (pl.col(f"{name}_2") - 2 * mean * pl.col(f"{name}_w") + mean**2 * pl.col("squares")).clip(0).sqrt() / every
        )
        for name, mean in means.items()
    }
    return joined.select(
        "during", "path",
        calls=means["calls"], calls_se=errors["calls"],
        critical_ms=means["critical_ns"] / 1e6, critical_se=errors["critical_ns"] / 1e6,
        self_ms=pl.col("self_ns") / every / 1e6, slow_ms=pl.col("slow_ns") / pl.col("slow_all") / 1e6,
        slow_calls=pl.col("slow_made") / pl.col("slow_all"),
        error_ratio=pl.col("failed") / pl.col("made"), seen=pl.col("seen").cast(pl.Float64),
    )  # fmt: skip


def _examples(use: pl.DataFrame) -> pl.DataFrame:
    """One trace a path: of the incident where it has the path, the one that waits longest."""
    return (
        use.sort("during", "critical_ns", "trace_id", descending=[True, True, False])
        .group_by("path", maintain_order=True)
        .agg(pl.first("trace_id"))
    )


def _finished(wide: pl.DataFrame) -> pl.DataFrame:
    spread = {
        name: _Z * (pl.col(f"{name}_se_before") ** 2 + pl.col(f"{name}_se_during") ** 2).sqrt()
        for name in ("calls", "critical")
    }
    moved = {
        "calls": pl.col("calls_during") - pl.col("calls_before"),
        "critical": pl.col("critical_ms_during") - pl.col("critical_ms_before"),
    }
    excess = pl.col("slow_ms_during") - pl.col("slow_ms_before")
    change = (
        pl.when(pl.col("seen_before") == 0)
        .then(pl.lit("new"))
        .when(pl.col("seen_during") == 0)
        .then(pl.lit("vanished"))
        .otherwise(pl.lit(""))
    )
    ends = [
        (moved[name] + sign * spread[name]).alias(f"{name}_{end}")
        for name in moved
        for sign, end in ((-1, "low"), (1, "high"))
    ]
    finished = wide.with_columns(*ends, excess_ms=excess, change=change).with_columns(
        share_of_excess=pl.when(pl.col("excess_ms").sum() > 0).then(pl.col("excess_ms") / pl.col("excess_ms").sum())
    )
    return finished.sort("excess_ms", "text", descending=[True, False]).select(
        pl.col("text").alias("path"), "service_name", "operation", "calls_before", "calls_during", "calls_low", "calls_high",
        "self_ms_before", "self_ms_during", "critical_ms_before", "critical_ms_during", "critical_low", "critical_high",
        "slow_calls_before", "slow_calls_during", "slow_ms_before", "slow_ms_during", "excess_ms", "share_of_excess", "error_ratio_before", "error_ratio_during",
        "change", pl.col("statement").alias("db_query_digest"), "depth", "trace_id",
    )  # fmt: skip


def _effect(found: PathUse) -> Effect:
    sides = []
    for during in (False, True):
        part = found.requests.filter(pl.col("during") == during)
        sides.append((part["duration_ns"].to_numpy() / 1e6, part["weight"].to_numpy()))
    draws = mean_draws(*sides[1], seed=1) - mean_draws(*sides[0], seed=2)
    low, high = interval(draws)
    weight = sum(float(side[1].sum()) for side in sides)
    seen = sum(side[0].size for side in sides)
    return Effect(
        name="mean length of a request",
        before=weighted_mean(*sides[0]),
        after=weighted_mean(*sides[1]),
        low=low,
        high=high,
        unit="ms",
        n_before=int(sides[0][0].size),
        n_after=int(sides[1][0].size),
        method="weighted mean, bootstrap over requests",
        sampling=seen / weight if weight > seen * 1.001 else None,
    )


def _claim(incident: Incident, table: pl.DataFrame) -> str:
    lead: dict[str, Any] = table.row(0, named=True)
    total = float(table["excess_ms"].sum())
    if lead["excess_ms"] <= 0 or total <= 0:
        return f"The slowest requests of {incident.service_name} take no longer than before on any call path."
    calls = f"{lead['slow_calls_before']:.3g} → {lead['slow_calls_during']:.3g} calls"
    calls += f" (of all requests {lead['calls_before']:.3g} → {lead['calls_during']:.3g})"
    return (
        f"In the slowest requests of {incident.service_name}, {lead['service_name']} {lead['operation']}: {calls} and "
        f"{lead['slow_ms_before']:,.0f} → {lead['slow_ms_during']:,.0f} ms, {lead['excess_ms'] / total:.0%} of what they take longer."
    )


def _caveats(found: PathUse, effect: Effect) -> list[str]:
    notes = ["Where time went is an observation: only an experiment tells what made it go there."]
    slow = (
        found.requests.with_columns(slow=_slow(found.requests)).filter("slow").group_by("during").len().sort("during")
    )
    for during, count in slow.iter_rows():
        if count < _FEW:
            notes.append(f"The slowest requests {'during' if during else 'before'} are only {count}.")
    if effect.sampling is not None:
        notes.append(f"Traces are sampled: {effect.sampling:.1%} of the requests were seen, and weigh accordingly.")
    return notes

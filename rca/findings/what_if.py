"""What would remain of the incident if requests did not repeat a call: predicted latency, with its interval."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from rca.errors import NoDataError, OptionError, did_you_mean
from rca.measures.periods import Periods, periods
from rca.measures.requests import Requests, limited, requests
from rca.measures.statement_time import statement_use
from rca.measures.targets import statement_title
from rca.model import Effect, Finding, Incident
from rca.sql import statement
from rca.stats.weighted import interval, weighted_quantile
from rca.store import Store

__all__ = ["what_if"]

_QUANTILES = (0.5, 0.95, 0.99)
_DRAWS = 400
_REPEATED = 2
"""Calls of one statement in one request from which they are repeated."""

Amounts = npt.NDArray[np.float64]


def what_if(store: Store, incident: Incident, *, remove: str | None = None, most: int = 25_000) -> Finding:
    """Predict p50, p95 and p99 of the incident's requests if a repeated statement were asked for in one call.

    Of the time that each request waits for the statement (its critical path), the share of all calls but one goes; nothing
    else is changed. How long the one call takes that replaces them is not known: the interval runs from none of that time
    (an index, a cache) to as much as one of the calls takes today, each end widened by what chance can do. Nor is it known
    whether other requests are slower because of these calls, through queues and a busy database: where the baseline was
    faster, the interval begins there. A branch that ran beside the calls may then be what the request waits for, so that
    less is gained.

    Parameters
    ----------
    store
        The store.
    incident
        Service and window.
    remove
        The statement: its digest, a part of it, or its title such as ``"SELECT promotions by user_id"``. Left out, the
        repeated statement for which requests wait longest.
    most
        Traces of either window that are read at most; where there are more, they are drawn at random and the finding says so.

    Returns
    -------
    Finding
        The table has one row a quantile: ``quantile``, ``before_ms`` (baseline), ``during_ms``, ``predicted_ms`` (one call
        as slow as today stays), ``without_ms`` (no call stays), ``low``, ``high`` (interval over both), ``saved_ms``, ``recovered`` (share of the excess over the baseline). The
        effect is p99 during → predicted. ``details`` names the statement and its calls a request.

    Raises
    ------
    NoDataError
        When no request of the incident repeats a statement.
    OptionError
        When no statement is meant by `remove`.

    Examples
    --------
    >>> import rca
    >>> what_if(rca.open(), rca.Incident("a", start="2026-03-04T14:10Z", end="2026-03-04T15:00Z", baseline="1h"))
    Traceback (most recent call last):
    rca.errors.NoDataError: No request of a in 2026-03-04 14:10:00 to 15:00:00 UTC (50.0 min) calls one statement twice.
    """
    compared = periods(store, incident)
    asked = requests(store, incident, windows=(compared.baseline, compared.incident), most=most)
    use = statement_use(asked)
    during = pl.Series("request", np.flatnonzero(asked.during))
    now = use.filter(pl.col("request").is_in(during.implode()) & (pl.col("calls") >= _REPEATED))
    if now.is_empty():
        raise NoDataError(f"No request of {incident.service_name} in {compared.incident} calls one statement twice.")
    chosen = _chosen(now, remove)
    mine = now.filter(pl.col("statement") == chosen)
    saved, whole = np.zeros(asked.rows.size), np.zeros(asked.rows.size)
    whole[mine["request"].to_numpy()] = mine["critical_ns"].to_numpy()
    saved[mine["request"].to_numpy()] = (mine["critical_ns"] * (1 - 1 / mine["calls"])).to_numpy()
    table, effect = _predicted(asked, saved, whole)
    return Finding(
        name="what_if",
        claim=_claim(incident, chosen, effect),
        table=table,
        effect=effect,
        sql=(statement("request_spans").sql,),
        window=compared.incident,
        baseline=compared.baseline,
        examples=_examples(asked, saved),
        caveats=(*limited(asked, most), *_caveats(compared, effect)),
        details=_details(chosen, mine, asked),
    )


def _chosen(now: pl.DataFrame, remove: str | None) -> str:
    waited = (
        now.group_by("statement").agg(pl.sum("critical_ns")).sort("critical_ns", "statement", descending=[True, False])
    )
    known = [str(name) for name in waited["statement"]]
    if remove is None:
        return known[0]
    wanted = remove.strip().lower()
    for name in known:
        if wanted in (name.lower(), statement_title(name).lower()):
            return name
    for name in known:
        if wanted and wanted in name.lower():
            return name
    titles = [statement_title(name) for name in known]
    raise OptionError(f"No repeated statement is meant by {remove!r}. {did_you_mean(remove, titles)}")


def _predicted(asked: Requests, saved: Amounts, whole: Amounts) -> tuple[pl.DataFrame, Effect]:
    length = asked.entries["duration_ns"].fill_null(-1).to_numpy().astype(float)
    weight, timed = asked.weights, length >= 0
    now, past = asked.during & timed, ~asked.during & timed
    after, without = np.maximum(length - saved, 0.0), np.maximum(length - whole, 0.0)
    draws, least = (_quantile_draws(values[now], weight[now]) for values in (after, without))
    if past.any():
        least = np.minimum(least, _quantile_draws(length[past], weight[past]))
    rows: list[dict[str, Any]] = []
    for at, q in enumerate(_QUANTILES):
        before = weighted_quantile(length[past], q, weight[past]) / 1e6 if past.any() else None
        seen = weighted_quantile(length[now], q, weight[now]) / 1e6
        predicted = weighted_quantile(after[now], q, weight[now]) / 1e6
        low, high = interval(least[:, at] / 1e6)[0], interval(draws[:, at] / 1e6)[1]
        excess = seen - before if before is not None else 0.0
        rows.append(
            {
                "quantile": f"p{q * 100:g}", "before_ms": before, "during_ms": seen, "predicted_ms": predicted,
                "without_ms": weighted_quantile(without[now], q, weight[now]) / 1e6, "low": low,
                "high": high, "saved_ms": seen - predicted, "recovered": (seen - predicted) / excess if excess > 0 else None,
            }
        )  # fmt: skip
    table = pl.DataFrame(rows, infer_schema_length=None).with_columns(pl.col("before_ms", "recovered").cast(pl.Float64))
    return table, _effect(table, asked, now)


def _quantile_draws(values: Amounts, weights: Amounts) -> Amounts:
    """Bootstrap the quantiles: requests are drawn as often as chance has it, in the order of their length."""
    order = np.argsort(values, kind="stable")
    value, weight = values[order], weights[order]
    rng = np.random.default_rng(4)
    draws = np.empty((_DRAWS, len(_QUANTILES)))
    for at in range(_DRAWS):
        reached = np.cumsum(weight * rng.poisson(1.0, value.size))
        if reached[-1] <= 0:
            draws[at] = np.nan
            continue
        place = np.searchsorted(reached, np.array(_QUANTILES) * reached[-1])
        draws[at] = value[np.minimum(place, value.size - 1)]
    return draws


def _effect(table: pl.DataFrame, asked: Requests, now: npt.NDArray[np.bool_]) -> Effect:
    p99 = table.row(-1, named=True)
    weight = float(asked.weights.sum())
    ends = [p99[end] - p99["during_ms"] if p99[end] is not None else None for end in ("low", "high")]
    return Effect(
        name="p99, during and predicted",
        before=p99["during_ms"],
        after=p99["predicted_ms"],
        low=ends[0],
        high=ends[1],
        unit="ms",
        n_before=int(now.sum()),
        n_after=int(now.sum()),
        method="critical-path time of all but one call taken off each request; Poisson bootstrap over requests",
        sampling=asked.rows.size / weight if weight > asked.rows.size * 1.001 else None,
    )


def _details(chosen: str, mine: pl.DataFrame, asked: Requests) -> dict[str, Any]:
    return {
        "db_query_digest": chosen,
        "title": statement_title(chosen),
        "requests": mine.height,
        "requests_during": int(asked.during.sum()),
        "calls_median": float(mine["calls"].median() or 0),  # type: ignore[arg-type]
        "critical_ms_median": float(mine["critical_ns"].median() or 0) / 1e6,  # type: ignore[arg-type]
    }


def _claim(incident: Incident, chosen: str, effect: Effect) -> str:
    if effect.before is None or effect.after is None or effect.low is None or effect.high is None:
        return f"{incident.service_name}: the prediction has no data."
    return (
        f"With one call in place of many for {statement_title(chosen)}, p99 of {incident.service_name} would be about {effect.after:,.0f} ms "
        f"({effect.before + effect.low:,.0f} to {effect.before + effect.high:,.0f}), not {effect.before:,.0f} ms."
    )


def _examples(asked: Requests, saved: Amounts) -> tuple[str, ...]:
    most = np.argsort(-saved, kind="stable")[:3]
    return tuple(str(asked.entries["trace_id"][int(at)]) for at in most if saved[at] > 0)


def _caveats(compared: Periods, effect: Effect) -> tuple[str, ...]:
    notes = [
        *compared.notes,
        "A prediction, not an experiment: what queues and the database gain from less load is in its interval only.",
    ]
    if effect.n_after < 370:
        notes.append(f"{effect.n_after} requests do not bound a p99 from above; its interval is too narrow.")
    return tuple(notes)

"""Comparing two runs route by route."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from rca.display import format_number
from rca.errors import NoDataError
from rca.gate.budgets import Budgets
from rca.gate.intervals import Change, Sample, mean_difference, quantile_change, share_difference
from rca.gate.report import GateReport
from rca.gate.requests import Run, requests_of
from rca.store import Store

__all__ = ["compare", "compare_runs"]

_SCHEMA = {
    "service_name": pl.String, "route": pl.String, "measure": pl.String, "baseline": pl.Float64, "candidate": pl.Float64,
    "change": pl.Float64, "low": pl.Float64, "high": pl.Float64, "allowed": pl.Float64, "n_baseline": pl.Int64,
    "n_candidate": pl.Int64, "source": pl.String, "verdict": pl.String, "reason": pl.String, "example_trace_id": pl.String,
}  # fmt: skip
_ORDER = {"regress": 0, "pass": 1, "no_data": 2}


@dataclass(frozen=True, slots=True)
class _Pair:
    """One route as one source saw it on both sides."""

    service: str
    route: str
    source: str
    baseline: pl.DataFrame
    candidate: pl.DataFrame

    @property
    def least(self) -> int:
        return min(self.baseline.height, self.candidate.height)


@dataclass(frozen=True, slots=True)
class _Measure:
    name: str
    ratio: bool
    allowed: float
    judge: Callable[[float], Change]
    example: pl.Expr


def compare(baseline: Store, candidate: Store, *, budgets: Budgets | None = None) -> GateReport:
    """Compare a candidate run with a baseline; :func:`compare_runs` takes parts of a store."""
    return compare_runs(Run(store=baseline, role="baseline"), Run(store=candidate, role="candidate"), budgets=budgets)


def compare_runs(baseline: Run, candidate: Run, *, budgets: Budgets | None = None) -> GateReport:
    """Compare p95, p99, errors and database calls per request of every route that both runs saw.

    Where spans and log records tell of the same route, the source that saw more requests on its scarcer side is taken: sampled
    traces often hold too few to bound a p99. A change counts where the whole of its interval lies beyond the budget; the intervals are
    widened (Bonferroni) so that all comparisons together hold the stated level, and a hundred routes do not close the gate by chance.

    Raises
    ------
    NoDataError
        When a run holds no requests, they share no route, or no route has enough requests on both sides: a gate that could not
        look must not open.
    """
    return _judged_pairs(requests_of(baseline), requests_of(candidate), budgets or Budgets())


def _judged_pairs(before: pl.DataFrame, after: pl.DataFrame, allowed: Budgets) -> GateReport:
    pairs, lonely = _pairs(before, after)
    if not pairs:
        raise NoDataError("Baseline and candidate share no route: no service and route has requests in both.")
    enough = [pair for pair in pairs if pair.least >= allowed.min_requests]
    if not enough:
        most = max(pair.least for pair in pairs)
        raise NoDataError(
            f"No route has {allowed.min_requests} requests on both sides (the most is {most}), so nothing can be told. "
            "Record longer runs, or lower min_requests under [budgets]."
        )
    measured = [(pair, list(_measures(pair, allowed))) for pair in enough]
    alpha = (1 - allowed.level) / sum(len(measures) for _, measures in measured)
    rows = [_row(pair, measure, alpha) for pair, measures in measured for measure in measures]
    rows += [_silent(pair, allowed) for pair in pairs if pair.least < allowed.min_requests] + lonely
    table = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
    return GateReport(
        table=table.sort(pl.col("verdict").replace_strict(_ORDER), "service_name", "route", "measure"), budgets=allowed
    )


def _pairs(before: pl.DataFrame, after: pl.DataFrame) -> tuple[list[_Pair], list[dict[str, Any]]]:
    keys = ("service_name", "route", "source")
    left = dict(before.group_by(keys, maintain_order=True))
    right = dict(after.group_by(keys, maintain_order=True))
    best: dict[tuple[object, ...], _Pair] = {}
    for key in sorted(left.keys() & right.keys(), key=str):
        pair = _Pair(str(key[0]), str(key[1]), str(key[2]), left[key], right[key])
        if key[:2] not in best or pair.least > best[key[:2]].least:
            best[key[:2]] = pair
    lonely = [
        {
            "service_name": key[0], "route": key[1], "measure": "all", "verdict": "no_data", "source": key[2],
            "n_baseline": len(left.get(key, ())), "n_candidate": len(right.get(key, ())),
            "reason": f"only the {'baseline' if key in left else 'candidate'} has this route",
        }
        for key in sorted(left.keys() ^ right.keys(), key=str)
        if key[:2] not in best
    ]  # fmt: skip
    return list(best.values()), lonely


def _sample(frame: pl.DataFrame, values: pl.Expr | str) -> Sample:
    rows = frame.select(pl.col(values) if isinstance(values, str) else values.alias("value"), "weight", "time_ns")
    columns = [rows.to_series(at).cast(pl.Float64).to_numpy() for at in range(3)]
    return Sample.of(columns[0], columns[1], columns[2])


def _measures(pair: _Pair, budgets: Budgets) -> Iterator[_Measure]:
    before, after = _sample(pair.baseline, "duration_ms"), _sample(pair.candidate, "duration_ms")
    slow = pl.col("duration_ms")
    for q, allowed in ((0.95, budgets.p95_ratio), (0.99, budgets.p99_ratio)):
        yield _Measure(f"p{q * 100:.0f}_ms", True, allowed, lambda a, q=q: quantile_change(before, after, q, a), slow)  # type: ignore[misc]
    failed = _sample(pair.baseline, "failed"), _sample(pair.candidate, "failed")
    yield _Measure(
        "error_ratio", False, budgets.error_difference, lambda a: share_difference(*failed, a), pl.col("failed")
    )
    known = pl.col("calls").is_not_null()
    parts = pair.baseline.filter(known), pair.candidate.filter(known)
    if min(len(part) for part in parts) < budgets.min_requests:
        return
    calls = _sample(parts[0], "calls"), _sample(parts[1], "calls")
    if not max(float(side.values.max()) for side in calls):
        return
    yield _Measure(
        "queries_per_request",
        False,
        budgets.queries_difference,
        lambda a: mean_difference(*calls, a),
        pl.col("calls").fill_null(0),
    )
    edge = float(calls[0].values.max()) + budgets.queries_more
    many = tuple(_sample(part, (pl.col("calls") > edge).cast(pl.Float64)) for part in parts)
    yield _Measure(
        "many_queries_share",
        False,
        budgets.many_queries_difference,
        lambda a: share_difference(many[0], many[1], a),
        pl.col("calls").fill_null(0),
    )


def _row(pair: _Pair, measure: _Measure, alpha: float) -> dict[str, Any]:
    found = measure.judge(alpha)
    worse = found.low is not None and np.isfinite(found.low) and found.low > measure.allowed
    worst = pair.candidate.sort(measure.example, "example_trace_id", descending=True)["example_trace_id"][0]
    return {
        "service_name": pair.service, "route": pair.route, "measure": measure.name, "source": pair.source,
        "baseline": found.before, "candidate": found.after, "change": found.change, "low": found.low, "high": found.high,
        "allowed": measure.allowed, "n_baseline": pair.baseline.height, "n_candidate": pair.candidate.height,
        "verdict": "regress" if worse else "pass", "reason": _reason(found, measure), "example_trace_id": worst,
    }  # fmt: skip


def _reason(found: Change, measure: _Measure) -> str:
    low = "?" if found.low is None else f"{found.low:.3g}" if measure.ratio else f"{found.low:+.3g}"
    high = "unbounded" if found.high is None else f"{found.high:.3g}" if measure.ratio else f"{found.high:+.3g}"
    word = f"{found.change:.2f} times" if measure.ratio else f"{found.change:+.3g}"
    limit = f"{measure.allowed:g} times" if measure.ratio else f"+{measure.allowed:g}"
    return f"{measure.name} {format_number(found.before)} → {format_number(found.after)}, {word} ({low} to {high}); allowed {limit}"


def _silent(pair: _Pair, budgets: Budgets) -> dict[str, Any]:
    return {
        "service_name": pair.service, "route": pair.route, "measure": "all", "verdict": "no_data", "source": pair.source,
        "n_baseline": pair.baseline.height, "n_candidate": pair.candidate.height,
        "reason": f"{pair.least} requests on one side, {budgets.min_requests} needed",
    }  # fmt: skip

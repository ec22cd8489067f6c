"""Comparing two runs route by route."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from rca import display
from rca.errors import NoDataError
from rca.gate.budgets import Budgets
from rca.measures.inventory import inventory
from rca.measures.places import binned, requests_by_place
from rca.model import Window
from rca.stats.binned import Binned, resample, summarize
from rca.store import Store

__all__ = ["GateReport", "compare"]

_SCHEMA = {
    "service_name": pl.String, "route": pl.String, "measure": pl.String, "baseline": pl.Float64, "candidate": pl.Float64,
    "change": pl.Float64, "low": pl.Float64, "high": pl.Float64, "allowed": pl.Float64, "n_baseline": pl.Int64,
    "n_candidate": pl.Int64, "verdict": pl.String, "reason": pl.String,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class GateReport:
    """What the gate found: one row a route and measure with a verdict ``pass``, ``regress`` or ``no_data``."""

    table: pl.DataFrame
    budgets: Budgets

    @property
    def regressions(self) -> pl.DataFrame:
        """The rows that close the gate."""
        return self.table.filter(pl.col("verdict") == "regress")

    @property
    def passed(self) -> bool:
        """Whether nothing regressed."""
        return self.regressions.is_empty()

    @property
    def claim(self) -> str:
        """The verdict in a sentence."""
        told = self.table.filter(pl.col("verdict") != "no_data")
        if self.passed:
            return f"No regression in {told.height} comparisons of {told.select('service_name', 'route').unique().height} routes."
        worst = self.regressions.row(0, named=True)
        return f"{self.regressions.height} regressions; the first: {worst['service_name']} {worst['route']}: {worst['reason']}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {"passed": self.passed, "claim": self.claim, "comparisons": self.table.to_dicts()}

    def __str__(self) -> str:
        shown = self.table.select("service_name", "route", "measure", "baseline", "candidate", "low", "high", "verdict")
        return f"{display.escape_terminal(self.claim)}\n{display.table_text(shown.to_dicts())}"


@dataclass(frozen=True, slots=True)
class _Pair:
    service: str
    route: str
    baseline: Binned
    candidate: Binned


def compare(baseline: Store, candidate: Store, *, budgets: Budgets | None = None) -> GateReport:
    """Compare a candidate run with a baseline: p95, p99, errors and queries per request of every route.

    A change counts where the whole of its interval lies beyond the budget. The intervals are normal on 1,000
    cluster-bootstrap resamples and widened (Bonferroni) so that all comparisons together hold the stated level: a
    hundred routes do not close the gate by chance.

    Raises
    ------
    NoDataError
        When either store holds no traced requests, or they share no route.
    """
    allowed = budgets or Budgets()
    pairs = list(_pairs(baseline, candidate))
    if not pairs:
        raise NoDataError("The two stores share no route: no service and route has traced requests in both.")
    enough = [pair for pair in pairs if min(pair.baseline.n, pair.candidate.n) >= allowed.min_requests]
    comparisons = max(1, 4 * len(enough))
    rows = [row for pair in pairs for row in _rows(pair, allowed, comparisons)]
    order = {"regress": 0, "pass": 1, "no_data": 2}
    table = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
    return GateReport(
        table=table.sort(pl.col("verdict").replace_strict(order), "service_name", "route", "measure"), budgets=allowed
    )


def _pairs(baseline: Store, candidate: Store) -> Iterator[_Pair]:
    before, after = _requests(baseline, "baseline"), _requests(candidate, "candidate")
    for service in sorted(before.keys() & after.keys()):
        routes = set(before[service]["route"].to_list()) & set(after[service]["route"].to_list())
        for route in sorted(routes):
            yield _Pair(
                service,
                route,
                binned(before[service], where={"route": route}),
                binned(after[service], where={"route": route}),
            )


def _requests(store: Store, role: str) -> dict[str, pl.DataFrame]:
    holds = inventory(store)
    spans = holds.spans.filter(pl.col("entries") > 0)
    if spans.is_empty():
        raise NoDataError(f"The {role} store, {store.engine.location}, holds no traced request.")
    found = {}
    for row in spans.iter_rows(named=True):
        window = Window(int(row["first_ns"]), int(row["last_ns"]) + 1)
        found[str(row["service_name"])] = requests_by_place(store, str(row["service_name"]), window)
    return found


def _rows(pair: _Pair, budgets: Budgets, comparisons: int) -> Iterator[dict[str, Any]]:
    base = {
        "service_name": pair.service,
        "route": pair.route,
        "n_baseline": pair.baseline.n,
        "n_candidate": pair.candidate.n,
    }
    least = min(pair.baseline.n, pair.candidate.n)
    if least < budgets.min_requests:
        reason = f"{least} requests on one side, {budgets.min_requests} needed"
        yield base | {"measure": "all", "verdict": "no_data", "reason": reason}
        return
    from scipy.special import ndtri

    z = float(ndtri(1 - (1 - budgets.level) / comparisons))
    values = [
        {name: float(item[0]) for name, item in summarize(side).items()} for side in (pair.baseline, pair.candidate)
    ]
    draws = [resample(pair.baseline, seed=1), resample(pair.candidate, seed=2)]
    for measure, limit, ratio in (
        ("p95_ms", budgets.p95_ratio, True),
        ("p99_ms", budgets.p99_ratio, True),
        ("error_ratio", budgets.error_difference, False),
        ("queries_per_request", budgets.queries_difference, False),
    ):
        before, after = values[0][measure], values[1][measure]
        with np.errstate(divide="ignore", invalid="ignore"):
            change = after / before if ratio else after - before
            spread = draws[1][measure] / draws[0][measure] if ratio else draws[1][measure] - draws[0][measure]
        error = z * float(np.nanstd(np.log(spread) if ratio else spread))
        low, high = (change * np.exp(-error), change * np.exp(error)) if ratio else (change - error, change + error)
        worse = bool(low > limit)
        word = (
            f"{change:.2f} times ({low:.2f} to {high:.2f})" if ratio else f"{change:+.4g} ({low:+.4g} to {high:+.4g})"
        )
        reason = f"{measure} {before:,.4g} → {after:,.4g}, {word}; allowed {limit:g}"
        yield base | {
            "measure": measure, "baseline": before, "candidate": after, "change": float(change), "low": float(low), "high": float(high),
            "allowed": limit, "verdict": "regress" if worse else "pass", "reason": reason,
        }  # fmt: skip

"""What slow requests have in common that others have not: attributes and pairs of them, ranked, with what they cost."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from rca.errors import NoDataError, OptionError
from rca.findings.attribute_ranking import LEAST, LEVEL, Candidate, ranked, tried
from rca.measures.request_attributes import facts_of, request_attributes
from rca.measures.requests import compared_windows
from rca.model import Effect, Finding, Incident, Window
from rca.sql import statement
from rca.stats.weighted import interval, share_draws, weighted_quantile
from rca.store import Store
from rca.times import format_duration

__all__ = ["compare_attributes"]

_LEAST_SHARE = 0.001
_SHOWN = 40

Flags = npt.NDArray[np.bool_]


def compare_attributes(store: Store, incident: Incident, *, slower_than_ns: int | None = None) -> Finding:
    """Say what slow requests have in common that the others have not.

    Every attribute of the service's entry spans and of what wrote them is tried, on all requests of the incident: each
    value that enough requests share, its presence or absence, quantities by their distribution, and pairs; so are the
    feature flags evaluated anywhere in the trace (``feature_flag.<key>``). Identifiers leave by themselves, for no value of theirs is shared; so does what a request ends with, such as its status.

    Parameters
    ----------
    store
        The store.
    incident
        Service and window.
    slower_than_ns
        From which length a request is slow; left out, the baseline's p99, or the incident's p95 without a baseline.

    Returns
    -------
    Finding
        The table has one row a fact, best first; of facts that go together the one that explains most is before those that
        it explains (``explained_by``): ``attribute`` (a pair as ``a & b``), ``value``, ``p_value`` (Fisher's exact test, or
        ranks for quantities, corrected for everything that was tried, by Bonferroni: half of the level for single facts,
        half for all pairs), ``effect`` (share of slow requests with it less the share without, weighted), ``low``, ``high``,
        ``slow_share_with``, ``slow_share_without``, ``slow_covered`` (share of the slow requests that it holds for),
        ``requests`` (weighted), ``seen``, ``p99_with_ms``, ``p99_without_ms``, ``score`` (likelihood-ratio statistic).
        It is an observation: what goes with slowness need not cause it.

    Raises
    ------
    NoDataError
        When no request of the service starts in the incident.
    OptionError
        When `slower_than_ns` is not positive.

    Examples
    --------
    >>> import rca
    >>> compare_attributes(rca.open(), rca.Incident("checkout", start="2026-03-04T14:10Z", end="2026-03-04T15:00Z"))
    Traceback (most recent call last):
    rca.errors.NoDataError: No request of checkout starts in 2026-03-04 14:10:00 to 15:00:00 UTC (50.0 min).
    """
    if slower_than_ns is not None and slower_than_ns <= 0:
        raise OptionError(
            f"slower_than_ns is a length in nanoseconds above 0, such as 1_000_000_000; got {slower_than_ns}."
        )
    before, window = compared_windows(store, incident)
    asked = request_attributes(store, service=incident.service_name, start_ns=window.start_ns, end_ns=window.end_ns)
    if asked.is_empty():
        raise NoDataError(f"No request of {incident.service_name} starts in {window}.")
    edge, why = (slower_than_ns, "given") if slower_than_ns else _edge(store, incident, before, asked)
    slow = (asked["duration_ns"] >= edge).to_numpy()
    facts = facts_of(asked, least=max(LEAST, round(asked.height * _LEAST_SHARE)))
    found, tests = (ranked(facts, slow), tried(facts)) if 0 < slow.sum() < slow.size else ([], 0)
    table = _table(found[:_SHOWN], asked, slow)
    effect = _effect(found, asked, slow, table) if found and found[0].p_value < LEVEL else None
    return Finding(
        name="compare_attributes",
        claim=_claim(incident, found, table, slow, edge),
        table=table,
        effect=effect,
        sql=tuple(statement(name).sql for name in _statements(asked)),
        window=window,
        examples=_examples(found, asked, slow),
        caveats=tuple(_caveats(asked, slow)),
        details={
            "slower_than_ns": int(edge),
            "threshold": why,
            "tried": tests,
            "slow": int(slow.sum()),
            "seen": slow.size,
        },
    )


def _statements(asked: pl.DataFrame) -> tuple[str, ...]:
    return ("logged_requests",) if (asked["span_name"] == "").all() else ("request_attributes", "request_flags")


def _edge(store: Store, incident: Incident, before: Window, asked: pl.DataFrame) -> tuple[int, str]:
    past = request_attributes(store, service=incident.service_name, start_ns=before.start_ns, end_ns=before.end_ns)
    if past.height >= 100:
        edge = weighted_quantile(past["duration_ns"].to_numpy(), 0.99, past["adjusted_count"].to_numpy())
        return int(edge) + 1, "p99 of the baseline"
    edge = weighted_quantile(asked["duration_ns"].to_numpy(), 0.95, asked["adjusted_count"].to_numpy())
    return int(edge), "p95 of the incident, for there is no baseline"


_SCHEMA = {
    "attribute": pl.String, "value": pl.String, "p_value": pl.Float64, "effect": pl.Float64, "low": pl.Float64,
    "high": pl.Float64, "slow_share_with": pl.Float64, "slow_share_without": pl.Float64, "slow_covered": pl.Float64,
    "requests": pl.Float64, "seen": pl.Int64, "p99_with_ms": pl.Float64, "p99_without_ms": pl.Float64,
    "explained_by": pl.String, "score": pl.Float64,
}  # fmt: skip


def _table(found: list[Candidate], asked: pl.DataFrame, slow: Flags) -> pl.DataFrame:
    weight, length = asked["adjusted_count"].to_numpy(), asked["duration_ns"].to_numpy()
    order = np.argsort(length, kind="stable")
    rows = []
    for item in found:
        have, lack = item.members, ~item.members
        shares = [float(weight[part & slow].sum() / weight[part].sum()) for part in (have, lack)]
        draws = share_draws(slow[have], weight[have], seed=1) - share_draws(slow[lack], weight[lack], seed=2)
        low, high = interval(draws)
        p99 = [weighted_quantile(length, 0.99, np.where(part, weight, 0.0), order=order) / 1e6 for part in (have, lack)]
        rows.append(
            {
                "attribute": item.attribute, "value": item.value, "p_value": item.p_value, "effect": shares[0] - shares[1],
                "low": low, "high": high, "slow_share_with": shares[0], "slow_share_without": shares[1],
                "slow_covered": float(weight[have & slow].sum() / weight[slow].sum()),
                "requests": float(weight[have].sum()), "seen": int(have.sum()), "p99_with_ms": p99[0],
                "p99_without_ms": p99[1], "explained_by": item.explained_by, "score": item.score,
            }
        )  # fmt: skip
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _effect(found: list[Candidate], asked: pl.DataFrame, slow: Flags, table: pl.DataFrame) -> Effect:
    lead, members = table.row(0, named=True), found[0].members
    weight = float(asked["adjusted_count"].sum())
    return Effect(
        name=f"share of slow requests, without and with {found[0].label}",
        before=lead["slow_share_without"],
        after=lead["slow_share_with"],
        low=lead["low"],
        high=lead["high"],
        unit="",
        n_before=int(slow.size - members.sum()),
        n_after=int(members.sum()),
        method="weighted shares, Beta interval at the effective number of requests",
        p_value=lead["p_value"],
        sampling=slow.size / weight if weight > slow.size * 1.001 else None,
    )


def _claim(incident: Incident, found: list[Candidate], table: pl.DataFrame, slow: Flags, edge: float) -> str:
    limit = format_duration(int(edge))
    if not slow.any() or slow.all():
        none = "No" if not slow.any() else "Every"
        return f"{none} request of {incident.service_name} took {limit} or more, so there is nothing to compare."
    if not found or found[0].p_value >= LEVEL:
        return (
            f"Nothing that requests of {incident.service_name} carry tells those of {limit} and more from the others."
        )
    lead: dict[str, Any] = table.row(0, named=True)
    return (
        f"{lead['slow_share_with']:.1%} of the requests of {incident.service_name} with {found[0].label} take {limit} or more, "
        f"{lead['slow_share_without']:.1%} of the others; it holds for {lead['slow_covered']:.0%} of the slow ones."
    )


def _examples(found: list[Candidate], asked: pl.DataFrame, slow: Flags) -> tuple[str, ...]:
    if not found:
        return ()
    shown = asked.filter(pl.Series(found[0].members & slow)).sort("duration_ns", descending=True)
    return tuple(shown["trace_id"].head(3).to_list())


def _caveats(asked: pl.DataFrame, slow: Flags) -> list[str]:
    found = [
        "What slow requests have in common is an observation; only an experiment tells whether it makes them slow."
    ]
    if asked["adjusted_count"].n_unique() > 1:
        found.append("Requests weigh differently after sampling: shares are weighted, tests use what was seen.")
    if slow.sum() < 30:
        found.append(f"Only {int(slow.sum())} slow requests were seen.")
    return found

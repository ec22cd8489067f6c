"""H1: a service further down is slow or fails."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from rca.hypotheses.base import Hypothesis, Test, missing, observation
from rca.hypotheses.evidence import error_words, excess_in, saturated
from rca.hypotheses.observed import Observed
from rca.hypotheses.origin import began_elsewhere, begins_as
from rca.hypotheses.weights import bounded, of_ratio
from rca.measures.vocabulary import is_database
from rca.model import Evidence, Finding

__all__ = ["DEPENDENCY"]

_WORDS = (
    r"circuit.?breaker|breaker (?:is )?open|upstream|downstream|\b50[234]\b|bad gateway|service unavailable|gateway time|"
    r"deadline exceeded|request timed? ?out|read timed? ?out|call to .{1,40} (?:failed|timed)|retry(?:ing)? .{0,30}attempt|"
    r"provider|third.?party|rate.?limit(?:ed)? by|too many requests"
)


def _called(hops: Finding, service: str) -> pl.DataFrame:
    """Return the hops of a service to other services: its database is a matter of H2."""
    mine = hops.table.filter(pl.col("caller") == service)
    return mine.filter(~pl.col("callee").map_elements(is_database, return_dtype=pl.Boolean))


def dependency_slower(observed: Observed) -> Evidence:
    """Ask whether a called service answers more slowly by its own clock."""
    name, family = "dependency's own latency", "hops"
    if observed.hops is None:
        return missing(name, family, f"{observed.why['hops']}")
    mine = _called(observed.hops, observed.incident.service_name)
    timed = mine.filter(
        pl.col("server_p99_ms_before").is_not_null()
        & pl.col("server_p99_ms_during").is_not_null()
        & (pl.col("server_p99_ms_before") > 0)
    )
    if timed.is_empty():
        return missing(name, family, "No called service is traced on its own side in both windows.")
    ratio = pl.col("server_p99_ms_during") / pl.col("server_p99_ms_before")
    top = timed.with_columns(ratio.alias("ratio")).sort("ratio", descending=True).row(0, named=True)
    weight = of_ratio(float(top["ratio"]), None, None, expected=3.0, cap=8.0)
    found = began_elsewhere(observed)
    if found is not None and weight > 0:
        claim = f"{top['callee']} takes longer by its own spans, but it begins at {found.service_name}, which shows what is wrong there."
        return observation(name, family, 0.0, claim, source="explained by what lies deeper", finding=observed.hops)
    claim = f"{top['callee']} takes {top['server_p99_ms_before']:,.0f} → {top['server_p99_ms_during']:,.0f} ms at p99 by its own spans, the most of {timed.height} called services."
    return observation(
        name, family, weight, claim, source="elicited: log-ratio around 3 against around 1", finding=observed.hops
    )


def dependency_fails(observed: Observed) -> Evidence:
    """Ask whether calls to another service fail more often."""
    name, family = "failing calls", "hops"
    if observed.hops is None:
        return missing(name, family, f"{observed.why['hops']}")
    mine = _called(observed.hops, observed.incident.service_name)
    if mine.is_empty():
        return missing(name, family, "This service is not seen calling another.")
    rise = (pl.col("error_ratio_during").fill_null(0) - pl.col("error_ratio_before").fill_null(0)).alias("rise")
    top = mine.with_columns(rise).sort("rise", descending=True).row(0, named=True)
    claim = (
        f"Calls to {top['callee']} fail in {top['error_ratio_before'] or 0:.1%} → {top['error_ratio_during'] or 0:.1%}."
    )
    weight = bounded(-2.0 + 200.0 * float(top["rise"]), 8.0) if top["rise"] > 0.002 else -2.0
    return observation(name, family, weight, claim, source="elicited", finding=observed.hops)


def _reached(test: Test) -> Test:
    """Let evidence that calls fail count only where the other side was reached; else the way to it is at fault."""

    def doubted(observed: Observed) -> Evidence:
        found = test(observed)
        kind, text = observed.on_the_way()
        if not kind or found.decibans <= 0:
            return found
        return replace(found, decibans=0.0, claim=f"{found.claim} But calls fail on the way: “{text[:100]}”.")

    return doubted


DEPENDENCY = Hypothesis(
    id="H1",
    title="downstream dependency latency or failure",
    prior_decibans=-5.0,
    place="downstream",
    tests=(
        excess_in("downstream", "other services"),
        begins_as("dependency"),
        dependency_slower,
        _reached(dependency_fails),
        _reached(saturated("circuit breakers", "breaker")),
        _reached(error_words("errors of calls", _WORDS)),
    ),
    experiments=(
        "stub the dependency or serve its fallback",
        "shift its traffic to another replica",
        "tighten its timeout on a canary",
    ),
    tried_by={"dependency": "stub the dependency or serve its fallback"},
    remediation="open the breaker or fail over; tighten the timeout",
)

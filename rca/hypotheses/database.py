"""H2: the database is the bottleneck: too many calls, slow statements, missing indexes, locks."""

from __future__ import annotations

import math

import polars as pl

from rca.hypotheses.base import Hypothesis, missing, observation
from rca.hypotheses.evidence import error_words, excess_in, saturated
from rca.hypotheses.observed import Observed
from rca.hypotheses.origin import begins_as
from rca.hypotheses.weights import bounded, of_ratio
from rca.model import Evidence

__all__ = ["DATABASE"]

_KNOWN_FROM = {"spans": "traced", "logs": "counted in its log", "histograms": "tied to a request"}
_WORDS = (
    r"deadlock|lock wait|lock timeout|too many connections|connection pool|pool (?:exhausted|timeout)|statement timeout|"
    r"canceling statement|sqlstate|could not obtain|serialization failure|slow query|query (?:took|timed out)|"
    r"(?:relation|table|column|collection|index)\b.{0,60}(?:does not exist|not found|missing|unknown)|max_connections|"
    r"provisioned ?throughput|hikari|connection is not available"
)


def queries_per_request_rose(observed: Observed) -> Evidence:
    """Ask whether requests make more database calls than before, the slowest or all of them."""
    name, family = "queries per request", "calls"
    if observed.requests is None:
        return missing(name, family, f"Calls per request cannot be counted: {observed.why['requests']}.")
    counted = observed.requests.value("queries_per_request")
    if not any(counted) or not all(map(math.isfinite, counted)):
        return missing(name, family, f"No database call of this service is {_KNOWN_FROM[observed.requests.source]}.")
    # a defect that hits few requests hardly moves the mean of all, but it makes them the slowest
    weighed = [
        (_calls_weight(observed, measure), measure) for measure in ("slow_queries_per_request", "queries_per_request")
    ]
    weight, measure = max(weighed)
    before, during = observed.requests.value(measure)
    ratio = observed.requests.ratio(measure)
    who = "One of the slowest 5 % of requests" if measure.startswith("slow") else "A request"
    interval = (
        f" ({ratio.low:.2g} to {ratio.high:.2g} times)" if ratio.low is not None and ratio.high is not None else ""
    )
    claim = f"{who} makes {before:.2f} → {during:.2f} database calls on average{interval}."
    source = "elicited: log-ratio around 3 against around 1"
    return observation(name, family, weight, claim, source=source, finding=observed.made("calls"))


def _calls_weight(observed: Observed, measure: str) -> float:
    if observed.requests is None:
        return 0.0
    before, during = observed.requests.value(measure)
    ratio = observed.requests.ratio(measure)
    return (
        of_ratio(ratio.value, ratio.low, ratio.high, expected=3.0) if before else bounded(10.0 if during > 1 else 0.0)
    )


def repeated_calls(observed: Observed) -> Evidence:
    """Ask whether requests repeat the same statement, more than they did."""
    name, family = "repeated statements", "calls"
    if observed.repeated is None:
        return missing(name, family, f"{observed.why['repeated']}")
    database = observed.repeated.table.filter(pl.col("pattern").is_in(["n_plus_one", "redundant"]))
    if "db_system_name" in database.columns:
        database = database.filter(pl.col("db_system_name") != "")
    if database.is_empty():
        return observation(
            name,
            family,
            -3.0,
            "No request repeats a statement five times or more.",
            source="elicited",
            finding=observed.repeated,
        )
    top = (
        database.group_by("target")
        .agg(pl.len().alias("traces"), pl.col("calls").median().alias("calls"))
        .sort("traces", "target", descending=[True, False])
        .row(0, named=True)
    )
    claim = (
        f"“{top['target'][:100]}” is repeated in {top['traces']:,} traces, {top['calls']:.0f} times in the middle one."
    )
    return observation(
        name, family, bounded(2.0 + min(6.0, top["traces"] / 5)), claim, source="elicited", finding=observed.repeated
    )


def slow_statements(observed: Observed) -> Evidence:
    """Ask whether the slow log shows statements that scan, wait for locks, or grew in the incident."""
    name, family = "slow statements", "statements"
    if observed.slow is None:
        return missing(name, family, f"{observed.why['slow']}")
    table = observed.slow.table
    suspicious = table.filter(pl.col("suspicion").fill_null("none") != "none")
    if suspicious.is_empty():
        return observation(
            name,
            family,
            -1.0,
            f"{table.height} statements in the slow log, none suspicious by itself.",
            source="elicited",
            finding=observed.slow,
        )
    top = suspicious.sort("total_ms", descending=True).row(0, named=True)
    share = float(top["total_ms"]) / float(table["total_ms"].sum() or 1)
    claim = f"“{str(top['db_query_digest'])[:100]}”: {top['suspicion'].replace('_', ' ')}, {share:.0%} of the time in the slow log."
    return observation(name, family, bounded(2.0 + 5.0 * share), claim, source="elicited", finding=observed.slow)


DATABASE = Hypothesis(
    id="H2",
    title="database contention or inefficient queries",
    prior_decibans=-5.0,
    place="database",
    tests=(
        excess_in("database", "database calls"),
        begins_as("database"),
        queries_per_request_rose,
        repeated_calls,
        slow_statements,
        saturated("database resources", "db_cpu", "db_scan", "connections", "db_lock"),
        error_words("database errors", _WORDS),
    ),
    experiments=(
        "turn the new code's flag off",
        "batch the repeated look-up",
        "add the missing index",
        "canary at 5 %",
    ),
    tried_by={
        "flag_off": "turn the new code's flag off",
        "batch": "batch the repeated look-up",
        "index": "add the missing index",
        "canary": "canary at 5 %",
    },
    remediation="turn the flag off or roll back; then batch the calls and add the index",
)

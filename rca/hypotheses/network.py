"""H4: between the services: delay, loss, DNS, one region."""

from __future__ import annotations

import math
from typing import Any

import polars as pl

from rca.hypotheses.base import Hypothesis, missing, observation
from rca.hypotheses.evidence import error_words, excess_in, saturated
from rca.hypotheses.observed import Observed
from rca.hypotheses.origin import begins_as
from rca.hypotheses.weights import of_ratio
from rca.model import Evidence

__all__ = ["NETWORK"]

_WORDS = (
    r"connection (?:reset|refused|closed|aborted|timed)|no such host|name resolution|nxdomain|servfail|getaddrinfo|eai_again|"
    r"enotfound|\bdns\b|unreachable|no route to host|econn(?:reset|refused)|etimedout|broken pipe|packet loss|retransmi|"
    r"dial tcp|i/o timeout|socket hang up|temporary failure in|name or service not known|nodename nor servname|could not resolve|(?:server|remote|peer) (?:disconnected|closed)"
)


def gap_grew(observed: Observed) -> Evidence:
    """Ask whether the time between a client's span and the server's grew on some hop, beyond what queueing explains."""
    name, family = "gap between client and server", "hops"
    if observed.hops is None:
        return missing(name, family, f"{observed.why['hops']}")
    table = observed.hops.table.filter(
        pl.col("network_ms_before").is_not_null() & pl.col("network_ms_during").is_not_null()
    )
    if table.is_empty():
        return missing(name, family, "No hop is traced on both sides in both windows.")
    # a hop may double for nothing: what no request would feel (half a millisecond, a hundredth of p99) is added to both
    felt = max(0.5, 0.01 * observed.requests.value("p99_ms")[0]) if observed.requests is not None else 0.5
    ratio = (pl.col("network_ms_during") + felt) / (pl.col("network_ms_before") + felt)
    top = table.with_columns(ratio.alias("ratio")).sort("ratio", descending=True).row(0, named=True)
    queued = observed.signals("pool", "queue").filter(
        (pl.col("score") > 0) & (pl.col("p_value") < 0.05) & (pl.col("service_name") == top["callee"])
    )
    claim = f"{top['caller']} → {top['callee']}: {top['network_ms_before']:,.1f} → {top['network_ms_during']:,.1f} ms between client and server span."
    if queued.height or (observed.waits_first and top["callee"] == observed.incident.service_name):
        return observation(
            name,
            family,
            0.0,
            f"{claim} Requests wait for a worker of {top['callee']}, which explains it.",
            source="elicited",
            finding=observed.hops,
        )
    return observation(
        name,
        family,
        of_ratio(float(top["ratio"]), *_interval(top), expected=4.0),
        claim,
        source="elicited: log-ratio around 4 against around 1",
        finding=observed.hops,
    )


def _interval(row: dict[str, Any]) -> tuple[float, float]:
    """Return the interval of a ratio of two medians by the number of calls: gaps vary about threefold."""
    error = 1.96 * math.sqrt(1 / max(1, row["seen_before"] or 0) + 1 / max(1, row["seen_during"] or 0))
    return float(row["ratio"]) * math.exp(-error), float(row["ratio"]) * math.exp(error)


def calls_fail_on_the_way(observed: Observed) -> Evidence:
    """Ask what the calls that fail say of themselves: that the other side was not reached, or cut off."""
    name, family = "what failed calls say", "hops"
    if not observed.failed_spans:
        return missing(name, family, "No span that failed says why.")
    kind, text = observed.on_the_way()
    if kind == "network":
        return observation(name, family, 9.0, f"Most calls that fail say “{text[:120]}”.", source="elicited")
    return observation(name, family, -1.0, "Calls that fail do not speak of a connection.", source="elicited")


NETWORK = Hypothesis(
    id="H4",
    title="network, DNS or region",
    prior_decibans=-7.0,
    place="network",
    tests=(
        excess_in("network", "the network between services"),
        begins_as("network"),
        gap_grew,
        calls_fail_on_the_way,
        saturated("network errors", "network", "dns"),
        error_words("errors of connections", _WORDS),
    ),
    experiments=(
        "send one replica's traffic over another path or zone",
        "resolve through another DNS server",
        "measure the hop with a synthetic probe",
    ),
    remediation="shift traffic away from the path or zone",
)

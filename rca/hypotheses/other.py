"""Causes outside H1 to H4: a defect in the code, bad data, an expired certificate, a surge of traffic, and none of these."""

from __future__ import annotations

import polars as pl

from rca.hypotheses.base import Hypothesis, missing, observation
from rca.hypotheses.evidence import error_words
from rca.hypotheses.observed import Observed
from rca.hypotheses.origin import begins_as
from rca.hypotheses.spoken import said_of
from rca.hypotheses.weights import bounded, of_ratio
from rca.mechanisms.symptoms import pattern_of, symptoms_in
from rca.model import Evidence

__all__ = ["OTHERS"]

_DEFECT = (
    r"exception|traceback|panic|nil pointer|null ?pointer|nullreference|typeerror|valueerror|keyerror|attributeerror|"
    r"indexerror|undefined|cannot read propert|unexpected|invalid (?:argument|state|operation)|assert|stack ?trace|"
    r"segmentation|not implemented|unhandled|failed to (?:parse|decode|unmarshal|deserialize)|unknown field|missing (?:field|key|required)"
)
_DATA = pattern_of("data", "counterpart", "constraint")
_CERTIFICATE = pattern_of("certificate", "authority", "tls")


_VAGUE = 1.2
"""How far a ratio of two levels of a metric may be off."""
_EXPLAINED = 0.3
"""Rise of a call's failures, as a share of the requests' own rise, from which the call explains it."""


def errors_rose(observed: Observed) -> Evidence:
    """Ask whether requests fail more, which a slow resource alone does not explain."""
    name, family = "requests fail", "errors"
    if observed.requests is None:
        return missing(name, family, f"Errors cannot be counted: {observed.why['requests']}.")
    before, during = observed.requests.value("error_ratio")
    found = observed.requests.difference("error_ratio")
    claim = f"{before:.2%} → {during:.2%} of requests fail."
    if found.low is None or found.low <= 0:
        return observation(name, family, -1.0, claim, source="elicited")
    explained = _failing_call(observed, found.value)
    if explained:
        return observation(name, family, 0.0, f"{claim} {explained}", source="explained by what lies deeper")
    return observation(name, family, bounded(1.0 + 20.0 * during), claim, source="elicited")


def _failing_call(observed: Observed, rise: float) -> str:
    """Say which call fails more often, where that explains a rise of the requests that fail."""
    if observed.hops is None:
        return ""
    calls = observed.hops.table.filter(pl.col("caller") == observed.incident.service_name)
    grown = (pl.col("error_ratio_during").fill_null(0) - pl.col("error_ratio_before").fill_null(0)).alias("rise")
    failing = calls.with_columns(grown).filter(pl.col("rise") >= _EXPLAINED * rise).sort("rise", descending=True)
    if failing.is_empty():
        return ""
    row = failing.row(0, named=True)
    return f"Calls to {row['callee']} fail more by {row['rise']:.1%}, which explains it."


def rate_rose(observed: Observed) -> Evidence:
    """Ask whether more requests came than before."""
    name, family = "request rate", "traffic"
    if observed.requests is None:
        return _metered(observed)
    found = observed.rate
    if found is None:
        return missing(name, family, "No stretch of time is traced in one of the windows.")
    traced = observed.requests.source == "spans"
    how = "counted from traces by their weight" if traced else f"every one counted, by {observed.requests.source}"
    claim = f"{found.before:,.2f} → {found.during:,.2f} requests a second, {how}."
    source = "elicited: log-ratio around 2.5 against around 1" + (
        "; a sampling rate that traces do not tell may be off by a fifth" if traced else ""
    )
    return observation(name, family, of_ratio(found.ratio, found.low, found.high, expected=2.5), claim, source=source)


def _metered(observed: Observed) -> Evidence:
    """Ask the metrics that count requests, where no trace does; what more comes in from outside counts, where that is known."""
    name, family = "request rate", "traffic"
    here, outside = observed.metered
    if here is None:
        return missing(
            name, family, f"Requests cannot be counted: {observed.why['requests']}, and no metric counts them."
        )
    ratio = here if outside is None else min(here, outside)
    claim = f"{here:.1f} times as many requests by the metrics"
    claim += "." if outside is None else f", {outside:.1f} times as many from outside."
    weight = of_ratio(ratio, ratio / _VAGUE, ratio * _VAGUE, expected=2.5)
    return observation(name, family, weight, claim, source="elicited: log-ratio around 2.5 against around 1")


def calls_speak_of_certificates(observed: Observed) -> Evidence:
    """Ask whether the calls that fail say that a certificate is at fault."""
    name, family = "what failed calls say", "hops"
    if not observed.failed_spans:
        return missing(name, family, "No span that failed says why.")
    kind, text = observed.on_the_way()
    if kind == "certificate":
        return observation(name, family, 10.0, f"Most calls that fail say “{text[:120]}”.", source="elicited")
    return observation(name, family, -1.0, "Calls that fail do not speak of a certificate.", source="elicited")


def nothing_clear(observed: Observed) -> Evidence:
    """Ask whether latency and errors moved at all."""
    name, family = "latency and errors", "effect"
    if observed.requests is None:
        return missing(name, family, f"{observed.why['requests']}")
    latency, errors = observed.requests.ratio("p99_ms"), observed.requests.difference("error_ratio")
    before, during = observed.requests.value("p99_ms")
    claim = f"p99 {before:,.0f} → {during:,.0f} ms."
    if observed.waits_first and observed.p99_by_both is not None:
        (before, _), (during, _) = observed.p99_by_both
        claim = f"p99 by the service's histogram {before:,.0f} → {during:,.0f} ms."
    moved = (latency.low or 0) > 1.1 or (errors.low or 0) > 0 or observed.waits_first
    return observation(name, family, -8.0 if moved else 6.0, claim, source="elicited")


def nobody_stands_out(observed: Observed) -> Evidence:
    """Ask whether any service stands out."""
    name, family = "where it begins", "origin"
    if observed.suspects is None:
        return missing(name, family, f"{observed.why['services']}")
    found = observed.origin
    if found is None:
        return observation(name, family, 3.0, "No service stands out.", source="elicited")
    claim = f"{found.service_name} stands out, by {found.score:.0f} dB."
    return observation(
        name, family, bounded(8.0 - found.score), claim, source="elicited: its score less what chance gives"
    )


def new_messages(observed: Observed) -> Evidence:
    """Ask whether messages that were never seen before appear in the incident."""
    name, family = "new messages", "messages"
    if observed.logs is None:
        return missing(name, family, f"{observed.why['logs']}")
    new = observed.logs.filter((pl.col("before") == 0) & (pl.col("shift") > 3.5) & (pl.col("severity_number") >= 17))
    if new.is_empty():
        return observation(name, family, -1.0, "No kind of error is new.", source="elicited")
    defects = [row for row in new.iter_rows(named=True) if said_of(symptoms_in(row["example"])) == "defect"]
    if not defects:
        claim = f"{new.height} kinds of error are new; all speak of a resource, a call or a connection."
        return observation(name, family, 0.0, claim, source="elicited")
    top = defects[0]
    claim = f"{new.height} kinds of error are new, most often “{top['example'][:100]}” of {top['service_name'] or 'a service'}, {top['during']:,.0f} times."
    return observation(name, family, 4.0, claim, source="elicited")


OTHERS: tuple[Hypothesis, ...] = (
    Hypothesis(
        id="defect",
        title="a defect in the code: wrong results or exceptions, not a slow resource",
        prior_decibans=-5.0,
        tests=(begins_as("defect"), errors_rose, new_messages, error_words("exceptions", _DEFECT)),
        experiments=("turn the flag off", "roll back one replica and compare"),
        tried_by={"flag_off": "turn the flag off", "rollback": "roll back one replica and compare"},
        remediation="roll back",
    ),
    Hypothesis(
        id="data",
        title="bad data: a record that the code cannot digest",
        prior_decibans=-9.0,
        tests=(error_words("errors about data", _DATA),),
        experiments=("set the record aside and watch", "replay it against the last version"),
        remediation="set the record aside",
    ),
    Hypothesis(
        id="certificate",
        title="an expired or wrong certificate",
        prior_decibans=-11.0,
        tests=(
            error_words("errors about certificates", _CERTIFICATE, cap=17.0, plain=14.0),
            calls_speak_of_certificates,
        ),
        experiments=("renew it on one replica", "check its dates with a TLS client"),
        remediation="renew the certificate",
    ),
    Hypothesis(
        id="surge",
        title="more traffic than the system is sized for",
        prior_decibans=-9.0,
        tests=(rate_rose,),
        experiments=("shed a share of the traffic", "add replicas"),
        remediation="shed load or scale out",
    ),
    Hypothesis(
        id="none",
        title="none of these, or no incident",
        prior_decibans=-8.0,
        tests=(nothing_clear, nobody_stands_out),
        experiments=("raise trace sampling and wait for it to come back",),
    ),
)

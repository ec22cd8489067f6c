"""Tests that several hypotheses share: where the excess lies, which signals saturate, which messages surge."""

from __future__ import annotations

import re

import polars as pl

from rca.display import format_number
from rca.findings.saturation import moved
from rca.hypotheses.base import Test, missing, observation
from rca.hypotheses.observed import Observed
from rca.hypotheses.origin import began_elsewhere
from rca.hypotheses.weights import bounded, of_p_value, of_share
from rca.measures.knock_on import WAITING
from rca.model import Evidence
from rca.stats.multiplicity import fdr

__all__ = ["error_words", "excess_in", "saturated"]

_CHANCE = 0.2
"""From this corrected p-value on, a rise is chance; below, the bound of the p-value grades it."""
_MOST = 0.5
"""Share of the excess from which it lies in other services."""
_WORK = 1.5
"""Rise of a resource beside that of the request rate from which traffic alone does not explain it."""
_SURGE = 3.5
"""A shift beyond three and a half standard errors: a handful of templates among thousands pass it by chance."""


def excess_in(place: str, where: str) -> Test:
    """Return a test that asks how much of the slowest requests' excess lies in one place."""

    def test(observed: Observed) -> Evidence:
        name, family = f"excess in {where}", "place"
        if observed.requests is None:
            return missing(name, family, f"Where the time went cannot be told: {observed.why['requests']}.")
        if place not in observed.requests.places:
            return missing(
                name, family, f"Requests are known from logs, which do not say how long they spent in {where}."
            )
        share, draws = observed.requests.excess_share(place)
        before, during = observed.requests.value(f"slow_{place}_ms")
        deeper = _deeper(observed)
        if deeper is not None and place != "downstream":
            return missing(name, family, f"{deeper}, so where this service spends its time tells nothing of it.")
        if share.low is None or share.high is None:
            return missing(
                name,
                family,
                f"The slowest requests hold no clear excess to divide up ({before:,.0f} → {during:,.0f} ms in {where}).",
            )
        claim = f"{share.value:.0%} ({share.low:.0%} to {share.high:.0%}) of the slowest requests' excess lies in {where}: {before:,.0f} → {during:,.0f} ms."
        weight = of_share(draws)
        if deeper is not None and weight > 0:
            weight, claim = 0.0, f"{claim[:-1]}, but {deeper[:1].lower()}{deeper[1:]}."
        source = "elicited: Beta(4, 1.5) here against Beta(1, 4) elsewhere"
        return observation(name, family, weight, claim, source=source)

    return test


def _deeper(observed: Observed) -> str | None:
    """Say where it begins, where that is a service further down: what it does to its callers is then explained."""
    found = began_elsewhere(observed)
    if found is None or observed.requests is None or "downstream" not in observed.requests.places:
        return None
    share, _ = observed.requests.excess_share("downstream")
    if not (share.value >= _MOST or share.low is None):
        return None
    return f"It begins at {found.service_name}, which shows what is wrong there"


def saturated(name: str, *signals: str, cap: float = 8.0) -> Test:
    """Return a test that asks whether a kind of resource signal rose with the incident."""

    def test(observed: Observed) -> Evidence:
        family = "resources"
        rows = observed.signals(*signals)
        if rows.is_empty():
            return missing(name, family, f"No metric of {', '.join(signals)} is in the store.")
        where, _, cause = observed.caused
        if set(signals) & WAITING and (cause or observed.busier):
            rows = rows.filter(~pl.col("signal").is_in(list(WAITING)))
            if rows.is_empty():
                why = f"what is slow at {where}: {cause}" if cause else "the requests that came"
                claim = f"What waits or is held grew with {why}."
                return observation(name, family, 0.0, claim, source="a consequence", finding=observed.saturation)
        if observed.busier and observed.rate is not None:  # what counts work done rises with the work that comes
            more = pl.col("during") > _WORK * observed.rate.ratio * pl.col("before")
            rows = rows.with_columns(p_value=pl.when(more).then(pl.col("p_value")).otherwise(pl.lit(1.0)))
        varied = rows.filter(pl.col("p_value").is_not_null())
        if varied.is_empty():
            return missing(name, family, f"{rows.height} such metrics have too few points in a window to be tested.")
        varied = varied.with_columns(pl.Series("q_value", fdr(varied["p_value"].to_numpy(), "bh"), dtype=pl.Float64))
        risen = moved(varied, sure=_CHANCE) if varied.height else varied
        if risen.is_empty():
            claim = f"None of {varied.height} such metrics rose plainly ({rows.height - varied.height} have too few points)."
            return observation(name, family, -3.0, claim, source="elicited", finding=observed.saturation)
        top = risen.sort("q_value", "score", descending=[False, True]).row(0, named=True)
        # many metrics are looked at, and they move together: the least of them counts as corrected by Benjamini and Hochberg
        claim = f"{top['metric_name']} of {top['service_name'] or 'the system'}: {format_number(top['before'])} → {format_number(top['during'])} on average (p = {top['q_value']:.2g} after correction for {varied.height} metrics)."
        weight = bounded(of_p_value(float(top["q_value"])), cap)
        return observation(name, family, weight, claim, source="bound of a p-value", finding=observed.saturation)

    return test


def error_words(name: str, pattern: str, *, cap: float = 8.0, plain: float = 6.0) -> Test:
    """Return a test that asks whether messages of a certain kind surge among the warnings and errors.

    `plain` is what it is worth, beside 3 dB for being there, that all of them are of that kind; `cap` the most in all.
    """
    words = re.compile(pattern, re.IGNORECASE)

    def test(observed: Observed) -> Evidence:
        family = "logs"
        if observed.logs is None:
            return missing(name, family, f"{observed.why['logs']}")
        surging = observed.logs.filter(
            (pl.col("shift") > _SURGE) & ((pl.col("severity_number") >= 13) | (pl.col("severity_number") == 0))
        )
        hits = [
            row
            for row in surging.iter_rows(named=True)
            if words.search(row["template"]) or words.search(row["example"])
        ]
        if not surging.height:
            return observation(name, family, -1.0, "No warning or error surges.", source="elicited")
        if not hits:
            return observation(
                name,
                family,
                -2.0,
                f"No surging warning or error speaks of it ({surging.height} surged).",
                source="elicited",
            )
        share = sum(row["during"] for row in hits) / float(surging["during"].sum())
        top = hits[0]
        claim = f"{top['service_name'] or 'a service'} logs “{top['example'][:100]}” {top['during']:,.0f} times ({top['before']:,.0f} before); {share:.0%} of the surging messages speak of it."
        return observation(name, family, bounded(3.0 + plain * share, cap), claim, source="elicited")

    return test

"""Weights of evidence: likelihood ratios in decibans, added up with restraint.

Ten decibans make a hypothesis ten times as likely against its alternative as it was; three double it. Evidence adds up, but
signals of one family (all from spans, all from the same minute) repeat each other, and observations alone settle nothing:
both are limited here.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import e, exp, fsum, inf, isnan, log, log10

from rca.errors import OptionError
from rca.stats.arrays import Numbers, as_numbers

__all__ = ["CAPS", "cap", "combine_family", "decibans", "p_value_decibans", "posterior", "probability"]

CAPS: Mapping[str, float] = {"observation": 10.0, "family": 15.0, "experiment": 30.0}
"""Most decibans that one observation, one family of observations and one experiment may weigh. Elicited, not fitted: ten to
one for a single look at telemetry, a thousand to one for a controlled experiment."""


def decibans(likelihood_ratio: float) -> float:
    """Return ten times the decimal logarithm of a likelihood ratio (Good 1950).

    Examples
    --------
    >>> decibans(100)
    20.0
    >>> round(decibans(0.5), 2)
    -3.01
    """
    if isnan(likelihood_ratio) or likelihood_ratio < 0:
        raise OptionError(f"A likelihood ratio is a number of at least 0, not {likelihood_ratio!r}.")
    if likelihood_ratio in (0, inf):
        return -inf if likelihood_ratio == 0 else inf
    return 10 * log10(likelihood_ratio)


def p_value_decibans(p_value: float) -> float:
    """Return the most that a p-value can say against chance, in decibans; at least 0.

    However one spreads the belief over alternatives, the Bayes factor is at most 1 / (-e p ln p) for p below 1/e (Sellke,
    Bayarri and Berger 2001): 0.05 is 3.9 decibans, 0.01 is 9. Use a placebo's p-value; one of a test that assumes
    independent points is too small before it gets here.

    Examples
    --------
    >>> round(p_value_decibans(0.05), 1), round(p_value_decibans(0.01), 1), p_value_decibans(0.6)
    (3.9, 9.0, 0.0)
    """
    if not 0 < p_value <= 1:
        raise OptionError(f"A p-value lies above 0 and is at most 1, not {p_value!r}.")
    return decibans(1 / (-e * p_value * log(p_value))) if p_value < 1 / e else 0.0


def cap(weight: float, limit: float) -> float:
    """Return a weight held within plus and minus a limit.

    Examples
    --------
    >>> cap(25.0, CAPS["observation"]), cap(-3.0, 10.0)
    (10.0, -3.0)
    """
    return max(-limit, min(limit, weight))


def combine_family(weights: Numbers, rho: float, *, limit: float = CAPS["family"]) -> float:
    """Return what signals that repeat each other weigh together.

    Parameters
    ----------
    weights
        Decibans of the family's m signals; NaN is a signal that is missing: it weighs nothing and does not count.
    rho
        How much they repeat each other: 0 independent, 1 one and the same. Their sum is multiplied by
        1 / (1 + (m - 1) rho), the design effect of m correlated observations.
    limit
        Most the family may weigh, either way.

    Examples
    --------
    >>> combine_family([6.0, 6.0, 6.0], 0.5), combine_family([6.0, 6.0, 6.0], 1.0), combine_family([], 0.5)
    (9.0, 6.0, 0.0)
    """
    if not 0 <= rho <= 1:
        raise OptionError(f"rho is {rho!r}; it lies between 0 (independent) and 1 (the same).")
    present = [weight for weight in as_numbers(weights, "weights").tolist() if not isnan(weight)]
    if not present:
        return 0.0
    return cap(fsum(present) / (1 + (len(present) - 1) * rho), limit)


def probability(weight: float, prior: float = 0.5) -> float:
    """Return the probability of one hypothesis on its own, from its evidence in decibans and its prior probability.

    Several hypotheses can be true at once (a cause and a contributor); this does not make them compete.

    Examples
    --------
    >>> round(probability(10.0), 3), round(probability(10.0, prior=0.1), 3)
    (0.909, 0.526)
    """
    if not 0 < prior < 1:
        raise OptionError(f"prior is {prior!r}; it must lie strictly between 0 and 1.")
    odds = log(prior / (1 - prior)) + weight * log(10) / 10
    return 1 / (1 + exp(-odds)) if odds > -700 else 0.0


def posterior(weights: Mapping[str, float], prior: Mapping[str, float] | None = None) -> dict[str, float]:
    """Return the probability of each of several hypotheses that exclude each other (softmax of decibans).

    Parameters
    ----------
    weights
        Decibans by hypothesis.
    prior
        Prior weights by hypothesis, in any positive scale; equal if left out.

    Examples
    --------
    >>> {name: round(p, 3) for name, p in posterior({"H1": 0.0, "H2": 10.0, "other": 0.0}).items()}
    {'H1': 0.083, 'H2': 0.833, 'other': 0.083}
    """
    if not weights:
        return {}
    unlikely = {name: value for name, value in (prior or {}).items() if not value > 0}
    if unlikely or (prior is not None and set(prior) != set(weights)):
        raise OptionError(f"prior must give each of {sorted(weights)} a positive weight, not {dict(prior or {})}.")
    logs = {name: weight * log(10) / 10 + (log(prior[name]) if prior else 0.0) for name, weight in weights.items()}
    top = max(logs.values())
    raised = {name: exp(value - top) for name, value in logs.items()}
    total = fsum(raised.values())
    return {name: value / total for name, value in raised.items()}

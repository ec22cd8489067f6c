"""Whether there is anything to explain: a change can be blamed only as far as it is established that something is wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rca.display import format_probability
from rca.measures.periods import Periods
from rca.measures.trouble import Trouble, trouble
from rca.store import Store

__all__ = ["NOTHING_WRONG", "Quiet", "nothing_wrong"]

NOTHING_WRONG = 13.0
"""Decibans of “nothing is wrong” before the telemetry is looked at, where no alert fired: as many as a change gets at most for
time and place alone (7 and 6), so that none is blamed for having come last where nothing shows that anything happened."""
_SHAPE = 0.06
"""Where something is wrong, p-values lie as ``shape * p ** (shape - 1)``: one over the mean of ``-ln p`` of the incidents
declared `fit` that people felt (23, mean 16.9)."""
_MOST = 25.0
"""Decibans against “nothing is wrong” at most: what all observations together may weigh."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """How much speaks for “nothing is wrong”, in decibans, and why."""

    decibans: float
    claim: str


def nothing_wrong(store: Store, service: str, windows: Periods) -> Quiet:
    """Weigh that nothing is wrong with a service, where nobody but the asker says so.

    Parameters
    ----------
    service
        Service whose requests are held against their own history (:func:`rca.measures.trouble.trouble`).
    windows
        Baseline and incident.
    """
    found = trouble(store, service, windows)
    if found is None:
        return Quiet(NOTHING_WRONG, f"nothing shows whether requests of {service} suffer")
    return Quiet(NOTHING_WRONG + weight_of(found.p_value), _claim(service, found))


def weight_of(p_value: float) -> float:
    """Return what a p-value of “as before” weighs for it, in decibans.

    Under it p is even between 0 and 1; where something is wrong its density falls as a power (the class over which
    Sellke, Bayarri and Berger 2001 take their bound), here with the exponent that labelled incidents have.

    Examples
    --------
    >>> [round(weight_of(p)) for p in (1.0, 0.3, 0.05, 0.01, 1e-6)]
    [12, 7, 0, -7, -25]
    """
    told = math.log10(_SHAPE) + (_SHAPE - 1) * math.log10(max(p_value, 1e-300))
    return max(-_MOST, -10 * told)


def _claim(service: str, found: Trouble) -> str:
    held = (
        f", against {found.n_placebos} moments of its history"
        + (f", which spread {found.unrest:.1f} times as wide as chance" if found.unrest > 1 else "")
        if found.n_placebos
        else ""
    )
    return f"requests of {service} as before: p {format_probability(found.p_value)} ({found.claim}{held})"

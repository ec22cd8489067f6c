"""What an experiment says about each hypothesis.

An experiment that acts on one mechanism alone (a CPU limit, an index) speaks for it by the share of the excess that it
removed. One that removes a trigger (a flag, a rollback) removes whatever mechanism the trigger set off: it speaks for the
mechanism in whose place the removed time lay, which the spans of treated and untreated requests show, or a log that divides time up.
"""

from __future__ import annotations

import math
from typing import Any

from rca.hypotheses.base import Hypothesis
from rca.model import Evidence, Experiment

__all__ = ["CAP", "experimental_evidence", "share_decibans"]

CAP = 30.0
"""Decibans of one experiment at most: a thousand to one."""
_ENOUGH = 0.5
_LITTLE = 0.25


def share_decibans(share: float, low: float | None, high: float | None) -> float:
    """Weigh the share of the excess that followed a change.

    Beyond half of it, by its lower bound, the mechanism is the main one: up to plus 30 dB. Below a quarter, by its upper
    bound, it is not: down to minus 30 dB. In between, or with an open interval, the experiment says little.

    Examples
    --------
    >>> round(share_decibans(0.96, 0.9, 1.0)), round(share_decibans(0.05, -0.05, 0.15)), round(share_decibans(0.5, 0.1, 0.9))
    (27, -15, 0)
    """
    if low is None or high is None or not math.isfinite(share):
        return 0.0
    if low > _ENOUGH:
        return min(CAP, 10 + (low - _ENOUGH) / _ENOUGH * 20 + max(0.0, min(share, 1.0) - low) * 10)
    if high < _LITTLE:
        return max(-CAP, -10 - (_LITTLE - high) / _LITTLE * 12.5)
    return 0.0


def experimental_evidence(hypothesis: Hypothesis, experiment: Experiment) -> Evidence | None:
    """Return what the experiment says about the hypothesis, or None where it says nothing about it."""
    if hypothesis.id in experiment.hypotheses:
        share, low, high = experiment.recovered, experiment.recovered_low, experiment.recovered_high
        how = "it acts on this mechanism alone"
    elif experiment.hypotheses or not hypothesis.place:
        return None
    else:
        share, low, high = _share_in_place(hypothesis.place, experiment)
        how = f"share of the removed time that lay in {_WORDS[hypothesis.place]}"
    name = f"experiment: {experiment.name}"
    if share is None:
        return Evidence(
            name=name, decibans=0.0, kind="experiment", claim=experiment.claim, family="experiment", missing=True
        )
    interval = f"{low:.0%} to {high:.0%}" if low is not None and high is not None else "interval open"
    claim = f"{experiment.name}: {share:.0%} of the excess ({interval}) followed the change; {how}."
    return Evidence(
        name=name,
        decibans=share_decibans(share, low, high),
        kind="experiment",
        claim=claim,
        family="experiment",
        source="elicited: lower bound over a half, upper bound under a quarter",
    )


_WORDS = {
    "database": "database calls",
    "downstream": "other services",
    "network": "the network",
    "own": "the service's own process",
}


def _share_in_place(place: str, experiment: Experiment) -> tuple[float | None, float | None, float | None]:
    """Return the recovered share times the part of the moved time that lay in `place`, with its interval."""
    if experiment.recovered is None:
        return None, None, None
    rows = {row["period"]: row for row in experiment.table.to_dicts()}
    control, treated = rows.get("control"), rows.get("treated")
    if control is None or treated is None:
        return None, None, None
    changes = {name: _moved(control, treated, name) for name in (*_WORDS, "rest")}
    told = {name: value for name, value in changes.items() if value is not None}
    # what moved against the whole is no part of the effect
    moved = {name: abs(value) for name, value in told.items() if value * sum(told.values()) > 0}
    if place not in told or not moved:
        return None, None, None
    part = moved.get(place, 0.0) / sum(moved.values())
    low, high = experiment.recovered_low, experiment.recovered_high
    return experiment.recovered * part, None if low is None else low * part, None if high is None else high * part


def _moved(control: dict[str, Any], treated: dict[str, Any], place: str) -> float | None:
    """Return by how much the slowest requests' time in a place differs; None where it is not told."""
    before, after = (row.get(f"slow_{place}_ms") for row in (control, treated))
    if before is None or after is None or not math.isfinite(after - before):
        return None
    return float(after - before)

"""What a hypothesis is: a title, a prior, the tests that weigh it, and the experiments that would settle it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rca.hypotheses.observed import Observed
from rca.model import Evidence, Finding

__all__ = ["Hypothesis", "Test", "missing", "observation"]

Test = Callable[[Observed], Evidence]
"""Weighs one piece of evidence; says so where it cannot be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypothesis:
    """One mechanism that could explain an incident.

    Users add their own: ``score_hypotheses(store, incident, hypotheses=(*rca.HYPOTHESES, mine))``.

    Parameters
    ----------
    id
        Short name, such as ``"H2"``.
    title
        What it says.
    prior_decibans
        Log-odds before any evidence, against all others together; minus 6 dB is one in five.
    tests
        Functions that weigh one piece of evidence each.
    place
        Where an incident of this kind spends its time: ``database``, ``downstream``, ``network``, ``own`` or ``""``. An
        experiment that takes the cause away must take time away from there.
    experiments
        What would settle it, most telling first.
    tried_by
        Which of them a recorded experiment is, by its kind (``rca.experiment``): what was tried is not suggested again.
    remediation
        What to do about it while the cause is being found.
    """

    id: str
    title: str
    prior_decibans: float
    tests: tuple[Test, ...]
    place: str = ""
    experiments: tuple[str, ...] = ()
    tried_by: Mapping[str, str] = field(default_factory=dict)
    remediation: str = ""


def observation(
    name: str, family: str, decibans: float, claim: str, *, source: str, finding: Finding | None = None
) -> Evidence:
    """Return an observation with its weight."""
    return Evidence(
        name=name, decibans=decibans, kind="observation", claim=claim, family=family, source=source, finding=finding
    )


def missing(name: str, family: str, claim: str) -> Evidence:
    """Return evidence that could not be had; it weighs nothing and is shown as missing."""
    return Evidence(name=name, decibans=0.0, kind="observation", claim=claim, family=family, missing=True)

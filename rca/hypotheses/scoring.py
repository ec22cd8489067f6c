"""From evidence to verdicts: weights add up, within caps, and only experiments settle anything."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from rca.hypotheses.base import Hypothesis
from rca.hypotheses.experimental import experimental_evidence
from rca.hypotheses.observed import Observed
from rca.hypotheses.origin import began_elsewhere
from rca.model import Evidence, Experiment, Status, Verdict, Verdicts

__all__ = [
    "CORRELATION",
    "FAMILY_CAP",
    "OBSERVATION_CAP",
    "REMAINDER",
    "contributes",
    "family_decibans",
    "judge",
    "total",
]

CORRELATION = 0.5
"""How far tests of one family repeat each other: 0 they are independent, 1 they are one test."""
FAMILY_CAP = 15.0
"""Decibans that one family of observations can give at most."""
OBSERVATION_CAP = 25.0
"""Decibans that all observations together can give at most: about 300 to 1, never certainty."""
SUPPORTED = 6.0
"""Posterior decibans, against all other hypotheses, from which observations support: four to one."""
_MAIN = ("place", "origin")
"""Families of evidence that ask for the main mechanism, and so say nothing of a lesser one."""
CONTRIBUTING = 5.0
"""Decibans of a hypothesis's own symptoms from which it contributes while another leads."""
REMAINDER = 0.25
"""Share of the excess, by the lower end of its interval, that lies in the place of a hypothesis and that a leader whose place is
another does not explain: from there one plain symptom is enough."""


def family_decibans(weights: Sequence[float], *, correlation: float = CORRELATION) -> float:
    """Add up the weights of one family, discounted for repeating each other.

    The sum is divided by the design effect ``1 + (m - 1) * correlation`` of m tests that weigh anything, but never falls
    below the strongest single one on its side.

    Examples
    --------
    >>> family_decibans([10.0]), family_decibans([6.0, 6.0])
    (10.0, 8.0)
    """
    telling = [value for value in weights if value]
    if not telling:
        return 0.0
    added = sum(telling) / (1 + (len(telling) - 1) * correlation)
    strongest = max(telling, key=abs)
    same_side = added * strongest > 0
    chosen = (
        strongest
        if same_side and abs(strongest) > abs(added) and all(value * strongest > 0 for value in telling)
        else added
    )
    return max(-FAMILY_CAP, min(FAMILY_CAP, chosen))


def total(evidence: Iterable[Evidence]) -> tuple[float, float]:
    """Return the decibans of the observations, capped, and of the experiments."""
    families: dict[str, list[float]] = {}
    experiments = 0.0
    for item in evidence:
        if item.missing:
            continue
        if item.kind == "experiment":
            experiments += item.decibans
        else:
            families.setdefault(item.family, []).append(item.decibans)
    observed = sum(family_decibans(values) for values in families.values())
    return max(-OBSERVATION_CAP, min(OBSERVATION_CAP, observed)), experiments


def judge(observed: Observed, hypotheses: Sequence[Hypothesis], experiments: Sequence[Experiment]) -> Verdicts:
    """Weigh every hypothesis against all others and give each its status, most probable first."""
    weighed = []
    for hypothesis in hypotheses:
        evidence = [test(observed) for test in hypothesis.tests]
        evidence += [found for item in experiments if (found := experimental_evidence(hypothesis, item)) is not None]
        seen, tried = total(evidence)
        part = contributes(observed, hypothesis, evidence)
        weighed.append((hypothesis, tuple(evidence), hypothesis.prior_decibans + seen + tried, seen, part))
    odds = [10 ** (score / 10) for _, _, score, _, _ in weighed]
    whole = math.fsum(odds) or 1.0
    leader = max(range(len(weighed)), key=lambda at: odds[at]) if weighed else -1
    verdicts = []
    for at, (hypothesis, told, score, seen, part) in enumerate(weighed):
        probability = odds[at] / whole
        verdicts.append(
            Verdict(
                id=hypothesis.id,
                title=hypothesis.title,
                status=_status(told, probability, seen, part, leads=at == leader),
                prior_decibans=hypothesis.prior_decibans,
                decibans=score,
                probability=probability,
                evidence=told,
                next_experiments=_untried(hypothesis, experiments),
            )
        )
    verdicts.sort(key=lambda item: (-item.probability, item.id))
    return Verdicts(tuple(verdicts), tuple(_caveats(experiments)))


def contributes(observed: Observed, hypothesis: Hypothesis, evidence: Sequence[Evidence]) -> bool:
    """Say whether a mechanism has a part in the incident, be it the main one or not.

    Two things are asked. Its own symptoms are there: the evidence without the place of the excess, which asks for the
    main mechanism, reaches :data:`CONTRIBUTING` decibans. And some of the excess lies in its place: the interval of that
    share begins above nothing, where the share can be told at all.

    Or much of the excess lies in its place (:data:`REMAINDER`), so that the main mechanism leaves it over, and one symptom shows
    plainly: that others which it might have brought are missing then says little. Where the incident begins further down, its
    place is explained by that.
    """
    if hypothesis.id == "none":  # what remains when nothing else fits has no part beside what does
        return False
    own = [item for item in evidence if item.family not in _MAIN and item.kind != "experiment" and not item.missing]
    symptoms, _ = total(own)
    plainest = max((item.decibans for item in own), default=0.0)
    if max(symptoms, plainest) < CONTRIBUTING:
        return False
    if observed.requests is None or hypothesis.place not in observed.requests.places:
        return symptoms >= CONTRIBUTING
    share, _ = observed.requests.excess_share(hypothesis.place)
    if symptoms >= CONTRIBUTING:
        return share.low is None or share.low > 0
    return share.low is not None and share.low >= REMAINDER and began_elsewhere(observed) is None


def _status(evidence: Sequence[Evidence], probability: float, seen: float, part: bool, *, leads: bool) -> Status:
    """Give a status; ``confirmed`` and ``refuted`` are reached through an experiment alone."""
    told = [item for item in evidence if not item.missing]
    if not told:
        return "no_data"
    tried = sum(item.decibans for item in told if item.kind == "experiment")
    posterior = 10 * math.log10(max(probability, 1e-12) / max(1 - probability, 1e-12))
    if tried >= 10 and leads:
        return "confirmed"
    if leads and posterior >= SUPPORTED and seen > 0:
        return "supported"
    if part and not leads:
        return "contributing"
    if tried <= -10:
        return "refuted"
    return "open"


def _untried(hypothesis: Hypothesis, experiments: Sequence[Experiment]) -> tuple[str, ...]:
    """Return the experiments that would settle a hypothesis, but for those that were made."""
    tried = {hypothesis.tried_by.get(item.kind) for item in experiments}
    return tuple(text for text in hypothesis.experiments if text not in tried)


def _caveats(experiments: Sequence[Experiment]) -> list[str]:
    found = (
        []
        if experiments
        else [
            "No experiment was given: observations can support a hypothesis, only an experiment can confirm or refute it."
        ]
    )
    found.append(
        "Weights are elicited, not yet fitted to labelled incidents: read probabilities as an order, not as frequencies."
    )
    return found

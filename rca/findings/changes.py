"""Which change did it, or none: every change of the fortnight weighed against what was seen, as probabilities with reasons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from rca.display import format_probability
from rca.errors import NoDataError
from rca.measures.knock_on import causes
from rca.measures.periods import Periods, periods
from rca.measures.services import Ranked, ranked_clues
from rca.mechanisms.base import Found
from rca.mechanisms.candidates import candidates
from rca.mechanisms.external import External, external_causes
from rca.mechanisms.observe import observe
from rca.mechanisms.quiet import Quiet, nothing_wrong
from rca.mechanisms.reasons import Weighed
from rca.mechanisms.scene import Scene, Seen
from rca.mechanisms.sharing import word_frequencies
from rca.mechanisms.symptoms import symptoms_in
from rca.mechanisms.weigh import weigh
from rca.model import Effect, Finding, Incident
from rca.sql import statement
from rca.store import Store

__all__ = ["deploy_correlation"]

_NOBODY = 4.0
"""Decibans of “no change did it” before anything outside is seen: as a change that is merely near in time."""
_SHARPNESS = 2.1
"""What decibans are multiplied by before they become probabilities: elicited weights state too little. Log loss on the 23
recordings declared `fit` that have changes is least at 4.3; halfway to 1 (the root), since 23 recordings of one shop say little
of other systems, and stating too much costs more than stating too little."""
_OUTSIDE = 30.0
"""Decibans of a cause outside that is seen as plainly as can be."""
_CONTESTED = 0.5
"""Share that is left of a cause outside whose symptom a change explains too."""
_TIE = 3.0
"""Decibans within which two changes are not told apart."""
_BAD = 6.0
_ROLL_FORWARD = ("new_table", "migration")

SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "probability": pl.Float64,
    "kind": pl.String,
    "service_name": pl.String,
    "title": pl.String,
    "time_ns": pl.Int64,
    "reasons": pl.List(pl.String),
    "mechanism": pl.String,
    "revision": pl.String,
    "feature_flag_key": pl.String,
    "decibans": pl.Float64,
    "live_ns": pl.Int64,
    "author": pl.String,
}


@dataclass(frozen=True, slots=True)
class _Outside:
    """What speaks for “no change did it”: a cause outside, or that nothing is wrong (None where an alert fired)."""

    caused: float
    cause: External | None
    found: Found | None
    quiet: Quiet | None = None

    @property
    def decibans(self) -> float:
        """Both together: their odds add up, for they exclude each other."""
        odds = 10 ** (self.caused / 10) + (10 ** (self.quiet.decibans / 10) if self.quiet else 0.0)
        return 10 * math.log10(odds)

    @property
    def is_quiet(self) -> bool:
        """Whether “nothing is wrong” is the better half of it."""
        return self.quiet is not None and self.quiet.decibans > self.caused


def deploy_correlation(store: Store, incident: Incident, *, suspects: Sequence[Ranked] | None = None) -> Finding:
    """Rank every deploy, flag, configuration, scale change, migration and commit by how probably it caused an incident.

    Each change gathers weight (in decibans) from when it went live against the onset, where it lies against the failing
    service, what its diff can do against the symptoms seen, identifiers that its diff shares with new messages, numbers
    that moved as its diff says, and what happened when it was taken back. “No change did it” competes with them, carried by
    causes outside: an expired certificate, name resolution, a provider, a lost machine, traffic, bad data. Observations
    only: the ranking says where to look first, an experiment says whether it is so.

    Parameters
    ----------
    store
        The telemetry and its changes.
    incident
        Service, window, onset.
    suspects
        Services by how plainly they stand out, where :func:`rca.measures.services.ranked_clues` was asked already.

    Returns
    -------
    Finding
        Table, best first: ``kind, service_name, revision, feature_flag_key, time_ns, live_ns, probability, decibans,
        reasons`` (a list: of the one that is likelier than not those for it come first, of the others those against), ``mechanism, title, author``. ``details``: ``no_change_probability``, ``no_change_reasons``,
        ``external`` (name of the cause outside, ``''`` if none), ``ties`` (revisions not told apart from the first),
        ``first_failing_service``, ``blast_radius``, ``remediation``, ``rollback_criteria``, ``symptoms``.

    Raises
    ------
    NoDataError
        When there is no telemetry to compare the incident with.

    References
    ----------
    Weights of evidence: I. J. Good (1985). The weights are elicited, see ``rca.mechanisms.weigh``.
    """
    windows = periods(store, incident)
    scene = replace(observe(store, incident, windows), standing=_standing(store, incident, windows, suspects))
    found = candidates(store, scene)
    frequencies = word_frequencies(found)
    weighed = [weigh(scene, item, frequencies, len(found)) for item in found]
    outside = _outside(scene, weighed)
    if not scene.alerts:
        outside = replace(outside, quiet=nothing_wrong(store, incident.service_name, windows))
    probabilities, nobody = _posterior(weighed, outside.decibans)
    order = sorted(range(len(weighed)), key=lambda at: (-probabilities[at], weighed[at].candidate.time_ns))
    ranked = [weighed[at] for at in order]
    table = pl.DataFrame([_row(weighed[at], probabilities[at]) for at in order], schema=SCHEMA, orient="row")
    first = _first_failing(scene)
    top = ranked[0] if ranked and float(probabilities[order[0]]) >= nobody else None
    ties = _ties(ranked) if top is not None else []
    return Finding(
        name="deploy_correlation",
        claim=_claim(top, ties, outside, nobody, float(probabilities[order[0]]) if order else 0.0),
        table=table,
        effect=_effect(float(probabilities[order[0]]), len(ranked)) if top is not None else None,
        sql=(statement("all_changes").sql,),
        window=windows.incident,
        baseline=windows.baseline,
        caveats=_caveats(scene, ranked),
        details={
            "no_change_probability": nobody,
            "no_change_reasons": _nobody_reasons(outside),
            "external": outside.cause.name if outside.cause else "",
            "ties": ties,
            "first_failing_service": first,
            "blast_radius": _blast_radius(scene, first),
            "remediation": _remediation(top, outside),
            "rollback_criteria": _criteria(incident, top),
            "symptoms": {name: {"strength": seen.strength, "claim": seen.claim} for name, seen in _strongest(scene)},
        },
    )


def _standing(
    store: Store, incident: Incident, windows: Periods, suspects: Sequence[Ranked] | None
) -> tuple[Ranked, ...]:
    if suspects is not None:
        return tuple(causes(suspects))
    try:
        return tuple(causes(ranked_clues(store, incident, windows=windows)))
    except NoDataError:
        return ()


def _strongest(scene: Scene) -> list[tuple[str, Seen]]:
    return sorted(scene.symptoms.items(), key=lambda item: -item[1].strength)[:10]


def _outside(scene: Scene, weighed: Sequence[Weighed]) -> _Outside:
    causes = external_causes(scene)
    if not causes:
        return _Outside(_NOBODY, None, None)
    cause, found = causes[0]
    # names that are not resolved speak of an outside cause, but less so where what resolves them has just been changed
    rival = any(item.symptom == cause.name and item.decibans > _NOBODY for item in weighed)
    return _Outside(_NOBODY + (_CONTESTED if rival else 1.0) * _OUTSIDE * found.strength, cause, found)


def _posterior(weighed: list[Weighed], nobody: float) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], float]:
    """Return the probability of each change and of none; they add up to 1. The order is that of the decibans."""
    decibans = np.array([*(item.decibans for item in weighed), nobody])
    odds = np.power(10.0, _SHARPNESS * (decibans - decibans.max()) / 10)
    shares = odds / odds.sum()
    return shares[:-1], float(shares[-1])


def _row(item: Weighed, probability: float) -> tuple[object, ...]:
    candidate = item.candidate
    # a reader asks of the likely one why it is blamed, and of every other why it is not
    blamed = probability > 0.5
    ordered = sorted(item.reasons, key=lambda one: ((one.decibans < 0) == blamed, -abs(one.decibans)))
    reasons = [f"{reason.claim} ({reason.decibans:+.1f} dB)" for reason in ordered]
    return (
        float(probability), candidate.kind, candidate.service_name, candidate.title, candidate.time_ns, reasons, item.mechanism,
        candidate.revision, candidate.feature_flag_key, item.decibans, candidate.live_ns, candidate.author,
    )  # fmt: skip


def _ties(ranked: list[Weighed]) -> list[str]:
    best = ranked[0]
    return [
        item.candidate.revision or item.candidate.feature_flag_key or item.candidate.name
        for item in ranked[1:]
        if best.decibans - item.decibans <= _TIE
    ]


def _claim(top: Weighed | None, ties: list[str], outside: _Outside, nobody: float, probability: float) -> str:
    if top is None:
        if outside.quiet is not None and outside.is_quiet:
            return f"No change did it, with probability {format_probability(nobody)}: {outside.quiet.claim}."
        if outside.cause is None or outside.found is None:
            return f"No change did it, with probability {format_probability(nobody)}; nothing outside was seen either."
        return f"No change did it, with probability {format_probability(nobody)}: {outside.cause.title}. {outside.found.claim}."
    strongest = max(top.reasons, key=lambda reason: reason.decibans, default=None)
    why = f": {strongest.claim}" if strongest else ""
    tied = (
        f" Not told apart from {len(ties)} other{'s' if len(ties) > 1 else ''}: {', '.join(item[:12] for item in ties[:3])}."
        if ties
        else ""
    )
    return f"{top.candidate.name[:1].upper()}{top.candidate.name[1:]} did it, with probability {format_probability(probability)}{why}.{tied}"


def _effect(probability: float, count: int) -> Effect:
    return Effect(
        name="probability", before=1 / (count + 1), after=probability, low=None, high=None, unit="1", n_before=count, n_after=count,
        method="posterior over all changes and none; elicited weights",
    )  # fmt: skip


def _nobody_reasons(outside: _Outside) -> list[str]:
    seen = (
        f"{outside.cause.title}: {outside.found.claim}"
        if outside.cause is not None and outside.found is not None
        else "nothing outside was seen"
    )
    reasons = [(outside.caused, seen)]
    if outside.quiet is not None:
        reasons.append((outside.quiet.decibans, outside.quiet.claim))
    return [f"{claim} ({weight:+.1f} dB)" for weight, claim in sorted(reasons, reverse=True)]


def _caveats(scene: Scene, ranked: list[Weighed]) -> tuple[str, ...]:
    out = list(scene.windows.notes)
    if not ranked:
        out.append("No change is recorded in the fortnight before the incident, so none can be blamed.")
    elif all(item.candidate.diff.is_empty for item in ranked):
        out.append("No change has a diff, so time and place alone are weighed.")
    out.append("Observations only: a rollback, a flag or a canary settles it.")
    return tuple(out)


def _first_failing(scene: Scene) -> str:
    """Return the deepest service whose own complaints begin about when the incident does; the incident's own else."""
    here = scene.incident.service_name
    starts: dict[str, int] = {}
    for item in scene.complaints:
        if item.first_ns is not None and "cancelled" not in symptoms_in(item.text) and item.surge > 2:
            starts[item.service_name] = min(starts.get(item.service_name, item.first_ns), item.first_ns)
    limit = starts.get(here, scene.incident.onset_high_ns or scene.incident.start_ns) + 60_000_000_000
    below = scene.graph.below(here)
    blaming = " ".join(item.text.lower() for item in scene.complaints if item.service_name in below)
    if here.lower() in blaming:  # what it calls complains of it, so it began here
        return here
    early = [name for name in below if name in starts and starts[name] <= limit]
    return max(early, key=lambda name: (below[name], -starts[name]), default=here)


def _blast_radius(scene: Scene, first: str) -> list[str]:
    """Return the other services that people or callers feel: they complain, or their requests suffer."""
    hit: set[str] = set()
    for item in scene.complaints:
        if item.surge > 2 and "cancelled" not in symptoms_in(item.text):
            hit.add(item.service_name)
    for row in scene.moved.iter_rows(named=True):
        if (
            row["group"] == "red"
            and row["bad"]
            and row["score"] * row["bad"] >= _BAD
            and "cancelled" not in symptoms_in(row["metric_name"].replace("_", " "))
        ):
            hit.add(row["service_name"])
    served = scene.graph.services or hit
    infrastructure = {
        name
        for name in hit
        if name not in served and any(word in name for word in ("dns", "kube", "node", "etcd", "proxy"))
    }
    return sorted(hit - {first, ""} - infrastructure)


def _remediation(top: Weighed | None, outside: _Outside) -> str:
    if top is None:
        return outside.cause.remediation if outside.cause else "investigate"
    if top.candidate.kind == "flag":
        return "flag-off"
    if top.candidate.kind == "scale":
        return "scale-up"
    return "roll-forward" if top.mechanism in _ROLL_FORWARD else "rollback"


def _criteria(incident: Incident, top: Weighed | None) -> str:
    if top is None:
        return ""
    signal = incident.signal or "p99 and the error ratio"
    return f"Take back {top.candidate.name}; keep it back if {signal} of {incident.service_name} returns to its baseline within 10 minutes, else put it back and look at the next change."

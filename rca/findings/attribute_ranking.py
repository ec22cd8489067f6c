"""Ranking facts by how well they explain slowness: single ones, quantities and pairs, corrected for all that was tried."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rca.measures.request_attributes import Facts
from rca.stats.association import deviance, enrichment, rank_sum, stratified

__all__ = ["LEAST", "LEVEL", "Candidate", "ranked", "tried"]

LEAST = 10
"""Requests that a fact must hold for, and for which it must not."""
LEVEL = 0.05
_PAIRED = 48
"""Facts, those that tell most, whose pairs are looked at; all possible pairs are corrected for."""
_SHOWN = 40

Flags = npt.NDArray[np.bool_]


@dataclass(slots=True)
class Candidate:
    """A fact, how well it explains slowness, and the requests that it holds for."""

    attribute: str
    value: str
    score: float
    p_value: float
    members: Flags
    parts: tuple[int, ...] = ()
    explained_by: str = ""

    @property
    def label(self) -> str:
        """The fact in a few words."""
        return f"{self.attribute} = {self.value}"


def tried(facts: Facts) -> int:
    """Return how many facts and pairs the p-values are corrected for."""
    singles = facts.table.height + len(facts.numbers)
    return singles + facts.table.height * (facts.table.height - 1) // 2


def ranked(facts: Facts, slow: Flags) -> list[Candidate]:
    """Return facts and pairs by how well they explain `slow`; what another one explains comes after those that stand alone."""
    singles = _singles(facts, slow)
    candidates = [*singles, *_quantities(facts, slow), *_pairs(facts, singles, slow)]
    ordered = sorted(candidates, key=lambda item: (-item.score, len(item.parts), item.attribute, item.value))
    leaders: list[Candidate] = []
    for item in ordered[:_SHOWN]:
        if item.p_value >= LEVEL:
            continue
        reason = next((leader for leader in leaders if _explains(leader, item, slow)), None)
        if reason is None:
            leaders.append(item)
        else:
            item.explained_by = reason.label
    return sorted(ordered, key=lambda item: (item.p_value >= LEVEL, bool(item.explained_by), -item.score))


def _singles(facts: Facts, slow: Flags) -> list[Candidate]:
    size = facts.table["seen"].to_numpy()
    hits = np.array([int(slow[facts.members[fact]].sum()) for fact in facts.table["fact"]], dtype=np.int64)
    score = deviance(hits, size, slow.sum(), slow.size)
    p = enrichment(hits, size, slow.sum(), slow.size)
    tests = 2 * max(1, facts.table.height + len(facts.numbers))
    rows = facts.table.iter_rows(named=True)
    return [
        Candidate(
            row["attribute"], row["value"], float(score[at]), min(1.0, float(p[at]) * tests), facts.column(at), (at,)
        )
        for at, row in enumerate(rows)
        if score[at] > 0
    ]


def _quantities(facts: Facts, slow: Flags) -> list[Candidate]:
    """Attributes that are numbers: ranks tell whether they matter, the best split shows where."""
    found = []
    tests = 2 * max(1, facts.table.height + len(facts.numbers))
    for name, values in facts.numbers.items():
        known = np.isfinite(values)
        if not 0 < slow[known].sum() < known.sum():
            continue
        p = min(1.0, rank_sum(values[known], slow[known]) * tests)
        cuts = np.unique(np.quantile(values[known], np.linspace(0.02, 0.98, 49)))
        options = [(values >= cut, f">= {cut:g}") for cut in cuts] + [(values <= cut, f"<= {cut:g}") for cut in cuts]
        scored = [
            (float(deviance(slow[members].sum(), members.sum(), slow.sum(), slow.size)), text, members)
            for members, text in options
            if 0 < members.sum() < values.size
        ]
        if scored:
            score, text, members = max(scored, key=lambda item: item[0])
            found.append(Candidate(name, text, score if p < LEVEL else 0.0, p, members))
    return found


def _pairs(facts: Facts, singles: list[Candidate], slow: Flags) -> list[Candidate]:
    """Pairs of facts that say more together than each alone: within either, the other still matters."""
    lead = sorted(singles, key=lambda item: -item.score)[:_PAIRED]
    if len(lead) < 2:
        return []
    flags = np.array([item.members for item in lead], dtype=np.float32)
    both, both_slow = flags @ flags.T, (flags * slow) @ flags.T
    size, hits = np.diag(both), np.diag(both_slow)
    i, j = np.triu_indices(len(lead), 1)
    attribute = np.array([item.attribute for item in lead])
    usable = (attribute[i] != attribute[j]) & (both[i, j] >= LEAST) & (both_slow[i, j] > 0)
    i, j = i[usable], j[usable]
    count, hit = both[i, j].astype(np.int64), both_slow[i, j].astype(np.int64)
    within = np.maximum(enrichment(hit, count, hits[i], size[i]), enrichment(hit, count, hits[j], size[j]))
    score, p = deviance(hit, count, slow.sum(), slow.size), enrichment(hit, count, slow.sum(), slow.size)
    every = facts.table.height * (facts.table.height - 1)
    found = []
    for at in np.flatnonzero(within * len(lead) * (len(lead) - 1) / 2 < LEVEL):
        one, other = sorted((lead[i[at]], lead[j[at]]), key=lambda item: item.attribute)
        found.append(
            Candidate(
                f"{one.attribute} & {other.attribute}", f"{one.value} & {other.value}", float(score[at]),
                min(1.0, float(p[at]) * every), one.members & other.members, (*one.parts, *other.parts),
            )
        )  # fmt: skip
    return found


def _explains(leader: Candidate, item: Candidate, slow: Flags) -> bool:
    """Say whether `item` tells nothing more of slowness once `leader` is known."""
    strata = [leader.members, ~leader.members]
    columns = [
        np.array([float(value) for value in values])
        for values in (
            [(slow & item.members & stratum).sum() for stratum in strata],
            [(item.members & stratum).sum() for stratum in strata],
            [(slow & stratum).sum() for stratum in strata],
            [stratum.sum() for stratum in strata],
        )
    ]
    return stratified(*columns) > LEVEL / _SHOWN

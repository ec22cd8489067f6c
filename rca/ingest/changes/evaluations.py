"""When a flag was turned, from its evaluations alone: where the mix of variants that requests got becomes another.

Requests of one moment may get several variants: a flag that is on for some customers or for ten in a hundred changes nothing
as long as the shares stay. The evaluations are cut into stretches of one mix each so that the likelihood, less a penalty for
each cut, is greatest (optimal partitioning; the penalty grows with the logarithm of the number of places a cut could be at).
A handful of evaluations, or somebody who is known by name and got both variants, needs less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Run", "Turn", "turns"]

_PENALTY = 1.5
"""Of a cut, beside the logarithm of the number of evaluations."""
_FEW, _PENALTY_OF_FEW = 4, 1.3
_PENALTY_OF_FLIPS, _RARE = 0.5, 2
"""Where somebody got another variant than before, unless that happens all the time: then variants are drawn anew each time."""
_MOST = 2_000
"""Runs that are looked at one by one; more are taken together first."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Run:
    """Evaluations in a row that gave the same variant."""

    variant: str
    first_ns: int
    evaluations: int
    flips: bool = False
    """Whether somebody got this variant who had got another before."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One change of a flag."""

    time_ns: int
    from_value: str
    to_value: str
    share_before: float
    """Share of `to_value` among the evaluations before."""
    share_after: float
    evaluations: int
    """Evaluations from this change to the next."""


def turns(runs: Sequence[Run]) -> list[Turn]:
    """Return where a flag was turned.

    Parameters
    ----------
    runs
        All evaluations of one flag by one service, in order of time.

    Examples
    --------
    >>> [(turn.time_ns, turn.from_value, turn.to_value) for turn in turns([Run("off", 10, 5), Run("on", 20, 5)])]
    [(20, 'off', 'on')]
    >>> turns([Run("ab"[at % 2], at, 1) for at in range(100)])  # half of the requests each, all the time
    []
    """
    variants = sorted({run.variant for run in runs})
    if len(variants) < 2:
        return []
    counts = np.zeros((len(runs), len(variants)))
    for at, run in enumerate(runs):
        counts[at, variants.index(run.variant)] = run.evaluations
    cuts = [0, *_cuts(counts, [run.flips for run in runs]), len(runs)]
    found = []
    for before, at, end in zip(cuts, cuts[1:], cuts[2:], strict=False):
        old, new = (counts[start:stop].sum(axis=0) for start, stop in ((before, at), (at, end)))
        found.append(_turn(runs[at:end], variants, old / old.sum(), new / new.sum(), int(new.sum())))
    return found


def _turn(after: Sequence[Run], variants: Sequence[str], old: Floats, new: Floats, evaluations: int) -> Turn:
    was, became = int(old.argmax()), int(new.argmax())
    if was == became:  # a roll-out to some: what rose most
        became = int((new - old).argmax())
    if was == became:  # what fell most gave way to the one that leads
        was = int((old - new).argmax())
    time = next((run.first_ns for run in after if run.variant == variants[became]), after[0].first_ns)
    return Turn(time, variants[was], variants[became], float(old[became]), float(new[became]), evaluations)


def _cuts(counts: Floats, flips: Sequence[bool]) -> list[int]:
    """Return where the mix changes, in order: each the first run of a stretch."""
    starts = np.unique(np.linspace(0, len(counts), min(len(counts), _MOST) + 1, dtype=np.int64))
    before = np.vstack([np.zeros(counts.shape[1]), counts.cumsum(axis=0)])[starts]
    total = float(before[-1].sum())
    penalty = np.full(len(starts), _PENALTY_OF_FEW if total <= _FEW else _PENALTY + np.log(total))
    if 0 < sum(flips) <= _RARE:
        penalty[[flips[start] for start in starts[:-1]] + [False]] = _PENALTY_OF_FLIPS
    penalty[0] = 0.0
    best, came_from = np.zeros(len(starts)), np.zeros(len(starts), dtype=np.int64)
    for end in range(1, len(starts)):
        score = best[:end] + _likelihood(before[end] - before[:end]) - penalty[:end]
        came_from[end] = score.argmax()
        best[end] = score[came_from[end]]
    found = []
    at = int(came_from[-1])
    while at:
        found.append(int(starts[at]))
        at = int(came_from[at])
    return found[::-1]


def _likelihood(counts: Floats) -> Floats:
    """Logarithm of the likelihood of counts under their own shares, a row each."""
    total = counts.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(counts > 0, counts * np.log(counts / total), 0.0)
    summed: Floats = parts.sum(axis=1)
    return summed

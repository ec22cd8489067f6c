"""Whether an incident begins where a change lies."""

from __future__ import annotations

from collections.abc import Sequence

from rca.measures.knock_on import blames_others
from rca.measures.services import Ranked
from rca.measures.vocabulary import is_database
from rca.mechanisms.candidates import Candidate
from rca.mechanisms.scene import Scene

__all__ = ["where_it_begins"]

_STANDS = 20.0
"""Decibans by which a service stands out plainly; half as much again leaves no doubt."""
_HERE = 6.0
"""Most decibans for a change at the service where it begins, and against one elsewhere."""
_WAY = -4.0


def where_it_begins(scene: Scene, candidate: Candidate, *, known: bool, shows: str = "") -> tuple[float, str] | None:
    """Weigh whether the incident begins where the change lies: a service that works as before was not broken by it.

    What a caller changes can show at what it calls (more queries, retries), so a caller whose change is known to do harm
    loses nothing; nor does one that shows at others first (`shows`: a field renamed, a probe), or whose service no request names. Any other change would have
    shown where it lies first. A gap between two services is no trait of the one that is called.
    """
    if not scene.standing or not candidate.services:
        return None
    scores = {item.service_name: item.score for item in scene.standing}
    best = max(candidate.services, key=lambda name: scores.get(name, 0.0))
    first = _first_of(scene.standing, best)
    if first is None or first.score < _STANDS:
        return None
    clue = first.clues[0]
    if clue.family == "edge" and not known:
        return _WAY, "it shows on the way between two services, which this is not known to touch"
    behind = min(1.0, (first.score - scores.get(best, 0.0)) / _STANDS)
    if behind < 0.3:
        if clue.family != "edge" and not blames_others(clue):
            return _HERE * min(1.0, first.score / (2 * _STANDS)), f"{best} is where it begins: {clue.claim[:90]}"
        return None
    calls = any(first.service_name in scene.graph.below(name) for name in candidate.services)
    untold = not scene.graph.services.intersection(candidate.services)
    if not (known and (calls or untold or shows)):
        return -_HERE * behind, f"it begins at {first.service_name}, and {best} stands out less"
    return None


def _first_of(standing: Sequence[Ranked], touched: str) -> Ranked | None:
    """Return the service that stands out most; a database stands for the service beside it that uses it so."""
    for item in standing:
        if item.clues and (not is_database(item.service_name) or item.service_name == touched):
            return item
    return None

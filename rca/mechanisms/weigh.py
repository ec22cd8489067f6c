"""How much speaks for a change, in decibans: when, where, what it can do against what is seen, and shared words.

The weights are elicited, not fitted: each is how many times likelier the observation is under a culprit than under a
bystander, as ten times the logarithm to base ten. ``docs`` says what they are worth on which incidents.
"""

from __future__ import annotations

from collections.abc import Mapping

from rca.mechanisms.candidates import Candidate
from rca.mechanisms.doing import what_it_does
from rca.mechanisms.reasons import Weighed
from rca.mechanisms.scene import Scene
from rca.mechanisms.sharing import same_numbers, shared_words
from rca.mechanisms.standing import where_it_begins
from rca.times import format_duration

__all__ = ["weigh"]

_MINUTE, _HOUR, _DAY = 60_000_000_000, 3_600_000_000_000, 86_400_000_000_000
_AGES = (
    (_MINUTE // 6, 7.0),
    (_MINUTE // 2, 5.5),
    (2 * _MINUTE, 4.5),
    (10 * _MINUTE, 4.0),
    (30 * _MINUTE, 3.0),
    (2 * _HOUR, 1.5),
    (12 * _HOUR, 0.0),
    (_DAY, -2.0),
    (3 * _DAY, -5.0),
    (7 * _DAY, -8.0),
)
_PLACES = {"self": 6.0, "below": 4.0, "above": -2.0, "elsewhere": -7.0, "untold": -4.0, "unknown": 0.0}
_PASSES_ON = 2.0
"""Decibans of a service above, for a change that shows at what is called."""
_ALIKE = 3.0
"""Decibans of a service that no request names and that shows what others show: a resolver, a broker, a cache."""
_SLOW = ("memory", "disk", "fd", "connections", "queue", "gc", "restart", "certificate", "stale", "cache", "threads")
"""Symptoms that build up, so that a change may be hours older than they are."""


def weigh(scene: Scene, candidate: Candidate, frequencies: Mapping[str, int], total: int) -> Weighed:
    """Weigh one change against the scene.

    Parameters
    ----------
    scene
        What was observed.
    candidate
        The change.
    frequencies, total
        In how many of all changes each identifier occurs, and how many changes there are.
    """
    out = Weighed(candidate)
    what_it_does(scene, out)
    _when(scene, out)
    _where(scene, out)
    found = where_it_begins(scene, candidate, known=bool(out.mechanism), shows=out.shows)
    if found is not None and not (
        out.is_harmless and found[0] > 0
    ):  # where it lies makes nothing worse of what does no harm
        out.add(*found)
    shared_words(scene, out, frequencies, total)
    same_numbers(scene, out)
    _taken_back(scene, out)
    return out


def _when(scene: Scene, out: Weighed) -> None:
    candidate = out.candidate
    onset = scene.incident.onset_ns or scene.incident.start_ns
    latest = max(onset, scene.incident.onset_high_ns or onset)
    if candidate.live_ns is None:
        out.add(-14.0, "no deploy before the incident carried it")
        return
    if candidate.live_ns > latest:
        late = candidate.live_ns - latest
        out.add(-40.0 if late > 2 * _MINUTE else -12.0, f"it came {format_duration(late)} after the onset")
        return
    live, how = candidate.live_ns, "it was live"
    if candidate.switched_ns is not None and live < candidate.switched_ns <= latest:
        live, how = candidate.switched_ns, "its flag was turned on"
    age = max(0, (scene.incident.onset_low_ns or onset) - live)
    worth = next((value for limit, value in _AGES if age <= limit), -12.0)
    for ramp in scene.ramps:
        gap = abs(ramp.start_ns - candidate.live_ns)
        relevant = ramp.service_name in candidate.services or ramp.service_name == candidate.service_name
        if relevant and gap <= max(5 * _MINUTE, 0.1 * max(1, onset - ramp.start_ns)):
            out.add(9.0, f"{ramp.metric_name} has risen steadily since {format_duration(gap)} around it")
            worth = max(worth, 0.0)
            break
    if out.symptom in _SLOW and worth < 0:
        worth /= 2
    when = (
        f"{how} {format_duration(age)} before the onset"
        if age
        else f"{how} when the onset came, as near as that is known"
    )
    out.add(worth, when)


def _where(scene: Scene, out: Weighed) -> None:
    candidate = out.candidate
    names = {
        name: sure
        for name, sure in candidate.services.items()
        if name in scene.services or name == candidate.service_name
    }
    if not names:
        if candidate.shared:
            out.add(2.0, "it lies in code that services share")
        elif candidate.diff.all_paths or candidate.service_name:
            out.add(-6.0, "it touches no service that is seen here")
        else:
            out.add(-1.0, "it is not said what it touches")
        return
    worth = {name: _place_worth(scene, out, name, sure) for name, sure in names.items()}
    best = max(worth, key=lambda name: worth[name])
    if worth[best] < 0 and candidate.shared and not candidate.service_name:
        out.add(1.0, "it lies in code that services share")
        return
    alike = scene.shares_with(best) if worth[best] == _ALIKE else ""
    if alike:
        out.add(worth[best], f"it touches {best}, which shows {alike} as others do")
        return
    words = {"self": f"it touches {best} itself", "below": f"it touches {best}, which {scene.incident.service_name} calls",
             "above": f"it touches {best}, which only calls {scene.incident.service_name}", "elsewhere": f"it touches {best}, which is not on the path", "untold": f"it touches {best}; no request says whether it is on the path", "unknown": f"it touches {best}; the requests do not say whose they are"}  # fmt: skip
    out.add(worth[best], words[scene.place_of(best)])


def _place_worth(scene: Scene, out: Weighed, service: str, sure: float) -> float:
    place = scene.place_of(service)
    if place == "untold" and scene.shares_with(service):
        return _ALIKE
    if place == "above" and out.shows == "callees":
        return _PASSES_ON
    worth = _PLACES[place]
    return worth * sure if worth > 0 else worth


def _taken_back(scene: Scene, out: Weighed) -> None:
    undone = out.candidate.undone_ns
    if undone is None or undone <= scene.incident.start_ns:
        return
    end = scene.incident.end_ns
    slack = max(3 * _MINUTE, (end - scene.incident.start_ns) // 10)
    if abs(end - undone) <= slack:
        out.add(12.0, "the incident ended when it was taken back")
    elif end > undone + slack:
        out.add(-8.0, f"the incident went on for {format_duration(end - undone)} after it was taken back")

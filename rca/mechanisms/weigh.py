"""How much speaks for a change, in decibans: when, where, what it can do against what is seen, and shared words.

The weights are elicited, not fitted: each is how many times likelier the observation is under a culprit than under a
bystander, as ten times the logarithm to base ten. ``docs`` says what they are worth on which incidents.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rca.mechanisms.base import Mechanism
from rca.mechanisms.candidates import Candidate
from rca.mechanisms.capacity import CAPACITY
from rca.mechanisms.code import CODE
from rca.mechanisms.config import CONFIG, bumped
from rca.mechanisms.data import DATA
from rca.mechanisms.diffs import tokens
from rca.mechanisms.facts import changed_numbers
from rca.mechanisms.scene import Scene
from rca.mechanisms.standing import where_it_begins
from rca.mechanisms.symptoms import outside_hosts
from rca.times import format_duration

__all__ = ["MECHANISMS", "Reason", "Weighed", "weigh", "word_frequencies"]

MECHANISMS: tuple[Mechanism, ...] = (*CODE, *DATA, *CAPACITY, *CONFIG)
"""Every mechanism that is known."""

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
_QUIET_TITLE = re.compile(
    r"^\W*(docs?|tests?|style|ci|lint|chore\(lint|typo)\b|\b(typo|gofmt|formatting|codeowners|readme|changelog|runbook|documentation|unit tests?|golden files)\b",
    re.IGNORECASE,
)
_MECHANISM = 22.0
_GENERIC_LIBRARY = frozenset(
    ("github", "golang", "google", "node", "types", "core", "client", "clients", "common", "java", "javax", "apache", "http", "json", "text", "server", "spring", "boot", "microsoft", "system", "extensions", "version", "plugin", "starter", "tools", "util", "utils", "data")
)  # fmt: skip
"""Parts of the names of libraries that errors are full of anyway."""
_SLOW = ("memory", "disk", "fd", "connections", "queue", "gc", "restart", "certificate", "stale", "cache", "threads")
"""Symptoms that build up, so that a change may be hours older than they are."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for (positive) or against a change."""

    decibans: float
    claim: str


@dataclass(slots=True)
class Weighed:
    """A change with everything that speaks for and against it."""

    candidate: Candidate
    reasons: list[Reason] = field(default_factory=list)
    mechanism: str = ""
    symptom: str = ""

    def add(self, decibans: float, claim: str) -> None:
        """Note a reason."""
        self.reasons.append(Reason(decibans, claim))

    @property
    def decibans(self) -> float:
        """The sum."""
        return sum(item.decibans for item in self.reasons)


def word_frequencies(found: Iterable[Candidate]) -> Counter[str]:
    """Return in how many changes each identifier occurs: what all touch tells nothing."""
    out: Counter[str] = Counter()
    for item in found:
        out.update(item.diff.changed_tokens.keys())
    return out


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
    _what(scene, out)
    _when(scene, out)
    _where(scene, out)
    found = where_it_begins(scene, candidate, known=bool(out.mechanism))
    if found is not None:
        out.add(*found)
    _shared_words(scene, out, frequencies, total)
    _same_numbers(scene, out)
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
    worth = {
        name: _PLACES[scene.place_of(name)] * (sure if _PLACES[scene.place_of(name)] > 0 else 1.0)
        for name, sure in names.items()
    }
    best = max(worth, key=lambda name: worth[name])
    if worth[best] < 0 and candidate.shared and not candidate.service_name:
        out.add(1.0, "it lies in code that services share")
        return
    words = {"self": f"it touches {best} itself", "below": f"it touches {best}, which {scene.incident.service_name} calls",
             "above": f"it touches {best}, which only calls {scene.incident.service_name}", "elsewhere": f"it touches {best}, which is not on the path", "untold": f"it touches {best}; no request says whether it is on the path", "unknown": f"it touches {best}; the requests do not say whose they are"}  # fmt: skip
    out.add(worth[best], words[scene.place_of(best)])


def _what(scene: Scene, out: Weighed) -> None:
    candidate = out.candidate
    if candidate.switches:
        out.add(-10.0, f"it turns on what {candidate.switches} brought, which is weighed for both")
    elif candidate.kind == "flag":
        out.add(-4.0, "a flag, whose code is not named")
    diff = candidate.diff
    if diff.is_empty:
        if diff.is_quiet:
            out.add(-18.0, f"only {diff.paths[0]}, which does not run in production")
        elif _QUIET_TITLE.search(candidate.title):
            out.add(-9.0, f"its title says that it does not run in production: “{candidate.title[:60]}”")
        elif candidate.kind == "commit":
            out.add(-5.0, "no diff is known, and it was not deployed by itself")
        return
    if diff.is_quiet:
        out.add(-20.0, f"only {diff.all_paths[0]}, which does not run in production")
        return
    if diff.is_inert:
        out.add(-18.0, "only comments, white space or the order of lines changed")
        return
    matches = []
    for mechanism in MECHANISMS:
        found = mechanism.find(diff)
        if found is None:
            continue
        fits = {name: worth * scene.seen(name) for name, worth in mechanism.predicts.items()}
        if mechanism.name == "dependency":
            fits["library"] = _named_library(scene, out)
        best = max(fits, key=lambda name: fits[name])
        matches.append((found.strength * fits[best], mechanism, best, found))
    matches.sort(key=lambda item: -item[0])
    if not matches:
        out.add(
            *(
                (-6.0, "nothing in what it says is known to do harm")
                if candidate.told
                else (-8.0, "nothing in its diff is known to do harm")
            )
        )
        return
    score, mechanism, symptom, found = matches[0]
    if score < 0.12:
        out.add(-5.0, f"{mechanism.title} ({found.claim}), but nothing seen looks like that")
        return
    out.mechanism, out.symptom = mechanism.name, symptom
    seen = scene.symptoms.get(symptom)
    shown = f", and {seen.claim}" if seen else ""
    more = sum(item[0] for item in matches[1:3]) * 2.0
    out.add(
        _MECHANISM * score + min(3.0, more) - 3.0 * (1 - min(1.0, score / 0.4)),
        f"{mechanism.title}: {found.claim}{shown}",
    )


def _named_library(scene: Scene, out: Weighed) -> float:
    texts = " ".join(item.text for item in scene.complaints).lower()
    for host in outside_hosts(texts):  # a library is often named after the provider that it talks to
        texts = texts.replace(host, " ")
    parts = [
        part
        for name, _, _ in bumped(out.candidate.diff)
        for part in re.split(r"[^a-z0-9]+", name.lower())
        if len(part) > 3 and part not in _GENERIC_LIBRARY
    ]
    return 0.7 if any(part in texts for part in parts) else 0.0


def _shared_words(scene: Scene, out: Weighed, frequencies: Mapping[str, int], total: int) -> None:
    diff = out.candidate.diff
    words: dict[str, float] = {}
    for word in diff.changed_tokens:
        rarity = math.log2(1 + total / max(1, frequencies.get(word, 1))) / math.log2(2 + total)
        if word in scene.novel:
            whole = 1.6 if "_" in word or len(word) >= 12 else 1.0
            words[word] = whole * rarity * scene.novel[word]
        elif word in scene.gone and word in diff.lost_tokens:
            words[word] = 0.6 * rarity * scene.gone[word]
    for path in diff.all_paths:
        for word in tokens(path.rsplit("/", 1)[-1]):
            if word in scene.novel and word not in words:
                words[word] = 0.4 * scene.novel[word]
    for literal in diff.literals:
        if literal not in words and _compound(literal) and literal.lower() in scene.said:
            words[literal] = 1.6
    for word in _words_of_flag(out.candidate):
        if word in scene.novel:
            words[word] = scene.novel[word]
    if not words:
        return
    ranked = sorted(words.items(), key=lambda item: -item[1])
    worth = min(14.0, 8.0 * sum(value for _, value in ranked[:6]) ** 0.8)
    if worth >= 1:
        shown = ", ".join(f"“{word}”" for word, _ in ranked[:3])
        out.add(worth, f"what is new in messages names what it changed: {shown}")


def _compound(literal: str) -> bool:
    """Say whether a literal is a name of several parts, which no sentence holds by chance."""
    return bool(re.search(r"\w[-_.:/]\w|[a-z][A-Z]", literal))


def _words_of_flag(candidate: Candidate) -> list[str]:
    key = candidate.feature_flag_key.lower()
    parts = [part for part in key.replace("-", "_").replace(".", "_").split("_") if len(part) > 4]
    return [key, *parts] if key else []


def _same_numbers(scene: Scene, out: Weighed) -> None:
    for number in changed_numbers(out.candidate.diff):
        for row in scene.moved.iter_rows(named=True):
            if number.before > 2 and _near(row["before"], number.before) and _near(row["during"], number.after):
                out.add(15.0, f"{row['metric_name']} went from {number.before:g} to {number.after:g}, as the diff says")
                return
        if number.is_time and number.fell and scene.failing_ns:
            total = sum(weight for _, weight in scene.failing_ns)
            at = sum(
                weight for length, weight in scene.failing_ns if abs(length / 1e9 - number.after) <= 0.15 * number.after
            )
            if at >= 0.25 * total:
                out.add(9.0, f"failing calls last {format_duration(round(number.after * 1e9))}, the new limit")
                return


def _near(value: float, other: float) -> bool:
    return abs(value - other) <= 0.01 * max(abs(value), abs(other))


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

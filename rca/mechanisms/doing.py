"""What a change can do against what is seen: every mechanism in its diff, and how far the symptoms fit."""

from __future__ import annotations

import re

from rca.mechanisms.base import Found, Mechanism
from rca.mechanisms.capacity import CAPACITY
from rca.mechanisms.code import CODE
from rca.mechanisms.config import CONFIG, bumped
from rca.mechanisms.data import DATA
from rca.mechanisms.harmless import harmless
from rca.mechanisms.reasons import Reason, Weighed
from rca.mechanisms.scene import GENERIC, Scene
from rca.mechanisms.symptoms import outside_hosts

__all__ = ["MECHANISMS", "what_it_does"]

MECHANISMS: tuple[Mechanism, ...] = (*CODE, *DATA, *CAPACITY, *CONFIG)
"""Every mechanism that is known."""

_QUIET_TITLE = re.compile(
    r"^\W*(docs?|tests?|style|ci|lint|chore\(lint|typo)\b|\b(typo|gofmt|formatting|codeowners|readme|changelog|runbook|documentation|unit tests?|golden files)\b",
    re.IGNORECASE,
)
_MECHANISM = 22.0
"""Decibans of a mechanism that is plainly there and plainly seen."""
_LEAST = 0.12
"""Strength times sight below which nothing seen looks like it."""
_VAGUE = 0.55
"""Strength up to which a mechanism is there only by a word that much harmless code holds too."""
_HARMLESS = 0.3
"""Strength times sight up to which a change of a kind that hardly ever does harm is taken for one."""
_GENERIC_LIBRARY = frozenset(
    ("github", "golang", "google", "node", "types", "core", "client", "clients", "common", "java", "javax", "apache", "http", "json", "text", "server", "spring", "boot", "microsoft", "system", "extensions", "version", "plugin", "starter", "tools", "util", "utils", "data")
)  # fmt: skip
"""Parts of the names of libraries that errors are full of anyway."""


def what_it_does(scene: Scene, out: Weighed) -> None:
    """Weigh what a change can do against what is seen, and note the mechanism that fits best."""
    candidate, diff = out.candidate, out.candidate.diff
    if candidate.switches:
        out.add(-10.0, f"it turns on what {candidate.switches} brought, which is weighed for both")
    elif candidate.kind == "flag":
        out.add(-4.0, "a flag, whose code is not named")
    if diff.is_empty or diff.is_quiet or diff.is_inert:
        unread = _unread(out)
        if unread is not None:
            out.reasons.append(unread)
        return
    matches = _matches(scene, out)
    score = matches[0][0] if matches else 0.0
    vague = bool(matches) and matches[0][3].strength <= _VAGUE
    innocent = harmless(diff) if score < _HARMLESS or vague else None
    if innocent is not None:
        out.is_harmless = True
        out.add(-12.0, f"{innocent.claim}, which hardly ever does harm")
    elif not matches:
        worth, what = (-6.0, "what it says") if candidate.told else (-8.0, "its diff")
        out.add(worth, f"nothing in {what} is known to do harm")
    elif score < _LEAST:
        _, mechanism, _, found = matches[0]
        out.add(-5.0, f"{mechanism.title} ({found.claim}), but nothing seen looks like that")
    else:
        _note(scene, out, matches)


Match = tuple[float, Mechanism, str, Found]
"""How far it fits, the mechanism, the symptom that fits best, and what was found in the diff."""


def _unread(out: Weighed) -> Reason | None:
    candidate, diff = out.candidate, out.candidate.diff
    if diff.is_quiet:
        return Reason(-18.0 if diff.is_empty else -20.0, f"only {diff.all_paths[0]}, which does not run in production")
    if diff.is_inert:
        return Reason(-18.0, "only comments, white space or the order of lines changed")
    if _QUIET_TITLE.search(candidate.title):
        return Reason(-9.0, f"its title says that it does not run in production: “{candidate.title[:60]}”")
    if candidate.kind == "commit":
        return Reason(-5.0, "no diff is known, and it was not deployed by itself")
    return None


def _matches(scene: Scene, out: Weighed) -> list[Match]:
    """Return the mechanisms in a diff, the one that fits best first."""
    found: list[Match] = []
    for mechanism in MECHANISMS:
        hit = mechanism.find(out.candidate.diff)
        if hit is None:
            continue
        fits = {name: worth * scene.seen(name) for name, worth in mechanism.predicts.items()}
        if mechanism.name == "dependency":
            fits["library"] = _named_library(scene, out)
        best = max(fits, key=lambda name: fits[name])
        found.append((hit.strength * fits[best], mechanism, best, hit))
    return sorted(found, key=lambda item: -item[0])


def _note(scene: Scene, out: Weighed, matches: list[Match]) -> None:
    score, mechanism, symptom, found = matches[0]
    out.mechanism, out.symptom, out.kind = mechanism.name, symptom, mechanism.kind
    # that requests fail or take longer somewhere says nothing of where it came from
    out.shows = "" if symptom in GENERIC else mechanism.shows
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

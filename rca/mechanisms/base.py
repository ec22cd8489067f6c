"""The shape of a mechanism, and small builders of detectors."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rca.mechanisms.diffs import Diff
from rca.mechanisms.facts import changed_numbers, gained, lost

__all__ = [
    "Detector",
    "Found",
    "Mechanism",
    "alters",
    "either",
    "first",
    "gains",
    "inside",
    "loses",
    "number",
    "touches",
    "within",
]


_VALUE = re.compile(r"\w*[\"']?\s*[:=]\s*[^=\s].*$")
"""What stands behind a word that is set to something."""


@dataclass(frozen=True, slots=True)
class Found:
    """A mechanism in a diff: how plainly it is there (0 to 1), and in words."""

    strength: float
    claim: str


Detector = Callable[[Diff], Found | None]


@dataclass(frozen=True, slots=True)
class Mechanism:
    """Something that a change can do to a system, and the symptoms by which it would show.

    `predicts` maps the name of a symptom to how much it speaks for the mechanism where both are there: 1 where little else
    shows like this, 0.3 where many things do. `kind` is the kind of fault it makes (``database``, ``runtime``, ``network``,
    ``dependency``, ``defect``, ``certificate``), empty where that depends on what it meets. `shows` is ``"callers"`` or
    ``"callees"`` where others suffer first: who reads a renamed field, who receives the retries.
    """

    name: str
    title: str
    find: Detector
    predicts: Mapping[str, float]
    kind: str = ""
    shows: str = ""


def first(lines: list[str], pattern: str) -> str:
    """Return the first line with a pattern, short."""
    compiled = re.compile(pattern, re.IGNORECASE)
    return next((line.strip()[:90] for line in lines if compiled.search(line)), "")


def loses(pattern: str, words: str, *, unless: str = "", strength: float = 1.0) -> Detector:
    """Make a detector of a pattern that goes away (and is not replaced by `unless`)."""

    def find(diff: Diff) -> Found | None:
        if not lost(diff, pattern) or (unless and gained(diff, unless)):
            return None
        return Found(strength, f"{words}: “{first(diff.lines('lost'), pattern)}” is gone")

    return find


def gains(pattern: str, words: str, *, unless: str = "", strength: float = 1.0) -> Detector:
    """Make a detector of a pattern that comes (where nothing added says `unless`)."""

    def find(diff: Diff) -> Found | None:
        added = diff.lines("gained")
        if not gained(diff, pattern) or (unless and any(re.search(unless, line, re.IGNORECASE) for line in added)):
            return None
        return Found(strength, f"{words}: “{first(added, pattern)}” is new")

    return find


def touches(pattern: str, words: str, *, strength: float = 1.0) -> Detector:
    """Make a detector of a pattern on any line that went away or came.

    Where the same words stand on both sides, and none of them is given another value, something beside them changed: that
    is worth a third.
    """
    compiled = re.compile(pattern, re.IGNORECASE)

    def said(line: str) -> list[str]:
        return [match[0].lower() + (_VALUE.match(line, match.end()) or ("",))[0] for match in compiled.finditer(line)]

    def find(diff: Diff) -> Found | None:
        sides = {side: [line for line in diff.lines(side) if compiled.search(line)] for side in ("gained", "lost")}
        for side, verb in (("gained", "is new"), ("lost", "is gone")):
            if sides[side]:
                same = Counter(word for line in sides["lost"] for word in said(line)) == Counter(
                    word for line in sides["gained"] for word in said(line)
                )
                return Found(strength * (0.33 if same else 1.0), f"{words}: “{sides[side][0].strip()[:90]}” {verb}")
        return None

    return find


def alters(pattern: str, words: str, *, strength: float = 1.0) -> Detector:
    """Make a detector of lines with a pattern that are not what they were: new, gone or with something else behind it."""
    compiled = re.compile(pattern, re.IGNORECASE)

    def find(diff: Diff) -> Found | None:
        lost, came = ([line for line in diff.lines(side) if compiled.search(line)] for side in ("lost", "gained"))
        if not came and not lost:
            return None
        shown = (
            f"“{lost[0].strip()[:60]}” → “{came[0].strip()[:60]}”"
            if lost and came
            else f"“{(came or lost)[0].strip()[:90]}”"
        )
        return Found(strength, f"{words}: {shown}")

    return find


def inside(pattern: str, words: str, *, strength: float = 0.5) -> Detector:
    """Make a detector of any change in a file whose name says what it is for."""
    compiled = re.compile(pattern, re.IGNORECASE)

    def find(diff: Diff) -> Found | None:
        for item in diff.live:
            if compiled.search(item.path.rsplit("/", 1)[-1]) and (item.lost or item.gained):
                return Found(strength, f"{words}: {item.path}")
        return None

    return find


def within(section: str, pattern: str, words: str, *, strength: float = 0.8) -> Detector:
    """Make a detector of lines with a pattern that changed in a file where a section is named: a path below a probe."""
    named, compiled = re.compile(section, re.IGNORECASE), re.compile(pattern, re.IGNORECASE)

    def find(diff: Diff) -> Found | None:
        for item in diff.live:
            hits = [line for line in (*item.gained, *item.lost) if compiled.search(line)]
            if hits and named.search("\n".join((item.path, item.header, *item.context, *item.lost, *item.gained))):
                return Found(strength, f"{words}: “{hits[0].strip()[:90]}”")
        return None

    return find


def number(pattern: str, words: str, *, falls: bool | None, unless: str = "", strength: float = 1.0) -> Detector:
    """Make a detector of a number that falls, rises, or either, on a line or in a file whose words match.

    The more it changes, the plainer: half as much again is worth half of a fivefold.
    """
    compiled = re.compile(pattern, re.IGNORECASE)

    def find(diff: Diff) -> Found | None:
        for item in changed_numbers(diff):
            text = " ".join(item.words)
            if not compiled.search(text) or (unless and re.search(unless, text, re.IGNORECASE)):
                continue
            if falls is not None and item.fell is not falls:
                continue
            low, high = sorted((abs(item.before), abs(item.after)))
            size = 1.0 if low == 0 else min(1.0, 0.3 + 0.3 * math.log2(high / low))
            unit = " s" if item.is_time else ""
            return Found(strength * size, f"{words}: {item.before:g} → {item.after:g}{unit} in “{item.line[:70]}”")
        return None

    return find


def either(*detectors: Detector) -> Detector:
    """Make a detector that takes the plainest of several."""

    def find(diff: Diff) -> Found | None:
        found = [item for item in (detector(diff) for detector in detectors) if item is not None]
        return max(found, key=lambda item: item.strength, default=None)

    return find

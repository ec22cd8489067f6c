"""What a change and the telemetry have in common to the letter: words and numbers."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping

from rca.mechanisms.candidates import Candidate
from rca.mechanisms.diffs import tokens
from rca.mechanisms.facts import changed_numbers
from rca.mechanisms.reasons import Weighed
from rca.mechanisms.scene import Scene
from rca.times import format_duration

__all__ = ["same_numbers", "shared_words", "word_frequencies"]


def word_frequencies(found: Iterable[Candidate]) -> Counter[str]:
    """Return in how many changes each identifier occurs: what all touch tells nothing."""
    out: Counter[str] = Counter()
    for item in found:
        out.update(item.diff.changed_tokens.keys())
    return out


def shared_words(scene: Scene, out: Weighed, frequencies: Mapping[str, int], total: int) -> None:
    """Weigh that what is new in messages names what a change touched.

    Words that many changes touch say little, and what harmless ones touch says nothing.
    """
    if out.is_harmless:
        return
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


def same_numbers(scene: Scene, out: Weighed) -> None:
    """Weigh that a metric, or the length of failing calls, went from one number of the diff to the other."""
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

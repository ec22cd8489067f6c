"""Kinds of change that hardly ever do harm: more room, a line of log, a text, a library of the workbench."""

from __future__ import annotations

import re
from collections import Counter

from rca.mechanisms.base import Detector, Found
from rca.mechanisms.diffs import Diff
from rca.mechanisms.facts import changed_numbers

__all__ = ["HARMLESS", "harmless"]

_ROOM = re.compile(r"\b(cpu|memory|replicas?|storage|min_?replicas|max_?replicas|requests|limits)\b", re.IGNORECASE)
_WATCHING = re.compile(
    r"^\s*(\w+\s*:?=\s*)?[\w.()]*\b(log|logger|logging|slog|console|metrics?|meter|counter|histogram|span|tracer|telemetry|statsd|prometheus)\w*(\(\))?\.\w+|^\s*\w+\s*:?=\s*(time\.(now|monotonic|perf_counter)|time\.Now|Date\.now|System\.(nanoTime|currentTimeMillis))",
    re.IGNORECASE,
)
_PAUSE = re.compile(r"backoff|pause|delay|wait", re.IGNORECASE)
_BOUNDED = re.compile(r"\blru\b|max_?(size|entries|items|len)\s*[:=(]\s*\d|maxlen=\d|lru\.New\(", re.IGNORECASE)
_INDEX = re.compile(r"\s*(create\s+index\s+concurrently\b|(added?\s+|new\s+)?(an?\s+)?index\s+on\b)", re.IGNORECASE)
_CALL = re.compile(r"(?<!def )(?<!func )(?<!function )(\w+)(?:\[\w+\])?\s*\(|::(\w+)")
_PLUMBING = re.compile(
    r"if|for|while|switch|return|match|catch|\w*(error|err|request|status|end|json|write|decod|encod|pars|respon|loads?|dumps?|stringify|body|data|reply|render|ok|send|optional|nullable|orelse|map|fold|complete|head|ensure|new|build|some|none|params|require|is)\w*",
    re.IGNORECASE,
)
"""Names of what reads inputs and writes answers."""
_TELLING = re.compile(
    r"\b(lock|mutex|transaction|timeout|deadline|retry|cache|sleep|await\s+Promise\.all|go\s+func|defer|finally|limit|batch|bulk|commit|flush|close|pool|async|thread|sync|for|while|each)\b",
    re.IGNORECASE,
)
"""Words of code that is about more than inputs and answers."""
_PROSE = re.compile(r"\"[^\"]*\"|'[^']*'|`[^`]*`")


def _more_room(diff: Diff) -> Found | None:
    numbers = changed_numbers(diff)
    lines = diff.lines("gained")
    if not numbers or len(numbers) < len(lines) or any(item.fell for item in numbers):
        return None
    if all(_ROOM.search(" ".join(item.words)) for item in numbers):
        return Found(1.0, f"more room than before: “{numbers[0].line[:60]}”")
    return None


def _only_watches(diff: Diff) -> Found | None:
    added = diff.lines("gained")
    if added and not diff.lines("lost") and all(_WATCHING.search(line) for line in added):
        return Found(1.0, f"it only logs or counts: “{added[0].strip()[:60]}”")
    return None


def _other_text(diff: Diff) -> Found | None:
    """Find a change of texts for people: what is outside the quotes stayed, and what is inside is words with blanks."""
    lost, gained = diff.lines("lost"), diff.lines("gained")
    if not lost or len(lost) != len(gained):
        return None
    pairs = list(zip(lost, gained, strict=True))
    if any(_PROSE.sub("", old).strip() != _PROSE.sub("", new).strip() for old, new in pairs):
        return None
    texts = [text for line in gained for text in _PROSE.findall(line)]
    if texts and all(re.fullmatch(r".[A-Z][a-z]+( [\w,.!?-]+)*.", text) for text in texts):
        return Found(1.0, f"only a text for people changed: {texts[0][:60]}")
    return None


def _gentler(diff: Diff) -> Found | None:
    """Find one more attempt after a longer pause: hardly more calls, and later ones."""
    numbers = changed_numbers(diff)
    pauses = [item for item in numbers if _PAUSE.search(" ".join(item.words))]
    rest = [item for item in numbers if item not in pauses]
    if not pauses or len(numbers) < len(diff.lines("gained")) or any(item.fell for item in numbers):
        return None
    if all(item.after - item.before <= 1 for item in rest):
        return Found(1.0, f"one more attempt after a longer pause: “{pauses[0].line[:60]}”")
    return None


def _bounded_cache(diff: Diff) -> Found | None:
    lines = diff.lines("gained")
    if diff.lines("lost") or not any(_BOUNDED.search(line) for line in lines):
        return None
    return Found(1.0, "a cache with a limit is new, and nothing else is touched")


def _new_index(diff: Diff) -> Found | None:
    """Find an index that is new and locks nobody out; one that must be unique can refuse rows."""
    gained = diff.lines("gained")
    if gained and not diff.lines("lost") and all(_INDEX.match(line) for line in gained):
        return Found(1.0, f"an index is new: “{gained[0].strip()[:60]}”")
    return None


def _rearranged(diff: Diff) -> Found | None:
    """Find a handler written otherwise: what it calls stayed, and only what reads inputs and writes answers differs."""
    # with the lines that stayed: they hold the work itself
    lost = [line for item in diff.live for line in item.removed]
    gained = [line for item in diff.live for line in item.added]
    if len(lost) < 2 or (re.findall(r"\d+", "".join(gained)) and not _same_numbers(lost, gained)):
        return None
    before, after = (
        Counter(one or other for one, other in _CALL.findall("\n".join(lines))) for lines in (lost, gained)
    )
    kept = [name for name in before & after if not _PLUMBING.fullmatch(name)]
    dropped = [name for name in before - after if not _PLUMBING.fullmatch(name)]
    if not kept or dropped or _TELLING.search("\n".join((*lost, *gained))):
        return None
    return Found(1.0, f"the same calls in other words: {kept[0]}(…)")


def _same_numbers(lost: list[str], gained: list[str]) -> bool:
    codes = {"200", "201", "204", "400", "404", "500", "502", "503"}
    return set(re.findall(r"\d+", " ".join(gained))) - codes <= set(re.findall(r"\d+", " ".join(lost)))


HARMLESS: tuple[Detector, ...] = (
    _more_room,
    _gentler,
    _only_watches,
    _other_text,
    _bounded_cache,
    _new_index,
    _rearranged,
)
"""Detectors of what hardly ever does harm."""


def harmless(diff: Diff) -> Found | None:
    r"""Return why a change is of a kind that hardly ever does harm, or None.

    Examples
    --------
    >>> from rca.mechanisms.diffs import parse_diff
    >>> harmless(parse_diff("-  cpu: 250m\n+  cpu: 500m\n")).claim
    'more room than before: “cpu: 500m”'
    >>> harmless(parse_diff("+CREATE INDEX CONCURRENTLY orders_region_idx ON orders (region);\n")).claim[:15]
    'an index is new'
    >>> harmless(parse_diff("-  cpu: 500m\n+  cpu: 250m\n")) is None
    True
    """
    return next((found for detector in HARMLESS if (found := detector(diff)) is not None), None)

"""What changed in a diff, beyond its lines: numbers with their units, and patterns on one side only."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from rca.mechanisms.diffs import Diff, FileDiff, tokens

__all__ = ["Number", "changed_numbers", "changed_pairs", "count", "gained", "lost", "measured"]

_UNITS = {
    "ns": 1e-9, "nanosecond": 1e-9, "nanoseconds": 1e-9, "us": 1e-6, "microsecond": 1e-6, "microseconds": 1e-6, "ms": 1e-3, "milli": 1e-3,
    "millis": 1e-3, "millisecond": 1e-3, "milliseconds": 1e-3, "s": 1.0, "sec": 1.0, "secs": 1.0, "second": 1.0, "seconds": 1.0, "m": 60.0, "min": 60.0,
    "minute": 60.0, "minutes": 60.0, "h": 3600.0, "hour": 3600.0, "hours": 3600.0, "d": 86400.0, "day": 86400.0, "days": 86400.0,
    "k": 1e3, "kb": 1e3, "ki": 1024.0, "kib": 1024.0, "mb": 1e6, "mi": 1048576.0, "mib": 1048576.0, "gb": 1e9, "gi": 1073741824.0, "gib": 1073741824.0, "g": 1e9,
}  # fmt: skip
_TIME_UNITS = frozenset(
    name for name in _UNITS if name not in ("k", "kb", "ki", "kib", "mb", "mi", "mib", "gb", "gi", "gib", "g")
)
_NUMBER = re.compile(
    r"(?:(?<![\w.])|(?<=-Xm[xsn])|(?<=-Xss))(?P<value>\d[\d_]*(?:\.\d+)?)\s*\*?\s*(?:time\.|TimeUnit\.|Duration\.|datetime\.)?(?P<unit>[A-Za-z]{1,12})?(?![\w])"
)
_CORES = re.compile(r"\bcpus?\b", re.IGNORECASE)
"""Where ``500m`` is half a processor and not eight hours."""
_WRAPPED = re.compile(
    r"(?:of|from_?)?(?P<unit>millis|milliseconds|seconds|minutes|hours|secs|ms)\s*[(=:]\s*(?P<value>\d[\d_]*(?:\.\d+)?)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Number:
    """A number that changed on a line that otherwise stayed: its words, and its value before and after."""

    words: frozenset[str]
    before: float
    after: float
    is_time: bool
    """Whether the values are seconds."""
    line: str
    path: str

    @property
    def fell(self) -> bool:
        """Whether it is lower now."""
        return self.after < self.before


def changed_pairs(item: FileDiff) -> list[tuple[str, str]]:
    """Return removed and added lines that are versions of one line.

    Examples
    --------
    >>> changed_pairs(FileDiff("x", removed=("max = 50", "b"), added=("max = 10", "zzzzzzz")))
    [('max = 50', 'max = 10')]
    """
    return list(_pairs(item))


@lru_cache(maxsize=256)
def _pairs(item: FileDiff) -> tuple[tuple[str, str], ...]:
    """Return the pairs of a file; every mechanism asks for them, and comparing lines is the dear part of reading a diff."""
    pairs = []
    left = list(item.gained)
    for old in item.lost:
        ranked = sorted(
            ((SequenceMatcher(None, _shape(old), _shape(new)).ratio(), -index) for index, new in enumerate(left))
        )
        if ranked and ranked[-1][0] >= 0.6:
            pairs.append((old, left.pop(-ranked[-1][1])))
    return tuple(pairs)


def _shape(line: str) -> str:
    return re.sub(r"\d[\d_.]*", "0", line.strip())


def measured(line: str) -> list[tuple[float, bool]]:
    """Return the numbers of a line, those of time in seconds, and whether each is one of time.

    Examples
    --------
    >>> measured("retry(3, Duration.ofMillis(250))"), measured("cpu: 500m")
    ([(3.0, False), (0.25, True)], [(0.5, False)])
    """
    found = []
    wrapped = {
        match.start("value"): _UNITS[match["unit"].lower()]
        for match in _WRAPPED.finditer(line)
        if match["unit"].lower() in _UNITS
    }
    for match in _NUMBER.finditer(line):
        value = float(match["value"].replace("_", ""))
        unit = (match["unit"] or "").lower()
        if match.start("value") in wrapped:
            found.append((value * wrapped[match.start("value")], True))
        elif unit == "m" and _CORES.search(line):
            found.append((value / 1000, False))
        elif unit in _UNITS:
            found.append((value * _UNITS[unit], unit in _TIME_UNITS))
        else:
            found.append((value, False))
    return found


def changed_numbers(diff: Diff) -> list[Number]:
    r"""Return the numbers that changed.

    Examples
    --------
    >>> from rca.mechanisms.diffs import parse_diff
    >>> found = changed_numbers(parse_diff("-  timeout: 5s\n+  timeout: 300ms\n"))[0]
    >>> found.before, found.after, found.is_time, "timeout" in found.words
    (5.0, 0.3, True, True)
    """
    out = []
    for item in diff.live:
        for old, new in () if item.is_manifest else changed_pairs(item):
            before, after = measured(old), measured(new)
            if len(before) != len(after):
                continue
            words = frozenset(tokens(f"{old}\n{new}"))
            out += [
                Number(words, a[0], b[0], a[1] or b[1], new.strip(), item.path)
                for a, b in zip(before, after, strict=True)
                if a[0] != b[0]
            ]
    return out


def count(pattern: str, lines: Iterable[str]) -> int:
    """Return how often a pattern is on lines, case apart."""
    compiled = re.compile(pattern, re.IGNORECASE)
    return sum(sum(1 for _ in compiled.finditer(line)) for line in lines)


def lost(diff: Diff, pattern: str) -> int:
    """Return how often the pattern went away, less how often it came."""
    return max(0, count(pattern, diff.lines("lost")) - count(pattern, diff.lines("gained")))


def gained(diff: Diff, pattern: str) -> int:
    """Return how often the pattern came, less how often it went away."""
    return max(0, count(pattern, diff.lines("gained")) - count(pattern, diff.lines("lost")))

"""The spellings of time: which part of a text is the year, the month, the fraction, the zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["MONTHS", "TIME", "ZONES", "Layout", "layout_of"]

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

ZONES: dict[str, int] = {
    "Z": 0, "UTC": 0, "GMT": 0, "EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360,
    "PST": -480, "PDT": -420, "AKST": -540, "AKDT": -480, "HST": -600, "BST": 60, "IST": 330, "CET": 60, "CEST": 120,
    "EET": 120, "EEST": 180, "WET": 0, "WEST": 60, "MSK": 180, "JST": 540, "KST": 540, "SGT": 480, "HKT": 480,
    "AEST": 600, "AEDT": 660, "AWST": 480, "NZST": 720, "NZDT": 780, "BRT": -180, "ART": -180, "SAST": 120,
}  # fmt: skip
"""Minutes east of UTC of zone names that loggers write; the ambiguous ones by their commonest use."""

_NAMED = "|".join(sorted(ZONES, key=len, reverse=True))
_ZONE = rf"(?: ?(?P<z>Z|[+-]\d\d:?\d\d|[+-]\d\d|(?:{_NAMED})\b))?"
_CLOCK = r"(?P<H>\d{1,2}):(?P<M>\d{1,2})(?::(?P<S>\d{1,2})(?:[.,:](?P<f>\d{1,9})\d*)?)?"
_MONTH = r"(?P<b>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
_DAY = r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,?\s+)?"
_HALF = r"(?: ?(?P<p>[AaPp][Mm]))?"

_FORMS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?P<Y>\d{{4}})[-/.](?P<m>\d\d?)[-/.](?P<d>\d\d?)(?:(?:T|:|-|,? +){_CLOCK}{_HALF}{_ZONE})?",
        r"(?P<Y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)[- ](?P<H>\d\d)\.(?P<M>\d\d)\.(?P<S>\d\d)(?:[.,](?P<f>\d{1,9})\d*)?",
        rf"(?P<Y>\d{{4}})-(?P<j>\d{{3}})[T ]{_CLOCK}{_ZONE}",
        rf"(?P<Y>\d{{4}})(?P<m>\d\d)(?P<d>\d\d)[-T _]{_CLOCK}{_ZONE}",
        rf"(?P<Y>\d{{4}})(?P<m>\d\d)(?P<d>\d\d)[-T _]?(?P<H>\d\d)(?P<M>\d\d)(?P<S>\d\d)(?:[.,](?P<f>\d{{1,9}})\d*)?{_ZONE}",
        rf"(?P<d>\d{{1,2}})/(?P<b>[A-Z][a-z][a-z])/(?P<Y>\d{{4}})[: ]{_CLOCK}{_ZONE}",
        rf"{_DAY}(?P<d>\d{{1,2}})[- ]{_MONTH}[- ](?P<Y>\d{{4}})(?:[ T:]|, ){_CLOCK}{_HALF}{_ZONE}",
        rf"{_DAY}(?P<d>\d{{1,2}})[- ]{_MONTH}[- ](?P<y>\d\d)[ T:]{_CLOCK}{_ZONE}",
        rf"{_DAY}{_MONTH}\s+(?P<d>\d{{1,2}}),?\s+(?P<Y>\d{{4}}),?\s+{_CLOCK}{_HALF}{_ZONE}",
        rf"{_DAY}{_MONTH}\s+(?P<d>\d{{1,2}})\s+{_CLOCK}{_ZONE}\s+(?P<Y>\d{{4}})",
        rf"{_DAY}{_MONTH}\s+(?P<d>\d{{1,2}})\s+{_CLOCK}{_ZONE}",
        rf"(?P<d>\d{{1,2}}) {_MONTH} {_CLOCK}{_ZONE}",
        rf"(?P<m>\d{{1,2}})/(?P<d>\d{{1,2}})/(?P<Y>\d{{4}}),?[ T-]{_CLOCK}{_HALF}{_ZONE}",
        rf"(?P<d>\d{{1,2}})\.(?P<m>\d{{1,2}})\.(?P<Y>\d{{4}}),?[ T-]{_CLOCK}{_ZONE}",
        rf"(?P<d>\d\d)-(?P<m>\d\d)-(?P<Y>\d{{4}})[ T]{_CLOCK}{_ZONE}",
        rf"(?P<y>\d\d)/(?P<m>\d\d)/(?P<d>\d\d) {_CLOCK}{_ZONE}",
        r"(?P<y>\d\d)(?P<m>\d\d)(?P<d>\d\d) +(?P<H>\d{1,2}):?(?P<M>\d\d):?(?P<S>\d\d)",
        rf"(?P<m>\d\d)[-./](?P<d>\d\d) {_CLOCK}",
        r"[IWEF]?(?P<m>\d\d)(?P<d>\d\d) (?P<H>\d\d):(?P<M>\d\d):(?P<S>\d\d)\.(?P<f>\d{1,9})\d*",
        r"[IWEF](?P<Y>\d{4})(?P<m>\d\d)(?P<d>\d\d) (?P<H>\d\d):(?P<M>\d\d):(?P<S>\d\d)\.(?P<f>\d{1,9})\d*",
    )
)
_NUMBER = re.compile(r"(?P<n>-?\d+)(?:\.(?P<f>\d+))?(?P<u>ns|us|ms|s)?")
_EXPONENT = re.compile(r"-?\d+(?:\.\d+)?[eE][+-]?\d+")
_DOTNET = re.compile(r"\\?/Date\((?P<n>-?\d+)(?:[+-]\d{4})?\)\\?/")
_TAI = re.compile(r"@?(?P<x>4[0-9a-fA-F]{23})")

_CLOCK_TEXT = r"\d{1,2}:\d{1,2}:\d{1,2}(?:[.,:]\d{1,9})?"
_ZONE_TEXT = rf"(?: ?(?:Z|[+-]\d\d:?\d\d)|(?: (?:{_NAMED})\b))?"
_MONTH_TEXT = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DAY_TEXT = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
TIME = "|".join(
    (
        rf"\d{{4}}[-/.]\d\d[-/.]\d\d(?:T|[ -]| +){_CLOCK_TEXT}{_ZONE_TEXT}",
        rf"\d{{4}}-\d{{3}}[T ]{_CLOCK_TEXT}{_ZONE_TEXT}",
        rf"\d{{8}}[-T _]{_CLOCK_TEXT}{_ZONE_TEXT}",
        rf"\d{{8}}[T-]\d{{6}}(?:[.,]\d{{1,9}})?{_ZONE_TEXT}",
        rf"\d{{1,2}}/{_MONTH_TEXT}/\d{{4}}[: ]{_CLOCK_TEXT}{_ZONE_TEXT}",
        rf"(?:{_DAY_TEXT},? )?\d{{1,2}}[- ]{_MONTH_TEXT}[- ]\d{{2,4}}[ T:]{_CLOCK_TEXT}{_ZONE_TEXT}",
        rf"(?:{_DAY_TEXT} )?{_MONTH_TEXT} +\d{{1,2}} {_CLOCK_TEXT}{_ZONE_TEXT} \d{{4}}\b",
        rf"{_MONTH_TEXT} \d{{1,2}}, \d{{4}},? {_CLOCK_TEXT}(?: ?[AP]M)?",
        rf"(?:{_DAY_TEXT} )?{_MONTH_TEXT} +\d{{1,2}} (?:\d{{4}} )?{_CLOCK_TEXT}",
        rf"\d{{1,2}} {_MONTH_TEXT} {_CLOCK_TEXT}",
        rf"\d{{1,2}}/\d{{1,2}}/\d{{4}},?[ -]{_CLOCK_TEXT}(?: ?[AP]M)?{_ZONE_TEXT}",
        rf"\d{{1,2}}[.-]\d{{1,2}}[.-]\d{{4}},?[ -]{_CLOCK_TEXT}{_ZONE_TEXT}",
        rf"\d\d/\d\d/\d\d {_CLOCK_TEXT}{_ZONE_TEXT}",
        rf"\d\d[-./]\d\d {_CLOCK_TEXT}",
        r"\d{6} (?:\d{6}|[ \d]\d:\d\d:\d\d)\b",
    )
)
"""Finds a time in the head of a line; an alternation without groups, for Rust's and Python's regular expressions."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the parts of a time lie in its text; every text of the same shape has the same layout."""

    kind: str
    """``date``, ``epoch``, ``dotnet`` or ``tai``."""
    spans: dict[str, tuple[int, int]]
    zone: int | None = None
    """Minutes east of UTC where a name says so; None where digits or nothing do."""
    unit: str = ""


def shape(text: str) -> str:
    """Return a text with every digit as 0: what decides its layout."""
    return text.translate(_DIGITS)


_DIGITS = str.maketrans("123456789", "000000000")


@lru_cache(maxsize=4096)
def layout_of(text: str) -> Layout | None:
    """Return where the parts of a time lie, or None where the text is no time.

    Examples
    --------
    >>> layout_of("2026-03-04T14:10:00Z").zone
    0
    >>> layout_of("yesterday") is None
    True
    """
    found = _NUMBER.fullmatch(text)
    if found and (len(text) != 14 or found["u"] or found["f"]):
        return Layout("epoch", _spans(found), unit=found["u"] or "")
    for kind, pattern in (("dotnet", _DOTNET), ("tai", _TAI)):
        found = pattern.fullmatch(text)
        if found:
            return Layout(kind, _spans(found))
    for pattern in _FORMS:
        found = pattern.fullmatch(text)
        if found:
            name = found.groupdict().get("z")
            return Layout("date", _spans(found), zone=ZONES.get(name) if name else None)
    return None


def is_number(text: str) -> bool:
    """Say whether a text is a number with an exponent."""
    return bool(_EXPONENT.fullmatch(text))


def _spans(found: re.Match[str]) -> dict[str, tuple[int, int]]:
    return {name: found.span(name) for name, value in found.groupdict().items() if value is not None}

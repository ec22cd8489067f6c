"""The spellings of time: which part of a text is the year, the month, the fraction, the zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from rca.ingest.logs.late import LateRegex

__all__ = ["MONTHS", "TIME", "ZONES", "Layout", "layout_of", "shape"]

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

ZONES: dict[str, int] = {
    "Z": 0, "UTC": 0, "GMT": 0, "EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360,
    "PST": -480, "PDT": -420, "AKST": -540, "AKDT": -480, "HST": -600, "BST": 60, "IST": 330, "CET": 60, "CEST": 120,
    "EET": 120, "EEST": 180, "WET": 0, "WEST": 60, "MSK": 180, "JST": 540, "KST": 540, "SGT": 480, "HKT": 480,
    "AEST": 600, "AEDT": 660, "AWST": 480, "NZST": 720, "NZDT": 780, "BRT": -180, "ART": -180, "SAST": 120,
}  # fmt: skip
"""Minutes east of UTC of zone names that loggers write; the ambiguous ones by their commonest use."""

_NAMED = "|".join(sorted(ZONES, key=len, reverse=True))
_PLACE = r"(?:Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific)/[A-Za-z_]+(?:/[A-Za-z_]+)?"
_ZONE = rf"(?: ?(?:(?:GMT|UTC)(?=[+-]))?(?P<z>Z|[+-]\d\d:?\d\d|[+-]\d{{1,3}}|(?:{_NAMED})\b|{_PLACE}|\[(?P<at>{_PLACE})\])(?:\[{_PLACE}\])?)?"
_CLOCK = r"(?P<H>\d{1,2}):(?P<M>\d{1,2})(?::(?P<S>\d{1,2})(?:[.,:](?P<f>\d{1,9})\d*)?)?"
_MONTH = r"(?P<b>(?i:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec))[A-Za-z]*\.?"
_DAY = r"(?:(?i:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,?\s+)?"
_HALF = r"(?: ?(?P<p>[AaPp][Mm]))?"

_FORMS = tuple(
    LateRegex(pattern)
    for pattern in (
        rf"{_DAY}(?P<Y>\d{{4}})[-/.](?P<m>\d\d?)[-/.](?P<d>\d\d?)(?:(?:T|:|-|_|\t| - |,? +){_CLOCK}{_HALF}{_ZONE})?",
        rf"(?P<Y>\d{{4}})-(?P<m>\d\d)-(?P<d>\d\d)[- ](?P<H>\d\d)\.(?P<M>\d\d)\.(?P<S>\d\d)(?:[.,](?P<f>\d{{1,9}})\d*)?{_ZONE}",
        rf"(?P<Y>\d{{4}})-(?P<j>\d{{3}})[T ]{_CLOCK}{_ZONE}",
        rf"(?P<Y>\d{{4}})-?W(?P<w>\d\d)-?(?P<u>[1-7])[T ]{_CLOCK}{_ZONE}",
        rf"(?P<Y>\d{{4}})(?P<m>\d\d)(?P<d>\d\d)[-T _]{_CLOCK}{_ZONE}",
        rf"(?P<Y>\d{{4}})(?P<m>\d\d)(?P<d>\d\d)[-T _:]?(?P<H>\d\d)(?P<M>\d\d)(?P<S>\d\d)(?:[.,]?(?P<f>\d{{1,9}})\d*)?{_ZONE}",
        rf"(?P<d>\d{{1,2}})/(?P<b>[A-Za-z]{{3}})/(?P<Y>\d{{4}})[: ]{_CLOCK}{_ZONE}",
        rf"{_DAY}(?P<d>\d{{1,2}})[- ]{_MONTH},?[- ](?P<Y>\d{{4}})(?:[ T]|::?|, ){_CLOCK}{_HALF}{_ZONE}",
        rf"{_DAY}(?P<d>\d{{1,2}})[- ]{_MONTH}[- ](?P<y>\d\d)(?:[ T]|:(?=\d\d:\d\d:)){_CLOCK}{_HALF}{_ZONE}",
        r"(?P<d>\d\d)-(?P<b>[A-Z]{3})-(?P<y>\d\d) (?P<H>\d\d)\.(?P<M>\d\d)\.(?P<S>\d\d)(?:\.(?P<f>\d{1,9}))?(?: (?P<p>[AP]M))?",
        rf"{_DAY}{_MONTH}\s+(?P<d>\d{{1,2}}),?\s+(?P<Y>\d{{4}}),?\s+(?:at |@ )?{_CLOCK}{_HALF}{_ZONE}",
        rf"{_DAY}{_MONTH}\s+(?P<d>\d{{1,2}})\s+{_CLOCK}{_HALF}{_ZONE}\s+(?P<Y>\d{{4}})",
        rf"{_DAY}{_MONTH}\s+(?P<d>\d{{1,2}})\s+{_CLOCK}{_ZONE}",
        rf"(?P<d>\d{{1,2}}) {_MONTH} {_CLOCK}{_ZONE}",
        rf"(?P<m>\d{{1,2}})/(?P<d>\d{{1,2}})/(?P<Y>\d{{4}}),?[ T-]{_CLOCK}{_HALF}{_ZONE}",
        rf"(?P<d>\d{{1,2}})\.(?P<m>\d{{1,2}})\.(?P<Y>\d{{4}}),?[ T-]{_CLOCK}{_ZONE}",
        rf"(?P<d>\d{{1,2}})\.(?P<m>\d{{1,2}})\.(?P<y>\d\d),?[ T-]{_CLOCK}{_ZONE}",
        rf"(?P<d>\d\d)-(?P<m>\d\d)-(?P<Y>\d{{4}})[ T]{_CLOCK}{_HALF}{_ZONE}",
        rf"(?P<y>\d{{1,2}})/(?P<m>\d{{1,2}})/(?P<d>\d\d)(?:,? |,|-){_CLOCK}{_HALF}{_ZONE}",
        rf"(?P<y>\d\d)-(?P<m>\d\d)-(?P<d>\d\d) {_CLOCK}{_ZONE}",
        r"(?P<y>\d\d)(?P<m>\d\d)(?P<d>\d\d) +(?P<H>\d{1,2}):?(?P<M>\d\d):?(?P<S>\d\d)(?:\.(?P<f>\d{1,9}))?",
        rf"(?P<m>\d\d)[-./](?P<d>\d\d)[ |-]{_CLOCK}",
        r"(?P<m>\d\d)(?P<d>\d\d)/(?P<H>\d\d)(?P<M>\d\d)(?P<S>\d\d)\.(?P<f>\d{1,9})",
        r"[IWEF]?(?P<m>\d\d)(?P<d>\d\d) (?P<H>\d\d):(?P<M>\d\d):(?P<S>\d\d)\.(?P<f>\d{1,9})\d*",
        r"[IWEF](?:(?P<Y>\d{4})|(?P<y>\d\d))(?P<m>\d\d)(?P<d>\d\d) (?P<H>\d\d):(?P<M>\d\d):(?P<S>\d\d)\.(?P<f>\d{1,9})\d*",
    )
)
_CLOCK_ALONE = re.compile(r"(?P<H>\d{1,2}):(?P<M>\d\d):(?P<S>\d\d)(?:[.,](?P<f>\d{1,9})\d*)?")
_NUMBER = re.compile(r"(?P<n>-?\d+)(?:\.(?P<f>\d+))?(?P<u>ns|us|ms|s)?")
_COMPACT = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])(?:[0-5]\d){2}(?:\d{3})?")
"""A date and a clock without any mark between; as a number it would lie far from our days."""
_EXPONENT = re.compile(r"(?P<n>-?\d+(?:\.\d+)?[eE][+-]?\d{1,4})")
_DOTNET = re.compile(r"\\?/Date\((?P<n>-?\d+)(?:[+-]\d{4})?\)\\?/")
_TAI = re.compile(r"@?(?P<x>4[0-9a-fA-F]{23})")

_CLOCK_TEXT = r"\d{1,2}:\d{1,2}:\d{1,2}(?:[.,:]\d{1,9})?"
_HALF_TEXT = r"(?: ?[AaPp][Mm]\b)?"
_ZONE_TEXT = rf"(?: ?(?:Z\b|(?:GMT|UTC)?[+-]\d\d:?\d\d)|[+-]\d\d(?![\d:])|(?: (?:{_NAMED})\b(?![+-]))|(?: {_PLACE}))?"
_MONTH_TEXT = r"(?i:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_LONG_MONTH_TEXT = rf"{_MONTH_TEXT}(?i:uary|ruary|ch|il|e|y|ust|t|tember|ober|ember)?\.?"
_DAY_TEXT = r"(?i:Mon|Tue|Wed|Thu|Fri|Sat|Sun)(?:day|sday|nesday|rsday|urday)?"
_ISO_TEXT = rf"\d{{4}}[-/.]\d\d[-/.]\d\d(?:[T _\t-]| - |,? +){_CLOCK_TEXT}{_HALF_TEXT}{_ZONE_TEXT}"
_BY_DAY = rf"\d{{1,2}}[- ]{_LONG_MONTH_TEXT},?[- ]\d{{2,4}}(?:[ T]|::?|, ){_CLOCK_TEXT}{_HALF_TEXT}{_ZONE_TEXT}"
_OF_DIGITS = "|".join(
    (
        _ISO_TEXT,
        rf"\d\d/\d\d/\d\d(?:\d\d)?,?[ -]{_CLOCK_TEXT}{_HALF_TEXT}{_ZONE_TEXT}",
        r"\d{4}-\d\d-\d\d-\d\d\.\d\d\.\d\d\.\d{6}(?:[+-]\d{3})?",
        rf"\d{{4}}-\d{{3}}[T ]{_CLOCK_TEXT}{_ZONE_TEXT}",
        rf"\d{{8}}[-T _]{_CLOCK_TEXT}{_ZONE_TEXT}",
        rf"\d{{8}}[T-]\d{{6}}(?:[.,]\d{{1,9}})?{_ZONE_TEXT}",
        r"\d{6} (?:\d{6}|[ \d]\d:\d\d:\d\d(?:\.\d{1,9})?)\b",
        rf"\d{{1,2}}[/.-]\d{{1,2}}[/.-]\d\d(?:\d\d)?,?[ -]{_CLOCK_TEXT}{_HALF_TEXT}{_ZONE_TEXT}",
        rf"\d\d[-./]\d\d[ |]{_CLOCK_TEXT}",
        r"\d\d/\d\d-\d\d:\d\d:\d\d\.\d{1,9}",
        rf"\d{{1,2}}/{_MONTH_TEXT}/\d{{4}}[: ]{_CLOCK_TEXT}{_ZONE_TEXT}",
        _BY_DAY,
        r"\d\d-[A-Z]{3}-\d\d \d\d\.\d\d\.\d\d(?:\.\d{1,9})?(?: [AP]M)?",
        rf"\d{{1,2}} {_MONTH_TEXT} {_CLOCK_TEXT}",
    )
)
_OF_WORDS = "|".join(
    (
        rf"(?:{_DAY_TEXT} )?{_MONTH_TEXT} +\d{{1,2}} {_CLOCK_TEXT}{_HALF_TEXT}{_ZONE_TEXT} \d{{4}}\b",
        rf"(?:{_DAY_TEXT}, )?{_LONG_MONTH_TEXT} +\d{{1,2}}, \d{{4}},? (?:at )?{_CLOCK_TEXT}{_HALF_TEXT}{_ZONE_TEXT}",
        rf"(?:{_DAY_TEXT} )?{_MONTH_TEXT} +\d{{1,2}} \d{{4}} {_CLOCK_TEXT}{_ZONE_TEXT}",
        rf"(?:{_DAY_TEXT} )?{_MONTH_TEXT} +\d{{1,2}} {_CLOCK_TEXT}",
        rf"{_DAY_TEXT},? (?:{_ISO_TEXT}|{_BY_DAY})",
    )
)
TIME = rf"(?=\d)(?:{_OF_DIGITS})|(?=[A-Za-z])(?:{_OF_WORDS})"
"""Finds a time in the head of a line; an alternation without groups."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the parts of a time lie in its text; every text of the same shape has the same layout."""

    kind: str
    """``date``, ``clock`` (a time of day alone), ``epoch``, ``float`` (a number with an exponent), ``dotnet`` or ``tai``."""
    spans: dict[str, tuple[int, int]]
    zone: int | None = None
    """Minutes east of UTC where a name says so; None where digits or nothing do."""
    unit: str = ""
    place: str = ""
    """Name of a place whose clocks the time follows, of the time-zone database."""


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
    if found and (found["u"] or not _COMPACT.fullmatch(found["n"])):
        return Layout("epoch", _spans(found), unit=found["u"] or "")
    for kind, pattern in (("dotnet", _DOTNET), ("tai", _TAI), ("float", _EXPONENT)):
        found = pattern.fullmatch(text)
        if found:
            return Layout(kind, _spans(found))
    found = _CLOCK_ALONE.fullmatch(text)
    if found:
        return Layout("clock", _spans(found))
    for form in _FORMS:
        found = form.fullmatch(text)
        if found:
            parts = found.groupdict()
            name = parts.get("at") or parts.get("z") or ""
            return Layout("date", _spans(found), zone=ZONES.get(name), place=name if "/" in name else "")
    return None


def _spans(found: re.Match[str]) -> dict[str, tuple[int, int]]:
    return {name: found.span(name) for name, value in found.groupdict().items() if value is not None}

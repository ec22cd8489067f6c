"""The days of times of day without a date, as many loggers write them to a console.

The date in the name of the file is the day on which the log begins; a time of day that goes back by more than half a day is on
the next. Nothing else tells the day: a file is often copied, and then younger than what is in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from rca.times import NS

__all__ = ["Days", "day_in_name"]

_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)([-_.]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])(?!\d)")
_DAY, _HALF = 86_400, 43_200
_FIRST = date(1970, 1, 1)


def day_in_name(name: str) -> int | None:
    """Return the day since 1970 that a file's name tells, or None.

    Examples
    --------
    >>> day_in_name("app.2026-03-04.log"), day_in_name("app-20260304.log"), day_in_name("app.log")
    (20516, 20516, None)
    """
    for found in _DATE.finditer(name):
        try:
            return (date(int(found[1]), int(found[3]), int(found[4])) - _FIRST).days
        except ValueError:
            continue
    return None


class Days:
    """Gives each time of day of a file its day, in the order of the file.

    Parameters
    ----------
    name
        Name of the file.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._asked = False
        self._day: int | None = None
        self._last = 0

    def time_of(self, parts: dict[str, str], tell: Callable[[str], None]) -> int | None:
        """Return the epoch nanoseconds of a time of day, or None where its day cannot be known.

        Parameters
        ----------
        parts
            Hour, minute, second and fraction as digits, under ``H``, ``M``, ``S`` and ``f``.
        tell
            Told once from where the day is.
        """
        if not self._asked:
            self._asked, self._day = True, self._first_day(tell)
        clock = int(parts["H"]) * 3600 + int(parts["M"]) * 60 + int(parts["S"])
        if self._day is None or clock > _DAY or int(parts["M"]) > 59:
            return None
        if clock + _HALF < self._last:
            self._day += 1
        self._last = clock
        return (self._day * _DAY + clock) * NS + int(parts.get("f", "0").ljust(9, "0")[:9])

    def _first_day(self, tell: Callable[[str], None]) -> int | None:
        named = day_in_name(self._name)
        if named is not None:
            tell("times carry no date: the file's name tells the day on which it begins")
        return named

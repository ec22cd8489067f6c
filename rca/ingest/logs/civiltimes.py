"""Days by week, clocks of places: what a time needs beyond its digits."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt

from rca.ingest.civil import days_from_civil
from rca.ingest.logs.digits import NO_DAY

__all__ = ["days_from_week", "minutes_east"]

Ints = npt.NDArray[np.int64]


def days_from_week(year: Ints, week: Ints, weekday: Ints) -> Ints:
    """Return days since 1970 of dates by week: week 1 has the fourth of January, and weeks begin on Mondays.

    Examples
    --------
    >>> days_from_week(np.array([2026]), np.array([10]), np.array([3])).tolist()
    [20516]
    """
    one = np.ones_like(year)
    fourth = days_from_civil(year, one, 4 * one)
    monday = fourth - (fourth + 3) % 7
    return np.where((week >= 1) & (week <= 53), monday + 7 * (week - 1) + weekday - 1, NO_DAY)


def minutes_east(place: str, seconds: Ints, valid: npt.NDArray[np.bool_]) -> Ints:
    """Return minutes east of UTC of a place's clocks at each local second since 1970; an unknown place is UTC.

    Examples
    --------
    >>> minutes_east("Europe/Berlin", np.array([0, 20_000_000]), np.array([True, True])).tolist()
    [60, 60]
    """
    out = np.zeros(len(seconds), np.int64)
    hours = np.where(valid, seconds, 0) // 3600
    for hour in np.unique(hours).tolist():
        out[hours == hour] = _offset(place, hour)
    return out


@lru_cache(maxsize=65_536)
def _offset(place: str, hour: int) -> int:
    try:
        zone = ZoneInfo(place)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return 0
    away = (datetime(1970, 1, 1, tzinfo=zone) + timedelta(hours=hour)).utcoffset()
    return int(away.total_seconds()) // 60 if away else 0

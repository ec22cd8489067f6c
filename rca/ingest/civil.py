"""Days of the calendar, a column at a time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["days_from_civil"]

Ints = npt.NDArray[np.int64]


def days_from_civil(year: Ints, month: Ints, day: Ints) -> Ints:
    """Return days since 1970-01-01 of dates of the Gregorian calendar.

    Years are counted from March, so that the leap day comes last and a month's first day is a linear function of it.

    Examples
    --------
    >>> days_from_civil(np.array([1970, 2026]), np.array([1, 5]), np.array([2, 1])).tolist()
    [1, 20574]
    """
    year = year - (month <= 2)
    era = year // 400
    of_era = year - era * 400
    of_year = (153 * (month + np.where(month > 2, -3, 9)) + 2) // 5 + day - 1
    days: Ints = era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468
    return days

"""Dates whose order their marks do not tell, 3/4/2026 or 03/04/26: one order for a file, by what all its dates allow."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime

__all__ = ["DEFAULT", "Order", "ambiguous", "decide"]

Order = str
"""``mdy``, ``dmy`` or ``ymd``."""
DEFAULT: dict[str, Order] = {"/4": "mdy", "-4": "dmy", ".4": "dmy", "/2": "ymd", "-2": "ymd", ".2": "dmy"}
"""The order by mark and digits of the year, where nothing contradicts it."""
_DATE = re.compile(r"(?:[A-Za-z]{3,9},? )?(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d\d)(?!\d)")
_FAR = 10 * 366
"""Days before the file was written that make a two-digit year unlikely where another order gives a near one."""


def ambiguous(text: str) -> bool:
    """Say whether a text begins with such a date.

    Examples
    --------
    >>> ambiguous("3/4/2026 10:00"), ambiguous("2026/04/03 10:00")
    (True, False)
    """
    return bool(_DATE.match(text))


def decide(texts: Iterable[str], reference_ns: int, tell: Callable[[str], None]) -> dict[str, Order]:
    """Return the order of the dates of a file, by mark and digits of the year.

    Parameters
    ----------
    texts
        Times of the file that may begin with such a date.
    reference_ns
        When the file was written last: no date lies a day after it, if it can be read otherwise.
    tell
        Told about an order that could have been another.

    Examples
    --------
    >>> written = 1_790_000_000_000_000_000
    >>> decide(["3/4/2026 10:00", "25/4/2026 10:00"], written, print)
    {'/4': 'dmy'}
    >>> decide(["03/04/26 10:00"], written, lambda _: None), decide(["17/06/09 10:00"], written, lambda _: None)
    ({'/2': 'mdy'}, {'/2': 'ymd'})
    """
    kinds: dict[str, set[tuple[int, int, int]]] = {}
    for text in texts:
        found = _DATE.match(text)
        if found:
            parts = (int(found[1]), int(found[3]), int(found[4]))
            kinds.setdefault(found[2] + ("4" if len(found[4]) == 4 else "2"), set()).add(parts)
    today = datetime.fromtimestamp(max(0, reference_ns) // 10**9, UTC).date().toordinal()
    return {kind: _order(kind, sorted(parts)[:4096], today, tell) for kind, parts in kinds.items()}


def _order(kind: str, dates: list[tuple[int, int, int]], today: int, tell: Callable[[str], None]) -> Order:
    first = DEFAULT[kind]
    orders = [first, *(order for order in ("mdy", "dmy", *(("ymd",) if kind[1] == "2" else ())) if order != first)]
    latest = {order: last for order in orders if (last := _latest(order, dates)) is not None}
    if not latest:
        return first
    near: list[Order] = [order for order, last in latest.items() if last <= today + 1]
    if kind[1] == "2" and first in near and today - latest[first] > _FAR:
        near = [order for order in near if today - latest[order] <= _FAR and order == "mdy"] or near
    chosen: Order = (near or list(latest))[0]
    if len(latest) > 1:
        tell(f"dates such as {kind[0].join(map(str, dates[0]))} were read as {_SAID[chosen]}")
    return chosen


_SAID = {"mdy": "month, day, year", "dmy": "day, month, year", "ymd": "year, month, day"}


def _latest(order: Order, dates: list[tuple[int, int, int]]) -> int | None:
    """Return the latest day of all dates read in this order, None where one of them is no date."""
    latest = 0
    for parts in dates:
        named = dict(zip(order, parts, strict=True))
        year = named["y"]
        try:
            day = date(year if year > 99 else year + (2000 if year < 70 else 1900), named["m"], named["d"])
        except ValueError:
            return None
        latest = max(latest, day.toordinal())
    return latest

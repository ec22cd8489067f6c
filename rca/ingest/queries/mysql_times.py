"""When the statements of a MySQL slow log began."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import numpy as np

from rca.ingest.queries.buffer import Buffer, Ints
from rca.ingest.queries.clock import MISSING, fixed_times

__all__ = ["Times"]

_OLD = re.compile(r"# Time: (\d\d)(\d\d)(\d\d) +(\d{1,2}):(\d\d):(\d\d)(\.\d+)?")
_ISO = re.compile(r"# Time: (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?\s*(Z|[+-]\d\d:?\d\d)?")
_SECOND = 1_000_000_000


class Times:
    """Remembers the last time of a log, for events that carry none because the second is the same."""

    def __init__(self) -> None:
        self._last = MISSING
        self._zoned = False

    def starts(self, block: Buffer, lines: Ints, first: Ints, duration: Ints, stamps: Ints) -> Ints:
        """Return when each statement began.

        Parameters
        ----------
        lines
            The last ``# Time:`` line up to each event, -1 where the block has none.
        first
            The first header line of each event.
        duration
            Lengths in nanoseconds.
        stamps
            ``SET timestamp`` in nanoseconds, ``MISSING`` where there is none: the end of the statement in whole seconds
            before MySQL 8.0.14 and its start from then on.
        """
        ended, zoned = self._ended(block, lines)
        own = lines >= first
        began = np.where(ended == MISSING, MISSING, ended - duration)
        stamped = stamps != MISSING
        # a time without a zone, or one that is carried on, is less sure than the statement's own timestamp
        unsure = stamped & ~(zoned & own)
        close = zoned & stamped & (np.abs(ended - stamps) <= 2 * _SECOND)
        return np.where(
            unsure & ~close, _from_stamp(stamps, duration, stamped), np.where(began == MISSING, MISSING, began)
        )

    def _ended(self, block: Buffer, lines: Ints) -> tuple[Ints, np.ndarray]:
        """Return the time of each line, and whether it says its zone."""
        distinct, places = np.unique(lines, return_inverse=True)
        known = np.maximum(distinct, 0)
        at = block.starts[known] + 8
        values, after = fixed_times(block, at)
        zoned = block.bytes[after] == 90
        for place in np.flatnonzero((values == MISSING) | ~zoned).tolist():
            if distinct[place] >= 0:
                line = distinct[place]
                at_ns, zoned[place] = _slowly(block.one(int(block.starts[line]), int(block.ends[line])))
                values[place] = at_ns if abs(at_ns) < 2**63 else MISSING
        if len(distinct) and distinct[0] < 0:
            values[0], zoned[0] = self._last, self._zoned
        blank = np.flatnonzero((values == MISSING) & (distinct >= 0))
        for place in blank.tolist():  # an empty "# Time:" is the time before it
            if place:
                values[place], zoned[place] = values[place - 1], zoned[place - 1]
        if len(distinct):
            self._last, self._zoned = int(values[-1]), bool(zoned[-1])
        places = places.reshape(-1)
        return values[places], zoned[places]


def _from_stamp(stamps: Ints, duration: Ints, stamped: np.ndarray) -> Ints:
    return np.where(stamped, stamps - duration, MISSING)


def _slowly(text: str) -> tuple[int, bool]:
    """Return a time in the form of 5.0 to 5.6, or in ISO form with an offset, and whether it says its zone."""
    iso = _ISO.match(text)
    if iso:
        zone = (iso[3] or "Z").replace("Z", "+00:00")
        try:
            moment = datetime.fromisoformat(iso[1] + zone)
        except ValueError:
            return MISSING, False
        return int(moment.timestamp()) * _SECOND + int((iso[2] or "0").ljust(9, "0")), iso[3] is not None
    old = _OLD.match(text)
    if not old:
        return MISSING, False
    year, month, day, hour, minute, second = (int(part) for part in old.groups()[:6])
    try:
        moment = datetime(2000 + year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return MISSING, False
    return int(moment.timestamp()) * _SECOND, False

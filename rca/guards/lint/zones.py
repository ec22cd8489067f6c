"""Whether the timestamps of a log say their zone: asked of the files, for a store holds UTC and no longer knows."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from rca.errors import RcaError
from rca.ingest.discover import discover
from rca.ingest.limits import Limits

__all__ = ["zone_of", "zones_of_file"]

_CLOCK = r"\d{2}:\d{2}(?::\d{2})?(?:[.,:]\d{1,9})?"
_STAMP = re.compile(
    rf"(?:(?P<day>\d{{4}}[-/.]\d{{2}}[-/.]\d{{2}}[T_ ]|\d{{2}}/[A-Z][a-z]{{2}}/\d{{4}}[: ]|\d{{8}}T)|(?P<syslog>[A-Z][a-z]{{2}} [ \d]\d ))"
    rf"(?:{_CLOCK}|\d{{6}})(?P<zone>\s?(?:Z\b|[+-]\d{{2}}:?\d{{2}}\b|(?:UTC|GMT|[A-Z]{{2,3}}T)\b))?"
)
_EPOCH = re.compile(r"(?<![\w.])(?:1[0-9]{9}(?:\.\d+)?|1[0-9]{12}|1[0-9]{15}|1[0-9]{18})(?![\w.])")
LOOKED_AT = 1 << 18
"""Bytes of a file that are read: its timestamps are written by one formatter."""


def zone_of(line: str) -> bool | None:
    """Say whether the first timestamp of a line has a zone (an epoch number has); None where there is no timestamp.

    Examples
    --------
    >>> zone_of("2026-03-04T14:10:00.1Z started"), zone_of("2026-03-04 14:10:00,100 INFO"), zone_of("no time")
    (True, False, None)
    """
    stamp, epoch = _STAMP.search(line), _EPOCH.search(line)
    if stamp and (not epoch or stamp.start() < epoch.start()):
        return stamp["zone"] is not None
    return True if epoch else None


def zones_of_file(path: str) -> Counter[bool] | None:
    """Count the lines at the start of a file whose timestamp has a zone, and has none; None where it cannot be read."""
    try:
        if not Path(path).is_file():
            return None
        data, _ = discover(path, Limits())[0].head(LOOKED_AT)
    except (RcaError, OSError):
        return None
    text = data.decode("utf-8", errors="replace")
    told = (zone_of(line[:2000]) for line in text.splitlines()[:2000])
    return Counter(zone for zone in told if zone is not None)

"""What services say during an incident that they did not say before: log messages and messages of failed spans."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from rca.measures.periods import Periods
from rca.sql import statement
from rca.store import Store

__all__ = ["Text", "incident_texts", "mask"]

_MASK = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}|\b[0-9a-f]{16,64}\b|0x[0-9a-f]+|\d{4}-\d\d-\d\dT[\d:.]+Z?|(?<![A-Za-z])\d+(?:\.\d+)*",
    re.IGNORECASE,
)
_WARNING, _ERROR = 13, 17


@dataclass(frozen=True, slots=True)
class Text:
    """One kind of message.

    Attributes
    ----------
    service_name, text
        Who says it, and one message.
    before, during
        How often, weighted.
    is_error
        Whether it complains: a warning or worse, or a failed span.
    first_ns
        First time during the incident; None where it no longer comes.
    surge
        Signed root of the likelihood-ratio statistic of the two rates; negative where it vanished. Sampled messages
        count once each, whatever they stand for.
    squares
        Sum of the squared weights.
    duration_ns
        Typical length of the span that failed with it; 0 for a log message.
    """

    service_name: str
    text: str
    before: float
    during: float
    is_error: bool
    first_ns: int | None
    surge: float
    duration_ns: int = 0
    squares: float = 0.0

    @property
    def weight(self) -> float:
        """How much it counts among others: the logarithm of how often it came."""
        return math.log2(1 + max(self.during, 0.0))


def mask(text: str) -> str:
    """Return a message with numbers, ids and times as ``<*>``.

    Examples
    --------
    >>> mask("waited 340ms for 0x4f2a at 2026-01-02T03:04:05Z")
    'waited <*>ms for <*> at <*>'
    """
    return _MASK.sub("<*>", text)


def incident_texts(store: Store, windows: Periods) -> list[Text]:
    """Return every kind of message of the two windows, the most surging first.

    Examples
    --------
    >>> import rca
    >>> from rca.model import Window
    >>> incident_texts(rca.open(), Periods(Window(0, 1), Window(1, 2)))
    []
    """
    base, hot = windows.baseline, windows.incident
    params = {
        "before_start_ns": base.start_ns,
        "before_end_ns": base.end_ns,
        "start_ns": hot.start_ns,
        "end_ns": hot.end_ns,
    }
    share = hot.length_ns / (base.length_ns + hot.length_ns)
    found: dict[tuple[str, str, bool], Text] = {}
    for row in store.query(statement("log_templates").sql, params).iter_rows(named=True):
        complains = row["severity_number"] >= _WARNING
        _add(found, row["service_name"], row["template"], row["example"], complains, row, share)
    for row in store.query(statement("span_errors").sql, params).iter_rows(named=True):
        text = row["status_message"] or f"{row['span_name']} failed"
        length = round(2 ** ((row["bucket"] + 0.5) / 32)) if row["bucket"] >= 0 else 0
        _add(found, row["service_name"], text, text, True, row, share, length)
    return sorted(found.values(), key=lambda item: (-item.surge, item.service_name, item.text))


def _add(
    found: dict[tuple[str, str, bool], Text],
    service: str,
    template: str,
    example: str,
    complains: bool,
    row: dict[str, object],
    share: float,
    length: int = 0,
) -> None:
    key = (service, mask(template), complains)
    known = found.get(key)
    before, during, squares = (float(str(row[name] or 0)) for name in ("before", "during", "squares"))
    first = None if row["first_ns"] is None else int(str(row["first_ns"]))
    if known is not None:
        before, during, squares = before + known.before, during + known.during, squares + known.squares
        firsts = [time for time in (first, known.first_ns) if time is not None]
        first, example, length = min(firsts, default=None), known.text, length or known.duration_ns
    surge = _surge(before, during, share, squares)
    found[key] = Text(service, example, before, during, complains, first, surge, length, squares)


def _surge(before: float, during: float, share: float, squares: float) -> float:
    total = before + during
    if not total:
        return 0.0
    deviance = 0.0
    for seen, expected in ((during, total * share), (before, total * (1 - share))):
        if seen > 0:
            deviance += 2 * seen * math.log(seen / expected)
    # a message that stands for ten is seen once: the statistic of what was seen is that much smaller
    deviance /= max(1.0, squares / total)
    return math.copysign(math.sqrt(max(0.0, deviance)), during - total * share)

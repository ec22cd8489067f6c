"""What services say during the incident that they did not say before, and what they no longer say."""

from __future__ import annotations

import polars as pl

from rca.display import format_number
from rca.errors import NoDataError
from rca.measures.periods import Periods, periods
from rca.measures.texts import Text, incident_texts
from rca.model import Finding, Incident
from rca.sql import statement
from rca.stats.intervals import rate_ratio_interval
from rca.store import Store

__all__ = ["messages"]

_SHOWN = 40
_MOVED = 3.0
"""Signed root of the likelihood ratio from which a message moved: three standard deviations, were its records independent."""
_MINUTE = 60_000_000_000

_SCHEMA = {
    "service_name": pl.String,
    "message": pl.String,
    "complains": pl.Boolean,
    "before": pl.Float64,
    "during": pl.Float64,
    "per_minute_before": pl.Float64,
    "per_minute_during": pl.Float64,
    "ratio": pl.Float64,
    "ratio_low": pl.Float64,
    "ratio_high": pl.Float64,
    "surge": pl.Float64,
    "first_ns": pl.Int64,
}


def messages(store: Store, incident: Incident, *, texts: list[Text] | None = None) -> Finding:
    """Say which kinds of log messages and of failed spans surge in the incident, and which vanish.

    Parameters
    ----------
    store
        The store.
    incident
        Window and baseline; messages of every service are compared.
    texts
        The kinds of messages of both windows, where they are known already.

    Returns
    -------
    Finding
        The table has one row a kind of message that moved, the plainest first: ``service_name``, ``message`` (one of its
        kind), ``complains`` (a warning or worse, or a failed span), ``before``, ``during`` (weighted counts),
        ``per_minute_before``, ``per_minute_during``, ``ratio`` of the two rates with ``ratio_low`` and ``ratio_high`` (95 %;
        None where nothing bounds it), ``surge`` (signed root of the likelihood-ratio statistic, negative where it vanishes)
        and ``first_ns`` (first time in the incident).

    Raises
    ------
    NoDataError
        When neither window holds a message.

    Examples
    --------
    >>> import rca
    >>> messages(rca.open(), rca.Incident("a", start="2026-03-04T14:10Z", end="2026-03-04T15:00Z", baseline="1h"))
    Traceback (most recent call last):
    rca.errors.NoDataError: No log message and no failed span lies in the incident or its baseline.
    """
    windows = periods(store, incident)
    texts = incident_texts(store, windows) if texts is None else texts
    if not texts:
        raise NoDataError("No log message and no failed span lies in the incident or its baseline.")
    moved = sorted((item for item in texts if abs(item.surge) >= _MOVED), key=lambda item: (not item.is_error, -abs(item.surge)))  # fmt: skip
    table = pl.DataFrame([_row(item, windows) for item in moved[:_SHOWN]], schema=_SCHEMA, orient="row")
    return Finding(
        name="messages",
        claim=_claim(moved, len(texts)),
        table=table,
        sql=(statement("log_templates").sql, statement("span_errors").sql),
        window=windows.incident,
        baseline=windows.baseline,
        caveats=(
            *windows.notes,
            "Messages that come in bursts surge by chance: intervals take each record for independent of the others.",
            *([f"The first {_SHOWN} of {len(moved)} kinds that moved are shown."] if len(moved) > _SHOWN else []),
        ),
        details={"kinds": len(texts), "moved": len(moved)},
    )


def _row(item: Text, windows: Periods) -> tuple[object, ...]:
    minutes = [window.length_ns / _MINUTE for window in (windows.baseline, windows.incident)]
    stands_for = max(1.0, item.squares / max(item.before + item.during, 1e-9))
    ratio = rate_ratio_interval(item.before / stands_for, minutes[0], item.during / stands_for, minutes[1])
    return (
        item.service_name, item.text, item.is_error, item.before, item.during,
        item.before / minutes[0], item.during / minutes[1],
        ratio.estimate if item.before else None, ratio.low, ratio.high, item.surge, item.first_ns,
    )  # fmt: skip


def _claim(moved: list[Text], kinds: int) -> str:
    if not moved:
        return f"None of {kinds:,} kinds of messages comes plainly more or less often than before."
    first = moved[0]
    more = f"; {len(moved) - 1} more of {kinds:,} kinds moved" if len(moved) > 1 else f", alone of {kinds:,} kinds"
    verb = "logs" if first.surge > 0 else "no longer logs as often"
    counts = f"{format_number(first.before)} → {format_number(first.during)} times"
    return f"{first.service_name or 'One service'} {verb} “{first.text[:120]}” ({counts}){more}."

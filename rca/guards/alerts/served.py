"""Alerts on what users feel: the error budget's burn rate and the latency of served requests."""

from __future__ import annotations

import re

from rca.errors import NoDataError
from rca.findings.latency import latency
from rca.guards.alerts.names import Names
from rca.guards.alerts.rules import Ground, Rule
from rca.measures.served import NOT_SERVED, SERVED

__all__ = ["CUSTOMARY", "burn_rate", "duration_family", "request_counter", "slow_requests"]

CUSTOMARY = "a customary limit: the store shows no good time to take it from"
_BURN_RATES = (
    (14.4, "1h", "5m", "2m", "page"),
    (6.0, "6h", "30m", "15m", "page"),
    (3.0, "1d", "2h", "1h", "ticket"),
    (1.0, "3d", "6h", "3h", "ticket"),
)
"""Burn rate, long window, short window, how long, severity: the table of Google's SRE workbook, chapter 5."""


def duration_family(names: Names) -> str:
    """Return the histogram of the length of served requests; '' where there is none."""
    found = (names.find(pattern, without=NOT_SERVED, kind="histogram") for pattern in SERVED)
    return next((name for name in found if name), "")


def request_counter(names: Names) -> str:
    """Return the counter of served requests; '' where there is none."""
    family = duration_family(names)
    if family:
        return f"{family}_count"
    return names.find(
        r"(http|grpc|rpc)\w*(requests?|handled)\w*_(total|count)$|^requests?_total$",
        without=NOT_SERVED,
        kind="counter",
    )


def burn_rate(ground: Ground) -> list[Rule] | str:
    """Alert where the error budget burns too fast, over a long and a short window at once."""
    names, by = ground.names, ground.by
    counter = request_counter(names)
    if not counter:
        return "no counter of served requests, and no histogram of their length"
    failed = names.failed.get(counter) or names.failed.get(counter.removesuffix("_count"))
    if not failed:
        return f"{counter} has no label that tells failed requests"
    budget = f"{1 - ground.slo:.6g}"

    def ratio(window: str) -> str:
        return f"sum by ({by}) (rate({counter}{{{failed}}}[{window}])) / sum by ({by}) (rate({counter}[{window}]))"

    return [
        Rule(
            group="rca slo",
            alert=f"ErrorBudgetBurn{long}",
            expr=f"({ratio(long)}) > ({rate:g} * {budget})\nand\n({ratio(short)}) > ({rate:g} * {budget})",
            hold=hold,
            severity=severity,
            summary=f"{ground.who} burns its error budget {rate:g} times as fast as it may",
            description=f"Failed requests over {long} and over {short} both exceed {rate:g} times the budget of an objective of {100 * ground.slo:g} %.",
        )
        for rate, long, short, hold, severity in _BURN_RATES
    ]


def slow_requests(ground: Ground) -> list[Rule] | str:
    """Alert where p99 is far above that of the service's own good time."""
    family = duration_family(ground.names)
    if not family:
        return "no histogram of the length of served requests"
    good_ms, service = _good_p99_ms(ground), ground.incident.service_name if ground.incident else ""
    unit, scale = ("ms", 1.0) if "milliseconds" in family else ("s", 0.001)
    limit = f"{(1.5 * good_ms if good_ms else 1000.0) * scale:.3g}"
    only = f'{{{ground.by}="{service}"}}' if good_ms and re.fullmatch(r"[\w./:-]+", service) else ""
    why = f"one and a half times its p99 in the baseline, {good_ms:.0f} ms ({service})" if good_ms else CUSTOMARY
    return [
        Rule(
            group="rca latency",
            alert="SlowRequests",
            expr=f"histogram_quantile(0.99, sum by (le, {ground.by}) (rate({family}_bucket{only}[5m]))) > {limit}",
            hold="10m",
            severity="page",
            summary=f"p99 of {ground.who} is above {limit} {unit}",
            description=f"The limit is {why}.",
        )
    ]


def _good_p99_ms(ground: Ground) -> float | None:
    if ground.incident is None:
        return None
    try:
        rows = latency(ground.store, ground.incident).table.to_dicts()
    except NoDataError:
        return None
    good = [row["p99_ms"] for row in rows if row["period"] in ("before", "baseline")]
    return good[0] if good else None

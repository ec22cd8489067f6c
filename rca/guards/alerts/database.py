"""Alerts on the database: slow statements, rows read without an index, calls per request."""

from __future__ import annotations

from rca.errors import NoDataError
from rca.findings.queries_per_request import queries_per_request
from rca.guards.alerts.rules import Ground, Rule
from rca.guards.alerts.served import CUSTOMARY, request_counter

__all__ = ["calls_per_request", "sequential_scans", "slow_queries"]

_GROUP = "rca database"


def slow_queries(ground: Ground) -> list[Rule] | str:
    """Alert on slow statements, by whichever metric counts or measures them."""
    names, by, hold = ground.names, ground.by, "10m"
    if counter := names.find(r"slow_quer", kind="counter"):
        expr = f"sum by ({by}) (rate({counter}[5m])) > 0.1"
        summary = f"{ground.who} logs slow statements"
        description = "More than one slow statement in ten seconds, for ten minutes."
    elif family := names.find(
        r"(db_client_operation|(db|sql|database|query|queries|statement)\w*)_(duration|latency|time|seconds|milliseconds)",
        without=r"per_request|gc|wait|create",
        kind="histogram",
    ):
        limit = "500" if "milliseconds" in family else "0.5"
        expr = f"histogram_quantile(0.99, sum by (le, {by}) (rate({family}_bucket[5m]))) > {limit}"
        summary = f"p99 of the statements of {ground.who} is above 500 ms"
        description = "500 ms is where a slow-query log customarily begins; set it to what your statements need."
    elif gauge := names.find(r"(max_tx_duration|longest_query|query_time|oldest_transaction)", kind="gauge"):
        expr, hold = f"max by ({by}) ({gauge}) > 30", "5m"
        summary = f"a statement of {ground.who} runs for over 30 s"
        description = "A transaction that is open for so long holds locks and old rows."
    else:
        return "no metric counts slow statements or measures their length (such as db_client_operation_duration_seconds); a slow-query log alone cannot alert"
    return [
        Rule(
            group=_GROUP,
            alert="SlowQueries",
            expr=expr,
            hold=hold,
            severity="ticket",
            summary=summary,
            description=description,
        )
    ]


def sequential_scans(ground: Ground) -> list[Rule] | str:
    """Alert where far more rows are read than a day ago."""
    counter = ground.names.find(
        r"seq_tup_read|rows_examined|(docs|documents)_examined|select_scan|full_scan|scanned_objects", without=r"ratio"
    )
    if not counter:
        return "no counter of rows read by sequential scans"
    now = f"sum by ({ground.by}) (rate({counter}[15m]))"
    a_day_ago = f"sum by ({ground.by}) (rate({counter}[15m] offset 1d))"
    return [
        Rule(
            group=_GROUP,
            alert="SequentialScans",
            expr=f"{now} > 3 * {a_day_ago}\nand\n{now} > 1000",
            hold="15m",
            severity="ticket",
            summary=f"{ground.who} reads three times the rows that it read a day ago",
            description="Rows read without an index, compared with the same time a day before: a statement lost its index, or is made more often.",
        )
    ]


def calls_per_request(ground: Ground) -> list[Rule] | str:
    """Alert where a request makes more database calls than in the good time."""
    names, by = ground.names, ground.by
    family = names.find(r"quer(y|ies)_per_request|(db|sql)_(calls|statements)_per_request", kind="histogram")
    if family:
        value = f"sum by ({by}) (rate({family}_sum[5m])) / sum by ({by}) (rate({family}_count[5m]))"
    else:
        requests = request_counter(names)
        calls = names.find(
            r"(db|sql)_(client_)?(quer(y|ies)|calls|statements|operations?)(_duration_(seconds|milliseconds)_count|_total|_count)$",
            kind="counter",
        )
        if not (requests and calls):
            return "no metric counts database calls per request, nor database calls and requests of one service"
        value = f"sum by ({by}) (rate({calls}[5m])) / sum by ({by}) (rate({requests}[5m]))"
    usual = _usual_calls(ground)
    limit, why = (
        (10.0, CUSTOMARY)
        if usual is None
        else (max(2 * usual, usual + 1), f"twice the {usual:.3g} of the baseline, and at least one more")
    )
    return [
        Rule(
            group=_GROUP,
            alert="QueriesPerRequest",
            expr=f"{value} > {limit:.3g}",
            hold="5m",
            severity="page",
            summary=f"{ground.who} makes more than {limit:.3g} database calls a request",
            description=f"The limit is {why}. A loop of calls (N+1) shows here before latency does.",
        )
    ]


def _usual_calls(ground: Ground) -> float | None:
    if ground.incident is None:
        return None
    try:
        effect = queries_per_request(ground.store, ground.incident).effect
    except NoDataError:
        return None
    return effect.before if effect else None

"""Alerts on what saturates: throttled processors, queues, pools."""

from __future__ import annotations

from rca.guards.alerts.rules import Ground, Rule

__all__ = ["pools", "throttling"]

_GROUP = "rca saturation"


def throttling(ground: Ground) -> list[Rule] | str:
    """Alert where the processor limit stops a container often."""
    names, by = ground.names, ground.by
    throttled = names.find(r"throttled_periods|nr_throttled", kind="counter")
    periods = names.find(r"cfs_periods|nr_periods", kind="counter")
    if throttled and periods:
        expr = f"sum by ({by}) (rate({throttled}[5m])) / sum by ({by}) (rate({periods}[5m])) > 0.25"
        how = "in more than a quarter of its periods"
    elif seconds := names.find(r"throttl\w*", kind="counter"):
        expr, how = f"sum by ({by}) (rate({seconds}[5m])) > 0.1", "by more than a tenth of a second each second"
    else:
        return "no counter of throttled periods (container_cpu_cfs_throttled_periods_total)"
    return [
        Rule(
            group=_GROUP,
            alert="ProcessorThrottled",
            expr=expr,
            hold="15m",
            severity="ticket",
            summary=f"{ground.who} is throttled {how}",
            description="The processor limit stops the container in the middle of requests: the tail of its latency grows.",
        )
    ]


def pools(ground: Ground) -> list[Rule] | str:
    """Alert where requests wait for a pool, or where it is nearly used up."""
    names, rules = ground.names, []
    if queue := names.find(
        r"(queue|pool|executor|connections?|threads?)\w*_?(length|depth|size|pending|waiting|queued|pending_requests)$|pending_(requests|threads|acquires)",
        without=r"(pool|max|thread)_size$|core_size|max",
        kind="gauge",
    ):
        rules.append(
            _pool(
                "PoolQueue",
                f"min by ({ground.by}) (min_over_time({queue}[5m])) > 0",
                f"requests of {ground.who} wait in a queue all the time",
                f"{queue} has not been empty for five minutes: the pool behind it is too small, or what holds it is slow.",
            )
        )
    used = names.find(
        r"connections?_(in_use|active|used|busy|usage)|(pool|worker)\w*_(busy|active|in_use)", kind="gauge"
    )
    most = names.find(r"connections?_max|max_connections|(pool|worker)\w*_(max|size)$", kind="gauge") if used else ""
    if used and most and used.split("_")[0] == most.split("_")[0]:
        rules.append(
            _pool(
                "PoolExhausted",
                f"sum by ({ground.by}) ({used}) / sum by ({ground.by}) ({most}) > 0.9",
                f"{ground.who} uses more than 90 % of its pool",
                f"{used} against {most}: the next requests will wait.",
            )
        )
    return rules or "no gauge of a queue's length or of a pool's use"


def _pool(alert: str, expr: str, summary: str, description: str) -> Rule:
    return Rule(
        group=_GROUP, alert=alert, expr=expr, hold="5m", severity="page", summary=summary, description=description
    )

"""Alert rules for Prometheus: only those whose metrics the store has seen, with thresholds from its own good time."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from rca import display
from rca.errors import NoDataError, OptionError
from rca.findings.detect import detect_incident
from rca.findings.latency import latency
from rca.findings.queries_per_request import queries_per_request
from rca.guards.alerts.names import Names, read_names
from rca.model import Finding, Incident
from rca.store import Store

__all__ = ["AlertRules", "Rule", "duration_family", "prometheus_rules"]

BURN_RATES = (
    (14.4, "1h", "5m", "2m", "page"),
    (6.0, "6h", "30m", "15m", "page"),
    (3.0, "1d", "2h", "1h", "ticket"),
    (1.0, "3d", "6h", "3h", "ticket"),
)
"""Burn rate, long window, short window, how long, severity: the table of Google's SRE workbook, chapter 5."""
_NOT_SERVED = r"client|outgoing|egress|upstream|(^|_)(db|sql|database|query|queries|gc|queue|dns|cache|redis|lock|scrape|pool)(_|$)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One alert."""

    group: str
    alert: str
    expr: str
    hold: str
    severity: str
    summary: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRules:
    """Rules, and what was left out and why."""

    rules: tuple[Rule, ...]
    left_out: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        rows = [
            {"group": rule.group, "alert": rule.alert, "for": rule.hold, "severity": rule.severity, "expr": rule.expr}
            for rule in self.rules
        ]
        return {
            "rules": rows,
            "left_out": [{"rule": name, "why": why} for name, why in self.left_out],
            "notes": list(self.notes),
        }

    def to_yaml(self) -> str:
        """Return a rule file of Prometheus."""
        lines = ["# Alert rules for Prometheus. Check with: promtool check rules FILE"]
        lines += [f"# {_one_line(note)}" for note in self.notes]
        lines += [f"# left out: {_one_line(name)}: {_one_line(why)}" for name, why in self.left_out]
        lines.append("groups:" if self.rules else "groups: []")
        for group in dict.fromkeys(rule.group for rule in self.rules):
            lines += [f"  - name: {json.dumps(group)}", "    rules:"]
            for rule in self.rules:
                if rule.group == group:
                    lines += _yaml(rule)
        return "\n".join(lines) + "\n"

    def __str__(self) -> str:
        rows = [
            {"alert": rule.alert, "severity": rule.severity, "for": rule.hold, "fires when": rule.summary}
            for rule in self.rules
        ]
        rest = [f"left out: {name}: {why}" for name, why in self.left_out]
        return "\n".join([display.table_text(rows), *(display.escape_terminal(text) for text in (*rest, *self.notes))])

    def __repr__(self) -> str:
        return str(self)


def _one_line(text: str) -> str:
    return " ".join(display.escape_terminal(text).split())


def _yaml(rule: Rule) -> Iterator[str]:
    yield f"      - alert: {json.dumps(rule.alert)}"
    yield "        expr: |-"
    yield from (f"          {line}" for line in rule.expr.splitlines())
    yield f"        for: {rule.hold}"
    yield f"        labels: {{severity: {json.dumps(rule.severity)}}}"
    yield "        annotations:"
    yield f"          summary: {json.dumps(rule.summary, ensure_ascii=False)}"
    yield f"          description: {json.dumps(rule.description, ensure_ascii=False)}"


def duration_family(names: Names) -> str:
    """Return the histogram of the length of served requests; '' where there is none."""
    for pattern in (
        r"server_(request_)?duration|http_server_requests?_(duration_)?(seconds|milliseconds)",
        r"(http|grpc|rpc|request)\w*(duration|latency|seconds|milliseconds)",
    ):
        if found := names.find(pattern, without=_NOT_SERVED, kind="histogram"):
            return found
    return ""


def _counter(names: Names) -> str:
    family = duration_family(names)
    if family:
        return f"{family}_count"
    return names.find(
        r"(http|grpc|rpc)\w*(requests?|handled)\w*_(total|count)$|^requests?_total$",
        without=_NOT_SERVED,
        kind="counter",
    )


def prometheus_rules(
    store: Store, incident: Incident | None = None, *, slo: float = 0.999, service_label: str = ""
) -> AlertRules:
    """Write alert rules: burn rates of the objective, latency, slow queries, queries per request, throttling, pools and queues.

    Parameters
    ----------
    incident
        Its baseline gives the thresholds; left out, it is looked for, and without one a rule has a customary threshold and says so.
    slo
        Objective for the share of good requests, such as ``0.999``.
    service_label
        The label that names the service; left out, the one whose values are the services' names, else ``job``.

    Returns
    -------
    AlertRules
        Rules only for metrics that the store holds; ``left_out`` says which not, and why.

    Raises
    ------
    NoDataError
        When the store holds no metric.
    OptionError
        When `slo` is no share below 1.

    Examples
    --------
    >>> import rca
    >>> prometheus_rules(rca.open(), slo=1.0)
    Traceback (most recent call last):
    ...
    rca.errors.OptionError: slo is the share of requests that are to be good, such as 0.999, not 1.0.
    """
    if not 0.5 <= slo < 1:
        raise OptionError(f"slo is the share of requests that are to be good, such as 0.999, not {slo!r}.")
    names = read_names(store, service_label=service_label)
    if not names.plain and not names.histograms:
        raise NoDataError(
            "The store holds no metric, so no rule can name one. Ingest what Prometheus or the collector exports."
        )
    if incident is None:
        try:
            incident = detect_incident(store)
        except NoDataError:
            incident = None
    found: list[Rule] = []
    left_out: list[tuple[str, str]] = []
    parts: tuple[tuple[str, Callable[[], list[Rule] | str]], ...] = (
        ("burn rate of the objective", lambda: _burn(names, slo)),
        ("latency", lambda: _latency(names, store, incident)),
        ("slow queries", lambda: _slow(names)),
        ("sequential scans", lambda: _scans(names)),
        ("queries per request", lambda: _per_request(names, store, incident)),
        ("processor throttling", lambda: _throttling(names)),
        ("pool and queue", lambda: _pools(names)),
    )
    for name, make in parts:
        made = make()
        if isinstance(made, str):
            left_out.append((name, made))
        else:
            found += made
    notes = (
        (
            f"The service is taken from the label {names.service_label!r}, which the telemetry does not show: change it with --service-label.",
        )
        if names.assumed
        else ()
    )
    return AlertRules(rules=tuple(found), left_out=tuple(left_out), notes=notes)


def _who(names: Names) -> str:
    return "{{ $labels." + names.service_label + " }}"


def _burn(names: Names, slo: float) -> list[Rule] | str:
    counter = _counter(names)
    if not counter:
        return "no counter of served requests, and no histogram of their length"
    failed = names.failed.get(counter) or names.failed.get(counter.removesuffix("_count"))
    if not failed:
        return f"{counter} has no label that tells failed requests"
    by, budget, rules = names.service_label, f"{1 - slo:.6g}", []

    def ratio(window: str) -> str:
        return f"sum by ({by}) (rate({counter}{{{failed}}}[{window}])) / sum by ({by}) (rate({counter}[{window}]))"

    for rate, long, short, hold, severity in BURN_RATES:
        expr = f"({ratio(long)}) > ({rate:g} * {budget})\nand\n({ratio(short)}) > ({rate:g} * {budget})"
        rules.append(
            Rule(group="rca slo", alert=f"ErrorBudgetBurn{long}", expr=expr, hold=hold, severity=severity,
                 summary=f"{_who(names)} burns its error budget {rate:g} times as fast as it may",
                 description=f"Failed requests over {long} and over {short} both exceed {rate:g} times the budget of an objective of {100 * slo:g} %.")
        )  # fmt: skip
    return rules


def _finding(make: Callable[[], Finding]) -> Finding | None:
    try:
        return make()
    except NoDataError:
        return None


def _latency(names: Names, store: Store, incident: Incident | None) -> list[Rule] | str:
    family = duration_family(names)
    if not family:
        return "no histogram of the length of served requests"
    shift = _finding(lambda: latency(store, incident)) if incident else None
    rows = [row for row in shift.table.to_dicts() if row["period"] in ("before", "baseline")] if shift else []
    good_ms = rows[0]["p99_ms"] if rows and rows[0].get("p99_ms") else None
    scale = 1.0 if "milliseconds" in family else 0.001
    limit = f"{(1.5 * good_ms if good_ms else 1000.0) * scale:.3g}"
    why = (
        f"one and a half times its p99 in the baseline, {good_ms:.0f} ms ({incident.service_name})"
        if good_ms and incident
        else "a customary limit: the store shows no good time to take it from"
    )
    by = names.service_label
    only = (
        f'{{{by}="{incident.service_name}"}}'
        if good_ms and incident and re.fullmatch(r"[\w./:-]+", incident.service_name)
        else ""
    )
    expr = f"histogram_quantile(0.99, sum by (le, {by}) (rate({family}_bucket{only}[5m]))) > {limit}"
    return [Rule(group="rca latency", alert="SlowRequests", expr=expr, hold="10m", severity="page",
                 summary=f"p99 of {_who(names)} is above {limit} {'ms' if scale == 1 else 's'}", description=f"The limit is {why}.")]  # fmt: skip


def _slow(names: Names) -> list[Rule] | str:
    by, who = names.service_label, _who(names)
    if counter := names.find(r"slow_quer", kind="counter"):
        return [Rule(group="rca database", alert="SlowQueries", expr=f"sum by ({by}) (rate({counter}[5m])) > 0.1", hold="10m", severity="ticket",
                     summary=f"{who} logs slow statements", description="More than one slow statement in ten seconds, for ten minutes.")]  # fmt: skip
    if family := names.find(
        r"(db_client_operation|(db|sql|database|query|queries|statement)\w*)_(duration|latency|time|seconds|milliseconds)",
        without=r"per_request|gc|wait|create",
        kind="histogram",
    ):
        limit = "500" if "milliseconds" in family else "0.5"
        expr = f"histogram_quantile(0.99, sum by (le, {by}) (rate({family}_bucket[5m]))) > {limit}"
        return [Rule(group="rca database", alert="SlowQueries", expr=expr, hold="10m", severity="ticket", summary=f"p99 of the statements of {who} is above 500 ms",
                     description="500 ms is where a slow-query log customarily begins; set it to what your statements need.")]  # fmt: skip
    if gauge := names.find(r"(max_tx_duration|longest_query|query_time|oldest_transaction)", kind="gauge"):
        return [Rule(group="rca database", alert="SlowQueries", expr=f"max by ({by}) ({gauge}) > 30", hold="5m", severity="ticket",
                     summary=f"a statement of {who} runs for over 30 s", description="A transaction that is open for so long holds locks and old rows.")]  # fmt: skip
    return "no metric counts slow statements or measures their length (such as db_client_operation_duration_seconds); a slow-query log alone cannot alert"


def _scans(names: Names) -> list[Rule] | str:
    counter = names.find(
        r"seq_tup_read|rows_examined|(docs|documents)_examined|select_scan|full_scan|scanned_objects", without=r"ratio"
    )
    if not counter:
        return "no counter of rows read by sequential scans"
    by = names.service_label
    expr = f"sum by ({by}) (rate({counter}[15m])) > 3 * sum by ({by}) (rate({counter}[15m] offset 1d))\nand\nsum by ({by}) (rate({counter}[15m])) > 1000"
    return [Rule(group="rca database", alert="SequentialScans", expr=expr, hold="15m", severity="ticket", summary=f"{_who(names)} reads three times the rows that it read a day ago",
                 description="Rows read without an index, compared with the same time a day before: a statement lost its index, or is made more often.")]  # fmt: skip


def _per_request(names: Names, store: Store, incident: Incident | None) -> list[Rule] | str:
    by, family = (
        names.service_label,
        names.find(r"quer(y|ies)_per_request|(db|sql)_(calls|statements)_per_request", kind="histogram"),
    )
    if family:
        value = f"sum by ({by}) (rate({family}_sum[5m])) / sum by ({by}) (rate({family}_count[5m]))"
    else:
        counter = _counter(names)
        calls = names.find(
            r"(db|sql)_(client_)?(quer(y|ies)|calls|statements|operations?)(_duration_(seconds|milliseconds)_count|_total|_count)$",
            kind="counter",
        )
        if not (counter and calls):
            return "no metric counts database calls per request, nor database calls and requests of one service"
        value = f"sum by ({by}) (rate({calls}[5m])) / sum by ({by}) (rate({counter}[5m]))"
    counted = _finding(lambda: queries_per_request(store, incident))
    usual = counted.effect.before if counted and counted.effect and incident else None
    limit = max(2 * usual, usual + 1) if usual is not None else 10.0
    why = (
        f"twice the {usual:.3g} of the baseline, and at least one more"
        if usual is not None
        else "a customary limit: the store shows no good time to take it from"
    )
    return [Rule(group="rca database", alert="QueriesPerRequest", expr=f"{value} > {limit:.3g}", hold="5m", severity="page",
                 summary=f"{_who(names)} makes more than {limit:.3g} database calls a request", description=f"The limit is {why}. A loop of calls (N+1) shows here before latency does.")]  # fmt: skip


def _throttling(names: Names) -> list[Rule] | str:
    by, who = names.service_label, _who(names)
    throttled, periods = (
        names.find(r"throttled_periods|nr_throttled", kind="counter"),
        names.find(r"cfs_periods|nr_periods", kind="counter"),
    )
    if throttled and periods:
        expr = f"sum by ({by}) (rate({throttled}[5m])) / sum by ({by}) (rate({periods}[5m])) > 0.25"
        what = "in more than a quarter of its periods"
    elif seconds := names.find(r"throttl\w*", kind="counter"):
        expr, what = f"sum by ({by}) (rate({seconds}[5m])) > 0.1", "by more than a tenth of a second each second"
    else:
        return "no counter of throttled periods (container_cpu_cfs_throttled_periods_total)"
    return [Rule(group="rca saturation", alert="ProcessorThrottled", expr=expr, hold="15m", severity="ticket", summary=f"{who} is throttled {what}",
                 description="The processor limit stops the container in the middle of requests: the tail of its latency grows.")]  # fmt: skip


def _pools(names: Names) -> list[Rule] | str:
    by, who, rules = names.service_label, _who(names), []
    if queue := names.find(
        r"(queue|pool|executor|connections?|threads?)\w*_?(length|depth|size|pending|waiting|queued|pending_requests)$|pending_(requests|threads|acquires)",
        without=r"(pool|max|thread)_size$|core_size|max",
        kind="gauge",
    ):
        rules.append(
            Rule(group="rca saturation", alert="PoolQueue", expr=f"min by ({by}) (min_over_time({queue}[5m])) > 0", hold="5m", severity="page",
                 summary=f"requests of {who} wait in a queue all the time", description=f"{queue} has not been empty for five minutes: the pool behind it is too small, or what holds it is slow.")
        )  # fmt: skip
    used = names.find(
        r"connections?_(in_use|active|used|busy|usage)|(pool|worker)\w*_(busy|active|in_use)", kind="gauge"
    )
    most = names.find(r"connections?_max|max_connections|(pool|worker)\w*_(max|size)$", kind="gauge") if used else ""
    if used and most and used.split("_")[0] == most.split("_")[0]:
        rules.append(
            Rule(group="rca saturation", alert="PoolExhausted", expr=f"sum by ({by}) ({used}) / sum by ({by}) ({most}) > 0.9", hold="5m", severity="page",
                 summary=f"{who} uses more than 90 % of its pool", description=f"{used} against {most}: the next requests will wait.")
        )  # fmt: skip
    return rules or "no gauge of a queue's length or of a pool's use"

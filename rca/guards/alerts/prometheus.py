"""Alert rules for Prometheus: only those whose metrics the store has seen, with thresholds from its own good time."""

from __future__ import annotations

from collections.abc import Callable

from rca.errors import NoDataError, OptionError
from rca.findings.detect import detect_incident
from rca.guards.alerts import database, saturation, served
from rca.guards.alerts.names import Names, read_names
from rca.guards.alerts.rules import AlertRules, Ground, Rule
from rca.model import Incident
from rca.store import Store

__all__ = ["prometheus_rules"]

_ALERTS: tuple[tuple[str, Callable[[Ground], list[Rule] | str]], ...] = (
    ("burn rate of the objective", served.burn_rate),
    ("latency", served.slow_requests),
    ("slow queries", database.slow_queries),
    ("sequential scans", database.sequential_scans),
    ("queries per request", database.calls_per_request),
    ("processor throttling", saturation.throttling),
    ("pool and queue", saturation.pools),
)
"""What each alert is about, and what makes its rules or says why there are none."""


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
    ground = Ground(names, store, incident or _found(store), slo)
    made = [(name, make(ground)) for name, make in _ALERTS]
    return AlertRules(
        rules=tuple(rule for _, rules in made if not isinstance(rules, str) for rule in rules),
        left_out=tuple((name, why) for name, why in made if isinstance(why, str)),
        notes=_notes(names),
    )


def _found(store: Store) -> Incident | None:
    try:
        return detect_incident(store)
    except NoDataError:
        return None


def _notes(names: Names) -> tuple[str, ...]:
    if not names.assumed:
        return ()
    return (
        f"The service is taken from the label {names.service_label!r}, which the telemetry does not show: change it with --service-label.",
    )

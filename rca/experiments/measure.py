"""The effect of one experiment: quantiles, errors and calls, treated against control, and the share of the excess."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from rca.errors import OptionError
from rca.experiments.cohorts import Arm, Cohort, cohort_table, cohorts
from rca.experiments.kinds import Kind, kind_named, recognise
from rca.measures.periods import periods
from rca.model import Effect, Experiment, Incident, Window
from rca.stats.binned import estimate
from rca.store import Store
from rca.times import TimeLike, parse_time

__all__ = ["experiment"]

_SIGNALS = (
    ("p99_ms", "p99", "ms"),
    ("p95_ms", "p95", "ms"),
    ("p50_ms", "p50", "ms"),
    ("error_ratio", "error ratio", ""),
    ("queries_per_request", "queries per request", ""),
)
_FEW = 30
"""Requests below which a cohort says next to nothing about a high quantile."""

WindowLike = Window | tuple[TimeLike, TimeLike]


def experiment(
    store: Store,
    incident: Incident,
    name: str,
    *,
    kind: str | None = None,
    treated: WindowLike | None = None,
    control: WindowLike | None = None,
    where: Mapping[str, str] | None = None,
    signal: str = "p99_ms",
) -> Experiment:
    """Measure what one change on purpose did to the incident's service.

    Parameters
    ----------
    name
        What it is called; also tells the kind where `kind` is left out (``"flag_off"``, ``"CPU limit"``, ``"canary"``).
    kind
        ``flag_off``, ``rollback``, ``canary``, ``limit``, ``index``, ``batch``, ``dependency``, ``network`` or ``fix``.
    treated
        Window in which the change was in force; clock times alone mean the day of the incident.
    control
        Window to compare with; left out, the incident itself, and for a canary the same window.
    where
        Which requests were treated, such as ``{"service_version": "2.8.0"}``; the others of the window are the control.
    signal
        ``"p99_ms"``, ``"p95_ms"``, ``"p50_ms"`` or ``"error_ratio"``: whose excess the recovered share is about.

    Returns
    -------
    Experiment
        With one effect a signal. ``recovered`` is the share of the excess over the baseline that the change removed, or
        for a canary brought back. Intervals come from 1,000 cluster-bootstrap resamples over time bins. The table also
        holds the time of the slowest 5 % of requests by place.

    Raises
    ------
    OptionError
        When the kind is unknown, or a canary has no `where`.
    NoDataError
        When no request of the service lies in a window.
    """
    chosen = _kind(name, kind)
    if signal not in {item[0] for item in _SIGNALS}:
        raise OptionError(
            f"{signal!r} is not a signal of an experiment. Known: {', '.join(item[0] for item in _SIGNALS)}."
        )
    if chosen.concurrent and not where:
        raise OptionError(
            f"A canary compares two cohorts at the same time: say which requests were treated, such as where={{'service_version': '…'}} for {name!r}."
        )
    spans = periods(store, incident)
    treated_window = _window(treated, incident) or spans.incident
    control_window = _window(control, incident) or (treated_window if where else spans.incident)
    (before, during, arm, against), sql = cohorts(
        store,
        incident,
        Arm("baseline", spans.baseline),
        Arm("incident", spans.incident),
        Arm("treated", treated_window, where),
        Arm("control", control_window, where, exclude=bool(where)),
    )
    share = _recovered(chosen, signal, before, during, arm, against)
    return Experiment(
        name=name,
        kind=chosen.name,
        claim=_claim(name, chosen, signal, arm, against, share),
        effects=tuple(_effect(item, against, arm) for item in _SIGNALS),
        treated=treated_window,
        control=control_window,
        recovered=share[0],
        recovered_low=share[1],
        recovered_high=share[2],
        concurrent=bool(where),
        hypotheses=chosen.isolates,
        table=_table(before, during, against, arm),
        sql=sql,
        caveats=tuple(_caveats(arm, against, chosen)),
    )


def _kind(name: str, kind: str | None) -> Kind:
    if kind is not None:
        return kind_named(kind)
    found = recognise(name)
    if found is None:
        raise OptionError(
            f"The name {name!r} does not say what kind of experiment it is; give kind='flag_off', 'rollback', 'canary', 'limit', 'fix', …"
        )
    return found


def _window(given: WindowLike | None, incident: Incident) -> Window | None:
    if given is None or isinstance(given, Window):
        return given
    first, last = given
    start = parse_time(first, day_of_ns=incident.start_ns)
    return Window(start, parse_time(last, day_of_ns=start))


def _recovered(
    kind: Kind, signal: str, before: Cohort, during: Cohort, arm: Cohort, against: Cohort
) -> tuple[float | None, float | None, float | None]:
    """Return the share of the excess that the change took away (or, for a canary, brought back), with its interval."""
    excess = during.value[signal] - before.value[signal]
    if not np.isfinite(excess) or excess <= 0:
        return None, None, None
    sign = -1.0 if kind.restores else 1.0
    value = sign * (arm.value[signal] - against.value[signal]) / excess
    with np.errstate(divide="ignore", invalid="ignore"):
        excess_draws = during.draws[signal] - before.draws[signal]
        # an excess near zero in a resample says nothing about a share of it
        excess_draws = np.where(excess_draws > 0.05 * excess, excess_draws, np.nan)
        draws = sign * (arm.draws[signal] - against.draws[signal]) / excess_draws
    found = estimate(value, draws)
    return found.value, found.low, found.high


def _effect(signal: tuple[str, str, str], against: Cohort, arm: Cohort) -> Effect:
    name, title, unit = signal
    difference = arm.value[name] - against.value[name]
    found = estimate(difference, arm.draws[name] - against.draws[name])
    samplings = [item for item in (arm.data.sampling, against.data.sampling) if item is not None]
    return Effect(
        name=title,
        before=against.value[name],
        after=arm.value[name],
        low=found.low,
        high=found.high,
        unit=unit,
        n_before=against.data.n,
        n_after=arm.data.n,
        method=f"cluster bootstrap over {arm.data.bins} and {against.data.bins} time bins of {arm.source} requests",
        sampling=min(samplings) if samplings else None,
    )


def _table(before: Cohort, during: Cohort, against: Cohort, arm: Cohort) -> pl.DataFrame:
    return cohort_table(("baseline", before), ("incident", during), ("control", against), ("treated", arm))


def _claim(
    name: str,
    kind: Kind,
    signal: str,
    arm: Cohort,
    against: Cohort,
    share: tuple[float | None, float | None, float | None],
) -> str:
    title, unit = next((item[1], item[2]) for item in _SIGNALS if item[0] == signal)
    moved = (
        f"{name}: {title} {_number(against.value[signal], unit)} → {_number(arm.value[signal], unit)} {unit}".rstrip()
    )
    if share[0] is None:
        return f"{moved}; the incident shows no excess over its baseline, so no share of it can be named."
    verb = "of the excess gone" if kind.restores else "of the excess is there on the canary alone"
    interval = (
        f" ({share[1]:.0%} to {share[2]:.0%})"
        if share[1] is not None and share[2] is not None
        else " (no interval: too few requests)"
    )
    return f"{moved}; {share[0]:.0%}{interval} {verb}."


def _number(value: float, unit: str) -> str:
    return f"{value:,.0f}" if unit == "ms" and value >= 100 else f"{value:,.3g}"


def _caveats(arm: Cohort, against: Cohort, kind: Kind) -> list[str]:
    found = []
    for role, cohort in (("treated", arm), ("control", against)):
        if cohort.data.n < _FEW:
            found.append(f"The {role} cohort holds {cohort.data.n} requests: too few to say much about its slowest.")
        elif cohort.data.n < 368:
            found.append(
                f"The {role} cohort holds {cohort.data.n} requests; a 95 % bound on p99 from above needs 368, so its interval is optimistic."
            )
    samplings = [cohort.data.sampling for cohort in (arm, against) if cohort.data.sampling is not None]
    if samplings:
        found.append(f"Traces are sampled ({min(samplings):.0%} seen at the least); counts are weighted.")
    if arm.source == "logged":
        found.append(
            "Latency, errors and counts are those of every request, from the log; where time went is that of the traced ones."
        )
        fewest = min(arm.traced.n, against.traced.n)
        if fewest < _FEW:
            found.append(f"Where time went is known of {fewest} requests only in one of the two cohorts.")
    if not kind.concurrent:
        found.append(
            "Treated and control lie at different times: a cause that happened to end between them would look the same."
        )
    return found

"""Did it stay mended? What followed the fix, window by window, against the baseline and the incident."""

from __future__ import annotations

from rca.errors import NoDataError
from rca.experiments.cohorts import Arm, Cohort, cohort_table, cohorts
from rca.measures.periods import periods
from rca.measures.red import whole_window
from rca.model import Effect, Finding, Incident, Window
from rca.stats.binned import estimate
from rca.store import Store
from rca.times import TimeLike, format_duration, format_time, parse_time

__all__ = ["follow_up"]

_LEAST = 60_000_000_000
"""Length of telemetry after the fix below which nothing is said."""


def follow_up(store: Store, incident: Incident, since: TimeLike, *, windows: int = 2) -> Finding:
    """Compare what followed a fix with the baseline and with the incident.

    Parameters
    ----------
    store, incident
        The telemetry, and what was mended.
    since
        When the fix was in force and measured; clock times alone mean the day of the incident.
    windows
        Parts of equal length into which the time from then to the end of the telemetry is cut, each a minute at least.

    Returns
    -------
    Finding
        Table: ``period`` (baseline, incident, follow-up 1, …), ``n, p99_ms, p95_ms, p50_ms, error_ratio,
        queries_per_request`` with their intervals. The effect is p99 of the worst window against the baseline;
        ``details["regressed"]`` names the windows in which p99 may have gone back halfway to the incident.

    Raises
    ------
    NoDataError
        When less than a minute of telemetry follows, or no request of the service lies in a window.
    """
    compared = periods(store, incident)
    start, end = parse_time(since, day_of_ns=incident.start_ns), whole_window(store).end_ns
    if end - start < _LEAST:
        raise NoDataError(
            f"Less than a minute of telemetry follows {format_time(start)}: whether it stayed mended cannot be told."
        )
    step = (end - start) // max(1, min(windows, (end - start) // _LEAST))
    parts = [Window(at, min(at + step, end)) for at in range(start, end - step // 2, step)]
    names = [f"follow-up {number}" for number in range(1, len(parts) + 1)]
    (before, during, *after), sql = cohorts(
        store,
        incident,
        Arm("baseline", compared.baseline),
        Arm("incident", compared.incident),
        *(Arm(name, part) for name, part in zip(names, parts, strict=True)),
    )
    excess = during.value["p99_ms"] - before.value["p99_ms"]
    effects = [_effect(before, cohort) for cohort in after]
    back = [
        name for name, effect in zip(names, effects, strict=True) if effect.high is None or effect.high > excess / 2
    ]
    worst = max(effects, key=lambda effect: effect.after or 0.0)
    return Finding(
        name="follow_up",
        claim=_claim(incident, Window(start, end), after, worst, back),
        table=cohort_table(("baseline", before), ("incident", during), *zip(names, after, strict=True)),
        effect=worst,
        sql=sql,
        window=Window(start, end),
        baseline=compared.baseline,
        details={"regressed": back},
    )


def _effect(before: Cohort, after: Cohort) -> Effect:
    found = estimate(after.value["p99_ms"] - before.value["p99_ms"], after.draws["p99_ms"] - before.draws["p99_ms"])
    return Effect(
        name="p99",
        before=before.value["p99_ms"],
        after=after.value["p99_ms"],
        low=found.low,
        high=found.high,
        unit="ms",
        n_before=before.data.n,
        n_after=after.data.n,
        method=f"cluster bootstrap over time bins of {after.source} requests",
        sampling=after.data.sampling,
    )


def _claim(incident: Incident, window: Window, after: list[Cohort], worst: Effect, back: list[str]) -> str:
    p99 = " and ".join(f"{cohort.value['p99_ms']:,.0f}" for cohort in after)
    failed = " and ".join(f"{cohort.value['error_ratio']:.2%}" for cohort in after)
    calls = " and ".join(f"{cohort.value['queries_per_request']:.3g}" for cohort in after)
    verdict = f"it may have come back in {', '.join(back)}" if back else "no regression"
    above = ""
    if not back and worst.low is not None and worst.high is not None and worst.low > 0:
        above = f", though p99 stays {worst.low:,.0f} to {worst.high:,.0f} ms above the baseline"
    return (
        f"{incident.service_name}, {format_duration(window.length_ns)} after the fix: {verdict}{above}; p99 {p99} ms "
        f"({worst.before:,.0f} before the incident), failed {failed}, {calls} queries per request."
    )

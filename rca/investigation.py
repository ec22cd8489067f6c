"""The whole investigation in one call: what happened, which change did it, what kind of fault it is, and how sure that is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from rca.errors import NoDataError, NotInStoreError
from rca.experiments import experiments_recorded, follow_up
from rca.findings.attributes import compare_attributes
from rca.findings.changes import deploy_correlation
from rca.findings.compare_traces import compare_traces
from rca.findings.data_quality import data_quality
from rca.findings.detect import detect_incident
from rca.findings.latency import latency
from rca.findings.messages import messages
from rca.findings.what_if import what_if
from rca.hypotheses import Observed, score_hypotheses
from rca.measures.red import red
from rca.model import Experiment, Finding, Incident, Verdicts, Window
from rca.progress import steps
from rca.sql import statement
from rca.store import Store
from rca.times import TimeLike

__all__ = ["Investigation", "investigate"]

_MINUTE = 60_000_000_000
_HOUR = 60 * _MINUTE


_EVENTS = {"time_ns": pl.Int64, "kind": pl.String, "service_name": pl.String, "title": pl.String}


@dataclass(frozen=True, slots=True, kw_only=True)
class Investigation:
    """Everything that one call found; each part is also a function of its own.

    Without an incident, `why` says so, and the rest is empty: no hypothesis is weighed and no change blamed.
    """

    incident: Incident | None
    why: str = ""
    findings: Mapping[str, Finding] = field(default_factory=dict)
    """By name: ``data_quality``, ``latency``, ``deploy_correlation``, ``queries_per_request``, …; absent where no data."""
    red: pl.DataFrame = field(default_factory=pl.DataFrame)
    services: pl.DataFrame = field(default_factory=pl.DataFrame)
    events: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_EVENTS))
    """What was changed and what alerting said around the incident: ``time_ns, kind, service_name, title``."""
    experiments: tuple[Experiment, ...] = ()
    verdicts: Verdicts = field(default_factory=lambda: Verdicts(()))
    warnings: tuple[str, ...] = ()

    @property
    def changes(self) -> Finding | None:
        """The ranking of changes."""
        return self.findings.get("deploy_correlation")

    def to_dict(self) -> dict[str, Any]:
        """Return the document that ``rca investigate --json`` prints."""
        ranked = self.changes
        details = dict(ranked.details) if ranked else {}
        return {
            "incident": self._incident(),
            "changes": [_plain(row) for row in ranked.table.to_dicts()] if ranked else [],
            "no_change_probability": float(details.get("no_change_probability", 1.0)),
            "first_failing_service": details.get("first_failing_service", ""),
            "blast_radius": list(details.get("blast_radius", [])),
            "remediation": details.get("remediation", ""),
            "hypotheses": [item.to_dict() for item in self.verdicts],
            "experiments": [item.to_dict() for item in self.experiments],
            "services": self.services.to_dicts() if self.services.width else [],
            "findings": [item.to_dict(rows=50) for item in self.findings.values()],
            "warnings": list(self.warnings),
        }

    def _incident(self) -> dict[str, Any] | None:
        if self.incident is None:
            return None
        shift = self.findings.get("latency")
        effect = shift.effect if shift else None
        seconds = effect is not None and effect.unit == "ms"
        scale = 0.001 if seconds else 1.0
        return self.incident.to_dict() | {
            "signal": self.incident.signal or (effect.name if effect else ""),
            "before": effect.before * scale if effect and effect.before is not None else None,
            "after": effect.after * scale if effect and effect.after is not None else None,
            "unit": "s" if seconds else (effect.unit if effect else ""),
        }


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {
        key: "" if value is None and key in ("revision", "feature_flag_key", "service_name") else value
        for key, value in row.items()
    }


def investigate(
    store: Store,
    incident: Incident | None = None,
    *,
    service: str | None = None,
    start: TimeLike | None = None,
    end: TimeLike | None = None,
    slo: float | None = None,
    experiments: Sequence[Experiment] | None = None,
    told: Callable[[str], None] | None = None,
) -> Investigation:
    """Run the whole investigation.

    Parameters
    ----------
    incident
        What is known of it; left out, it is found in the data (an alert, else the service whose requests shifted most).
    service, start, end
        Narrow the search.
    slo
        Objective for the share of good requests, such as 0.999; left out, that of `incident`.
    experiments
        From :func:`rca.experiment`; left out, those that the changes record are measured.
    told
        Called with each step as it begins; left out, steps are shown on a terminal and in a notebook.

    Returns
    -------
    Investigation
        Also where nothing was found: then it says why.

    Raises
    ------
    NotInStoreError
        When the service or the window is not in the store.

    Examples
    --------
    >>> import rca
    >>> investigate(rca.open()).incident is None
    True
    """
    with store.remembering(), steps() as shown:  # its parts ask the same of the same tables
        return _whole(store, incident, service, start, end, slo, experiments, told or shown)


def _whole(
    store: Store,
    incident: Incident | None,
    service: str | None,
    start: TimeLike | None,
    end: TimeLike | None,
    slo: float | None,
    experiments: Sequence[Experiment] | None,
    told: Callable[[str], None],
) -> Investigation:
    told("data quality")
    quality = data_quality(store)
    if incident is None:
        told("finding the incident")
        try:
            incident = detect_incident(store, service=service, start=start, end=end)
        except NotInStoreError:
            raise
        except NoDataError as error:
            return Investigation(
                incident=None,
                why=str(error),
                findings={"data_quality": quality},
                warnings=(*store.engine.notes, *_doubts(quality)),
            )
    if slo is not None:
        incident = replace(incident, slo=slo)
    return _investigate(store, incident, experiments, quality, told)


def _investigate(
    store: Store,
    incident: Incident,
    experiments: Sequence[Experiment] | None,
    quality: Finding,
    told: Callable[[str], None],
) -> Investigation:
    observed, why = Observed(store, incident), []
    findings: dict[str, Finding] = {"data_quality": quality}
    for name, make in _parts(store, incident, observed):
        told(name.replace("_", " "))
        try:
            found = make()
        except NoDataError as error:
            why.append(f"{name.replace('_', ' ')}: {error}")
            continue
        if found is not None:
            findings[name] = found
    told("experiments")
    missed: tuple[str, ...] = ()
    if experiments is None:
        experiments, missed = experiments_recorded(store, incident)
    after_fix, lacking = _after_fix(store, incident, experiments)
    findings |= after_fix
    why += lacking
    told("hypotheses")
    verdicts = score_hypotheses(store, incident, experiments=experiments, observed=observed)
    shown = _shown(observed, incident, experiments, findings.values())
    return Investigation(
        incident=incident,
        findings=findings,
        red=_red(store, incident, shown),
        events=store.query(
            statement("local/events").sql,
            {"start_ns": shown.start_ns, "end_ns": shown.end_ns, "service": incident.service_name},
        ),
        services=observed.services if observed.services is not None else pl.DataFrame(),
        experiments=tuple(experiments),
        verdicts=verdicts,
        warnings=(*store.engine.notes, *observed.windows.notes, *_doubts(quality), *missed, *why),
    )


def _parts(
    store: Store, incident: Incident, observed: Observed
) -> tuple[tuple[str, Callable[[], Finding | None]], ...]:
    """Return the questions of an investigation in their order, each with what answers it."""
    return (
        ("latency", lambda: latency(store, incident)),
        ("deploy_correlation", lambda: deploy_correlation(store, incident, suspects=observed.suspects)),
        ("queries_per_request", lambda: observed.calls),
        ("repeated_queries", lambda: observed.repeated),
        ("slow_queries", lambda: observed.slow),
        ("saturation", lambda: observed.saturation),
        ("dependencies", lambda: observed.hops),
        ("compare_traces", lambda: compare_traces(store, incident)),
        ("compare_attributes", lambda: compare_attributes(store, incident)),
        ("messages", lambda: messages(store, incident, texts=observed.texts) if observed.texts else None),
        ("what_if", lambda: _without_repetition(store, incident, observed)),
    )


def _without_repetition(store: Store, incident: Incident, observed: Observed) -> Finding | None:
    """Return what would be without the repeated calls, where calls are repeated at all."""
    if observed.repeated is None or observed.repeated.table.filter(pl.col("pattern") != "none").is_empty():
        return None
    try:
        return what_if(store, incident)
    except NoDataError:
        return None


def _after_fix(
    store: Store, incident: Incident, experiments: Sequence[Experiment]
) -> tuple[dict[str, Finding], list[str]]:
    fixed = [item for item in experiments if item.kind == "fix"]
    if not fixed:
        return {}, []
    try:
        return {"follow_up": follow_up(store, incident, fixed[-1].treated.end_ns)}, []
    except NoDataError as error:
        return {}, [f"follow up: {error}"]


def _shown(
    observed: Observed, incident: Incident, experiments: Sequence[Experiment], findings: Iterable[Finding]
) -> Window:
    """Return what a timeline shows: from the baseline to the last experiment and what followed, near the incident."""
    length = max(incident.window.length_ns, _HOUR)
    start = min(observed.windows.baseline.start_ns, incident.start_ns)
    ends = [item.treated.end_ns for item in experiments]
    ends += [item.window.end_ns for item in findings if item.name == "follow_up" and item.window is not None]
    end = max(observed.windows.baseline.end_ns, incident.end_ns, *ends, 0)
    after = incident.end_ns + max(incident.window.length_ns // 2, 5 * _MINUTE)
    return Window(max(start, incident.start_ns - 24 * length), min(max(end, after), incident.end_ns + 24 * length))


def _red(store: Store, incident: Incident, shown: Window) -> pl.DataFrame:
    step = max(_MINUTE, shown.length_ns // 1_000 // _MINUTE * _MINUTE)
    # a bin that lies partly outside would look like a fall in traffic
    whole = Window(-(-shown.start_ns // step) * step, max(-(-shown.start_ns // step) + 1, shown.end_ns // step) * step)
    try:
        return red(store, incident, window=whole, bucket_ns=step)
    except NoDataError:
        return pl.DataFrame()


def _doubts(quality: Finding) -> tuple[str, ...]:
    return tuple(quality.table.filter(pl.col("severity") == "warning")["claim"].to_list())

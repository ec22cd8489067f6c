"""Gathers the scene of an incident from a store, once."""

from __future__ import annotations

from collections import Counter

import polars as pl

from rca.measures.calls import call_graph
from rca.measures.onset import ramp_start
from rca.measures.periods import Periods
from rca.measures.shifts import metric_series, metric_shifts, step_of
from rca.measures.texts import Text, incident_texts
from rca.measures.vocabulary import meaning
from rca.mechanisms.diffs import tokens
from rca.mechanisms.place import stem
from rca.mechanisms.scene import Ramp, Scene, Seen
from rca.mechanisms.sightings import sightings
from rca.mechanisms.traffic import entry_ratio, entry_share, surge_ratio
from rca.mechanisms.wording import telling_words
from rca.model import Incident, Window
from rca.sql import statement
from rca.store import Store

__all__ = ["observe"]

_MINUTE = 60_000_000_000
_MOVED = 3.0
"""Units of unrest from which a metric counts as moved."""
_FILLING = ("memory", "disk", "connections", "queue", "pool", "cpu", "db_cpu")
_SERIES = 40
"""Most series in which a ramp is sought."""
_NEW = 1.0
"""Root of the likelihood-ratio statistic from which a message counts as surging."""


def observe(store: Store, incident: Incident, windows: Periods) -> Scene:
    """Gather what was observed of an incident.

    Parameters
    ----------
    store, incident
        The telemetry and the question.
    windows
        Baseline and incident; the incident's window is widened to what led up to it.
    """
    wide = _widened(incident, windows)
    graph = call_graph(store)
    texts = incident_texts(store, wide)
    feed, said = _told(store, incident, wide.incident)
    shifts = metric_shifts(store, windows)
    moved = shifts.filter(pl.col("score").abs() >= _MOVED)
    complaints = tuple(item for item in texts if item.is_error and item.surge > _NEW and item.during > 0)
    vanished = tuple(item for item in texts if not item.is_error and item.surge < -2 * _NEW)
    known = frozenset(
        graph.services
        | {item.service_name for item in texts}
        | set(moved["service_name"].to_list())
        | {incident.service_name}
    )
    fresh = tuple(item for item in texts if not item.is_error and item.before == 0 and item.surge > _NEW)
    by_service, symptoms = sightings(incident, graph, complaints, fresh, said, moved)
    ratio = surge_ratio(moved, incident.service_name)
    if ratio > 1.5:
        symptoms["surge"] = Seen(1 - 1 / ratio, incident.service_name, f"requests rose {ratio:.1f} times")
    novel, gone = _identifiers(texts, (*complaints, *fresh), vanished, said, known)
    return Scene(
        incident=incident,
        windows=wide,
        graph=graph,
        services=known,
        symptoms=symptoms,
        by_service=by_service,
        complaints=complaints,
        vanished=vanished,
        moved=moved,
        novel=novel,
        gone=gone,
        ramps=_ramps(store, windows),
        failing_ns=tuple((item.duration_ns, item.during) for item in complaints if item.duration_ns),
        feed=feed,
        alerts=said,
        surge_ratio=ratio,
        entry_ratio=entry_ratio(shifts, graph, incident.service_name),
        entry_share=entry_share(shifts, graph, incident.service_name),
    )


def _widened(incident: Incident, windows: Periods) -> Periods:
    """Return the windows with what led up to the incident."""
    hot = windows.incident
    early = min(incident.onset_low_ns or hot.start_ns, hot.start_ns)
    lead = max(3 * _MINUTE, hot.length_ns // 4)
    start = (
        max(early - lead, min(windows.baseline.end_ns, hot.start_ns))
        if windows.baseline.end_ns <= hot.start_ns
        else hot.start_ns
    )
    return Periods(windows.baseline, Window(start, hot.end_ns), windows.notes)


def _told(store: Store, incident: Incident, window: Window) -> tuple[tuple[dict[str, object], ...], tuple[str, ...]]:
    """Return what status pages said near the incident, and what its own alerts say."""
    alerts = store.query(statement("local/alerts").sql)
    near = alerts.filter((pl.col("time_ns") >= window.start_ns - 30 * _MINUTE) & (pl.col("time_ns") < window.end_ns))
    own = near.filter(~pl.col("is_feed") & pl.col("service_name").is_in([incident.service_name, ""]))
    said = tuple(f"{row['title']} {row['metric']} {row['detail']}" for row in own.iter_rows(named=True))
    return tuple(near.filter(pl.col("is_feed")).to_dicts()), said


def _identifiers(
    texts: list[Text],
    new: tuple[Text, ...],
    vanished: tuple[Text, ...],
    said: tuple[str, ...],
    services: frozenset[str],
) -> tuple[dict[str, float], dict[str, float]]:
    """Return identifiers of new messages and of vanished ones, with weights; names of services say nothing."""
    usual = Counter(word for item in texts if item.before > 0 and item.surge <= _NEW for word in tokens(item.text))
    stems = {part for name in services for part in (stem(name), stem(name).replace("-", ""), name.lower())}
    return telling_words(new, said, usual, stems), telling_words(vanished, (), Counter(), stems)


def _ramps(store: Store, windows: Periods) -> tuple[Ramp, ...]:
    """Return metrics of resources, of services that changed, that rose steadily since some time before the incident.

    A process that was killed starts anew, so that its memory looks low during the incident: what moved is no guide.
    """
    places = frozenset(str(name) for name in store.query(statement("changed_services").sql)["service_name"].to_list())
    names = [
        (str(row["service_name"]), str(row["metric_name"]), meaning(str(row["metric_name"])).signal)
        for row in store.query(statement("metric_names").sql).iter_rows(named=True)
        if row["service_name"] in places and meaning(str(row["metric_name"])).signal in _FILLING
    ]
    out = []
    reach = Window(max(0, windows.baseline.start_ns - 24 * 60 * _MINUTE), windows.incident.end_ns)
    step = max(_MINUTE, step_of(windows))
    for service, metric, signal in names[:_SERIES]:
        series = metric_series(store, reach, bin_ns=step, service=service, metric=metric)
        at = ramp_start(series["value"].to_numpy()) if series.height else None
        if at is not None:
            out.append(Ramp(service, metric, signal, int(series["bin_ns"][at])))
    return tuple(out)

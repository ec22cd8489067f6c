"""Experiments that the team wrote down among its changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rca.errors import NoDataError, OptionError
from rca.experiments.kinds import recognise
from rca.experiments.measure import experiment
from rca.model import Experiment, Incident, Window
from rca.sql import statement
from rca.store import Store
from rca.times import parse_time

__all__ = ["experiments_recorded"]

_TREATED = (("treated_start", "treated_end"), ("treatment_start", "treatment_end"), ("start", "end"))
_CONTROL = (("control_start", "control_end"), ("baseline_start", "baseline_end"))
_VERSION = ("treated_version", "canary_version", "service_version", "version")


def experiments_recorded(store: Store, incident: Incident) -> tuple[tuple[Experiment, ...], tuple[str, ...]]:
    """Measure every change of kind ``experiment`` that belongs to the incident's service.

    An experiment's window is its time and end, or attributes such as ``treated_start`` and ``treated_end``; a control
    window, the treated version of a canary and the kind are read from its attributes where they are there.

    Returns
    -------
    tuple
        The experiments in the order of time, and a sentence for each that could not be measured.
    """
    rows = store.query(statement("experiments").sql).to_dicts()
    done: list[Experiment] = []
    missed: list[str] = []
    for row in rows:
        attributes = dict(row["attributes"] or [])
        if row["service_name"] not in ("", incident.service_name):
            continue
        name = row["title"] or attributes.get("name") or attributes.get("experiment") or "experiment"
        try:
            done.append(_measure(store, incident, str(name), row, attributes))
        except (NoDataError, OptionError) as error:
            missed.append(f"Experiment {name!r} could not be measured: {error}")
    return tuple(done), tuple(missed)


def _measure(
    store: Store, incident: Incident, name: str, row: Mapping[str, Any], attributes: Mapping[str, str]
) -> Experiment:
    label = " ".join((str(attributes.get("kind", "")), str(attributes.get("toggled", "")), name))
    said = next((attributes[key] for key in ("experiment_kind", "experiment") if attributes.get(key)), "")
    kind = (recognise(said) if said else None) or recognise(name) or recognise(label)
    if kind is None:
        raise OptionError("neither its name nor its attributes say what kind it is")
    treated = _window(attributes, _TREATED) or (Window(row["time_ns"], row["end_ns"]) if row["end_ns"] else None)
    if treated is None:
        raise OptionError("it has no end")
    version = row["service_version"] or next((attributes[key] for key in _VERSION if attributes.get(key)), "")
    where = {"service_version": version} if kind.concurrent and version else None
    control = _window(attributes, _CONTROL)
    return experiment(
        store, incident, name, kind=kind.name, treated=treated, control=None if where else control, where=where
    )


def _window(attributes: Mapping[str, str], pairs: tuple[tuple[str, str], ...]) -> Window | None:
    for first, last in pairs:
        for suffix in ("", "_ns", "_at"):
            start, end = attributes.get(first + suffix), attributes.get(last + suffix)
            if start and end:
                return Window(_time(start), _time(end))
    return None


def _time(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) >= 16 else parse_time(text)

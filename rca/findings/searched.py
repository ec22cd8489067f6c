"""Looking for an incident that no alert tells of: the shift of latency, errors or logged errors that matters most."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import polars as pl

from rca.errors import NoDataError
from rca.findings.alerted import as_felt
from rca.measures.calls import CallGraph, call_graph
from rca.measures.felt import Felt, felt
from rca.measures.lasting import LEAST_BINS, lasting_shift
from rca.measures.logged import logged_errors
from rca.measures.red import red
from rca.model import Incident, Window
from rca.store import Store

__all__ = ["search_incident"]

_SECOND = 1_000_000_000
_MINUTE = 60 * _SECOND
_BINS = 240
_MORE_ERRORS, _LEAST_ERRORS = 3.0, 3.0
"""Times as many logged errors a bin as usual, and as many more, that matter."""
_SIGNALS = (
    ("p99_ms", "p99", 1.4, 0.0),
    ("p50_ms", "p50", 1.3, 0.0),
    ("error_ratio", "error_ratio", 2.0, 0.008),
    ("requests", "requests", 2.0, 0.0),
)
"""Column, name, least ratio and least difference of a shift that matters to people."""


@dataclass(frozen=True, slots=True)
class _Shift:
    service: str
    signal: str
    onset_ns: int
    low_ns: int
    end_ns: int
    score: float


def search_incident(
    store: Store, service: str | None, start_ns: int | None, end_ns: int | None, extent: Window
) -> Incident:
    """Return the incident that stands out; `service`, `start_ns` and `end_ns` narrow the search and hold where they are given."""
    step = max(1, math.ceil(extent.length_ns / _BINS / _MINUTE)) * _MINUTE
    if extent.length_ns < 30 * _MINUTE:
        step = max(_SECOND, extent.length_ns // 40 // _SECOND * _SECOND)
    try:
        frame = red(store, service=service or "", window=extent, bucket_ns=step)
    except NoDataError:
        return _by_records(store, service, start_ns, end_ns, extent, step)
    shifts, series = _shifts(frame, step)
    # a rise of traffic alone hurts nobody; it explains, but it is no incident
    hurting = [item for item in shifts if item.signal != "requests" and _inside(item, start_ns, end_ns)]
    if not hurting:
        where = f" of {service!r}" if service else ""
        raise NoDataError(
            f"No incident found: none of {series} series of latency, errors and rate{where} shifted for long beyond its own unrest."
        )
    best = _deepest(hurting, call_graph(store))
    same = {
        item.signal
        for item in hurting
        if item.service == best.service and item.onset_ns < best.end_ns and item.end_ns > best.onset_ns
    }
    signal = "p99" if best.signal == "p50" and "p99" in same else best.signal
    exact = _closer(store, best, signal, extent)
    if exact is not None:
        return as_felt(best.service, exact, signal, start_ns, end_ns)
    return _as_binned(best, signal, start_ns, end_ns, step)


def _shifts(frame: pl.DataFrame, step: int) -> tuple[list[_Shift], int]:
    """Return the lasting shifts of every service, and how many series were long enough to be searched."""
    found, series = [], 0
    for key, part in frame.sort("bucket_ns").group_by("service_name", maintain_order=True):
        for column, name, ratio, difference in _SIGNALS:
            rows = part.drop_nulls(column)
            if rows.height < 4 * LEAST_BINS:
                continue
            series += 1
            shift = lasting_shift(rows["bucket_ns"].to_numpy(), rows[column].to_numpy(), ratio, difference, step)
            if shift is not None:
                found.append(_Shift(str(key[0]), name, *shift[:4]))
    return found, series


def _by_records(
    store: Store, service: str | None, start_ns: int | None, end_ns: int | None, extent: Window, step: int
) -> Incident:
    """Find the incident in the number of errors that services log, where nothing tells of requests."""
    found = []
    for name, rows in logged_errors(store, service or "", extent, step).items():
        if rows.height < 4 * LEAST_BINS:
            continue
        errors = rows["errors"].to_numpy().astype(np.float64)
        shift = lasting_shift(rows["bin_ns"].to_numpy(), errors, _MORE_ERRORS, _LEAST_ERRORS, step)
        if shift is not None:
            found.append(_Shift(name, "logged_errors", *shift[:4]))
    found = [item for item in found if _inside(item, start_ns, end_ns)]
    if not found:
        raise NoDataError(
            "No incident found: nothing here tells of single requests, and no service logs more errors for long than usual."
        )
    best = max(found, key=lambda item: item.score)
    return _as_binned(best, best.signal, start_ns, end_ns, step)


def _as_binned(shift: _Shift, signal: str, start_ns: int | None, end_ns: int | None, step: int) -> Incident:
    """Return a shift as an incident that is as exact as its bins."""
    return Incident(
        shift.service,
        start=shift.onset_ns if start_ns is None else start_ns,
        end=shift.end_ns if end_ns is None else end_ns,
        signal=signal,
        onset_ns=shift.onset_ns,
        onset_low_ns=shift.low_ns,
        onset_high_ns=shift.onset_ns + step,
    )


def _closer(store: Store, shift: _Shift, signal: str, extent: Window) -> Felt | None:
    """Return the same stretch by its single requests, None where these show none there."""
    kind = "errors" if signal == "error_ratio" else "latency"
    found = felt(store, shift.service, (shift.onset_ns + shift.end_ns) // 2, extent=extent, signal=kind)
    if found is None:
        return None
    common = min(found.end_ns, shift.end_ns) - max(found.start_ns, shift.onset_ns)
    return found if 2 * common >= max(found.end_ns - found.start_ns, shift.end_ns - shift.onset_ns) else None


def _inside(item: _Shift, start_ns: int | None, end_ns: int | None) -> bool:
    return (start_ns is None or item.end_ns > start_ns) and (end_ns is None or item.onset_ns < end_ns)


def _deepest(found: list[_Shift], graph: CallGraph) -> _Shift:
    """Return the plainest shift, or that of a service below it which shifted half as plainly: callers only wait."""
    best = max(found, key=lambda item: item.score)
    below = graph.below(best.service)
    deeper = [item for item in found if item.service in below and item.score >= 0.5 * best.score]
    return max(deeper, key=lambda item: (below[item.service], item.score), default=best)

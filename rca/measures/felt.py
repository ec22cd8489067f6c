"""Since when, and until when, requests of a service were slow or failed: finer than an alert, or a quantile a minute, can say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from rca.model import Window
from rca.sql import statement
from rca.stats.bursts import bad_stretch
from rca.stats.loghistogram import bucket_value
from rca.store import Store

__all__ = ["Felt", "felt"]

_SECOND = 1_000_000_000
_MINUTE = 60 * _SECOND
_REACH = 6 * 60 * _MINUTE
"""How far before and after the moment the search goes."""
_BINS = 800
_LAG = 5 * _MINUTE
"""An alert looks at the last minutes: what it saw may have ended this long before it fired."""
_ENOUGH = 50
"""Requests below which nothing is said."""
_BEYOND = (1.0, 1.5, 2.0, 4.0)
"""Multiples of the usual p99 beyond which a request may count as slow; the one that tells most is taken."""


@dataclass(frozen=True, slots=True)
class Felt:
    """The stretch in which users felt it, the interval of its begin, and what was bad in it: ``p99`` or ``error_ratio``."""

    start_ns: int
    start_low_ns: int
    start_high_ns: int
    end_ns: int
    signal: str
    slow_ms: float | None
    inside: float
    outside: float
    requests: int
    gain: float


def felt(store: Store, service: str, around_ns: int, *, extent: Window, signal: str = "") -> Felt | None:
    """Return the stretch around a moment in which more requests of a service than usual were slow or failed.

    Every traced request counts where it lies, so sampled traces and rare failures tell as much as they can. What is slow
    is set by the requests themselves: a multiple of the p99 of those before the moment.

    Parameters
    ----------
    store
        The telemetry.
    service
        Whose entry spans are the requests.
    around_ns
        A moment within the incident, or at most five minutes after it, such as that of an alert.
    extent
        Where there is telemetry.
    signal
        ``"errors"`` or ``"latency"`` to look at one of the two only.

    Returns
    -------
    Felt or None
        None where no stretch stands out from chance (:func:`rca.stats.bursts.bad_stretch`), or under fifty requests lie around.
    """
    window = Window(
        max(extent.start_ns, around_ns - _REACH), max(min(extent.end_ns, around_ns + _REACH), around_ns + 1)
    )
    limits = [] if signal == "errors" else _limits(store, service, Window(window.start_ns, around_ns + 1))
    best: Felt | None = None
    for limit in [*limits, *([] if signal == "latency" else [None])]:
        found = _zoomed(store, service, around_ns, window, limit)
        if found is not None and (best is None or found.gain > best.gain):
            best = found
    return best


def _limits(store: Store, service: str, before: Window) -> list[float]:
    """Return durations in ns beyond which a request may count as slow, by the p99 of the first half of what came before."""
    half = Window(before.start_ns, before.start_ns + max(1, before.length_ns // 2))
    params = {"service": service, "start_ns": half.start_ns, "end_ns": half.end_ns, "bin_ns": half.length_ns}
    counted = store.query(statement("red").sql, params).group_by("bucket").agg(pl.col("requests").sum()).sort("bucket")
    running = np.cumsum(counted["requests"].to_numpy())
    if not len(running) or running[-1] < _ENOUGH:
        return []
    bucket = int(counted["bucket"][int(np.searchsorted(running, 0.99 * running[-1]))])
    usual = float(bucket_value(bucket)) if bucket >= 0 else 0.0
    return [usual * factor for factor in _BEYOND] if usual else []


def _zoomed(store: Store, service: str, around_ns: int, window: Window, slow_ns: float | None) -> Felt | None:
    """Search coarsely, then again around what was found, until a bin is a second or finer bins would tell no more."""
    step = max(_SECOND, window.length_ns // _BINS // _SECOND * _SECOND)
    found = _searched(store, service, around_ns, window, step, slow_ns)
    while found is not None and step > _SECOND:
        margin = max(2 * (found.end_ns - found.start_ns), 30 * step)
        near = Window(max(window.start_ns, found.start_ns - margin), min(window.end_ns, found.end_ns + margin))
        finer = max(_SECOND, near.length_ns // _BINS // _SECOND * _SECOND)
        if finer >= step:
            break
        closer = _searched(store, service, around_ns, near, finer, slow_ns)
        if closer is None:
            break
        found, step, window = closer, finer, near
    return found


def _searched(
    store: Store, service: str, around_ns: int, window: Window, step: int, slow_ns: float | None
) -> Felt | None:
    params = {"service": service, "start_ns": window.start_ns, "end_ns": window.end_ns, "bin_ns": step}
    frame = store.query(statement("slow_requests").sql, params | {"slow_ns": int(slow_ns or 0)})
    first = window.start_ns - window.start_ns % step
    n = int(-(-(window.end_ns - first) // step))
    at = ((frame["bin_ns"].to_numpy() - first) // step).astype(np.int64)

    def laid_out(column: str) -> npt.NDArray[np.float64]:
        out = np.zeros(n)
        out[at] = frame[column].to_numpy()
        return out

    total = laid_out("requests")
    last = max(0, around_ns - _LAG - first) // step
    moment = (around_ns - first) // step
    burst = bad_stretch(laid_out("failed" if slow_ns is None else "slow"), total, first=moment, last=last)
    if burst is None or burst.n < _ENOUGH:
        return None
    return Felt(
        start_ns=max(window.start_ns, first + burst.start * step),
        start_low_ns=max(window.start_ns, first + (burst.start_low - 1) * step),
        start_high_ns=first + (burst.start_high + 1) * step,
        end_ns=min(window.end_ns, first + burst.end * step),
        signal="error_ratio" if slow_ns is None else "p99",
        slow_ms=None if slow_ns is None else slow_ns / 1e6,
        inside=burst.inside,
        outside=burst.outside,
        requests=burst.n,
        gain=burst.gain,
    )

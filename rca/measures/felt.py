"""Since when, and until when, requests of a service were slow or failed: finer than an alert, or a quantile a minute, can say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from rca.measures.logged import complete_log
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
_MOST = 500_000
"""Logged requests that are looked at one by one; of more, sampled traces tell enough."""
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


@dataclass(frozen=True, slots=True)
class _Counts:
    """Where the requests come from: a count of them by time bin, and the p99 of their durations in ns."""

    count: Callable[[Window, int, int], pl.DataFrame]
    usual: Callable[[Window], float | None]


def felt(store: Store, service: str, around_ns: int, *, extent: Window, signal: str = "") -> Felt | None:
    """Return the stretch around a moment in which more requests of a service than usual were slow or failed.

    Every request counts where it lies, so sampled traces and rare failures tell as much as they can; where traces are sampled
    and the service's log tells of every request, the log counts. What is slow is set by the requests themselves: a multiple
    of the p99 of those before the moment.

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
    logs = complete_log(store, service, window, most=_MOST)
    counted = _by_log(logs[0]) if logs else _by_spans(store, service)
    limits = [] if signal == "errors" else _limits(counted, Window(window.start_ns, around_ns + 1))
    best: Felt | None = None
    for limit in [*limits, *([] if signal == "latency" else [None])]:
        found = _zoomed(counted, around_ns, window, limit)
        if found is not None and (best is None or found.gain > best.gain):
            best = found
    return best


def _by_spans(store: Store, service: str) -> _Counts:
    """Return what counts the requests of a window by bin: ``bin_ns, requests, slow, failed``; or their durations."""

    def count(window: Window, step: int, slow_ns: int) -> pl.DataFrame:
        params = {"service": service, "start_ns": window.start_ns, "end_ns": window.end_ns, "bin_ns": step}
        return store.query(statement("slow_requests").sql, params | {"slow_ns": slow_ns})

    def usual(window: Window) -> float | None:
        params = {"service": service, "start_ns": window.start_ns, "end_ns": window.end_ns, "bin_ns": window.length_ns}
        rows = store.query(statement("red").sql, params).group_by("bucket").agg(pl.col("requests").sum()).sort("bucket")
        running = np.cumsum(rows["requests"].to_numpy())
        if not len(running) or running[-1] < _ENOUGH:
            return None
        bucket = int(rows["bucket"][int(np.searchsorted(running, 0.99 * running[-1]))])
        return float(bucket_value(bucket)) if bucket >= 0 else None

    return _Counts(count, usual)


def _by_log(log: pl.DataFrame) -> _Counts:
    length = (log["duration_ms"] * 1e6).alias("duration_ns")
    log = log.select("time_ns", "failed", length)

    def count(window: Window, step: int, slow_ns: int) -> pl.DataFrame:
        inside = log.filter(pl.col("time_ns").is_between(window.start_ns, window.end_ns, closed="left"))
        return (
            inside.group_by((pl.col("time_ns") - pl.col("time_ns") % step).alias("bin_ns"))
            .agg(
                pl.len().alias("requests"),
                (pl.col("duration_ns") > slow_ns).sum().alias("slow"),
                (pl.col("failed") > 0).sum().alias("failed"),
            )
            .sort("bin_ns")
        )

    def usual(window: Window) -> float | None:
        inside = log.filter(pl.col("time_ns").is_between(window.start_ns, window.end_ns, closed="left"))
        if inside.height < _ENOUGH:
            return None
        return inside.select(pl.col("duration_ns").quantile(0.99)).item() or None

    return _Counts(count, usual)


def _limits(counted: _Counts, before: Window) -> list[float]:
    """Return durations in ns beyond which a request may count as slow, by the p99 of the first half of what came before."""
    usual = counted.usual(Window(before.start_ns, before.start_ns + max(1, before.length_ns // 2)))
    return [usual * factor for factor in _BEYOND] if usual else []


def _zoomed(counted: _Counts, around_ns: int, window: Window, slow_ns: float | None) -> Felt | None:
    """Search coarsely, then again around what was found, until a bin is a second or finer bins would tell no more."""
    step = max(_SECOND, window.length_ns // _BINS // _SECOND * _SECOND)
    found = _searched(counted, around_ns, window, step, slow_ns)
    while found is not None and step > _SECOND:
        margin = max(2 * (found.end_ns - found.start_ns), 30 * step)
        near = Window(max(window.start_ns, found.start_ns - margin), min(window.end_ns, found.end_ns + margin))
        finer = max(_SECOND, near.length_ns // _BINS // _SECOND * _SECOND)
        if finer >= step:
            break
        closer = _searched(counted, around_ns, near, finer, slow_ns)
        if closer is None:
            break
        found, step, window = closer, finer, near
    return found


def _searched(counted: _Counts, around_ns: int, window: Window, step: int, slow_ns: float | None) -> Felt | None:
    frame = counted.count(window, step, int(slow_ns or 0))
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

"""The alert that would have fired: checkout's p99 over one minute, judged from the scraped histogram as a rule would."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from lab.scrape import Series
from lab.switches import stamp

__all__ = ["find_alert"]

METRIC = "http_server_request_duration_seconds_bucket"
WINDOW, EVERY, FOR = 60.0, 15.0, 30.0


def _increase(values: list[tuple[float, float]], start: float, end: float) -> float:
    inside = [value for at, value in values if start <= at <= end]
    return inside[-1] - inside[0] if len(inside) > 1 else 0.0


def p99(series: Series, service: str, end: float) -> float | None:
    """Return the 99th percentile over the minute before ``end`` as Prometheus' ``histogram_quantile`` would."""
    counts: dict[float, float] = defaultdict(float)
    for (name, labels), values in series.items():
        known = dict(labels)
        if name == METRIC and known["service"] == service:
            counts[float(known["le"])] += _increase(values, end - WINDOW, end)
    bounds = sorted(counts)
    if not bounds or counts[bounds[-1]] < 50:
        return None
    rank, below, lower = 0.99 * counts[bounds[-1]], 0.0, 0.0
    for bound in bounds:
        if counts[bound] >= rank:
            if bound == float("inf"):
                return lower
            return lower + (bound - lower) * (rank - below) / max(counts[bound] - below, 1e-9)
        below, lower = counts[bound], bound
    return lower


def find_alert(series: Series, *, threshold: float, service: str = "checkout") -> dict[str, Any] | None:
    """Return the first alert: p99 above the threshold at every evaluation for half a minute."""
    times = [at for (name, _), values in series.items() if name == METRIC for at, _ in values]
    if not times:
        return None
    pending: float | None = None
    at = min(times) + WINDOW
    while at <= max(times):
        observed = p99(series, service, at)
        if observed is None or observed <= threshold:
            pending = None
        elif pending is None:
            pending = at
        if pending is not None and observed is not None and at - pending >= FOR:
            return {
                "alert": f"{service.capitalize()}LatencyHigh", "severity": "page", "service": service, "metric": "p99",
                "unit": "s", "observed": round(observed, 3), "threshold": threshold, "fired_at": stamp(at),
                "expression": f'histogram_quantile(0.99, sum by (le) (rate({METRIC}{{service="{service}"}}[1m]))) '
                f"> {threshold:g}",
            }  # fmt: skip
        at += EVERY
    return None

"""The alert that would have fired: checkout's p99 over one minute, judged from the scraped histogram as a rule would."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from lab.scrape import Series
from lab.switches import stamp

__all__ = ["find_alert"]

METRIC, COUNT = "http_server_request_duration_seconds_bucket", "http_server_request_duration_seconds_count"
LEAST = 40
"""Requests in a window below which nothing is judged."""
WINDOW = 60.0
"""Seconds that the rule looks back; it is evaluated four times as often and waits half as long."""


def _increase(values: list[tuple[float, float]], start: float, end: float) -> float:
    inside = [value for at, value in values if start <= at <= end]
    return inside[-1] - inside[0] if len(inside) > 1 else 0.0


def p99(series: Series, service: str, end: float, window: float = WINDOW) -> float | None:
    """Return the 99th percentile over the window before ``end`` as Prometheus' ``histogram_quantile`` would."""
    counts: dict[float, float] = defaultdict(float)
    for (name, labels), values in series.items():
        known = dict(labels)
        if name == METRIC and known["service"] == service:
            counts[float(known["le"])] += _increase(values, end - window, end)
    bounds = sorted(counts)
    if not bounds or counts[bounds[-1]] < LEAST:
        return None
    rank, below, lower = 0.99 * counts[bounds[-1]], 0.0, 0.0
    for bound in bounds:
        if counts[bound] >= rank:
            if bound == float("inf"):
                return lower
            return lower + (bound - lower) * (rank - below) / max(counts[bound] - below, 1e-9)
        below, lower = counts[bound], bound
    return lower


def error_ratio(series: Series, service: str, end: float, window: float = WINDOW) -> float | None:
    """Return the share of requests answered with 5xx in the window before ``end``."""
    failed = whole = 0.0
    for (name, labels), values in series.items():
        known = dict(labels)
        if name == COUNT and known["service"] == service:
            added = _increase(values, end - window, end)
            whole += added
            failed += added if known["status"].startswith("5") else 0.0
    return failed / whole if whole >= LEAST else None


def find_alert(
    series: Series, *, threshold: float, service: str = "checkout", window: float = WINDOW, errors: float = 0.0
) -> dict[str, Any] | None:
    """Return the first alert: p99 (or the share of failures, where ``errors`` is one) too high for half a window."""
    times = [at for (name, _), values in series.items() if name == METRIC for at, _ in values]
    if not times:
        return None
    since: dict[str, float] = {}
    at = min(times) + window
    while at <= max(times):
        seen = (
            ("p99", p99(series, service, at, window), threshold),
            ("error_ratio", error_ratio(series, service, at, window), errors),
        )
        for metric, observed, limit in seen:
            if observed is None or not limit or observed <= limit:
                since.pop(metric, None)
            elif at - since.setdefault(metric, at) >= window / 2:
                return _fired(metric, service, observed, limit, at, window)
        at += window / 4
    return None


def _fired(metric: str, service: str, observed: float, threshold: float, at: float, window: float) -> dict[str, Any]:
    span = f"{window:g}s"
    latency = f'histogram_quantile(0.99, sum by (le) (rate({METRIC}{{service="{service}"}}[{span}])))'
    failures = f'sum(rate({COUNT}{{service="{service}",status=~"5.."}}[{span}])) / sum(rate({COUNT}{{service="{service}"}}[{span}]))'
    return {
        "alert": f"{service.capitalize()}{'LatencyHigh' if metric == 'p99' else 'ErrorsHigh'}", "severity": "page",
        "service": service, "metric": metric, "unit": "s" if metric == "p99" else "1", "observed": round(observed, 3),
        "threshold": threshold, "fired_at": stamp(at),
        "expression": f"{latency if metric == 'p99' else failures} > {threshold:g}",
    }  # fmt: skip

"""Whether there is anything to explain: requests that are neither slower nor fail more than before have no culprit."""

from __future__ import annotations

import numpy as np

from rca.measures.periods import Periods
from rca.measures.places import binned, requests_by_place
from rca.stats.binned import estimate, resample, summarize
from rca.store import Store

__all__ = ["unmoved"]

_LEAST = 30
"""Requests in each window below which nothing can be said."""
_SLOWER = 1.1
"""Ratio of latencies that the interval must exclude before requests count as slower."""
_SAME = 1.3
"""Ratio of latencies up to which requests count as fast as before, where the interval is too wide to tell."""


def unmoved(store: Store, service: str, windows: Periods) -> str:
    """Say that requests of a service are as fast and as good as before; empty where they are not, or it cannot be told.

    Parameters
    ----------
    service
        Service whose traced requests are compared.
    windows
        Baseline and incident.

    Returns
    -------
    str
        A claim with the numbers, or ``""``.

    Notes
    -----
    Latency counts as unmoved where the interval (95 %, bootstrap over time bins) of the ratio of during to before holds
    1.1 at the median, the 95th and the 99th percentile, and the ratio itself stays below 1.3 at the first two; failures
    where the interval of their difference holds zero.
    """
    before, during = (
        binned(requests_by_place(store, service, window)) for window in (windows.baseline, windows.incident)
    )
    if min(before.n, during.n) < _LEAST:
        return ""
    first, second = summarize(before), summarize(during)
    draws = resample(before, seed=1), resample(during, seed=2)
    for name, most in (("p50_ms", _SAME), ("p95_ms", _SAME), ("p99_ms", np.inf)):
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = estimate(float(second[name][0] / first[name][0]), draws[1][name] / draws[0][name])
        if ratio.low is None or ratio.low > _SLOWER or not ratio.value <= most:
            return ""
    failed = estimate(
        float(second["error_ratio"][0] - first["error_ratio"][0]), draws[1]["error_ratio"] - draws[0]["error_ratio"]
    )
    if failed.low is None or failed.low > 0:
        return ""
    p95 = float(first["p95_ms"][0]), float(second["p95_ms"][0])
    return f"requests of {service} are as before: p95 {p95[0]:,.0f} → {p95[1]:,.0f} ms, and no more of them fail"

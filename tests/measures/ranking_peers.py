"""What the usual methods answer to the same series: most deviations, most robust deviations, best correlation."""

from __future__ import annotations

import numpy as np

Series = dict[tuple[str, str], np.ndarray]


def deviations(series: Series, calm: int, root: str) -> str:
    """Return whose metric moved by most standard deviations (N-sigma)."""
    return _most(series, lambda past, now: np.abs(now - past.mean()).max() / past.std() if past.std() else 0.0, calm)


def robust(series: Series, calm: int, root: str) -> str:
    """Return whose metric moved by most interquartile ranges off its median (BARO's RobustScorer)."""

    def moved(past: np.ndarray, now: np.ndarray) -> float:
        low, middle, high = np.quantile(past, [0.25, 0.5, 0.75])
        return float(np.abs(now - middle).max() / (high - low)) if high > low else 0.0

    return _most(series, moved, calm)


def correlated(series: Series, calm: int, root: str) -> str:
    """Return whose metric goes most with a latency of the alerting service."""
    felt = next(
        (
            values
            for (name, metric), values in series.items()
            if name == root and ("50" in metric or "esponse" in metric or "mrt" in metric)
        ),
        None,
    )
    if felt is None:
        return ""
    best, most = "", -1.0
    for (name, _), values in series.items():
        both = np.isfinite(felt) & np.isfinite(values)
        if name != root and both.sum() > 5 and values[both].std() and felt[both].std():
            found = abs(float(np.corrcoef(felt[both], values[both])[0, 1]))
            if found > most:
                best, most = name, found
    return best


def _most(series: Series, measure, calm: int) -> str:
    best, most = "", -1.0
    for (name, metric), values in series.items():
        rates = (
            np.diff(values)
            if metric.endswith("_total") and np.nanmin(np.diff(values), initial=0.0) >= 0 and values[0] > 0
            else values
        )
        past, now = rates[:calm][np.isfinite(rates[:calm])], rates[calm:][np.isfinite(rates[calm:])]
        if len(past) > 3 and len(now):
            found = float(measure(past, now))
            if found > most:
                best, most = name, found
    return best

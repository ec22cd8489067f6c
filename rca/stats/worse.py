"""Whether a series is worse in one stretch than in another, beyond what its own unrest and its own history show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rca.stats.arrays import Array

__all__ = ["Worse", "worse"]

_LEAST = 4
"""Points on a side below which nothing is said."""
_ENOUGH = 8
"""Moments of the history from which their own spread is taken for the spread of chance."""
_MOST = 60
"""Moments of the history that are looked at."""
_LARGEST_R = 0.98


@dataclass(frozen=True, slots=True)
class Worse:
    """A one-sided test: its p-value, the deviate behind it, how much the history widened it, and by how many moments."""

    p_value: float
    deviate: float
    unrest: float
    n_placebos: int


def worse(before: Array, during: Array, *, history: Array | None = None) -> Worse | None:
    """Ask whether a series is higher during than before.

    Parameters
    ----------
    before, during
        The series at even steps in the two stretches, oldest first; NaN is a missing point.
    history
        The same series over all that came before `during`, at the same steps.

    Returns
    -------
    Worse or None
        None where a side has fewer than four points.

    Notes
    -----
    Welch's test with as many points as are independent, by the autocorrelation at lag one of either side (bias-corrected).
    What drifts more slowly than that (a daily round, an earlier incident) shows in the history: the same deviate is taken at
    its other moments, and where those spread wider than chance would have it, this one is divided by their root mean
    square: an empirical null (Efron 2004), which needs no more than a handful of moments, where a rank among them would
    need hundreds to say anything strong.

    Examples
    --------
    >>> calm = np.tile([1.0, 2.0, 1.5, 2.5, 1.0], 8)
    >>> worse(calm, calm + 3).p_value < 1e-6, worse(calm, calm).p_value
    (True, 0.5)
    >>> drifting = np.repeat(np.tile([0.0, 3.0], 15), 20) + np.resize(calm, 600)
    >>> worse(drifting[560:580], drifting[580:], history=drifting[:580]).unrest > 3
    True
    """
    plain = _deviate(before, during)
    if plain is None:
        return None
    others = _placebos(history, len(during), len(before)) if history is not None else []
    unrest = max(1.0, float(np.sqrt(np.mean(np.square(others))))) if len(others) >= _ENOUGH else 1.0
    return Worse(_upper_tail(plain / unrest), plain / unrest, unrest, len(others))


def _placebos(history: Array, width: int, reach: int) -> list[float]:
    """Return the deviates at other moments: stretches as long as the one in question against what precedes each."""
    ends = np.arange(len(history), 2 * width - 1, -max(1, width // 2))
    if len(ends) > _MOST:
        ends = ends[np.linspace(0, len(ends) - 1, _MOST).astype(np.int64)]
    found = (
        _deviate(history[max(0, end - width - reach) : end - width], history[end - width : end])
        for end in ends.tolist()
    )
    return [value for value in found if value is not None]


def _deviate(before: Array, during: Array) -> float | None:
    """Return Welch's statistic as the standard normal deviate of the same tail probability."""
    a, b = before[np.isfinite(before)], during[np.isfinite(during)]
    if min(len(a), len(b)) < _LEAST:
        return None
    n, m = _independent(a), _independent(b)
    first, second = float(a.var(ddof=1)) / n, float(b.var(ddof=1)) / m
    rose = float(b.mean() - a.mean())
    if first + second <= 0:  # two constants: their difference is as plain as it can be, or there is none
        return float(np.sign(rose)) * 10.0
    freedom = (first + second) ** 2 / (first**2 / max(1.0, n - 1) + second**2 / max(1.0, m - 1))
    return _as_normal(rose / np.sqrt(first + second), freedom)


def _independent(values: Array) -> float:
    """Return how many independent points a stretch of an autocorrelated series is worth."""
    centred = values - values.mean()
    power = float((centred**2).sum())
    r = max(0.0, float((centred[1:] * centred[:-1]).sum()) / power) if power > 0 else 0.0
    r = min(_LARGEST_R, r + (1 + 3 * r) / len(values))
    return max(2.0, len(values) * (1 - r) / (1 + r))


def _as_normal(statistic: float, freedom: float) -> float:
    from scipy import stats

    tail = float(stats.t.logsf(abs(statistic), max(1.0, freedom)))
    size = -float(stats.norm.ppf(np.exp(max(tail, -700.0))))
    return float(np.copysign(size, statistic))


def _upper_tail(deviate: float) -> float:
    from scipy import stats

    return max(float(stats.norm.sf(deviate)), 1e-300)

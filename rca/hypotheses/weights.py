"""From a measured number to decibans: how much more likely it is under a hypothesis than under the others.

A deciban is ten times the decimal logarithm of a likelihood ratio (Good, 1950): 10 dB make a hypothesis ten times as
likely as it was against the rest. The curves below are elicited, not fitted: their parameters say what each hypothesis
expects, and `docs/scoring.md` lists every one with what it is worth.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

__all__ = ["CAP", "bounded", "of_p_value", "of_ratio", "of_share"]

CAP = 10.0
"""No single observation weighs more: ten to one, whatever it measures."""

Array = npt.NDArray[np.float64]


def bounded(decibans: float, cap: float = CAP) -> float:
    """Return decibans within plus or minus `cap`; nothing that is not finite weighs anything."""
    return float(min(cap, max(-cap, decibans))) if math.isfinite(decibans) else 0.0


def of_share(draws: Array, *, cap: float = CAP) -> float:
    """Weigh a share of the excess that one place holds, over its resamples.

    If the place is where the fault is, most of the excess lies there: Beta(4, 1.5), mean 0.73. If the fault is elsewhere,
    little does: Beta(1, 4), mean 0.2. The ratio is averaged over the resamples, so that a wide interval weighs little.

    Examples
    --------
    >>> of_share(np.full(10, 0.9)) > 9, of_share(np.full(10, 0.02)) < -9
    (True, True)
    """
    share = np.clip(draws[np.isfinite(draws)], 0.005, 0.995)
    if len(share) < 0.9 * len(draws) or not len(share):
        return 0.0
    here = _beta(share, 4.0, 1.5).mean()
    elsewhere = _beta(share, 1.0, 4.0).mean()
    return bounded(10 * math.log10(here / elsewhere), cap)


def _beta(x: Array, a: float, b: float) -> Array:
    constant = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    return np.asarray(np.exp(constant + (a - 1) * np.log(x) + (b - 1) * np.log1p(-x)), dtype=np.float64)


def of_ratio(ratio: float, low: float | None, high: float | None, *, expected: float = 3.0, cap: float = CAP) -> float:
    """Weigh a ratio of after to before with its 95 % interval against a hypothesis that expects about `expected`.

    On the logarithm the estimate is normal with the interval's standard error. Under the hypothesis the true value is
    normal around ``log(expected)`` with that as its own spread; under the others it is near zero, spread 0.15.

    Examples
    --------
    >>> of_ratio(12.0, 9.0, 15.0) > 9, of_ratio(1.0, 0.9, 1.1) < 0
    (True, True)
    """
    if not (ratio > 0 and math.isfinite(ratio)):
        return 0.0
    estimate, error = math.log(ratio), _standard_error(low, high)
    centre = math.log(expected)
    # beyond what was expected is not less likely: the alternative's peak moves with the estimate
    centre = max(centre, min(estimate, 3 * centre)) if centre > 0 else min(centre, max(estimate, 3 * centre))
    under = _log_normal(estimate, centre, math.hypot(error, abs(math.log(expected))))
    without = _log_normal(estimate, 0.0, math.hypot(error, 0.15))
    return bounded(10 * (under - without) / math.log(10), cap)


def _standard_error(low: float | None, high: float | None) -> float:
    if low is None or high is None or low <= 0 or high <= low:
        return 0.3
    return math.log(high / low) / (2 * 1.96)


def _log_normal(x: float, mean: float, sd: float) -> float:
    return -0.5 * ((x - mean) / sd) ** 2 - math.log(sd)


def of_p_value(p_value: float, *, cap: float = CAP) -> float:
    """Weigh a p-value by the most that it can mean: a Bayes factor of ``1 / (-e p ln p)`` (Sellke, Bayarri, Berger 2001).

    A p-value cannot speak for the null hypothesis, so the weight is never negative.

    Examples
    --------
    >>> round(of_p_value(0.05), 1), round(of_p_value(0.01), 1), of_p_value(0.5)
    (3.9, 9.0, 0.0)
    """
    if not 0 < p_value < 1 / math.e:
        return cap if p_value == 0 else 0.0
    return bounded(-10 * math.log10(-math.e * p_value * math.log(p_value)), cap)

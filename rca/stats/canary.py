"""Is the canary worse than the control? A verdict that always says why, also where the data are odd."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rca.errors import OptionError
from rca.stats.arrays import Array, Numbers, as_numbers

__all__ = ["JudgeResult", "judge"]

_ALPHA_LEVEL = 0.05
_ALPHA_SPREAD = 0.01
"""Spread is the second question asked of the same data and the rarer regression, so it needs stronger evidence."""

_NEGLIGIBLE, _LARGE = 0.147, 0.474
"""Cliff's delta below which a difference is negligible, and above which it is large (Romano et al. 2006)."""

_SURE = 0.975
"""Posterior probability that departures from the usual value are more frequent on one side: 95 %, two-sided."""

_TIMES = 1.5
"""Departures must be this many times as frequent, so that many points do not make a trifle a regression."""

_FEWEST = 3
"""Points an arm needs; with two on each side even complete separation happens by chance in every third case."""

DIRECTIONS = ("either", "increase", "decrease")


@dataclass(frozen=True, slots=True)
class JudgeResult:
    """Verdict on a canary.

    Attributes
    ----------
    label
        ``pass``, ``high``, ``low``, ``no_data`` or ``error``.
    reason
        One sentence with the numbers behind the label.
    p_value
        Of the test that decided; None where none ran.
    effect
        Cliff's delta: how much more often a canary point lies above a control point than below, -1 to 1.
    """

    label: str
    reason: str
    p_value: float | None
    effect: float | None
    n: int
    n_control: int
    n_canary: int
    method: str


@dataclass(frozen=True, slots=True)
class _Finding:
    sign: int
    reason: str
    p_value: float | None
    method: str


def judge(control: Numbers, canary: Numbers, direction: str = "either", *, alpha: float = _ALPHA_LEVEL) -> JudgeResult:
    """Compare a canary's points with those of the control over the same time.

    Parameters
    ----------
    control, canary
        One metric, a point a minute or alike; NaN and None are missing points.
    direction
        Which change is a regression: ``"increase"``, ``"decrease"`` or ``"either"``. A change the other way passes, and
        the reason says so.
    alpha
        Rate of false alarms of the test for a shift.

    Returns
    -------
    JudgeResult
        ``high`` where the canary lies above the control, or varies more; ``low`` the other way; ``pass`` where the two are
        alike or differ negligibly; ``no_data`` where an arm has fewer than three points; ``error`` where the numbers
        are infinite.

    Raises
    ------
    OptionError
        For an unknown direction.

    Notes
    -----
    In this order: where at least half of all points share one value (sparse errors, constant metrics), the shares of
    points above and below that value are compared (Beta with Jeffreys' prior); then the levels (Mann-Whitney); then the
    spread around each arm's own median, which tests of level overlook. A level or spread must differ by more than a
    negligible Cliff's delta, so that many points do not make a trifle a regression.

    Examples
    --------
    >>> judge([1, 2.2, 1.1, 2.5, 3], [20, 22, 21, 25, 30]).label
    'high'
    >>> judge([0, 0, 0, 0, 0], []).label
    'no_data'
    """
    if direction not in DIRECTIONS:
        raise OptionError(f"direction is {direction!r}; it must be one of {', '.join(DIRECTIONS)}.")
    one, two = as_numbers(control, "control"), as_numbers(canary, "canary")
    a, b = one[~np.isnan(one)], two[~np.isnan(two)]
    early = _unusable(a, b, len(one), len(two))
    if early is not None:
        return _result(early[0], early[1], None, a, b, "inspection")
    if len(np.unique(np.concatenate([a, b]))) == 1:
        return _result("pass", f"All points of both arms are {a[0]:g}.", None, a, b, "inspection")
    if min(len(a), len(b)) < _FEWEST:
        few = f"Only {len(a)} control and {len(b)} canary points, and they differ; at least {_FEWEST} each are needed."
        return _result("no_data", few, None, a, b, "inspection")
    found = _sparse(a, b) or _level(a, b, alpha) or _spread(a, b)
    if found is None:
        same = f"No difference beyond chance: medians {np.median(a):g} (control) and {np.median(b):g} (canary)."
        return _result("pass", same, None, a, b, "Mann-Whitney of level and spread")
    label = "high" if found.sign > 0 else "low"
    watched = {"increase": "high", "decrease": "low"}.get(direction, label)
    if label != watched:
        unwatched = f"{found.reason} That is {label}, and only {'an' if direction == 'increase' else 'a'} {direction} is a regression."
        return _result("pass", unwatched, found.p_value, a, b, found.method)
    return _result(label, found.reason, found.p_value, a, b, found.method)


def _result(label: str, reason: str, p_value: float | None, a: Array, b: Array, method: str) -> JudgeResult:
    effect = cliffs_delta(a, b) if len(a) and len(b) and np.isfinite(a).all() and np.isfinite(b).all() else None
    return JudgeResult(label, reason, p_value, effect, len(a) + len(b), len(a), len(b), method)


def _unusable(a: Array, b: Array, all_a: int, all_b: int) -> tuple[str, str] | None:
    for name, other, kept, given in (("canary", "control", b, all_b), ("control", "canary", a, all_a)):
        if not len(kept):
            rest = a if name == "canary" else b
            seen = f"; the {other} has {len(rest)} points, median {np.median(rest):g}" if len(rest) else ""
            missing = f"all {given} points are missing" if given else "the sequence is empty"
            return "no_data", f"The {name} has no data ({missing}){seen}, so nothing can be compared."
        if not np.isfinite(kept).all():
            return "error", f"The {name} holds an infinite value; check how the metric is computed."
    return None


def cliffs_delta(a: Array, b: Array) -> float:
    """Return how much more often a value of `b` lies above one of `a` than below it, -1 to 1.

    Examples
    --------
    >>> cliffs_delta(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    1.0
    """
    ordered = np.sort(a)
    below = np.searchsorted(ordered, b, "left")
    above = len(a) - np.searchsorted(ordered, b, "right")
    return float((below - above).sum() / (len(a) * len(b)))


def _sparse(a: Array, b: Array) -> _Finding | None:
    """Compare how often each arm departs from the value that most points share."""
    kept, counts = np.unique(np.concatenate([a, b]), return_counts=True)
    usual = kept[counts.argmax()]
    if counts.max() < (len(a) + len(b)) / 2:
        return None
    for sign, name in ((1, "above"), (-1, "below")):
        k, m = int((sign * a > sign * usual).sum()), int((sign * b > sign * usual).sum())
        for more, first, second in ((1, (k, len(a)), (m, len(b))), (-1, (m, len(b)), (k, len(a)))):
            sure = _larger(first, second)
            times = (second[0] + 0.5) / (second[1] + 1) * (first[1] + 1) / (first[0] + 0.5)
            if sure >= _SURE and times >= _TIMES:
                reason = (
                    f"{m} of {len(b)} canary points and {k} of {len(a)} control points lie {name} the usual {usual:g} "
                    f"(probability {min(sure, 0.9999):.4g} that this is no chance)."
                )
                return _Finding(sign * more, reason, 2 * (1 - sure), "share of departing points, Jeffreys")
    return None


def _larger(first: tuple[int, int], second: tuple[int, int]) -> float:
    """Return the posterior probability that the second proportion is larger than the first."""
    grid = (np.arange(2000) + 0.5) / 2000
    angle = np.sin(grid * np.pi / 2) ** 2  # dense at both ends, where Jeffreys' densities peak
    mass = []
    for k, n in (first, second):
        # density times the Jacobian of the arcsine grid: the half powers of Jeffreys' prior cancel
        logs = k * np.log(angle) + (n - k) * np.log1p(-angle)
        each = np.exp(logs - logs.max())
        mass.append(each / each.sum())
    lower = np.cumsum(mass[0]) - mass[0] / 2
    return float((lower * mass[1]).sum())


def _level(a: Array, b: Array, alpha: float) -> _Finding | None:
    delta = cliffs_delta(a, b)
    p_value = _mann_whitney(a, b)
    sign = 1 if delta > 0 else -1
    apart = abs(delta) >= 1 and max(b.min() - a.max(), a.min() - b.max()) > np.ptp(a)  # few points, far away
    if abs(delta) < _NEGLIGIBLE or (p_value > alpha and not apart):
        return None
    word = "above" if sign > 0 else "below"
    few = " The points are few, but the gap is wider than the control's whole range." if p_value > alpha else ""
    reason = (
        f"The canary lies {word} the control: median {np.median(b):g} against {np.median(a):g} "
        f"(p {p_value:.2g}, Cliff's delta {delta:+.2f}).{few}"
    )
    return _Finding(sign, reason, p_value, "Mann-Whitney")


def _spread(a: Array, b: Array) -> _Finding | None:
    around_a, around_b = np.abs(a - np.median(a)), np.abs(b - np.median(b))
    delta, p_value = cliffs_delta(around_a, around_b), _mann_whitney(around_a, around_b)
    if p_value > _ALPHA_SPREAD or abs(delta) < _LARGE:
        return None
    word = "more" if delta > 0 else "less"
    reason = (
        f"The medians are alike, but the canary varies {word}: typically {np.median(around_b):g} around its median against "
        f"{np.median(around_a):g} (p {p_value:.2g}, Cliff's delta {delta:+.2f})."
    )
    return _Finding(1 if delta > 0 else -1, reason, p_value, "Mann-Whitney of deviations from the median")


def _mann_whitney(a: Array, b: Array) -> float:
    """Return the two-sided p-value; 1 where all values are equal."""
    if len(np.unique(np.concatenate([a, b]))) == 1:
        return 1.0
    from scipy.stats import mannwhitneyu

    return float(mannwhitneyu(a, b, alternative="two-sided").pvalue)

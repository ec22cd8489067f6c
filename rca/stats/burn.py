"""How fast an error budget burns, over several windows at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rca.errors import NoDataError, OptionError
from rca.stats.arrays import Array, Numbers, as_fraction, as_numbers

__all__ = ["SRE_WINDOWS", "BurnRate", "WindowBurn", "burn_rate", "burned_by_minute"]

SRE_WINDOWS: tuple[tuple[int, int, float], ...] = ((60, 5, 14.4), (360, 30, 6.0), (4320, 360, 1.0))
"""Long window, short window (minutes) and burn rate that alerts, for a 30-day objective (Google, The Site Reliability Workbook,
chapter 5): 2 % of the budget in an hour, 5 % in six hours, 10 % in three days. The short window ends the alert soon after
the errors end."""


@dataclass(frozen=True, slots=True)
class WindowBurn:
    """Burn rates of one pair of windows.

    Attributes
    ----------
    long, short
        Lengths in points.
    threshold
        Burn rate above which both must lie to alert.
    long_rate, short_rate
        Burn rates at the end of the series; None where the window holds no request.
    firing
        Whether the alert is on at the end.
    first
        Index of the first point at which it was on, None if it never was.
    complete
        Whether the series covers the long window; a shorter one stands for all of it.
    """

    long: int
    short: int
    threshold: float
    long_rate: float | None
    short_rate: float | None
    firing: bool
    first: int | None
    complete: bool


@dataclass(frozen=True, slots=True)
class BurnRate:
    """How fast an error budget burns: 1 uses it up exactly by the end of the objective's period.

    Attributes
    ----------
    windows
        One entry a pair of windows.
    firing
        Whether any of them alerts at the end of the series.
    overall
        Burn rate over the whole series.
    bad, allowed
        Errors seen, and errors the objective allows for as many requests.
    """

    windows: tuple[WindowBurn, ...]
    firing: bool
    overall: float
    bad: float
    allowed: float
    n: int
    method: str


def burn_rate(
    errors: Numbers, requests: Numbers, slo: float, windows: Sequence[tuple[int, int, float]] = SRE_WINDOWS
) -> BurnRate:
    """Return how fast errors use up the budget of an objective.

    Parameters
    ----------
    errors, requests
        Counts a minute (or any even step), oldest first; missing minutes (NaN) count as no traffic.
    slo
        The objective as a share of good requests, such as 0.999.
    windows
        ``(long, short, threshold)`` in points and burn rates; an alert needs both windows above the threshold.

    Returns
    -------
    BurnRate
        Errors over requests, divided by 1 - slo.

    Examples
    --------
    >>> outage = burn_rate([0] * 60 + [21] * 30, [1000] * 90, 0.999)
    >>> outage.firing, round(outage.windows[0].short_rate, 1), outage.windows[1].first
    (True, 21.0, 84)
    """
    bad, total, gone = _counts(errors, requests, slo)
    if total.sum() <= 0:
        raise NoDataError("There are no requests, so no budget burns.")
    for long, short, threshold in windows:
        if not (long >= short >= 1 and threshold > 0):
            raise OptionError(
                f"Window ({long}, {short}, {threshold}) must be (long, short, threshold) with long >= short >= 1."
            )
    made = tuple(_window(bad, total, slo, *window) for window in windows)
    allowed = (1 - slo) * float(total.sum())
    return BurnRate(
        windows=made,
        firing=any(window.firing for window in made),
        overall=float(bad.sum()) / allowed,
        bad=float(bad.sum()),
        allowed=allowed,
        n=int((~gone).sum()),
        method="multi-window, multi-burn-rate",
    )


def burned_by_minute(errors: Numbers, requests: Numbers, slo: float, length: int) -> list[float | None]:
    """Return the burn rate over the last `length` points at each point; None where they hold no request.

    Examples
    --------
    >>> [round(rate, 6) for rate in burned_by_minute([0, 2, 4], [1000, 1000, 1000], 0.999, 2)]
    [0.0, 1.0, 3.0]
    """
    bad, total, _ = _counts(errors, requests, slo)
    rates = _rolling(bad, total, length) / (1 - slo)
    return [None if np.isnan(rate) else float(rate) for rate in rates]


def _counts(errors: Numbers, requests: Numbers, slo: float) -> tuple[Array, Array, np.ndarray]:
    """Return errors and requests as arrays, zero where a minute is missing, and which are missing."""
    as_fraction(slo, "slo")
    bad, total = as_numbers(errors, "errors"), as_numbers(requests, "requests")
    if bad.shape != total.shape:
        raise OptionError(
            f"There are {len(bad)} error counts and {len(total)} request counts; pass one of each a minute."
        )
    gone = ~(np.isfinite(bad) & np.isfinite(total))
    bad, total = np.where(gone, 0.0, bad), np.where(gone, 0.0, total)
    if (bad < 0).any() or (total < 0).any():
        raise OptionError("Counts of errors and requests are at least 0; pass new ones a minute, not running sums.")
    return bad, total, gone


def _window(bad: Array, total: Array, slo: float, long: int, short: int, threshold: float) -> WindowBurn:
    slow, fast = (_rolling(bad, total, length) / (1 - slo) for length in (long, short))
    with np.errstate(invalid="ignore"):
        on = np.flatnonzero((slow >= threshold) & (fast >= threshold))
    last = len(bad) - 1
    return WindowBurn(
        long=long,
        short=short,
        threshold=threshold,
        long_rate=None if np.isnan(slow[-1]) else float(slow[-1]),
        short_rate=None if np.isnan(fast[-1]) else float(fast[-1]),
        firing=bool(len(on)) and int(on[-1]) == last,
        first=int(on[0]) if len(on) else None,
        complete=len(bad) >= long,
    )


def _rolling(bad: Array, total: Array, length: int) -> Array:
    """Return the error ratio of the last `length` points at each point; NaN without requests."""

    def sums(of: Array) -> Array:
        running = np.concatenate([[0.0], np.cumsum(of)])
        end = np.arange(1, len(of) + 1)
        return np.asarray(running[end] - running[np.maximum(end - length, 0)], dtype=np.float64)

    requests = sums(total)
    ratio: Array = np.divide(sums(bad), requests, out=np.full(len(bad), np.nan), where=requests > 0)
    return ratio

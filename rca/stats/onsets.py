"""When did it start? The onset of an excursion, step or ramp, with an interval of times."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, sqrt

import numpy as np
import numpy.typing as npt

from rca.errors import OptionError
from rca.stats.arrays import Array, Numbers, as_fraction, as_numbers

__all__ = ["Onset", "onset"]

_RAMPS = (0, 1, 2, 3, 5, 8, 12, 18, 27, 40, 60, 90, 135, 200)
"""Lengths of rise that are tried, in points: each about half as long again as the one before."""

_PAIRS = 700
"""Most places at which an excursion may start or end; longer series are searched on a grid, then point by point."""

_PENALTY = 3.0
"""Price of one free place in units of log(n) (Zhang and Siegmund 2007). An excursion has two: start and end."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Onset:
    """When an excursion started.

    Attributes
    ----------
    index, low_index, high_index
        First point that is off, and the range it lies in; None where nothing stands out.
    time, low, high
        The same in the units of the times given.
    end_index
        First point after the excursion; the length of the series where it lasts.
    ramp
        Points that the rise took; 0 for a step.
    before, after
        Levels before the onset and once the rise is complete.
    """

    level: float
    n: int
    method: str = "excursion, then step or ramp by least squares"
    index: int | None = None
    low_index: int | None = None
    high_index: int | None = None
    time: float | None = None
    low: float | None = None
    high: float | None = None
    end_index: int | None = None
    ramp: int | None = None
    before: float | None = None
    after: float | None = None


_EXACT = 1e-18
"""Sum of squares, of values up to 1, that is rounding only."""


def onset(times: Numbers | None, values: Numbers, *, direction: str = "either", level: float = 0.95) -> Onset:
    """Find when the largest excursion of a series started.

    Parameters
    ----------
    times
        Time of each point, ascending, in any unit; None for the index. Nanoseconds of Unix time keep the precision of a
        double, about 0.2 microseconds.
    values
        The series, such as p99 a minute, from normal times into the incident. Missing points are skipped.
    direction
        ``"increase"``, ``"decrease"`` or ``"either"``.
    level
        Confidence of the range.

    Returns
    -------
    Onset
        With None throughout where no excursion stands out from the noise.

    Raises
    ------
    OptionError
        For an unknown direction, or times that do not ascend.

    Notes
    -----
    First the stretch whose level differs most from the rest (Levin and Kline 1985), so that the recovery does not disturb. Then,
    up to its end, a level, a linear rise of 0 to 200 points and a second level are fitted for each possible onset. The
    range holds the onsets whose fit is not worse by more than the likelihood ratio allows: -2 ln(1 - sqrt(level)), 7.35
    for 95 % (Siegmund 1988), where independent points are counted as n (1 - r) / (1 + r), r the correlation of
    neighbouring residuals.

    Examples
    --------
    >>> found = onset(None, [4.0, 5.0, 4.0, 5.0, 4.0, 5.0, 4.0, 5.0, 25.0, 24.0, 25.0, 26.0])
    >>> found.index, found.low_index, found.high_index, found.ramp
    (8, 8, 8, 0)
    """
    if direction not in ("either", "increase", "decrease"):
        raise OptionError(f"direction is {direction!r}; it must be 'either', 'increase' or 'decrease'.")
    as_fraction(level, "level")
    raw = as_numbers(values)
    clock = np.arange(len(raw), dtype=np.float64) if times is None else as_numbers(times, "times")
    if len(clock) != len(raw):
        raise OptionError(f"There are {len(clock)} times for {len(raw)} values; pass one time a value.")
    if not np.isfinite(clock).all() or (np.diff(clock) < 0).any():
        raise OptionError("times must be complete and ascending.")
    kept = np.flatnonzero(np.isfinite(raw))
    x = raw[kept]
    nothing = Onset(level, len(x))
    if len(x) < 6 or x.max() == x.min():
        return nothing
    unit = float(np.abs(x - np.median(x)).max())
    y = (x - float(np.median(x))) / unit
    start, end = _excursion(y, direction)
    if end - start < 1 or not _stands_out(y, start, end):
        return nothing
    places, ramps, misfit = _profile(y[:end], start)
    best = int(misfit.argmin())
    rise = _shape(places[best : best + 1], int(ramps[best]), end)[0]
    slope = float(np.cov(rise, y[:end], bias=True)[0, 1] / rise.var())
    base = float(y[:end].mean() - slope * rise.mean())
    worth = _independent(y[:end] - base - slope * rise)
    misfit = np.maximum(misfit, _EXACT)  # a step without noise fits exactly, and no ratio to nought says anything
    worse = worth * np.log(misfit / misfit[best])
    inside = places[worse <= -2 * log(1 - sqrt(level))]
    at, low, high = (int(kept[place]) for place in (places[best], inside.min(), inside.max()))
    middle = float(np.median(x))
    return Onset(
        level,
        len(x),
        index=at,
        low_index=low,
        high_index=high,
        time=float(clock[at]),
        low=float(clock[low]),
        high=float(clock[high]),
        end_index=int(kept[end]) if end < len(kept) else len(raw),
        ramp=int(ramps[best]),
        before=middle + unit * base,
        after=middle + unit * (base + slope),
    )


def _excursion(y: Array, direction: str) -> tuple[int, int]:
    """Return start and end of the stretch that differs most in level from the rest.

    It lasts to the end of the series, unless a return to the level before explains enough to pay for its place.
    """
    n = len(y)
    grid = np.arange(n + 1) if n <= _PAIRS else np.unique(np.linspace(0, n, _PAIRS).round().astype(np.int64))
    reach = 0 if n <= _PAIRS else 2 * n // _PAIRS + 1
    found = []
    for ends in (np.array([n]), grid):
        start, end = _best_stretch(y, grid, ends, direction)
        if reach and end > start:
            near = _around(end, reach, n) if len(ends) > 1 else ends
            start, end = _best_stretch(y, _around(start, reach, n), near, direction)
        found.append((start, end))
    lasting, passing = found
    if lasting[0] == lasting[1]:
        return passing
    kept, left = (_rest(y, *stretch) for stretch in (lasting, passing))
    floor = 1e-12 * float(((y - y.mean()) ** 2).sum())
    gain = _independent(left) * log((float((kept**2).sum()) + floor) / (float((left**2).sum()) + floor))
    return passing if gain > _PENALTY * log(n) else lasting


def _best_stretch(y: Array, starts: Ints, ends: Ints, direction: str) -> tuple[int, int]:
    n = len(y)
    running = np.concatenate([[0.0], np.cumsum(y - y.mean())])
    length = ends[None, :] - starts[:, None]
    total = running[ends][None, :] - running[starts][:, None]
    fits = (length >= 1) & (length < n) & (starts[:, None] >= 1)
    if direction != "either":
        fits &= total > 0 if direction == "increase" else total < 0
    safe = np.where(fits, length, 1)
    gain = np.where(fits, total**2 * n / (safe * np.maximum(n - safe, 1)), -1.0)
    at = int(gain.argmax())
    if gain.flat[at] < 0:
        return 0, 0
    return int(starts[at // len(ends)]), int(ends[at % len(ends)])


def _rest(y: Array, start: int, end: int) -> Array:
    """Return what two levels leave: one inside the stretch, one outside."""
    inside = np.zeros(len(y), dtype=bool)
    inside[start:end] = True
    return np.asarray(np.where(inside, y - y[inside].mean(), y - y[~inside].mean()), dtype=np.float64)


def _around(place: int, reach: int, n: int) -> Ints:
    return np.arange(max(0, place - reach), min(n, place + reach) + 1)


def _stands_out(y: Array, start: int, end: int) -> bool:
    """Tell whether the excursion explains more than its two free ends would in noise."""
    rest = _rest(y, start, end)
    left, whole = float((rest**2).sum()), float(((y - y.mean()) ** 2).sum())
    floor = 1e-12 * whole
    return _independent(rest) * log((whole + floor) / (left + floor)) > 2 * _PENALTY * log(len(y))


def _independent(residuals: Array) -> float:
    """Return how many independent points autocorrelated residuals are worth; another excursion is no autocorrelation."""
    limit = 3 * 1.4826 * float(np.median(np.abs(residuals)))
    if limit > 0:
        residuals = residuals.clip(-limit, limit)
    power = float((residuals**2).sum())
    r = float((residuals[1:] * residuals[:-1]).sum()) / power if power > 0 else 0.0
    r = min(0.98, max(0.0, r + (1 + 3 * max(r, 0.0)) / len(residuals)))
    return len(residuals) * (1 - r) / (1 + r)


def _shape(starts: Ints, ramp: int, n: int) -> Array:
    """Return a row an onset: 0 before it, rising to 1 within `ramp` further points."""
    since = np.arange(n)[None, :] - starts[:, None] + 1
    return np.asarray(np.clip(since / (ramp + 1), 0.0, 1.0), dtype=np.float64)


def _profile(y: Array, start: int) -> tuple[Ints, Ints, Array]:
    """Return possible onsets, the best length of rise for each, and the sum of squares it leaves.

    A rise must earn its extra parameter; its misfit is returned with that price in it.
    """
    n = len(y)
    places = np.arange(1, n)
    centred = y - y.mean()
    running, moment = (np.concatenate([[0.0], np.cumsum(part)]) for part in (centred, np.arange(n) * centred))
    whole = float((centred**2).sum())
    rest = np.concatenate([y[:start] - y[:start].mean(), y[start:] - y[start:].mean()])
    price = np.exp(log(n) / max(2.0, _independent(rest)))
    least, ramps = np.full(len(places), np.inf), np.zeros(len(places), dtype=np.int64)
    for ramp in _RAMPS:
        fits = places + ramp < n
        if not fits.any():
            break
        at = places[fits]
        top = at + ramp + 1
        rising = moment[top] - moment[at] - (at - 1) * (running[top] - running[at])
        product = rising / (ramp + 1) + running[n] - running[top]
        total = (ramp + 2) / 2 + n - top
        square = (ramp + 2) * (2 * ramp + 3) / (6 * (ramp + 1)) + n - top
        spread = square - total**2 / n
        left = np.full(len(places), np.inf)
        left[fits] = whole - np.divide(product**2, spread, out=np.zeros(len(at)), where=spread > 1e-12)
        left = np.maximum(left, 1e-12 * whole) * (price if ramp else 1.0)
        better = left < least
        least[better], ramps[better] = left[better], ramp
    return places, ramps, least

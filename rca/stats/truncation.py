"""What a log with a threshold leaves out, and what can still be said from it."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, pi

import numpy as np

from rca.errors import NoDataError, OptionError
from rca.stats.arrays import Array, Interval, Numbers, as_fraction, as_numbers

__all__ = ["TruncatedSummary", "truncated_summary"]

_FEWEST = 30
"""Durations needed to fit a distribution; fewer do not tell one tail from another."""

_FURTHEST = 8.0
"""Standard deviations from the centre at which a cut is still told from none at all, or from a tail without a centre."""

_SEED = 20260304
_Z99 = 2.3263478740408408


@dataclass(frozen=True, slots=True)
class TruncatedSummary:
    """What a log of slow statements says.

    Attributes
    ----------
    n, total
        Entries at or above the threshold, and the time they took: exact, for the statements that are slow.
    quantiles
        0.5, 0.95 and 0.99 of the entries. They are quantiles of slow statements, not of all statements.
    biased
        What must not be read off such a log, in sentences.
    share_logged, executions
        Estimated share of all executions that reach the threshold, and their estimated number; None where the entries do
        not determine them.
    median, p99
        Estimated quantiles of all executions; None likewise.
    below
        Entries below the threshold: they should not be there (the threshold changed, or another rule logged them).
    """

    n: int
    total: float
    threshold: float
    below: int
    quantiles: tuple[tuple[float, float], ...]
    biased: tuple[str, ...]
    share_logged: Interval | None
    executions: Interval | None
    median: Interval | None
    p99: Interval | None
    method: str


def truncated_summary(
    durations: Numbers, threshold: float, *, level: float = 0.95, fit: bool = True, resamples: int = 500
) -> TruncatedSummary:
    """Summarise durations from a log that holds only those of at least `threshold`.

    Parameters
    ----------
    durations
        Logged durations, in the unit of the threshold.
    threshold
        The log's limit (``long_query_time``, ``log_min_duration_statement``); 0 means nothing was left out.
    level
        Confidence.
    fit
        Whether to extrapolate below the threshold with a lognormal distribution.
    resamples
        Bootstrap resamples for the intervals of the fit; the seed is fixed.

    Returns
    -------
    TruncatedSummary
        The estimates below the threshold rest on the shape of the tail alone: they are offered only where the fit leaves
        a bounded interval, and hold only as far as the lognormal does.

    Notes
    -----
    Maximum likelihood of a lognormal truncated from the left (Cohen 1950). Where the tail looks like a power law, the
    likelihood has no maximum; then there is no estimate.
    The distribution of log durations is of an exponential family, so matching mean and mean square is maximum likelihood.

    Examples
    --------
    >>> seen = truncated_summary([600, 700, 1200], 500)
    >>> seen.n, seen.share_logged is None, len(seen.biased)
    (3, True, 3)
    """
    as_fraction(level, "level")
    if not threshold >= 0 or not np.isfinite(threshold):
        raise OptionError(f"threshold is {threshold!r}; it is a duration of at least 0.")
    every = as_numbers(durations, "durations", finite=True)
    x = every[every >= threshold]
    if not len(x):
        raise NoDataError(f"No duration reaches the threshold of {threshold:g}, so there is nothing to summarise.")
    method = "as logged"
    fitted: tuple[Interval, Interval, Interval, Interval] | None = None
    if threshold > 0:
        if fit and len(x) >= _FEWEST:
            fitted = _extrapolated(x, threshold, level, resamples)
        method = "lognormal truncated from the left" if fitted else "as logged, no fit below the threshold"
    share, count, median, p99 = fitted or (None, None, None, None)
    return TruncatedSummary(
        n=len(x),
        total=float(x.sum()),
        threshold=float(threshold),
        below=len(every) - len(x),
        quantiles=tuple((q, float(np.quantile(x, q, method="inverted_cdf"))) for q in (0.5, 0.95, 0.99)),
        biased=_biased(threshold, len(every) - len(x)),
        share_logged=share,
        executions=count,
        median=median,
        p99=p99,
        method=method,
    )


def _biased(threshold: float, below: int) -> tuple[str, ...]:
    if threshold <= 0:
        return ()
    said = [
        f"Quantiles and means are of executions of at least {threshold:g}; those of all executions are lower.",
        f"The count holds slow executions only: a statement that is fast (below {threshold:g}) and frequent is not here.",
        "More entries can mean more traffic as well as slower statements; compare shares of requests, not counts.",
    ]
    if below:
        said.append(f"{below} entries lie below the threshold, so it was not the same throughout; they are left out.")
    return tuple(said)


def _extrapolated(
    x: Array, threshold: float, level: float, resamples: int
) -> tuple[Interval, Interval, Interval, Interval] | None:
    """Return share logged, executions, median and p99 of all executions; None where the tail does not determine them."""
    from scipy.special import ndtr

    beyond = np.log(x / threshold)
    drawn = np.random.default_rng(_SEED).integers(0, len(x), (resamples, len(x)))
    first = np.concatenate([[beyond.mean()], beyond[drawn].mean(axis=1)])
    second = np.concatenate([[(beyond**2).mean()], (beyond[drawn] ** 2).mean(axis=1)])
    if first.min() <= 0:
        return None
    cut = _cut(second / first**2)
    if not np.isfinite(cut[0]) or np.isfinite(cut).mean() < (1 + level) / 2:
        return None
    cut = np.where(
        np.isfinite(cut), cut, _FURTHEST
    )  # few resamples run to infinity: they sit at the end of the interval
    sigma = first / (_hazard(cut) - cut)
    share = ndtr(-cut)
    made = []
    for draws in (share, len(x) / share, threshold * np.exp(-cut * sigma), threshold * np.exp((_Z99 - cut) * sigma)):
        low, high = np.quantile(draws[1:], [(1 - level) / 2, (1 + level) / 2])
        made.append(
            Interval(float(draws[0]), float(low), float(high), level, len(x), "lognormal truncated from the left")
        )
    return made[0], made[1], made[2], made[3]


def _hazard(cut: Array) -> Array:
    """Return the density over the upper tail of the standard normal."""
    from scipy.special import log_ndtr

    return np.asarray(np.exp(-(cut**2) / 2 - log(2 * pi) / 2 - log_ndtr(-cut)), dtype=np.float64)


def _cut(ratio: Array) -> Array:
    """Return where a normal distribution was cut, in standard deviations from its centre; NaN where no cut fits.

    What remains is known by the mean square of its distances from the cut over their squared mean. That ratio rises from 1 (nothing cut) to 2 (an exponential tail, which a far cut resembles), so bisection finds it.
    """
    low, high = np.full(len(ratio), -_FURTHEST), np.full(len(ratio), _FURTHEST)
    for _ in range(60):
        middle = (low + high) / 2
        hazard = _hazard(middle)
        above = (1 - middle * hazard + middle**2) / (hazard - middle) ** 2 > ratio
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return np.where(high >= _FURTHEST - 1e-9, np.nan, (low + high) / 2)

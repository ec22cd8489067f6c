"""Do probabilities mean what they say? Scores of stated probabilities against what turned out to be true."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rca.errors import NoDataError, OptionError
from rca.stats.arrays import Array, Interval, Numbers, as_fraction, as_numbers

__all__ = ["Calibration", "calibration"]

_SEED = 20260304
_ENOUGH = 50
"""Outcomes below which bins hold a handful each, and calibration can be neither claimed nor denied."""

_SURE = 1e-6
"""Stated certainties are scored as this far from 0 and 1, so that one miss costs much but not everything."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Scores of stated probabilities, each with a bootstrap interval.

    Attributes
    ----------
    brier
        Mean squared distance from the outcome: 0 is perfect, 0.25 what always saying 0.5 earns.
    log_loss
        Mean surprise in nats: 0 is perfect, 0.69 what always saying 0.5 earns.
    ece
        Expected calibration error: mean distance between what was said and how often it happened, by bin.
    bins
        For each non-empty bin: mean stated probability, share that happened, count.
    enough
        Whether there are outcomes enough to speak of calibration at all.
    """

    brier: Interval
    log_loss: Interval
    ece: Interval
    bins: tuple[tuple[float, float, int], ...]
    enough: bool
    n: int
    method: str


def calibration(
    probabilities: Numbers, outcomes: Numbers, *, bins: int = 10, level: float = 0.95, resamples: int = 2000
) -> Calibration:
    """Score stated probabilities.

    Parameters
    ----------
    probabilities
        What was said, 0 to 1.
    outcomes
        What was true: 0 or 1 (or booleans), in the same order.
    bins
        Bins with equally many statements each for the calibration error.
    level, resamples
        Confidence, and bootstrap resamples of statements; the seed is fixed.

    Returns
    -------
    Calibration
        The error `ece` is biased upward by chance, the more the fewer outcomes; read it with its interval.

    Examples
    --------
    >>> said = calibration([0.9] * 90 + [0.1] * 10, [1] * 81 + [0] * 9 + [1] + [0] * 9)
    >>> round(said.ece.estimate, 3), round(said.brier.estimate, 3)
    (0.0, 0.09)
    """
    as_fraction(level, "level")
    p, y = as_numbers(probabilities, "probabilities"), as_numbers(outcomes, "outcomes")
    if p.shape != y.shape:
        raise OptionError(f"There are {len(p)} probabilities and {len(y)} outcomes; pass one outcome for each.")
    if not len(p):
        raise NoDataError("There is no outcome to score.")
    if not ((p >= 0) & (p <= 1)).all() or not np.isin(y, (0, 1)).all():
        raise OptionError("probabilities lie between 0 and 1, and outcomes are 0 or 1; something else is among them.")
    if bins < 1:
        raise OptionError(f"bins is {bins}; at least 1 is needed.")
    owner = _bins(p, bins)
    held = np.clip(p, _SURE, 1 - _SURE)
    columns = np.stack([(p - y) ** 2, -(y * np.log(held) + (1 - y) * np.log1p(-held)), p - y], axis=1)
    drawn = np.random.default_rng(_SEED).integers(0, len(p), (resamples, len(p)))
    estimate = _scores(columns[None], owner[None])[0]
    draws = np.concatenate(
        [_scores(columns[part], owner[part]) for part in np.array_split(drawn, max(1, drawn.size // 1_000_000))]
    )
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=0)
    made = [Interval(float(estimate[k]), float(low[k]), float(high[k]), level, len(p), "bootstrap") for k in range(3)]
    table = tuple(
        (float(p[owner == k].mean()), float(y[owner == k].mean()), int((owner == k).sum()))
        for k in range(int(owner.max()) + 1)
    )
    return Calibration(
        brier=made[0],
        log_loss=made[1],
        ece=made[2],
        bins=table,
        enough=len(p) >= _ENOUGH,
        n=len(p),
        method=f"{len(table)} bins of equal size, bootstrap",
    )


def _bins(p: Array, bins: int) -> npt.NDArray[np.int64]:
    """Return the bin of each statement; equal statements share one."""
    inner = np.quantile(p, np.linspace(0, 1, bins + 1)[1:-1]) if bins > 1 else np.array([])
    raw = np.searchsorted(np.unique(inner), p, side="right")
    return np.asarray(np.unique(raw, return_inverse=True)[1], dtype=np.int64)


def _scores(columns: npt.NDArray[np.float64], owner: npt.NDArray[np.int64]) -> Array:
    """Return Brier score, log loss and calibration error of each row of statements."""
    rows, n = owner.shape
    groups = int(owner.max()) + 1
    flat = (owner + groups * np.arange(rows)[:, None]).ravel()
    off = np.abs(np.bincount(flat, weights=columns[:, :, 2].ravel(), minlength=rows * groups)).reshape(rows, groups)
    return np.stack([columns[:, :, 0].mean(axis=1), columns[:, :, 1].mean(axis=1), off.sum(axis=1) / n], axis=1)

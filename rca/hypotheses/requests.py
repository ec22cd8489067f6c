"""Requests of the incident's service before and during: their statistics, each with the resamples of its interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rca.stats.binned import Binned, Estimate, estimate, resample, summarize

__all__ = ["Rate", "Requests"]

_EXPLAINS = 0.2
"""Share of the excess from which time that is no wait explains the waits."""
_LEAST_EXCESS = 0.1
"""Share of what the slowest requests took before from which there is an excess to divide up."""

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests a second before and during, by the weights of what tells of them, and their ratio with its interval (95 %)."""

    before: float
    during: float
    ratio: float
    low: float
    high: float


class Requests:
    """Requests of the incident's service before and during, with the resamples of their statistics.

    `source` is ``spans``, or ``logs`` or ``histograms`` where no span tells of them.
    """

    def __init__(self, before: Binned, during: Binned, *, source: str = "spans") -> None:
        self.before, self.during, self.source = before, during, source
        self._values = [{name: float(item[0]) for name, item in summarize(data).items()} for data in (before, during)]
        self._draws = [resample(before, seed=1), resample(during, seed=2)]

    @property
    def places(self) -> tuple[str, ...]:
        """Where time is divided up; together they hold all of it."""
        return tuple(name for name in self.before.places if name != "waiting")

    def value(self, name: str) -> tuple[float, float]:
        """Return a statistic before and during."""
        return self._values[0][name], self._values[1][name]

    def ratio(self, name: str) -> Estimate:
        """Return during over before with its interval."""
        before, during = self.value(name)
        with np.errstate(divide="ignore", invalid="ignore"):
            return estimate(during / before if before else np.nan, self._draws[1][name] / self._draws[0][name])

    def difference(self, name: str) -> Estimate:
        """Return during minus before with its interval."""
        before, during = self.value(name)
        return estimate(during - before, self._draws[1][name] - self._draws[0][name])

    def excess_share(self, place: str) -> tuple[Estimate, Array]:
        """Return the share of the slowest requests' excess time that lies in one of :attr:`places`, and its resamples.

        Where there is no excess, the draws are not finite.
        """
        excess = {item: self._draws[1][f"slow_{item}_ms"] - self._draws[0][f"slow_{item}_ms"] for item in self.places}
        if "waiting" in self.before.places:
            excess["database"] = excess["database"] - self._waiting(excess)
        total = np.sum([np.maximum(values, 0) for values in excess.values()], axis=0)
        before = sum(self.value(f"slow_{item}_ms")[0] for item in self.places)
        with np.errstate(divide="ignore", invalid="ignore"):
            draws = np.where(total > _LEAST_EXCESS * before, np.maximum(excess[place], 0) / total, np.nan)
        finite = draws[np.isfinite(draws)]
        return estimate(float(np.median(finite)) if len(finite) else np.nan, draws), draws

    def _waiting(self, excess: dict[str, Array]) -> Array:
        """Return the excess of waits for a connection that something else explains.

        A request that is slow for any reason keeps its connection for longer, and others wait for it. Where time other
        than such waits grew too, they follow from it; where nothing else did, too few connections are the cause.
        """
        waits = self._draws[1]["slow_waiting_ms"] - self._draws[0]["slow_waiting_ms"]
        waits = np.clip(waits, 0, np.maximum(excess["database"], 0))
        rest = np.sum([np.maximum(values, 0) for values in excess.values()], axis=0) - waits
        return np.where(rest > _EXPLAINS * (rest + waits), waits, 0.0)

"""When an experiment is to be stopped, and when it has worked: limits from the baseline and the incident, with their intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from rca.errors import NoDataError
from rca.investigation import Investigation
from rca.measures.red import entry_requests
from rca.model import Window
from rca.stats.binned import Binned, estimate, resample, summarize
from rca.stats.intervals import proportion_interval
from rca.store import Store

__all__ = ["Limit", "Pace", "limits", "pace"]

_QUANTILES = (("p95_ms", "p95", 0.95), ("p99_ms", "p99", 0.99))


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One measure: what is normal, what the incident was, and the two lines an experiment is judged by."""

    measure: str
    unit: str
    baseline: float
    low: float | None
    high: float | None
    incident: float
    worst: float
    """Upper end of the incident's own interval: what is beyond it is worse than doing nothing."""
    n: int

    @property
    def normal(self) -> float:
        """Back to normal is at or below this: the upper end of the baseline, else half of the way back to it."""
        return self.high if self.high is not None else self.baseline + (self.incident - self.baseline) / 2

    def row(self) -> dict[str, Any]:
        """Return the limit as a row of a table."""
        high = "unbounded" if self.high is None else _shown(self.high, self.unit)
        return {
            "measure": self.measure,
            "baseline": _shown(self.baseline, self.unit),
            "95 % interval": f"{_shown(self.low, self.unit)} to {high}" if self.low is not None else "cannot tell",
            "n": f"{self.n:,}",
            "incident": _shown(self.incident, self.unit),
            "it worked: at or below": _shown(self.normal, self.unit),
            "stop: above": _shown(self.worst, self.unit),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long to wait before judging: enough requests for the quantile, at the incident's own rate."""

    per_minute: float
    least: int
    minutes: int


def _shown(value: float, unit: str) -> str:
    if unit == "share":
        return f"{value:.2%}"
    return f"{value:,.0f} ms" if unit == "ms" else f"{value:.3g}"


def limits(store: Store, found: Investigation) -> list[Limit]:
    """Return the limits of an incident: p95, p99, errors, database calls per request; empty where nothing was measured."""
    shift = found.findings.get("latency")
    if found.incident is None or shift is None or shift.baseline is None or shift.window is None:
        return []
    service = found.incident.service_name
    before, during = (entry_requests(store, service, window) for window in (shift.baseline, shift.window))
    if not (before.n and during.n):
        return _from_finding(found)
    made = [*_latencies(before, during), _errors(before, during)]
    counted = found.findings.get("queries_per_request")
    if counted and counted.effect and counted.effect.before is not None and counted.effect.after is not None:
        usual, now = counted.effect.before, counted.effect.after
        rise = counted.effect.high if counted.effect.high is not None else now - usual
        made.append(
            Limit(
                measure="queries per request",
                unit="",
                baseline=usual,
                low=None,
                high=None,
                incident=now,
                worst=max(now, usual + rise),
                n=counted.effect.n_before,
            )
        )
    return made


def _from_finding(found: Investigation) -> list[Limit]:
    effect = found.findings["latency"].effect
    if effect is None or effect.before is None or effect.after is None:
        return []
    worst = effect.before + effect.high if effect.high is not None else effect.after
    return [
        Limit(
            measure=effect.name,
            unit="ms" if effect.unit == "ms" else "",
            baseline=effect.before,
            low=None,
            high=None,
            incident=effect.after,
            worst=worst,
            n=effect.n_before,
        )
    ]


def _latencies(before: Binned, during: Binned) -> list[Limit]:
    values, draws = [summarize(data) for data in (before, during)], [resample(before, seed=1), resample(during, seed=2)]
    made = []
    for key, name, q in _QUANTILES:
        normal, hurt = (estimate(float(value[key][0]), drawn[key]) for value, drawn in zip(values, draws, strict=True))
        bounded = before.n * (1 - q) >= 3.7  # fewer values beyond the quantile cannot bound it from above at 95 %
        made.append(
            Limit(measure=name, unit="ms", baseline=normal.value, low=normal.low, high=normal.high if bounded else None, incident=hurt.value,
                  worst=hurt.high if hurt.high is not None else hurt.value, n=before.n)
        )  # fmt: skip
    return made


def _errors(before: Binned, during: Binned) -> Limit:
    usual, now = (float(summarize(data)["error_ratio"][0]) for data in (before, during))
    normal = proportion_interval(usual * before.n, float(before.n))  # weighted share, on as many requests as were seen
    hurt = estimate(now, resample(during, seed=2)["error_ratio"])
    ends = [end for end in (now, hurt.high, normal.high) if end is not None]
    return Limit(
        measure="errors",
        unit="share",
        baseline=usual,
        low=normal.low,
        high=normal.high,
        incident=now,
        worst=max(ends),
        n=before.n,
    )


def pace(found: Investigation, window: Window) -> Pace:
    """Return how long an experiment must run before its p99 can be told, at the incident's rate.

    Raises
    ------
    NoDataError
        Where no request was counted.
    """
    rows = found.red.filter(found.red["period"] == "during") if "period" in found.red.columns else found.red
    requests = float(rows["requests"].sum()) if rows.height else 0.0
    if not requests:
        raise NoDataError("No request was counted in the incident.")
    per_minute = requests / (window.length_ns / 60e9)
    seen = rows["sampled"].drop_nulls().mean() if "sampled" in rows.columns else None
    share = float(seen) if isinstance(seen, float) and seen > 0 else 1.0
    least = 370  # below, no interval of a p99 has an upper end
    return Pace(per_minute=per_minute, least=least, minutes=max(1, math.ceil(least / (per_minute * share))))

"""What was found: effects, findings, experiments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

import polars as pl

from rca import display
from rca.model.incident import Window

__all__ = ["Effect", "Experiment", "Finding"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """How much something changed, never without its interval and its n.

    `low` and `high` bound `after` minus `before` (or ``after / before`` where `scale` is ``"ratio"``); a bound that the
    data cannot give is None. `before` is None where there is no baseline.
    """

    name: str
    before: float | None
    after: float | None
    low: float | None
    high: float | None
    unit: str
    n_before: int
    n_after: int
    method: str
    scale: Literal["difference", "ratio"] = "difference"
    level: float = 0.95
    p_value: float | None = None
    sampling: float | None = None
    """Share of requests that the numbers rest on; None where everything was seen."""

    @property
    def change(self) -> float | None:
        """After minus before, or after over before, as `scale` says."""
        if self.before is None or self.after is None:
            return None
        if self.scale == "ratio":
            return self.after / self.before if self.before else None
        return self.after - self.before

    def to_dict(self) -> dict[str, Any]:
        """Return every field, and the change."""
        return {item.name: getattr(self, item.name) for item in fields(self)} | {"change": self.change}

    def __str__(self) -> str:
        return display.effect_line(self.to_dict())


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One answer: a sentence, its effect, the table behind it, the SQL that made it, and what to doubt."""

    name: str
    claim: str
    table: pl.DataFrame
    effect: Effect | None = None
    sql: tuple[str, ...] = ()
    window: Window | None = None
    baseline: Window | None = None
    examples: tuple[str, ...] = ()
    """Trace ids that show it."""
    caveats: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    """More numbers, by name; each is explained by the function that returns the finding."""

    def to_dict(self, *, rows: int | None = None) -> dict[str, Any]:
        """Return plain values; at most `rows` rows of the table."""
        table = self.table if rows is None else self.table.head(rows)
        return {
            "name": self.name,
            "claim": self.claim,
            "effect": self.effect.to_dict() if self.effect else None,
            "table": table.to_dicts(),
            "sql": list(self.sql),
            "window": self.window.to_dict() if self.window else None,
            "baseline": self.baseline.to_dict() if self.baseline else None,
            "examples": list(self.examples),
            "caveats": list(self.caveats),
            "details": dict(self.details),
        }

    def _repr_html_(self) -> str:
        return display.finding_html(self.to_dict(rows=display.MAX_ROWS) | {"n_rows": self.table.height})

    def _repr_markdown_(self) -> str:
        return display.finding_markdown(self.to_dict(rows=display.MAX_ROWS) | {"n_rows": self.table.height})

    def __str__(self) -> str:
        return display.finding_text(self.to_dict(rows=display.MAX_ROWS) | {"n_rows": self.table.height})

    def __repr__(self) -> str:
        return str(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """What happened when one thing was changed on purpose, against a control.

    `recovered` is the share of the incident's excess that the change removed (1 is all of it), with its interval.
    `hypotheses` names the mechanisms that the change isolates.
    """

    name: str
    kind: str
    claim: str
    effects: tuple[Effect, ...]
    treated: Window
    control: Window
    recovered: float | None
    recovered_low: float | None
    recovered_high: float | None
    concurrent: bool
    hypotheses: tuple[str, ...]
    table: pl.DataFrame
    sql: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "name": self.name,
            "kind": self.kind,
            "claim": self.claim,
            "effects": [effect.to_dict() for effect in self.effects],
            "treated": self.treated.to_dict(),
            "control": self.control.to_dict(),
            "recovered": self.recovered,
            "recovered_low": self.recovered_low,
            "recovered_high": self.recovered_high,
            "concurrent": self.concurrent,
            "hypotheses": list(self.hypotheses),
            "table": self.table.to_dicts(),
            "sql": list(self.sql),
            "caveats": list(self.caveats),
        }

    def _repr_html_(self) -> str:
        return display.finding_html(self.to_dict())

    def _repr_markdown_(self) -> str:
        return display.finding_markdown(self.to_dict())

    def __str__(self) -> str:
        return display.finding_text(self.to_dict())

    def __repr__(self) -> str:
        return str(self)

"""The few nouns of an investigation, as frozen values.

The rule that the product exists for is written into these types: an :class:`Evidence` says whether it is an observation
or an experiment, and :class:`Verdict` refuses to be built as ``confirmed`` or ``refuted`` without an experiment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypeAlias, get_args

import polars as pl

from rca import display
from rca.errors import OptionError, did_you_mean
from rca.times import TimeLike, format_duration, format_time, parse_duration, parse_time

__all__ = [
    "BaselineLike",
    "Effect",
    "Evidence",
    "EvidenceKind",
    "Experiment",
    "Finding",
    "Incident",
    "Status",
    "Verdict",
    "Verdicts",
    "Window",
]

EvidenceKind: TypeAlias = Literal["observation", "experiment"]
Status: TypeAlias = Literal["no_data", "open", "supported", "contributing", "confirmed", "refuted"]


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open span of time ``[start_ns, end_ns)`` in epoch nanoseconds.

    Raises
    ------
    OptionError
        When the end is not after the start.

    Examples
    --------
    >>> Window(0, 60_000_000_000).length_ns
    60000000000
    """

    start_ns: int
    end_ns: int

    def __post_init__(self) -> None:
        if self.end_ns <= self.start_ns:
            start, end = format_time(self.start_ns, digits=3), format_time(self.end_ns, digits=3)
            raise OptionError(f"A window must end after it starts, but this one runs from {start} to {end}.")

    @property
    def length_ns(self) -> int:
        """Length in nanoseconds."""
        return self.end_ns - self.start_ns

    def overlaps(self, other: Window) -> bool:
        """Say whether the two windows share an instant."""
        return self.start_ns < other.end_ns and other.start_ns < self.end_ns

    def to_dict(self) -> dict[str, Any]:
        """Return both ends as nanoseconds and as ISO 8601 text."""
        return {
            "start_ns": self.start_ns,
            "end_ns": self.end_ns,
            "start": format_time(self.start_ns),
            "end": format_time(self.end_ns),
        }

    def __str__(self) -> str:
        start, end = format_time(self.start_ns), format_time(self.end_ns)
        shown = end[11:] if end[:10] == start[:10] else end
        return f"{start[:10]} {start[11:-1]} to {shown.replace('T', ' ')[:-1]} UTC ({format_duration(self.length_ns)})"


BaselineLike: TypeAlias = str | Window | tuple[TimeLike, TimeLike] | None


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident: a service, when it hurt, and what normal is compared with.

    Parameters
    ----------
    service_name
        The service whose users felt it.
    start, end
        ISO 8601 text (no zone means UTC), datetimes or epoch nanoseconds.
    baseline
        A length before `start` (``"1h"``), or an explicit window as ``(start, end)``, which may lie anywhere, also after
        the incident. Left out, it is chosen from the data and reported.
    slo
        The objective for the share of good requests, such as ``0.999``.
    signal
        What showed it: ``"p99"``, ``"error_ratio"``, or the name of a metric.
    onset_ns, onset_low_ns, onset_high_ns
        When it began and the interval of that estimate; set by ``detect_incident``.

    Raises
    ------
    OptionError
        When a time cannot be read, the window is empty, or the objective lies outside 0 to 1.

    Examples
    --------
    >>> incident = Incident("checkout", start="2026-03-04T14:10Z", end="2026-03-04T15:00Z", baseline="1h")
    >>> print(incident.baseline_window)
    2026-03-04 13:10:00 to 14:10:00 UTC (60.0 min)
    """

    service_name: str
    start: TimeLike = field(kw_only=True)
    end: TimeLike = field(kw_only=True)
    baseline: BaselineLike = field(default=None, kw_only=True)
    slo: float | None = field(default=None, kw_only=True)
    signal: str = field(default="", kw_only=True)
    onset_ns: int | None = field(default=None, kw_only=True)
    onset_low_ns: int | None = field(default=None, kw_only=True)
    onset_high_ns: int | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if self.slo is not None and not 0 < self.slo < 1:
            raise OptionError(
                f"An objective is a share of good requests between 0 and 1, such as 0.999; got {self.slo!r}."
            )
        _ = self.window, self.baseline_window

    @property
    def window(self) -> Window:
        """The incident's own window."""
        start_ns = parse_time(self.start)
        return Window(start_ns, parse_time(self.end, day_of_ns=start_ns))

    @property
    def baseline_window(self) -> Window | None:
        """The window it is compared with, or None where it is still to be chosen from the data."""
        if self.baseline is None or isinstance(self.baseline, Window):
            return self.baseline
        start_ns = parse_time(self.start)
        if isinstance(self.baseline, str):
            return Window(start_ns - parse_duration(self.baseline), start_ns)
        first, last = self.baseline
        return Window(parse_time(first, day_of_ns=start_ns), parse_time(last, day_of_ns=start_ns))

    @property
    def start_ns(self) -> int:
        """Start in epoch nanoseconds."""
        return self.window.start_ns

    @property
    def end_ns(self) -> int:
        """End in epoch nanoseconds."""
        return self.window.end_ns

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, times as nanoseconds."""
        baseline = self.baseline_window
        return {
            "service_name": self.service_name,
            "signal": self.signal,
            "onset_ns": self.onset_ns if self.onset_ns is not None else self.start_ns,
            "onset_low_ns": self.onset_low_ns,
            "onset_high_ns": self.onset_high_ns,
            "start_ns": self.start_ns,
            "end_ns": self.end_ns,
            "baseline": baseline.to_dict() if baseline else None,
            "slo": self.slo,
        }

    def __str__(self) -> str:
        return f"{self.service_name}, {self.window}"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One weighed piece of evidence for (positive decibans) or against (negative) a hypothesis.

    Evidence that could not be had is listed with ``missing=True`` and weighs nothing: silence is not a pass.
    """

    name: str
    decibans: float
    kind: EvidenceKind
    claim: str
    family: str
    missing: bool = False
    source: str = ""
    """Where the weight comes from: fitted, elicited, bounded by a p-value."""
    finding: Finding | None = None

    def __post_init__(self) -> None:
        if self.kind not in get_args(EvidenceKind):
            raise OptionError(f"Evidence is an observation or an experiment, not {self.kind!r}.")
        if self.missing and self.decibans:
            raise OptionError(f"Missing evidence weighs nothing, but {self.name!r} was given {self.decibans:+.1f} dB.")

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, without the finding."""
        return {item.name: getattr(self, item.name) for item in fields(self) if item.name != "finding"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is thought of one hypothesis, and why.

    Raises
    ------
    OptionError
        When the status is ``confirmed`` or ``refuted`` and no experiment is among the evidence: correlation is not causation.
    """

    id: str
    title: str
    status: Status
    prior_decibans: float
    decibans: float
    probability: float
    evidence: tuple[Evidence, ...]
    next_experiments: tuple[str, ...] = ()
    """What would settle it, most telling first."""

    def __post_init__(self) -> None:
        if self.status not in get_args(Status):
            raise OptionError(f"{self.status!r} is not a status. {did_you_mean(self.status, get_args(Status))}")
        settled = self.status in ("confirmed", "refuted")
        if settled and not any(item.kind == "experiment" and not item.missing for item in self.evidence):
            raise OptionError(
                f"{self.id} cannot be {self.status}: observations support, only an experiment confirms or refutes."
            )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "id": self.id,
            "title": self.title,
            "status": self.status,
            "prior_decibans": self.prior_decibans,
            "decibans": self.decibans,
            "probability": self.probability,
            "evidence": [item.to_dict() for item in self.evidence],
            "next_experiments": list(self.next_experiments),
        }

    def _repr_html_(self) -> str:
        return display.verdict_html(self.to_dict())

    def _repr_markdown_(self) -> str:
        return display.verdict_markdown(self.to_dict())

    def __str__(self) -> str:
        return display.verdict_text(self.to_dict())

    def __repr__(self) -> str:
        return str(self)


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The verdicts on all hypotheses, most probable first; one by its id: ``verdicts["H2"]``."""

    items: tuple[Verdict, ...]
    caveats: tuple[str, ...] = ()

    def __getitem__(self, key: str | int) -> Verdict:
        if isinstance(key, int):
            return self.items[key]
        for item in self.items:
            if item.id == key:
                return item
        raise OptionError(f"There is no hypothesis {key!r}. {did_you_mean(key, [item.id for item in self.items])}")

    def __iter__(self) -> Iterator[Verdict]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def _ipython_key_completions_(self) -> list[str]:
        return [item.id for item in self.items]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {"hypotheses": [item.to_dict() for item in self.items], "caveats": list(self.caveats)}

    def _repr_html_(self) -> str:
        return display.verdicts_html(self.to_dict())

    def _repr_markdown_(self) -> str:
        return display.verdicts_markdown(self.to_dict())

    def __str__(self) -> str:
        return display.verdicts_text(self.to_dict())

    def __repr__(self) -> str:
        return str(self)

"""Reasons for and against a change, in decibans."""

from __future__ import annotations

from dataclasses import dataclass, field

from rca.mechanisms.candidates import Candidate

__all__ = ["Reason", "Weighed"]


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for (positive) or against a change."""

    decibans: float
    claim: str


@dataclass(slots=True)
class Weighed:
    """A change with everything that speaks for and against it.

    `mechanism` is what it can do that is seen, `symptom` by what it shows, `shows` where it shows first (``callers``,
    ``callees`` or empty), `kind` the kind of fault that it makes; all empty where nothing it can do is seen. `is_harmless`:
    whether it is of a kind that hardly ever does harm.
    """

    candidate: Candidate
    reasons: list[Reason] = field(default_factory=list)
    mechanism: str = ""
    symptom: str = ""
    shows: str = ""
    kind: str = ""
    is_harmless: bool = False

    def add(self, decibans: float, claim: str) -> None:
        """Note a reason."""
        self.reasons.append(Reason(decibans, claim))

    @property
    def decibans(self) -> float:
        """The sum."""
        return sum(item.decibans for item in self.reasons)

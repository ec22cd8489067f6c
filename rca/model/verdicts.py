"""What is thought of each hypothesis, and on what evidence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, Literal, TypeAlias, get_args

from rca import display
from rca.errors import OptionError, did_you_mean
from rca.model.results import Finding

__all__ = ["Evidence", "EvidenceKind", "Status", "Verdict", "Verdicts"]

EvidenceKind: TypeAlias = Literal["observation", "experiment"]
Status: TypeAlias = Literal["no_data", "open", "supported", "contributing", "confirmed", "refuted"]


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

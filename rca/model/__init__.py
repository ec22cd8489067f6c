"""The few nouns of an investigation, as frozen values.

The rule that the product exists for is written into these types: an :class:`Evidence` says whether it is an observation
or an experiment, and :class:`Verdict` refuses to be built as ``confirmed`` or ``refuted`` without an experiment.
"""

from __future__ import annotations

from rca.model.incident import BaselineLike, Incident, Window
from rca.model.results import Effect, Experiment, Finding
from rca.model.verdicts import Evidence, EvidenceKind, Status, Verdict, Verdicts

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

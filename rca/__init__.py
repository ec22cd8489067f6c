"""Root-cause analysis for on-call engineers: from telemetry to a verdict that says how sure it is."""

from __future__ import annotations

from rca.errors import RcaError
from rca.ingest.contract import Format, Guess
from rca.ingest.source import Limits
from rca.model import Effect, Evidence, Experiment, Finding, Incident, Verdict, Verdicts, Window
from rca.store import IngestReport, Store, open  # noqa: A004

__version__ = "0.1.0"

__all__ = [
    "Effect",
    "Evidence",
    "Experiment",
    "Finding",
    "Format",
    "Guess",
    "Incident",
    "IngestReport",
    "Limits",
    "RcaError",
    "Store",
    "Verdict",
    "Verdicts",
    "Window",
    "open",
]

"""Root-cause analysis for on-call engineers: from telemetry to a verdict that says how sure it is.

Every public name is imported when it is first used, so that ``import rca`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rca import figures, stats
    from rca.digests import digest
    from rca.errors import RcaError
    from rca.experiments import experiment, experiments_recorded
    from rca.experiments.follow_up import follow_up
    from rca.findings.attributes import compare_attributes
    from rca.findings.changes import deploy_correlation
    from rca.findings.compare_traces import compare_traces
    from rca.findings.data_quality import data_quality
    from rca.findings.dependencies import dependencies
    from rca.findings.detect import detect_incident
    from rca.findings.latency import latency
    from rca.findings.messages import messages
    from rca.findings.queries_per_request import queries_per_request
    from rca.findings.repeated import repeated_queries
    from rca.findings.saturation import saturation
    from rca.findings.slow_queries import slow_queries
    from rca.findings.what_if import what_if
    from rca.guards.alerts import export_guards, grafana_dashboard, prometheus_rules
    from rca.guards.lint import lint_code, lint_logs
    from rca.guards.runbook import runbook
    from rca.guards.template import new_notebook
    from rca.hypotheses import HYPOTHESES, Hypothesis, score_hypotheses
    from rca.ingest.contract import Format, Guess
    from rca.ingest.limits import Limits
    from rca.investigation import Investigation, investigate
    from rca.measures.cells import request_cells
    from rca.measures.critical_path import critical_path
    from rca.measures.red import red
    from rca.measures.services import rank_services
    from rca.measures.spans import spans_of
    from rca.model import Effect, Evidence, Experiment, Finding, Incident, Verdict, Verdicts, Window
    from rca.postmortem import report
    from rca.store import IngestReport, Store, open  # noqa: A004

__version__ = "0.1.0"

_HOME = {
    "HYPOTHESES": "rca.hypotheses",
    "Effect": "rca.model",
    "Evidence": "rca.model",
    "Experiment": "rca.model",
    "Finding": "rca.model",
    "Format": "rca.ingest.contract",
    "Guess": "rca.ingest.contract",
    "Hypothesis": "rca.hypotheses",
    "Incident": "rca.model",
    "IngestReport": "rca.store",
    "Investigation": "rca.investigation",
    "Limits": "rca.ingest.limits",
    "RcaError": "rca.errors",
    "Store": "rca.store",
    "Verdict": "rca.model",
    "Verdicts": "rca.model",
    "Window": "rca.model",
    "compare_attributes": "rca.findings.attributes",
    "compare_traces": "rca.findings.compare_traces",
    "critical_path": "rca.measures.critical_path",
    "data_quality": "rca.findings.data_quality",
    "dependencies": "rca.findings.dependencies",
    "deploy_correlation": "rca.findings.changes",
    "detect_incident": "rca.findings.detect",
    "digest": "rca.digests",
    "experiment": "rca.experiments",
    "experiments_recorded": "rca.experiments",
    "export_guards": "rca.guards.alerts",
    "figures": "",
    "follow_up": "rca.experiments",
    "grafana_dashboard": "rca.guards.alerts",
    "investigate": "rca.investigation",
    "latency": "rca.findings.latency",
    "lint_code": "rca.guards.lint",
    "lint_logs": "rca.guards.lint",
    "messages": "rca.findings.messages",
    "new_notebook": "rca.guards.template",
    "open": "rca.store",
    "prometheus_rules": "rca.guards.alerts",
    "queries_per_request": "rca.findings.queries_per_request",
    "rank_services": "rca.measures.services",
    "red": "rca.measures.red",
    "repeated_queries": "rca.findings.repeated",
    "report": "rca.postmortem",
    "request_cells": "rca.measures.cells",
    "runbook": "rca.guards.runbook",
    "saturation": "rca.findings.saturation",
    "score_hypotheses": "rca.hypotheses",
    "slow_queries": "rca.findings.slow_queries",
    "spans_of": "rca.measures.spans",
    "stats": "",
    "what_if": "rca.findings.what_if",
}
"""Where each public name lives; '' for a module of the package itself."""

__all__ = [
    "HYPOTHESES",
    "Effect",
    "Evidence",
    "Experiment",
    "Finding",
    "Format",
    "Guess",
    "Hypothesis",
    "Incident",
    "IngestReport",
    "Investigation",
    "Limits",
    "RcaError",
    "Store",
    "Verdict",
    "Verdicts",
    "Window",
    "compare_attributes",
    "compare_traces",
    "critical_path",
    "data_quality",
    "dependencies",
    "deploy_correlation",
    "detect_incident",
    "digest",
    "experiment",
    "experiments_recorded",
    "export_guards",
    "figures",
    "follow_up",
    "grafana_dashboard",
    "investigate",
    "latency",
    "lint_code",
    "lint_logs",
    "messages",
    "new_notebook",
    "open",
    "prometheus_rules",
    "queries_per_request",
    "rank_services",
    "red",
    "repeated_queries",
    "report",
    "request_cells",
    "runbook",
    "saturation",
    "score_hypotheses",
    "slow_queries",
    "spans_of",
    "stats",
    "what_if",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'rca' has no attribute {name!r}")
    home = _HOME[name]
    value = getattr(import_module(home), name) if home else import_module(f"rca.{name}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

"""The performance gate: a candidate run against a baseline, with statistics, budgets and an exit code."""

from __future__ import annotations

from rca.gate.budgets import Budgets, read_budgets
from rca.gate.compare import compare, compare_runs
from rca.gate.report import GateReport
from rca.gate.requests import Run

__all__ = ["Budgets", "GateReport", "Run", "compare", "compare_runs", "read_budgets"]

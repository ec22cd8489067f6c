"""The performance gate: a candidate run against a baseline, with statistics, budgets and an exit code."""

from __future__ import annotations

from rca.gate.budgets import Budgets, read_budgets
from rca.gate.compare import GateReport, compare

__all__ = ["Budgets", "GateReport", "compare", "read_budgets"]

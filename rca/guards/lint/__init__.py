"""Lint: database calls in loops, seen in the code before they are seen in a trace; and logs that cannot be searched by request."""

from __future__ import annotations

from rca.guards.lint.code import lint_code
from rca.guards.lint.logs import lint_logs
from rca.guards.lint.report import Issue, LintReport

__all__ = ["Issue", "LintReport", "lint_code", "lint_logs"]

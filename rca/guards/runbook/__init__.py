"""The runbook: for each hypothesis the experiment that settles it, and when to stop it, from the incident's own data."""

from __future__ import annotations

from rca.guards.runbook.write import runbook

__all__ = ["runbook"]

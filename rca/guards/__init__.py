"""What keeps an incident from coming back: query counts in tests, lint, alerts, dashboards, the runbook.

Nothing here is imported by ``import rca``, and nothing here imports an engine at its top: the pytest plugin starts with every test run.
"""

from __future__ import annotations

"""The postmortem: Markdown and self-contained HTML, with every figure and the SQL behind every number."""

from __future__ import annotations

from rca.postmortem.write import report

__all__ = ["report"]

"""No fault at all: more shoppers than usual."""

from __future__ import annotations

from lab.model import Phase, Scenario
from lab.scenarios.checkout import REPORTS

__all__ = ["SURGE"]

SURGE = Scenario(
    name="surge",
    title="twice the traffic",
    settings={"reports": REPORTS},
    phases=(Phase("baseline"), Phase("surge", rate_factor=2.2)),
)

"""Causes outside the four hypotheses: more shoppers than usual, and data that nobody expected."""

from __future__ import annotations

from lab.model import Phase, Scenario, Switch
from lab.scenarios.checkout import REPORTS

__all__ = ["BAD_DATA", "SURGE"]

SURGE = Scenario(
    name="surge",
    title="twice the traffic",
    settings={"reports": REPORTS},
    phases=(Phase("baseline"), Phase("surge", rate_factor=2.2)),
)

BAD_DATA = Scenario(
    name="bad-data",
    title="an import leaves cart lines with a quantity of zero",
    culprit="data: cart_lines.quantity = 0",
    settings={"reports": REPORTS},
    phases=(
        Phase("baseline"),
        Phase(
            "incident",
            switches=(Switch("sql", {"statement": "UPDATE cart_lines SET quantity = 0 WHERE sku % 90 = 7"}),),
        ),
    ),
)

"""The scenarios, one file each; a new one is a file and a line here."""

from __future__ import annotations

from lab.errors import LabError
from lab.model import Scenario
from lab.scenarios.checkout import CHECKOUT
from lab.scenarios.quiet import QUIET

__all__ = ["SCENARIOS", "find"]

SCENARIOS: tuple[Scenario, ...] = (CHECKOUT, QUIET)


def find(name: str) -> Scenario:
    """Find a scenario by its name.

    Raises
    ------
    LabError
        Where there is none.
    """
    for scenario in SCENARIOS:
        if scenario.name == name:
            return scenario
    known = ", ".join(scenario.name for scenario in SCENARIOS)
    raise LabError(f"no scenario is called {name!r}; there are {known}")

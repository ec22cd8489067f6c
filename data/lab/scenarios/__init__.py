"""The scenarios, one file a kind of fault; a new kind is a file and a line here."""

from __future__ import annotations

from lab.errors import LabError
from lab.model import Scenario
from lab.scenarios import databases, dependencies, networks, runtimes
from lab.scenarios.checkout import CHECKOUT
from lab.scenarios.incidents import INCIDENTS
from lab.scenarios.quiet import QUIET
from lab.scenarios.smoke import SMOKE
from lab.scenarios.surge import BAD_DATA, SURGE

__all__ = ["SCENARIOS", "find"]

SCENARIOS: tuple[Scenario, ...] = (
    CHECKOUT,
    QUIET,
    SMOKE,
    SURGE,
    BAD_DATA,
    *dependencies.SCENARIOS,
    *databases.SCENARIOS,
    *runtimes.SCENARIOS,
    *networks.SCENARIOS,
    *INCIDENTS,
)


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

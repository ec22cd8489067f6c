"""H4: the way between two services."""

from __future__ import annotations

from lab.model import Phase, Scenario, Switch
from lab.scenarios.checkout import REPORTS

__all__ = ["SCENARIOS"]

BEFORE = Phase("baseline")


def _network(name: str, title: str, switch: Switch) -> Scenario:
    return Scenario(
        name=name, title=title, cause="H4", culprit="the network between checkout and inventory",
        settings={"reports": REPORTS}, phases=(BEFORE, Phase("incident", switches=(switch,))),
    )  # fmt: skip


SCENARIOS = (
    _network("network-delay", "150 ms each way", Switch("bad_network", {"service": "inventory", "delay": 0.15})),
    _network("network-loss", "lost packets", Switch("bad_network", {"service": "inventory", "loss": 0.2})),
    _network("network-reset", "connections are reset", Switch("bad_network", {"service": "inventory", "reset": 0.1})),
    _network("dns-failure", "a name stops resolving", Switch("rename", {"service": "inventory", "host": "inventory.invalid"})),
)  # fmt: skip

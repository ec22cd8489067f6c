"""H1: a service that checkout calls is slow, fails, or is called too often."""

from __future__ import annotations

from lab.model import Phase, Scenario, Switch
from lab.scenarios.checkout import REPORTS

__all__ = ["SCENARIOS"]

BEFORE = Phase("baseline")


def _deployed(service: str, version: str) -> Switch:
    return Switch("deploy", {"service": service, "version": version, "release": ""})


def _quietly(**values: object) -> Switch:
    return Switch("setting", {"values": {name.replace("__", "."): value for name, value in values.items()}})


SCENARIOS = (
    Scenario(
        name="slow-pricing", title="pricing 1.10.0 answers several times slower", cause="H1", culprit="pricing 1.10.0",
        settings={"reports": REPORTS},
        phases=(BEFORE, Phase("incident", switches=(_deployed("pricing", "1.10.0"), _quietly(pricing__median_ms=420.0, pricing__cap_ms=1400.0)))),
    ),
    Scenario(
        name="failing-inventory", title="inventory fails for a third of the requests and the breaker opens", cause="H1",
        culprit="inventory 4.1.0", settings={"reports": REPORTS, "breaker_failures": 3},
        phases=(BEFORE, Phase("incident", switches=(_deployed("inventory", "4.1.0"), _quietly(inventory__error_share=0.35)))),
    ),
    Scenario(
        name="retry-storm", title="checkout retries a slow pricing three times with a short timeout", cause="H1",
        culprit="retries 0 -> 3", settings={"reports": REPORTS, "pricing_threads": 4},
        phases=(
            BEFORE,
            Phase(
                "incident",
                switches=(
                    Switch(
                        "setting",
                        {"values": {"retries": 3, "dependency_timeout": 0.25}, "service": "checkout",
                         "title": "retries to dependencies 0 -> 3, timeout 1.5 s -> 0.25 s"},
                    ),
                    _quietly(pricing__median_ms=170.0),
                ),
            ),
        ),
    ),
)  # fmt: skip

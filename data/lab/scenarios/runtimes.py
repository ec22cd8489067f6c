"""H3: the process that checkout runs in has too little of something."""

from __future__ import annotations

from lab.model import Phase, Scenario, Switch
from lab.scenarios.checkout import REPORTS

__all__ = ["SCENARIOS"]

BEFORE = Phase("baseline")

SCENARIOS = (
    Scenario(
        name="cpu-limit", title="checkout's CPU limit is cut", cause="H3", culprit="CPU limit 500m -> 220m",
        settings={"reports": REPORTS},
        phases=(BEFORE, Phase("incident", switches=(Switch("cpu_limit", {"cpus": 0.22}),))),
    ),
    Scenario(
        name="few-workers", title="checkout 2.7.1 starts with two workers", cause="H3", culprit="checkout 2.7.1",
        settings={"reports": REPORTS},
        phases=(
            BEFORE,
            Phase(
                "incident",
                switches=(
                    Switch("setting", {"values": {"checkout_threads": 2}}),
                    Switch("deploy", {"service": "checkout", "version": "2.7.1", "release": "r2_7_0"}),
                ),
            ),
        ),
    ),
    Scenario(
        name="memory-leak", title="checkout 2.7.1 keeps every quote in memory", cause="H3", culprit="checkout 2.7.1",
        settings={"reports": REPORTS},
        phases=(
            BEFORE,
            Phase(
                "incident",
                switches=(
                    Switch("deploy", {"service": "checkout", "version": "2.7.1", "release": "r2_7_0"}),
                    Switch("setting", {"values": {"audit_objects": 3_000}}),
                ),
            ),
        ),
    ),
)  # fmt: skip

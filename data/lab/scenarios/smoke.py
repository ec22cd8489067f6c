"""Half a minute of the story, to see that the lab works: the release is out, its flag is turned on."""

from __future__ import annotations

from lab.model import Phase, Scenario, Switch

__all__ = ["SMOKE"]

SMOKE = Scenario(
    name="smoke",
    title="a few seconds without and with the flag",
    cause="H2",
    culprit="the flag personalized_promotions",
    releases={"checkout": ("2.8.0", "r2_8_0")},
    settings={"sampling": 1.0, "flags": {"personalized_promotions": {"tier": None}}},
    promotion_rows=400_000,
    alert_seconds=0.0,
    phases=(
        Phase("before", seconds=180),
        Phase(
            "after",
            seconds=180,
            switches=(Switch("flag", {"name": "personalized_promotions", "state": "on", "service": "checkout"}),),
        ),
    ),
)

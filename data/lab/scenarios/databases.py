"""H2: the database, without the N+1 of the story."""

from __future__ import annotations

from lab.model import Phase, Scenario, Switch
from lab.scenarios.checkout import REPORTS

__all__ = ["SCENARIOS"]

BEFORE = Phase("baseline")
EVERYONE = {"personalized_promotions": {"state": "on", "tier": None}}

SCENARIOS = (
    Scenario(
        name="missing-index", title="a clean-up drops the index on promotions(user_id)", cause="H2",
        culprit="migration that drops promotions_user_id_idx", indexed=True, promotion_rows=600_000,
        releases={"checkout": ("2.9.0", "r2_9_0")}, settings={"reports": REPORTS, "flags": EVERYONE},
        phases=(BEFORE, Phase("incident", switches=(Switch("drop_index"),))),
    ),
    Scenario(
        name="lock-contention", title="a clean-up job locks the carts every few seconds", cause="H2",
        culprit="the job cart-cleanup", settings={"reports": REPORTS},
        phases=(
            BEFORE,
            Phase(
                "incident",
                switches=(
                    Switch(
                        "setting",
                        {"values": {"cart_cleanup": "on"}, "service": "checkout", "title": "job cart-cleanup scheduled"},
                    ),
                    Switch("helper", {"module": "lab.faults.locks", "arguments": ["{url}"]}),
                ),
            ),
        ),
    ),
    Scenario(
        name="pool-exhaustion", title="checkout 2.7.1 starts with a single database connection", cause="H2",
        culprit="checkout 2.7.1", settings={"reports": REPORTS},
        phases=(
            BEFORE,
            Phase(
                "incident",
                switches=(
                    Switch("setting", {"values": {"db_pool": 1}}),
                    Switch("deploy", {"service": "checkout", "version": "2.7.1", "release": "r2_7_0"}),
                ),
            ),
        ),
    ),
)  # fmt: skip

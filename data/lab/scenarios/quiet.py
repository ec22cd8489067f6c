"""A day without an incident: the same traffic, deploys and an innocent flag, and nothing goes wrong."""

from __future__ import annotations

from lab.model import Phase, Scenario, Switch
from lab.scenarios.checkout import REPORTS

__all__ = ["QUIET"]

QUIET = Scenario(
    name="quiet",
    title="the checkout release goes out, its flag stays off",
    settings={"reports": REPORTS},
    alert_seconds=0.0,
    phases=(
        Phase(
            "morning",
            seconds=180,
            switches=(
                Switch("flag", {"name": "price_rounding_v2", "state": "on", "service": "pricing"}, at=60),
                Switch(
                    "deploy",
                    {"service": "gateway", "version": "3.1.4", "release": "r3_1_4", "commit_name": "gateway_headers"},
                    at=120,
                ),
            ),
        ),
        Phase(
            "afternoon",
            seconds=180,
            switches=(
                Switch(
                    "deploy",
                    {"service": "checkout", "version": "2.8.0", "release": "r2_8_0", "commit_name": "personalised"},
                ),
            ),
        ),
    ),
)

"""The story: an ORM N+1 over a table without an index, behind a flag, found, proved by experiments and fixed."""

from __future__ import annotations

from lab.model import Experiment, Phase, Scenario, Switch

__all__ = ["CHECKOUT", "REPORTS"]

FLAG = "personalized_promotions"
PAIR = "paired"
REPORTS = {"pause": 0.03, "rows": 200_000, "large-every": 40}


def _flag(state: str, **more: object) -> Switch:
    return Switch("flag", {"name": FLAG, "state": state, "service": "checkout", **more})


CHECKOUT = Scenario(
    name="checkout",
    title="personalized promotions: one look-up per cart line, each a full scan",
    cause="H2",
    culprit="checkout 2.8.0 with the flag personalized_promotions on",
    settings={"reports": REPORTS},
    phases=(
        Phase(
            "normal",
            seconds=75,
            switches=(
                Switch("flag", {"name": "price_rounding_v2", "state": "on", "service": "pricing"}, at=45),
            ),
        ),
        Phase(
            "baseline",
            settle=5,
            pair=PAIR,
            switches=(
                Switch(
                    "deploy",
                    {"service": "gateway", "version": "3.1.4", "release": "r3_1_4", "commit_name": "gateway_headers"},
                    at=100,
                ),
            ),
        ),
        Phase(
            "deployed",
            seconds=40,
            switches=(
                Switch(
                    "deploy",
                    {"service": "checkout", "version": "2.8.0", "release": "r2_8_0", "commit_name": "personalised"},
                ),
            ),
        ),
        Phase("flag_on", seconds=65, switches=(_flag("on"),)),
        Phase(
            "incident",
            settle=12,
            pair=PAIR,
            switches=(
                Switch("setting", {"values": {"sampling": 0.2}, "title": "trace sampling 10 % -> 20 %"}),
                Switch(
                    "setting",
                    {
                        "values": {"log_level": "DEBUG", "debug_share": 0.1},
                        "service": "checkout",
                        "title": "log level INFO -> DEBUG for 10 % of the requests",
                    },
                ),
            ),
        ),
        Phase("cpu_raised", settle=15, pair=PAIR, switches=(Switch("cpu_limit", {"cpus": 1.5}),)),
        Phase("flag_off", settle=20, pair=PAIR, switches=(Switch("cpu_limit", {"cpus": 0.5}), _flag("off"))),
        Phase(
            "canary",
            seconds=240,
            settle=20,
            switches=(
                Switch("canary_start", {"version": "2.8.0-canary", "release": "r2_8_0", "share": 0.2}),
                _flag("on", only_instance="checkout-canary"),
            ),
        ),
        Phase(
            "fixed",
            settle=35,
            pair=PAIR,
            switches=(
                _flag("off"),
                Switch("canary_stop"),
                Switch("migrate"),
                Switch(
                    "deploy",
                    {"service": "checkout", "version": "2.9.0", "release": "r2_9_0", "commit_name": "batch_fetch"},
                ),
                _flag("on"),
            ),
        ),
        Phase("follow_up_1", seconds=110),
        Phase("follow_up_2", seconds=110),
    ),
    experiments=(
        Experiment(
            "limit_change", "checkout CPU limit 500m -> 1500m", "cpu_raised", "incident",
            {"key": "resources.limits.cpu", "from": "500m", "to": "1500m"},
        ),
        Experiment("flag_off", f"{FLAG} off", "flag_off", "incident", {"flag": FLAG, "from": "on", "to": "off"}),
        Experiment(
            "canary", "2.8.0 with the flag on for 20 % of the requests", "canary", "canary",
            {"flag": FLAG, "canary_version": "2.8.0-canary", "control_version": "2.8.0", "share": 0.2},
        ),
        Experiment(
            "fix", "batch fetch, index on promotions(user_id), cap with fallback", "fixed", "incident",
            {"version": "2.9.0", "from": "2.8.0", "to": "2.9.0"},
        ),
    ),
)  # fmt: skip

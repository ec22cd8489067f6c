"""Short labelled incidents: one fault each, among changes that have nothing to do with it, at a small load.

Each variant is drawn from its name: how large the fault is, which service it hits, how much is traced, and which decoys
are thrown when. Half of the variants are declared ``fit`` (weights may be fitted on them), the other half ``test``.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lab.model import Phase, Scenario, Switch

__all__ = ["INCIDENTS"]

BEFORE_SECONDS, DURING_SECONDS = 36.0, 38.0
REPORTS = {"pause": 0.5, "rows": 40_000, "large-every": 1_000}
LIGHT: dict[str, Any] = {
    "reports": REPORTS,
    "pricing": {"median_ms": 45.0, "sigma": 0.4, "cap_ms": 220.0},
    "pricing_steps": 60,
}
SCAN_ROWS = 2_200_000
"""Promotions that take about a tenth of a second to scan."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is done, and what a perfect investigation says of it."""

    switches: tuple[Switch, ...]
    expect: tuple[str, ...]
    culprit: dict[str, str]
    settings: dict[str, Any]
    more: dict[str, Any]


def _fault(
    *switches: Switch,
    expect: str,
    culprit: dict[str, str] | None = None,
    settings: dict[str, Any] | None = None,
    **more: Any,
) -> Fault:
    return Fault(switches, tuple(expect.split()), culprit or {}, settings or {}, more)


def _deploy(service: str, version: str, release: str = "", commit_name: str = "", at: float = 0.0) -> Switch:
    return Switch(
        "deploy", {"service": service, "version": version, "release": release, "commit_name": commit_name}, at=at
    )


def _quietly(at: float = 0.0, **values: object) -> Switch:
    return Switch("setting", {"values": {name.replace("__", "."): value for name, value in values.items()}}, at=at)


def _config(service: str, title: str, at: float = 0.0, **values: object) -> Switch:
    return Switch("setting", {"values": values, "service": service, "title": title}, at=at)


VERSIONS = {"pricing": "1.10.0", "inventory": "4.1.0"}
FIRST = {"pricing": 45.0, "inventory": 12.0}


def _other(rng: random.Random) -> str:
    return rng.choice(("pricing", "inventory"))


def slow_release(rng: random.Random) -> Fault:
    """Let a called service answer slowly since its release."""
    service, slower = _other(rng), rng.uniform(280.0, 520.0)
    return _fault(
        _deploy(service, VERSIONS[service]), _quietly(**{f"{service}__median_ms": slower, f"{service}__cap_ms": 1_300.0}),
        expect="H1", culprit={"kind": "deploy", "service": service},
    )  # fmt: skip


def slow_provider(rng: random.Random) -> Fault:
    """Let a called service become slow by itself: nothing was changed."""
    service = _other(rng)
    slower = rng.uniform(260.0, 480.0)
    return _fault(_quietly(**{f"{service}__median_ms": slower, f"{service}__cap_ms": 1_300.0}), expect="H1")


def failing_release(rng: random.Random) -> Fault:
    """Let a called service fail for some requests since its release, so that the breaker opens."""
    service = _other(rng)
    share = rng.uniform(0.3, 0.55)
    return _fault(
        _deploy(service, VERSIONS[service]), _quietly(**{f"{service}__error_share": share}),
        expect="H1", culprit={"kind": "deploy", "service": service}, settings={"breaker_failures": 3},
    )  # fmt: skip


def retry_storm(rng: random.Random) -> Fault:
    """Retry without a pause against a service that is a little slow and small."""
    return _fault(
        _config("checkout", "retries to dependencies 0 -> 3, timeout 1.5 s -> 0.25 s", retries=3, dependency_timeout=0.25),
        _quietly(pricing__median_ms=rng.uniform(190.0, 230.0), pricing__cap_ms=900.0),
        expect="H1", culprit={"kind": "config", "service": "checkout"}, settings={"pricing_threads": 4},
    )  # fmt: skip


def call_in_loop_flag(rng: random.Random) -> Fault:
    """Turn on, by a flag, code that asks the database once per cart line."""
    flag = Switch("flag", {"name": "personalized_promotions", "state": "on", "service": "checkout"})
    return _fault(
        flag, expect="H2", culprit={"kind": "flag", "service": "checkout"},
        settings={"flags": {"personalized_promotions": {"tier": None}}},
        releases={"checkout": ("2.8.0", "r2_8_0")}, promotion_rows=rng.randint(240_000, 330_000),
    )  # fmt: skip


def call_in_loop_release(rng: random.Random) -> Fault:
    """Release code that asks the database once per cart line; its flag was on before."""
    return _fault(
        _deploy("checkout", "2.8.0", "r2_8_0", "personalised"),
        expect="H2", culprit={"kind": "deploy", "service": "checkout"},
        settings={"flags": {"personalized_promotions": {"state": "on", "tier": None}}},
        promotion_rows=rng.randint(240_000, 330_000),
    )  # fmt: skip


def missing_index(rng: random.Random) -> Fault:
    """Drop an index that was needed, by a migration."""
    return _fault(
        Switch("drop_index"), expect="H2", culprit={"kind": "migration", "service": "checkout"},
        settings={"flags": {"personalized_promotions": {"state": "on", "tier": None}}},
        releases={"checkout": ("2.9.0", "r2_9_0")}, indexed=True, promotion_rows=SCAN_ROWS + rng.randint(0, 300_000),
    )  # fmt: skip


def plan_change(rng: random.Random) -> Fault:
    """Let the planner read whole tables, by a setting of the database."""
    return _fault(
        Switch("database_setting", {"values": {"enable_indexscan": "off", "enable_bitmapscan": "off"}, "title": "postgresql.conf of the reporting role: enable_indexscan, enable_bitmapscan on -> off"}),
        expect="H2", culprit={"kind": "config", "service": "postgres"},
        settings={"flags": {"personalized_promotions": {"state": "on", "tier": None}}},
        releases={"checkout": ("2.9.0", "r2_9_0")}, indexed=True, promotion_rows=SCAN_ROWS + rng.randint(0, 300_000),
    )  # fmt: skip


def lock_contention(rng: random.Random) -> Fault:
    """Lock a table again and again, as a job does."""
    words = ["{url}", "--hold", f"{rng.uniform(1.2, 1.9):.2f}", "--every", f"{rng.uniform(4.5, 6.5):.2f}"]
    return _fault(
        _config("checkout", "job cart-cleanup scheduled", cart_cleanup="on"),
        Switch("helper", {"module": "lab.faults.locks", "arguments": words}),
        expect="H2", culprit={"kind": "config", "service": "checkout"},
    )  # fmt: skip


def pool_exhaustion(rng: random.Random) -> Fault:
    """Release with a single database connection."""
    return _fault(
        _quietly(db_pool=1), _deploy("checkout", "2.7.1", "r2_7_0"),
        expect="H2", culprit={"kind": "deploy", "service": "checkout"},
        settings={"pricing": {"median_ms": rng.uniform(85.0, 100.0), "cap_ms": 450.0}},
    )  # fmt: skip


def cpu_limit(rng: random.Random) -> Fault:
    """Cut the limit of the processor."""
    cut = Switch("cpu_limit", {"cpus": round(rng.uniform(0.13, 0.16), 3)})
    return _fault(
        cut,
        expect="H3",
        culprit={"kind": "scale", "service": "checkout"},
        settings={"pricing_steps": 420},
        checkout_cpus=0.6,
    )


def noisy_neighbour(rng: random.Random) -> Fault:
    """Give the process less of the processor, though nobody changed anything."""
    cut = Switch("cpu_limit", {"cpus": round(rng.uniform(0.13, 0.16), 3), "quiet": True})
    return _fault(cut, expect="H3", settings={"pricing_steps": 420}, checkout_cpus=0.6)


def few_workers(rng: random.Random) -> Fault:
    """Release with one worker."""
    return _fault(
        _quietly(checkout_threads=1), _deploy("checkout", "2.7.1", "r2_7_0"),
        expect="H3", culprit={"kind": "deploy", "service": "checkout"},
        settings={"pricing": {"median_ms": rng.uniform(70.0, 85.0), "cap_ms": 300.0}},
    )  # fmt: skip


def memory_leak(rng: random.Random) -> Fault:
    """Release code that keeps every quote in memory, where the collector walks it all."""
    return _fault(
        _deploy("checkout", "2.7.1", "r2_7_0"), _quietly(audit_objects=rng.randint(9_000, 12_000)),
        expect="H3", culprit={"kind": "deploy", "service": "checkout"},
    )  # fmt: skip


def _network(rng: random.Random, **fault: float) -> Fault:
    return _fault(Switch("bad_network", {"service": _other(rng), **fault}), expect="H4")


def network_delay(rng: random.Random) -> Fault:
    """Delay every packet."""
    return _network(rng, delay=round(rng.uniform(0.11, 0.2), 3))


def network_loss(rng: random.Random) -> Fault:
    """Lose some packets, which have to be sent again."""
    return _network(rng, loss=round(rng.uniform(0.25, 0.4), 3))


def network_reset(rng: random.Random) -> Fault:
    """Reset some connections."""
    return _network(rng, reset=round(rng.uniform(0.12, 0.25), 3))


def name_lost(rng: random.Random) -> Fault:
    """Let a name stop resolving."""
    service = _other(rng)
    return _fault(Switch("rename", {"service": service, "host": f"{service}.shop.invalid"}), expect="H4")


def surge(rng: random.Random) -> Fault:
    """Send more shoppers than the workers can serve."""
    return _fault(
        expect="surge", settings={"checkout_threads": 2, "pricing": {"median_ms": 85.0, "cap_ms": 300.0}},
        rate_factor=rng.uniform(2.6, 3.2),
    )  # fmt: skip


def bad_data(rng: random.Random) -> Fault:
    """Import lines with a quantity of zero."""
    statement = f"UPDATE cart_lines SET quantity = 0 WHERE sku % {rng.randint(50, 80)} = 7"
    return _fault(Switch("sql", {"statement": statement}), expect="data defect")


def expired_certificate(rng: random.Random) -> Fault:
    """Let the certificate of a called service expire."""
    expiring = Switch("certificate", {"service": _other(rng), "seconds": BEFORE_SECONDS})
    return _fault(expect="certificate", first=(expiring,))


def quiet(rng: random.Random) -> Fault:  # noqa: ARG001
    """Leave everything as it is."""
    return _fault(expect="none")


def slow_and_scanning(rng: random.Random) -> Fault:
    """Drop the index, and slow the way to pricing: two faults at once."""
    first = missing_index(rng)
    second = Switch("bad_network", {"service": "pricing", "delay": round(rng.uniform(0.1, 0.15), 3)})
    return Fault((*first.switches, second), ("H2", "H4"), first.culprit, first.settings, first.more | {"both": True})


def slow_and_starved(rng: random.Random) -> Fault:
    """Cut the processor, and slow a called service: two faults at once."""
    first, second = cpu_limit(rng), slow_provider(rng)
    return Fault(
        (*first.switches, *second.switches), ("H3", "H1"), first.culprit, first.settings, first.more | {"both": True}
    )


def _decoys(rng: random.Random, fault: Fault) -> tuple[list[Switch], list[Switch]]:
    """Return changes before and in the incident that do nothing: real ones, among them real releases."""
    touched = {fault.culprit.get("service", "")}
    choices = [
        Switch("flag", {"name": "price_rounding_v2", "state": "on", "service": "pricing"}),
        _config("checkout", "debug logging for 2 % of the requests", debug_share=0.02),
        _config("gateway", "cache-control of the storefront: 60 s -> 120 s", storefront_cache=120),
        _config("inventory", "reservation hold 15 min -> 20 min", reservation_hold=20),
        Switch("index_on", {"statement": "CREATE INDEX CONCURRENTLY orders_region_idx ON orders (region)", "title": "index on orders(region)"}),
        _deploy("gateway", "3.1.4", "r3_1_4", "gateway_headers"),
    ]  # fmt: skip
    choices += [
        _deploy(name, version)
        for name, version in (("pricing", "1.9.3"), ("inventory", "4.0.2"))
        if name not in touched
    ]
    chosen = rng.sample(choices, k=rng.choice((2, 3, 3)))
    releases = [item for item in chosen if item.kind == "deploy"]
    for extra in releases[1:]:  # each takes seconds to start
        chosen.remove(extra)
    before = [_at(item, rng.uniform(6.0, BEFORE_SECONDS - 12.0)) for item in chosen[:2]]
    during = [_at(item, rng.uniform(9.0, DURING_SECONDS - 12.0)) for item in chosen[2:]]
    return before, during


def _at(switch: Switch, at: float) -> Switch:
    return Switch(switch.kind, switch.args, at)


def _scenario(make: Callable[[random.Random], Fault], number: int) -> Scenario:
    name = f"{make.__name__.replace('_', '-')}-{number}"
    rng = random.Random(name)
    fault = make(rng)
    more = dict(fault.more)
    factor = more.pop("rate_factor", 1.0)
    both, first = more.pop("both", False), more.pop("first", ())
    before, during = _decoys(rng, fault)
    settings: dict[str, Any] = {**LIGHT, "sampling": rng.choice((0.5, 1.0)), **fault.settings}
    return Scenario(
        name=name, title=(make.__doc__ or "").strip(), cause=fault.expect[0], expect=fault.expect, both=both,
        culprit_change=fault.culprit, part="fit" if number % 2 else "test", settings=settings,
        phases=(
            Phase("baseline", seconds=BEFORE_SECONDS, switches=(*first, *before)),
            Phase("incident", seconds=DURING_SECONDS, rate_factor=factor, switches=(*fault.switches, *during)),
        ),
        rate=7.0, promotion_rows=more.pop("promotion_rows", 20_000), alert_seconds=0.6, alert_window=20.0,
        **more,
    )  # fmt: skip


_KINDS = (
    slow_release, missing_index, cpu_limit, network_delay, call_in_loop_flag, failing_release, few_workers, bad_data,
    lock_contention, network_loss, slow_provider, surge, memory_leak, pool_exhaustion, name_lost, quiet, retry_storm,
    plan_change, noisy_neighbour, network_reset, call_in_loop_release, expired_certificate, slow_and_scanning,
    slow_and_starved,
)  # fmt: skip

INCIDENTS: tuple[Scenario, ...] = tuple(_scenario(make, number) for number in range(1, 5) for make in _KINDS)
"""Four variants of each kind, all first ones first."""

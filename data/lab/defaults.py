"""The settings that services start with, and the releases that run first."""

from __future__ import annotations

from typing import Any

__all__ = ["DEFAULTS", "FIRST_RELEASES"]

DEFAULTS: dict[str, Any] = {
    "sampling": 0.1,
    "log_level": "INFO",
    "debug_share": 0.0,
    "flags": {
        "personalized_promotions": {"state": "off", "tier": "gold"},
        "price_rounding_v2": {"state": "off"},
    },
    "dependency_timeout": 1.5,
    "breaker_failures": 5,
    "retries": 0,
    "deadline": 9.0,
    "db_pool": 4,
    "db_pool_wait": 0.8,
    "checkout_threads": 8,
    "pricing_threads": 24,
    "inventory_threads": 24,
    "pricing_steps": 550,
    "pricing": {"median_ms": 75.0, "sigma": 0.5, "cap_ms": 450.0, "error_share": 0.002},
    "inventory": {"median_ms": 12.0, "sigma": 0.5, "cap_ms": 120.0, "error_share": 0.0},
    "urls": {},
    "upstreams": {"checkout": []},
}

FIRST_RELEASES = {"checkout": ("2.7.0", "r2_7_0"), "gateway": ("3.1.3", "r3_1_3"), "pricing": ("1.9.2", ""),
                  "inventory": ("4.0.1", "")}  # fmt: skip

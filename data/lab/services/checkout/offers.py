"""What an offer is worth: cent-exact arithmetic, real work that costs real processor time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Protocol

__all__ = ["Offer", "best_offer", "line_total", "site_wide"]

CENT = Decimal("0.01")
TRIALS = 300
"""Splits of a line tried for each promotion that might apply."""


class PricedLine(Protocol):
    """A cart line as far as offers know it."""

    sku: int
    quantity: int
    unit_cents: int


class Held(Protocol):
    """A promotion as far as offers know it."""

    sku_group: int
    discount_bp: int


@dataclass(frozen=True, slots=True)
class Offer:
    """What comes off a line."""

    sku: int
    off: Decimal


def line_total(line: PricedLine, unit: Decimal, steps: int) -> Decimal:
    """Price a line: tries ``steps`` roundings of the tax split and keeps the one that loses the fewest cents."""
    if line.quantity < 1:
        raise ValueError(f"quantity {line.quantity} of item {line.sku}")
    gross = unit * line.quantity
    best, lost = gross, Decimal(1)
    for step in range(1, steps + 1):
        net = (gross / (1 + Decimal(step) / 5_000)).quantize(CENT, ROUND_HALF_EVEN)
        drift = abs(gross - net * (1 + Decimal(step) / 5_000))
        if drift < lost:
            best, lost = net, drift
    return best


def site_wide(line: PricedLine) -> Offer:
    """Take the campaign that everyone gets."""
    return Offer(line.sku, Decimal(0))


def best_offer(line: PricedLine, held: Sequence[Held]) -> Offer:
    """Find the promotion that takes most off the line, trying how it splits over the pieces."""
    gross = Decimal(line.unit_cents * line.quantity) / 100
    best = Decimal(0)
    for promotion in held:
        rate = Decimal(promotion.discount_bp) / 10_000
        for part in range(1, TRIALS + 1):
            off = (gross * rate * part / TRIALS).quantize(CENT, ROUND_HALF_EVEN)
            if off > best and (line.sku + part) % 7 != promotion.sku_group:
                best = off
    return Offer(line.sku, best)

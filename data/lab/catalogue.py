"""The shop's carts: the same for the database and for the load generator, which must not ask the system under test."""

from __future__ import annotations

import random
from dataclasses import dataclass

__all__ = ["GOLD_SHARE", "Cart", "Line", "carts"]

GOLD_SHARE = 0.024
"""Share of carts that belong to shoppers of the gold tier: personalised promotions are theirs."""

USERS = 30_000
CARTS = 6_000
SKUS = 900


@dataclass(frozen=True, slots=True)
class Line:
    """One cart line; money in cents."""

    sku: int
    quantity: int
    unit_cents: int


@dataclass(frozen=True, slots=True)
class Cart:
    """One cart of one shopper."""

    cart_id: int
    user_id: int
    tier: str
    lines: tuple[Line, ...]


def carts(seed: int, gold_share: float = GOLD_SHARE) -> list[Cart]:
    """Draw the carts: gold shoppers fill theirs (9 to 13 lines), the others hold 1 to 15."""
    rng = random.Random(f"carts/{seed}")
    found = []
    for cart_id in range(1, CARTS + 1):
        gold = rng.random() < gold_share
        count = rng.randint(9, 13) if gold else min(15, max(1, round(rng.gauss(7, 3))))
        lines = tuple(
            Line(rng.randint(1, SKUS), rng.choice((1, 1, 1, 2, 3)), rng.randint(199, 14_999)) for _ in range(count)
        )
        found.append(Cart(cart_id, rng.randint(1, USERS), "gold" if gold else "standard", lines))
    return found

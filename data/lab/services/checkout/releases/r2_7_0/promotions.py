"""Promotions on a cart: the site-wide campaigns only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.services.checkout.offers import Offer, site_wide

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lab.services.checkout.releases.r2_7_0.models import Cart


def offers(_session: Session, cart: Cart, *, personalised: bool) -> list[Offer]:
    """Return one offer for each line of the cart."""
    del personalised
    return [site_wide(line) for line in cart.lines]

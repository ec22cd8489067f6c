"""Promotions on a cart: the site-wide campaigns, and for gold shoppers the best of their own."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from lab.services.checkout.offers import Offer, best_offer, site_wide
from lab.services.checkout.releases.r2_9_0.models import Promotion

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lab.services.checkout.releases.r2_9_0.models import Cart

MAX_PROMOTIONS = 12


def offers(session: Session, cart: Cart, *, personalised: bool) -> list[Offer]:
    """Return one offer for each line of the cart."""
    if not personalised:
        return [site_wide(line) for line in cart.lines]
    held = select(Promotion).where(Promotion.user_id == cart.user_id)
    try:
        promotions = session.scalars(held.order_by(Promotion.score.desc()).limit(MAX_PROMOTIONS)).all()
    except DBAPIError:
        logging.getLogger("shop.promotions").warning("promotions unavailable, falling back to site-wide offers")
        return [site_wide(line) for line in cart.lines]
    return [best_offer(line, promotions) for line in cart.lines]

"""Tables of the checkout service."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    """Base of the mapped classes."""


class Cart(Base):
    """A shopper's cart."""

    __tablename__ = "carts"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int]
    tier: Mapped[str]
    lines: Mapped[list[CartLine]] = relationship(order_by="CartLine.id")


class CartLine(Base):
    """One line of a cart; money in cents."""

    __tablename__ = "cart_lines"

    id: Mapped[int] = mapped_column(primary_key=True)
    cart_id: Mapped[int] = mapped_column(ForeignKey("carts.id"))
    user_id: Mapped[int]
    sku: Mapped[int]
    quantity: Mapped[int]
    unit_cents: Mapped[int]
    promotions: Mapped[list[Promotion]] = relationship(
        primaryjoin="foreign(Promotion.user_id) == CartLine.user_id",
        order_by="Promotion.score.desc()",
        viewonly=True,
    )


class Promotion(Base):
    """A promotion that one shopper holds."""

    __tablename__ = "promotions"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int]
    sku_group: Mapped[int]
    discount_bp: Mapped[int]
    score: Mapped[int]
    terms: Mapped[str]

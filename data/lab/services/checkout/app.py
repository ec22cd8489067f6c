"""Checkout: loads the cart, asks inventory and pricing, applies promotions, prices every line."""

from __future__ import annotations

import importlib
import logging
import time
from decimal import Decimal
from typing import Any

import httpx
from flask import Flask, Response, g, jsonify
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session, joinedload

from lab.services import dbspans
from lab.services.calls import BreakerOpenError, Dependency
from lab.services.checkout.offers import line_total
from lab.services.flags import Flags
from lab.services.identity import Identity, RequestFacts, current
from lab.services.jsonlog import APPLICATION
from lab.services.serving import prepare, serve
from lab.services.settings import Settings
from lab.services.telemetry import Telemetry

__all__ = ["run"]

FLAG = "personalized_promotions"


class DeadlineError(Exception):
    """The request has run for too long to be worth finishing."""


class Checkout:
    """The service's work, apart from the web framework."""

    def __init__(self, identity: Identity, settings: Settings) -> None:
        release = f"lab.services.checkout.releases.{identity.release}"
        self.models = importlib.import_module(f"{release}.models")
        self.promotions = importlib.import_module(f"{release}.promotions")
        self.identity, self.settings = identity, settings
        self._audit: list[dict[str, Any]] = []
        self.flags = Flags(identity, settings)
        self.pricing, self.inventory = Dependency("pricing", settings), Dependency("inventory", settings)
        self.engine = dbspans.connect(
            identity, pool=int(settings.get("db_pool", 8)), wait=float(settings.get("db_pool_wait", 1.0))
        )

    def load_cart(self, session: Session, cart_id: int) -> Any:
        """Read the cart and its lines in one statement."""
        return session.get(self.models.Cart, cart_id, options=[joinedload(self.models.Cart.lines)])

    def place(self, cart_id: int) -> dict[str, Any]:
        """Check out a cart."""
        log = logging.getLogger(f"{APPLICATION}.checkout")
        began = time.perf_counter()
        with Session(self.engine) as session:
            cart = self.load_cart(session, cart_id)
            personalised = self.flags.on(FLAG, user=str(cart.user_id), tier=cart.tier)
            g.variant = "on" if personalised else "off"
            g.fields = {"cart_id": cart_id, "user_id": cart.user_id, "tier": cart.tier, "lines": len(cart.lines)}
            lines = [{"sku": line.sku, "quantity": line.quantity, "unit_cents": line.unit_cents} for line in cart.lines]
            self.inventory.post("/reserve", {"cart": cart_id, "lines": lines})
            log.debug("inventory reserved", extra={"elapsed_ms": _ms(began)})
            quote = self.pricing.post("/quote", {"cart": cart_id, "lines": lines})
            log.debug("pricing quoted", extra={"elapsed_ms": _ms(began)})
            offers = self.promotions.offers(session, cart, personalised=personalised)
            log.debug("promotions applied", extra={"elapsed_ms": _ms(began), "offers": len(offers)})
            if time.perf_counter() - began > float(self.settings.get("deadline", 8.0)):
                raise DeadlineError
            steps = int(self.settings.get("pricing_steps", 900))
            total = sum(
                (line_total(line, Decimal(unit) / 100, steps) - offer.off)
                for line, unit, offer in zip(cart.lines, quote["units"], offers, strict=True)
            )
        self._keep_for_audit(cart_id)
        return {"cart": cart_id, "total": str(total)}

    def _keep_for_audit(self, cart_id: int) -> None:
        """Keep a trail of each quote in memory, where the settings ask for it: a leak that the collector must walk."""
        for step in range(int(self.settings.get("audit_objects", 0))):
            self._audit.append({"cart": cart_id, "step": step, "previous": self._audit[-1:]})

    def show(self, cart_id: int) -> dict[str, Any]:
        """Show a cart."""
        with Session(self.engine) as session:
            cart = self.load_cart(session, cart_id)
            g.fields = {"cart_id": cart_id, "user_id": cart.user_id, "lines": len(cart.lines)}
            return {"cart": cart_id, "lines": [line.sku for line in cart.lines]}


def _ms(began: float) -> float:
    return round((time.perf_counter() - began) * 1e3, 3)


_FAILURES: tuple[tuple[type[Exception], int, str], ...] = (
    (PoolTimeoutError, 503, "no database connection in time"),
    (DeadlineError, 504, "deadline exceeded"),
    (BreakerOpenError, 503, "dependency unavailable: breaker open"),
    (httpx.TimeoutException, 504, "dependency timed out"),
    (httpx.HTTPError, 502, "dependency failed"),
    (DBAPIError, 500, "database error"),
)


def _handle_failures(app: Flask) -> None:
    log = logging.getLogger(f"{APPLICATION}.checkout")

    def handle(error: Exception) -> tuple[Response, int]:
        status, message = next((code, text) for kind, code, text in _FAILURES if isinstance(error, kind))
        text = (str(error).splitlines() or [""])[0][:200]
        log.error(message, extra={"error_type": type(error).__name__, "error_message": text})
        return jsonify(error=message), status

    for kind, _status, _message in _FAILURES:
        app.register_error_handler(kind, handle)


def run(identity: Identity, settings: Settings, telemetry: Telemetry) -> None:
    """Serve checkout until told to stop."""
    HTTPXClientInstrumentor().instrument()
    app = Flask("checkout")
    service = Checkout(identity, settings)

    @app.after_request
    def report(response: Response) -> Response:
        from flask import request

        facts = current.get() or RequestFacts()
        variant = getattr(g, "variant", "off")
        route = request.url_rule.rule if request.url_rule else "unmatched"
        dbspans.count(route, variant)
        fields = getattr(g, "fields", {})
        g.fields = {
            **fields,
            "db_queries": facts.db_queries,
            "db_ms": round(facts.db_seconds * 1e3, 3),
            "queue_ms": round(facts.queue_seconds * 1e3, 3),
            "feature_flag": FLAG,
            "variant": variant,
        }
        response.headers.update(
            {"x-version": identity.version, "x-variant": variant, "x-db-queries": str(facts.db_queries)}
        )
        return response

    prepare(app)
    # Flask runs the hooks after a request last registered first: the fields must be there before the access line.
    app.after_request_funcs[None].reverse()

    @app.post("/checkout/<int:cart_id>")
    def checkout(cart_id: int) -> Response:
        return jsonify(service.place(cart_id))

    @app.get("/carts/<int:cart_id>")
    def cart(cart_id: int) -> Response:
        return jsonify(service.show(cart_id))

    _handle_failures(app)
    serve(app, identity, telemetry, threads=int(settings.get("checkout_threads", 10)), close=service.engine.dispose)

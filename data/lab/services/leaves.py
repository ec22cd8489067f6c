"""Pricing and inventory: the services that checkout calls. Their work is a wait, as of a remote system; see README."""

from __future__ import annotations

import math
import random
import time
import zlib
from typing import Any

from flask import Flask, Response, g, jsonify, request

from lab.services.flags import Flags
from lab.services.identity import Identity, current
from lab.services.serving import prepare, serve
from lab.services.settings import Settings
from lab.services.telemetry import Telemetry

__all__ = ["run"]

ROUNDING = "price_rounding_v2"


def _dice(service: str) -> random.Random:
    """Dice for this request: the first half of the id is shared by the same arrival of paired phases."""
    facts = current.get()
    return random.Random(zlib.crc32(f"{service}/{facts.request_id[:16] if facts else ''}".encode()))


def _wait(rng: random.Random, conf: dict[str, Any]) -> None:
    """Wait a log-normal time: median and cap in milliseconds."""
    drawn = conf["median_ms"] * math.exp(rng.gauss(0, conf["sigma"]))
    if rng.random() < conf.get("slow_share", 0.0):
        drawn += conf.get("slow_ms", 0.0)
    time.sleep(min(drawn, conf["cap_ms"]) / 1e3)


def run(identity: Identity, settings: Settings, telemetry: Telemetry) -> None:
    """Serve pricing or inventory until told to stop."""
    app = Flask(identity.service)
    flags = Flags(identity, settings)
    prepare(app)

    def work() -> bool:
        conf = settings.get(identity.service)
        rng = _dice(identity.service)
        _wait(rng, conf)
        return rng.random() >= conf["error_share"]

    @app.post("/quote")
    def quote() -> tuple[Response, int]:
        body = request.get_json()
        finer = flags.on(ROUNDING, user=str(body["cart"]))
        g.fields = {"cart_id": body["cart"], "lines": len(body["lines"]), "rounding": "v2" if finer else "v1"}
        if not work():
            return jsonify(error="no price for an item"), 500
        step = 1 if finer else 5
        return jsonify(units=[line["unit_cents"] // step * step for line in body["lines"]]), 200

    @app.post("/reserve")
    def reserve() -> tuple[Response, int]:
        body = request.get_json()
        g.fields = {"cart_id": body["cart"], "lines": len(body["lines"])}
        if not work():
            return jsonify(error="warehouse does not answer"), 500
        return jsonify(reserved=len(body["lines"])), 200

    serve(app, identity, telemetry, threads=int(settings.get(f"{identity.service}_threads", 24)), close=lambda: None)

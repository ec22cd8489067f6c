"""Gateway: gives every request its correlation id and forwards it to one of checkout's instances."""

from __future__ import annotations

import importlib
import logging
import uuid
import zlib
from typing import Any

import httpx
from flask import Flask, Response, g
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor

from lab.services.identity import Identity, current
from lab.services.jsonlog import APPLICATION
from lab.services.serving import prepare, serve
from lab.services.settings import Settings
from lab.services.telemetry import Telemetry

__all__ = ["run"]

TIMEOUT = 12.0


def choose(upstreams: list[dict[str, Any]], request_id: str) -> dict[str, Any]:
    """Pick an instance by a hash of the request id, so that a canary's share is exact in the long run."""
    point = zlib.crc32(request_id.encode()) % 10_000 / 10_000
    for upstream in upstreams:
        point -= float(upstream["share"])
        if point < 0:
            return upstream
    return upstreams[-1]


def run(identity: Identity, settings: Settings, telemetry: Telemetry) -> None:
    """Serve the gateway until told to stop."""
    HTTPXClientInstrumentor().instrument()
    forwarding = importlib.import_module(f"lab.services.gateway.releases.{identity.release}.forwarding")
    app = Flask("gateway")
    client = httpx.Client(limits=httpx.Limits(max_connections=400, max_keepalive_connections=100), timeout=TIMEOUT)
    log = logging.getLogger(f"{APPLICATION}.gateway")
    prepare(app, shed_after=20.0)

    def forward(method: str, path: str) -> Response:
        facts = current.get()
        assert facts is not None
        facts.request_id = facts.request_id or uuid.uuid4().hex
        upstream = choose(settings.get("upstreams")["checkout"], facts.request_id)
        g.fields = {"upstream": upstream["instance"]}
        try:
            answer = client.request(method, upstream["url"] + path, headers={"x-request-id": facts.request_id})
        except httpx.TimeoutException:
            log.log(logging.ERROR, "checkout timed out", extra={"error_type": "timeout"})
            return Response('{"error": "timeout"}', 504, mimetype="application/json")
        except httpx.HTTPError as error:
            log.log(logging.ERROR, "checkout unreachable", extra={"error_type": type(error).__name__})
            return Response('{"error": "bad gateway"}', 502, mimetype="application/json")
        headers = forwarding.response_headers(answer.headers, facts.request_id)
        return Response(answer.content, answer.status_code, headers, mimetype="application/json")

    @app.post("/api/checkout/<int:cart_id>")
    def checkout(cart_id: int) -> Response:
        return forward("POST", f"/checkout/{cart_id}")

    @app.get("/api/carts/<int:cart_id>")
    def cart(cart_id: int) -> Response:
        return forward("GET", f"/carts/{cart_id}")

    @app.get("/healthz")
    def health() -> Response:
        return Response("ok")

    serve(app, identity, telemetry, threads=48, close=client.close)

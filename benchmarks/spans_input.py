"""Generated OTLP/JSON spans for the benchmarks: like a shop's, with attributes that repeat and attributes that do not."""

from __future__ import annotations

import random
import re
from pathlib import Path

import orjson

SERVICES = ("frontend", "checkout", "pricing", "inventory", "promotions", "payments", "cart", "search")
ROUTES = ("/checkout", "/cart", "/quote/{id}", "/items/{id}", "/search", "/promotions/{user}")

_TRACE = re.compile(rb'"traceId":"..')


def write(path: Path, spans: int, *, per_line: int = 512, seed: int = 7, copies: int = 1) -> None:
    """Write so many spans as the collector's file exporter does: one batch a line, grouped by resource.

    The copies of a batch are of other traces, with the same attributes: they cost a tenth of the time to make.
    """
    rng, clock, done = random.Random(seed), 1_772_633_400_000_000_000, 0
    with path.open("wb") as file:
        while done < spans:
            size = min(per_line, spans - done)
            groups: dict[tuple[str, int], list[dict]] = {}
            for service, pod, span in batch(rng, size, clock):
                groups.setdefault((service, pod), []).append(span)
            clock += 500_000_000
            entries = [
                {
                    "resource": {"attributes": resource(service, pod)},
                    "scopeSpans": [{"scope": {"name": "io.opentelemetry.tomcat", "version": "2.1.0"}, "spans": some}],
                }
                for (service, pod), some in groups.items()
            ]
            line = orjson.dumps({"resourceSpans": entries}) + b"\n"
            file.write(line)
            for copy in range(1, copies):
                file.write(_TRACE.sub(b'"traceId":"%02x' % copy, line))
            done += size


def resource(service: str, pod: int) -> list[dict]:
    facts = {
        "service.name": service, "service.version": "1.5", "service.instance.id": f"{service}-{pod}", "deployment.environment.name": "production",
        "k8s.pod.name": f"{service}-{pod}", "k8s.node.name": f"node-{pod}", "telemetry.sdk.language": "java", "telemetry.sdk.name": "opentelemetry", "host.name": f"host-{pod}",
    }  # fmt: skip
    return [{"key": key, "value": {"stringValue": text}} for key, text in facts.items()]


def batch(rng: random.Random, size: int, clock: int):
    """Yield service, pod and span: traces of ten spans, a root with calls below it."""
    made = 0
    while made < size:
        trace, root = f"{rng.getrandbits(128):032x}", f"{rng.getrandbits(64):016x}"
        for place in range(min(10, size - made)):
            service, kind = rng.choice(SERVICES), rng.choice((2, 3, 3, 1))
            start, length = clock + rng.randint(0, 10**9), rng.randint(10**5, 10**9)
            span = {
                "traceId": trace, "spanId": root if place == 0 else f"{rng.getrandbits(64):016x}", "parentSpanId": "" if place == 0 else root, "flags": 257,
                "name": f"{rng.choice(('GET', 'SELECT', 'POST'))} {rng.choice(ROUTES)}", "kind": kind, "startTimeUnixNano": str(start), "endTimeUnixNano": str(start + length),
                "attributes": attributes(rng, service, kind), "status": {"code": 2, "message": "deadline exceeded"} if rng.random() < 0.01 else {},
            }  # fmt: skip
            if rng.random() < 0.02:
                span["events"] = [
                    {
                        "timeUnixNano": str(start + 5),
                        "name": "exception",
                        "attributes": [{"key": "exception.type", "value": {"stringValue": "TimeoutError"}}],
                    }
                ]
            made += 1
            yield service, rng.randint(1, 4), span


def attributes(rng: random.Random, service: str, kind: int) -> list[dict]:
    found = [
        ("thread.id", "intValue", str(rng.randint(1, 64))), ("thread.name", "stringValue", f"http-nio-8080-exec-{rng.randint(1, 64)}"),
        ("app.user.id", "stringValue", f"user-{rng.randint(1, 90_000)}"),
    ]  # fmt: skip
    if kind == 2:
        found += [
            ("http.request.method", "stringValue", rng.choice(("GET", "POST"))), ("http.route", "stringValue", rng.choice(ROUTES)),
            ("url.path", "stringValue", f"/items/{rng.randint(1, 50_000)}"), ("http.response.status_code", "intValue", rng.choice(("200", "200", "200", "404", "500"))),
            ("network.protocol.version", "stringValue", "1.1"), ("server.address", "stringValue", service), ("server.port", "intValue", "8080"),
            ("client.address", "stringValue", f"10.0.{rng.randint(0, 255)}.{rng.randint(0, 255)}"),
        ]  # fmt: skip
    elif kind == 3:
        found += [
            ("db.system.name", "stringValue", "postgresql"), ("db.namespace", "stringValue", "shop"), ("db.collection.name", "stringValue", rng.choice(("promotions", "orders", "items"))),
            ("db.operation.name", "stringValue", "SELECT"), ("db.query.text", "stringValue", f"SELECT id, discount FROM promotions WHERE user_id = {rng.randint(1, 90_000)} AND active"),
            ("server.address", "stringValue", "db-1"), ("server.port", "intValue", "5432"),
        ]  # fmt: skip
    else:
        found += [
            ("code.function.name", "stringValue", "shop.checkout.promotions.lookup"), ("code.line.number", "intValue", str(rng.randint(1, 400))),
            ("app.cart.total", "doubleValue", round(rng.random() * 100, 2)), ("app.cached", "boolValue", rng.random() < 0.5),
        ]  # fmt: skip
    return [{"key": key, "value": {kind_of: value}} for key, kind_of, value in found]

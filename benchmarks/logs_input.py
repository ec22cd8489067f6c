"""Generated JSON logs for the benchmarks: a service's, with ids, nested fields, alike messages, and now and then a broken line."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson

LOGGERS = ("shop.cart.Cart", "shop.checkout.Checkout", "shop.promotions.Lookup", "shop.http.Access", "shop.db.Pool")
BROKEN_EVERY = 10_000
"""One line in so many is cut in its middle."""


def message(rng: random.Random) -> str:
    """Return one of a dozen kinds of message."""
    number, user = rng.randint(1, 99_999), f"user-{rng.randint(1, 90_000)}"
    return rng.choice(
        (
            f"cart {number} priced for {user} in {rng.randint(1, 900)} ms", f"promotion lookup for {user} returned {rng.randint(0, 12)} rows",
            f"GET /items/{number} answered 200 after {rng.randint(1, 900)} ms", f"order {number} accepted", f"payment of {number / 100} EUR for order {number} declined by issuer",
            f"connection {number} taken from the pool, {rng.randint(0, 20)} idle", f"cache miss for key cart:{number}", f"retrying call to inventory, attempt {rng.randint(1, 3)}",
            f"flag batch_promotions is off for {user}", f"session of {user} expired", f"slow statement: {rng.randint(500, 3000)} ms for 10.0.{rng.randint(0, 255)}.{rng.randint(0, 255)}",
            "health check passed",
        )
    )  # fmt: skip


def lines(count: int, seed: int = 7):
    """Yield so many lines of some 400 bytes."""
    rng, at = random.Random(seed), datetime(2026, 3, 4, 14, tzinfo=UTC)
    for number in range(count):
        at += timedelta(microseconds=rng.randint(1, 4_000))
        record = {
            "timestamp": at.isoformat(timespec="microseconds"), "level": rng.choice(("INFO", "INFO", "INFO", "DEBUG", "WARN", "ERROR")),
            "logger": rng.choice(LOGGERS), "thread": f"http-nio-8080-exec-{rng.randint(1, 64)}", "message": message(rng), "service": "checkout", "version": "1.5",
            "trace_id": f"{rng.getrandbits(128):032x}", "span_id": f"{rng.getrandbits(64):016x}", "host": f"node-{rng.randint(1, 9)}",
            "http": {"method": "GET", "route": "/items/{id}", "status": rng.choice((200, 200, 404, 500)), "bytes": rng.randint(100, 90_000)}, "elapsed_ms": round(rng.random() * 900, 3),
        }  # fmt: skip
        line = orjson.dumps(record)
        yield line[: len(line) // 2] if number % BROKEN_EVERY == BROKEN_EVERY - 1 else line


def write(path: Path, count: int) -> None:
    """Write so many lines."""
    with path.open("wb") as file:
        file.writelines(line + b"\n" for line in lines(count))

"""The load: open loop, Poisson arrivals, drawn before the first request is sent. What it saw is the truth.

A slow system does not slow the arrivals: each request is sent at its time, whatever became of the ones before.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import gc
import hashlib
import json
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from lab.catalogue import Cart, carts

__all__ = ["Arrival", "arrivals", "main"]

CLIENT_TIMEOUT = 15.0
SHOW_SHARE = 0.15
COLUMNS = (
    "request_id", "phase", "in_window", "scheduled_at", "lag_ms", "latency_ms", "status", "method", "route", "cart_id",
    "tier", "lines", "version", "variant", "db_queries", "error",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request to come: ``at`` in Unix seconds."""

    at: float
    request_id: str
    phase: str
    in_window: bool
    method: str
    route: str
    cart: Cart


def _stretch(
    rng: random.Random, found: list[Cart], phase: dict[str, Any], start: float, end: float, key: str, in_window: bool
) -> list[Arrival]:
    at, number, drawn = start, 0, []
    while True:
        at += rng.expovariate(phase["rate"])
        if at >= end:
            return drawn
        number += 1
        shown = rng.random() < SHOW_SHARE
        # The first half of the id is shared by the same arrival of paired phases; so are the delays drawn from it.
        half = hashlib.sha256(f"{key}/{number}".encode()).hexdigest()[:16]
        rest = hashlib.sha256(f"{phase['name']}/{in_window}/{key}/{number}".encode()).hexdigest()[:16]
        cart = rng.choice(found)
        method, route = ("GET", "/api/carts/{id}") if shown else ("POST", "/api/checkout/{id}")
        drawn.append(Arrival(at, half + rest, phase["name"], in_window, method, route, cart))


def arrivals(plan: dict[str, Any]) -> list[Arrival]:
    """Draw every request of a recording; phases of one pair get the same arrivals and carts in their windows."""
    found = carts(plan["seed"])
    drawn: list[Arrival] = []
    for phase in plan["phases"]:
        settling = f"{plan['seed']}/settle/{phase['name']}"
        drawn += _stretch(random.Random(settling), found, phase, phase["begin"], phase["start"], settling, False)
        key = f"{plan['seed']}/{phase['load']}"
        drawn += _stretch(random.Random(key), found, phase, phase["start"], phase["end"], key, True)
    return sorted(drawn, key=lambda arrival: arrival.at)


class Generator:
    """Sends the requests and keeps what came back."""

    def __init__(self, address: Path, out: Path) -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=200)
        self._client = httpx.AsyncClient(timeout=CLIENT_TIMEOUT, limits=limits)
        self._address, self._stamp, self._base = address, -1, ""
        self._file = out.open("w", newline="")
        self._rows = csv.writer(self._file)
        self._rows.writerow(COLUMNS)

    def _where(self) -> str:
        """Look up the gateway, as a client asks its load balancer: it moves when it is deployed."""
        stamp = self._address.stat().st_mtime_ns
        if stamp != self._stamp:
            self._stamp, self._base = stamp, json.loads(self._address.read_text())["url"]
        return self._base

    async def _send(self, arrival: Arrival) -> None:
        late = time.time() - arrival.at
        began = time.perf_counter()
        status, error, headers = 0, "", httpx.Headers()
        try:
            answer = await self._client.request(
                arrival.method,
                self._where() + arrival.route.format(id=arrival.cart.cart_id),
                headers={"x-request-id": arrival.request_id},
            )
            status, headers = answer.status_code, answer.headers
        except httpx.HTTPError as failure:
            error = type(failure).__name__
        # From the time it was due: a generator that runs late must not flatter the system.
        latency = time.perf_counter() - began + max(0.0, late)
        self._rows.writerow(
            (
                arrival.request_id, arrival.phase, int(arrival.in_window), f"{arrival.at:.6f}", f"{late * 1e3:.3f}",
                f"{latency * 1e3:.3f}", status, arrival.method, arrival.route, arrival.cart.cart_id, arrival.cart.tier,
                len(arrival.cart.lines), headers.get("x-version", ""), headers.get("x-variant", ""),
                headers.get("x-db-queries", ""), error,
            )
        )  # fmt: skip

    async def run(self, drawn: list[Arrival]) -> None:
        """Send all requests at their times and wait for the last answer."""
        tasks: set[asyncio.Task[None]] = set()
        for arrival in drawn:
            wait = arrival.at - time.time()
            if wait > 0:
                await asyncio.sleep(wait)
            task = asyncio.create_task(self._send(arrival))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks)
        await self._client.aclose()
        self._file.close()


def main() -> None:
    """Carry out a plan: ``python -m lab.load PLAN OUT``."""
    parser = argparse.ArgumentParser()
    parser.add_argument("plan", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    plan = json.loads(options.plan.read_text())
    drawn = arrivals(plan)
    generator = Generator(Path(plan["address"]), options.out)
    gc.collect()
    gc.freeze()
    asyncio.run(generator.run(drawn))


if __name__ == "__main__":
    main()

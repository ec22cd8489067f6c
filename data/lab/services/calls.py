"""Calls to other services: a timeout, a circuit breaker whose state is a metric, the correlation id passed on."""

from __future__ import annotations

import logging
import ssl
import threading
import time
from typing import Any

import httpx
from prometheus_client import Counter, Gauge, Histogram

from lab.services.identity import current
from lab.services.jsonlog import RUNTIME
from lab.services.serving import LATENCY_BUCKETS
from lab.services.settings import Settings

__all__ = ["BreakerOpenError", "Dependency"]

STATE = Gauge("circuit_breaker_state", "0 closed, 1 open, 2 half open", ["dependency"])
TRANSITIONS = Counter("circuit_breaker_transitions", "Changes of state", ["dependency", "to"])
CALLS = Histogram(
    "http_client_request_duration_seconds", "Calls to a dependency", ["dependency", "outcome"], buckets=LATENCY_BUCKETS
)
_STATES = ("closed", "open", "half_open")


class BreakerOpenError(Exception):
    """The breaker is open: the call was not made."""


class Breaker:
    """Opens after a run of failures, lets one call through after a pause."""

    def __init__(self, name: str, *, failures: int, pause: float) -> None:
        self._name, self._limit, self._pause = name, failures, pause
        self._failed, self._state, self._opened = 0, 0, 0.0
        self._lock = threading.Lock()
        STATE.labels(name).set(0)

    def _go(self, state: int) -> None:
        if state != self._state:
            self._state = state
            STATE.labels(self._name).set(state)
            TRANSITIONS.labels(self._name, _STATES[state]).inc()
            logging.getLogger(RUNTIME).warning("circuit breaker to %s is %s", self._name, _STATES[state])

    def admit(self) -> None:
        """Raise where the breaker is open."""
        with self._lock:
            if self._state == 1:
                if time.monotonic() - self._opened < self._pause:
                    raise BreakerOpenError(self._name)
                self._go(2)

    def record(self, ok: bool) -> None:
        """Count an outcome."""
        with self._lock:
            self._failed = 0 if ok else self._failed + 1
            if ok:
                self._go(0)
            elif self._failed >= self._limit or self._state == 2:
                self._opened = time.monotonic()
                self._go(1)


class Dependency:
    """One service that is called; its address, timeout and retries are watched settings."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self._settings = settings
        self._client = httpx.Client(limits=httpx.Limits(max_connections=200, max_keepalive_connections=50))
        self._secure: httpx.Client | None = None
        self._breaker = Breaker(name, failures=int(settings.get("breaker_failures", 5)), pause=5.0)

    def post(self, path: str, body: Any) -> Any:
        """POST JSON and return the answer's JSON; failures raise after the retries that the settings allow."""
        attempts = 1 + int(self._settings.get("retries", 0))
        for attempt in range(attempts):
            try:
                return self._once(path, body)
            except httpx.HTTPError:
                if attempt + 1 == attempts:
                    raise
        raise AssertionError("unreachable")

    def _client_for(self, base: str) -> httpx.Client:
        """Return the client; for an address with TLS one that trusts the shop's own authority."""
        if not base.startswith("https:"):
            return self._client
        if self._secure is None:
            context = ssl.create_default_context(cafile=self._settings.get("tls_authority"))
            self._secure = httpx.Client(verify=context)
        return self._secure

    def _once(self, path: str, body: Any) -> Any:
        self._breaker.admit()
        facts = current.get()
        base = self._settings.get("urls", {})[self.name]
        began, outcome = time.perf_counter(), "error"
        try:
            answer = self._client_for(base).post(
                base + path,
                json=body,
                headers={"x-request-id": facts.request_id if facts else ""},
                timeout=float(self._settings.get("dependency_timeout", 1.5)),
            )
            answer.raise_for_status()
            outcome = "ok"
            return answer.json()
        except httpx.TimeoutException:
            outcome = "timeout"
            raise
        finally:
            CALLS.labels(self.name, outcome).observe(time.perf_counter() - began)
            self._breaker.record(outcome == "ok")

"""The server of every service: waitress with a bounded pool of workers that is measured, and `/metrics` beside it."""

from __future__ import annotations

import gc
import logging
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, g, request
from opentelemetry import trace
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from prometheus_client import Counter, Gauge, Histogram, start_http_server
from waitress.server import create_server
from waitress.task import ThreadedTaskDispatcher
from werkzeug.exceptions import HTTPException

from lab.services.identity import Identity, RequestFacts, current
from lab.services.jsonlog import APPLICATION, RUNTIME
from lab.services.telemetry import Telemetry

__all__ = ["prepare", "serve"]

LATENCY_BUCKETS = (
    0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.5, 10.0,
)  # fmt: skip
DURATION = Histogram(
    "http_server_request_duration_seconds",
    "From acceptance, so with the wait for a worker, to the last byte",
    ["route", "method", "status"],
    buckets=LATENCY_BUCKETS,
)
QUEUE_WAIT = Histogram(
    "worker_pool_queue_wait_seconds",
    "Wait for a free worker",
    buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0),
)
GC_PAUSE = Histogram(
    "python_gc_pause_seconds", "Pauses of the garbage collector", buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25)
)
SHED = Counter("worker_pool_shed", "Requests answered with 503 because they had waited too long for a worker")

_accepted = threading.local()


class Queued:
    """A channel that waits for a worker; remembers since when. A channel is queued once a request, so it is not kept."""

    def __init__(self, channel: Any) -> None:
        self._channel, self._since = channel, time.perf_counter()

    def service(self) -> None:
        """Let the worker's request know when it was accepted, and serve it."""
        _accepted.at = self._since
        self._channel.service()

    def cancel(self) -> None:
        """Give up the request."""
        self._channel.cancel()


class MeteredDispatcher(ThreadedTaskDispatcher):
    """The thread pool of waitress; remembers when each task was queued and how long the queue became."""

    def __init__(self) -> None:
        super().__init__()
        self.longest = 0

    def add_task(self, task: Any) -> None:
        """Queue a task and keep the time."""
        super().add_task(Queued(task))
        with self.lock:
            self.longest = max(self.longest, self.waiting())

    def waiting(self) -> int:
        """Count tasks that no worker has taken."""
        return max(0, len(self.queue) - (len(self.threads) - self.stop_count - self.active_count))

    def take_longest(self) -> int:
        """Return the longest queue since the last call."""
        with self.lock:
            longest, self.longest = max(self.longest, self.waiting()), self.waiting()
        return longest


def _watch_gc() -> None:
    began = 0.0

    def callback(phase: str, _info: dict[str, int]) -> None:
        nonlocal began
        if phase == "start":
            began = time.perf_counter()
        else:
            GC_PAUSE.observe(time.perf_counter() - began)

    gc.callbacks.append(callback)


def prepare(app: Flask, *, shed_after: float = 4.0) -> None:
    """Instrument the application: spans, RED metrics, the correlation id, one log line a request."""
    log = logging.getLogger(f"{APPLICATION}.access")
    # First: the hooks below need the request's span.
    FlaskInstrumentor().instrument_app(app)
    app.register_error_handler(Exception, _last_resort)
    _watch_gc()

    @app.before_request
    def begin() -> Response | None:
        now = time.perf_counter()
        g.accepted = getattr(_accepted, "at", now)
        facts = RequestFacts(
            request_id=request.headers.get("x-request-id", ""), queue_seconds=max(0.0, now - g.accepted)
        )
        current.set(facts)
        span = trace.get_current_span()
        span.set_attribute("http.request.header.x-request-id", [facts.request_id])
        span.set_attribute("worker_pool.queue_wait_ms", round(facts.queue_seconds * 1e3, 3))
        QUEUE_WAIT.observe(facts.queue_seconds)
        if facts.queue_seconds > shed_after:
            SHED.inc()
            return Response('{"error": "overloaded"}', 503, mimetype="application/json")
        return None

    @app.after_request
    def end(response: Response) -> Response:
        facts = current.get() or RequestFacts()
        seconds = time.perf_counter() - g.accepted
        route = request.url_rule.rule if request.url_rule else "unmatched"
        DURATION.labels(route, request.method, str(response.status_code)).observe(seconds)
        response.headers["x-request-id"] = facts.request_id
        level = logging.ERROR if response.status_code >= 500 else logging.INFO
        log.log(
            level,
            "%s %s -> %d",
            request.method,
            route,
            response.status_code,
            extra={
                "http_method": request.method,
                "http_route": route,
                "http_status": response.status_code,
                "duration_ms": round(seconds * 1e3, 3),
                **getattr(g, "fields", {}),
            },
        )
        return response


def _last_resort(error: Exception) -> Any:
    """Answer 500 for what nobody expected, and write down where it came from."""
    if isinstance(error, HTTPException):
        return error
    logging.getLogger(APPLICATION).error("unhandled error", exc_info=error, extra={"error_type": type(error).__name__})
    return Response('{"error": "internal"}', 500, mimetype="application/json")


def serve(app: Flask, identity: Identity, telemetry: Telemetry, *, threads: int, close: Callable[[], None]) -> None:
    """Serve until SIGTERM, then write what telemetry still holds."""
    runtime = logging.getLogger(RUNTIME)
    dispatcher = MeteredDispatcher()
    dispatcher.set_thread_count(threads)
    Gauge("worker_pool_size", "Workers").set(threads)
    Gauge("worker_pool_busy", "Workers at work").set_function(lambda: dispatcher.active_count)
    Gauge("worker_pool_queue_length", "Requests waiting for a worker").set_function(dispatcher.waiting)
    Gauge("worker_pool_queue_length_max", "Longest queue since the last scrape").set_function(dispatcher.take_longest)
    start_http_server(identity.metrics_port, addr="127.0.0.1")
    server = create_server(
        app, _dispatcher=dispatcher, host="127.0.0.1", port=identity.port, threads=threads, connection_limit=2_000
    )

    def stop(_number: int, _frame: object) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    runtime.info("%s %s started with %d workers", identity.service, identity.version, threads)
    try:
        server.run()
    finally:
        runtime.info("%s %s stops", identity.service, identity.version)
        server.close()
        close()
        telemetry.shutdown()
        sys.stdout.flush()

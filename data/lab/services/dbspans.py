"""Database spans of checkout: what the instrumentation leaves out, and counts of queries a request.

Adds the collection, a clean operation name and the place in the code to each span, a `traceparent` comment to the
statements of requests that are not sampled (the instrumentation comments sampled ones), and counts every statement.
"""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from prometheus_client import Gauge, Histogram
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine

from lab.services.identity import Identity, current

__all__ = ["connect"]

SERVICES = str(Path(__file__).parent)
OWN = str(Path(__file__))
QUERIES = Histogram(
    "db_queries_per_request",
    "Statements sent to the database by one request",
    ["route", "variant"],
    buckets=(0, 1, 2, 3, 4, 6, 8, 10, 11, 12, 13, 14, 16, 20, 30),
)
_TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+\"?([a-z_]+)", re.IGNORECASE)
_RELEASE = re.compile(r"releases/r[0-9_]+/")
_otel_queries = metrics.get_meter("shop.checkout").create_histogram(
    "db.client.queries_per_request",
    unit="{query}",
    description="Statements sent to the database by one request",
    explicit_bucket_boundaries_advisory=[0, 1, 2, 3, 4, 6, 8, 10, 11, 12, 13, 14, 16, 20, 30],
)


def _place() -> dict[str, Any]:
    """Find the innermost frame of the shop's own code."""
    frame = sys._getframe(2)  # noqa: SLF001
    while frame is not None:
        path = frame.f_code.co_filename
        if path.startswith(SERVICES) and path != OWN:
            return {
                "code.function.name": f"{Path(path).stem}.{frame.f_code.co_qualname.partition('.<')[0]}",
                "code.file.path": _RELEASE.sub("", path[len(SERVICES) + 1 :]),
                "code.line.number": frame.f_lineno,
            }
        frame = frame.f_back
    return {}


def _annotate(span: trace.Span, statement: str) -> None:
    operation = statement.split(None, 1)[0].upper()
    table = _TABLE.search(statement)
    span.set_attribute("db.operation.name", operation)
    if table:
        span.set_attribute("db.collection.name", table.group(1))
        span.update_name(f"{operation} {table.group(1)}")
    span.set_attributes(_place())


def _listen(engine: Engine) -> None:
    @event.listens_for(engine, "before_cursor_execute", retval=True)
    def before(
        _connection: Any, _cursor: Any, statement: str, parameters: Any, context: Any, _many: bool
    ) -> tuple[str, Any]:
        facts = current.get()
        if facts is not None:
            facts.db_queries += 1
        context.lab_began = time.perf_counter()
        span = getattr(context, "_otel_span", None)
        if span is not None and span.is_recording():
            _annotate(span, statement)
        elif span is not None and span.get_span_context().is_valid:
            ids = span.get_span_context()
            statement += f" /*traceparent='00-{ids.trace_id:032x}-{ids.span_id:016x}-00'*/"
        return statement, parameters

    @event.listens_for(engine, "after_cursor_execute")
    def after(_connection: Any, _cursor: Any, _statement: str, _parameters: Any, context: Any, _many: bool) -> None:
        facts = current.get()
        if facts is not None:
            facts.db_seconds += time.perf_counter() - context.lab_began


def connect(identity: Identity, *, pool: int, wait: float) -> Engine:
    """Open the engine with a bounded pool: ``pool`` connections, at most ``wait`` seconds for one."""
    engine = create_engine(identity.database_url, pool_size=pool, max_overflow=0, pool_timeout=wait)
    SQLAlchemyInstrumentor().instrument(
        engine=engine, enable_commenter=True, commenter_options={"db_driver": False, "db_framework": False}
    )
    _listen(engine)
    Gauge("db_client_connections_max", "Size of the connection pool").set(pool)
    Gauge("db_client_connections_in_use", "Connections in use").set_function(engine.pool.checkedout)  # type: ignore[attr-defined]
    return engine


def count(route: str, variant: str) -> None:
    """Report the statements of the request that ends."""
    facts = current.get()
    if facts is not None:
        QUERIES.labels(route, variant).observe(facts.db_queries)
        _otel_queries.record(facts.db_queries, {"http.route": route, "feature_flag.result.variant": variant})

"""Who a process is, and the request it is working on."""

from __future__ import annotations

import contextvars
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Identity", "RequestFacts", "current"]


@dataclass(frozen=True, slots=True)
class Identity:
    """Name, version and places of one service process."""

    service: str
    version: str
    instance: str
    port: int
    metrics_port: int
    out: Path
    settings: Path
    release: str = ""
    database_url: str = ""


@dataclass(slots=True)
class RequestFacts:
    """What is counted during one request; its log line reports it."""

    request_id: str = ""
    db_queries: int = 0
    db_seconds: float = 0.0
    queue_seconds: float = 0.0
    debug: bool = False


current: contextvars.ContextVar[RequestFacts | None] = contextvars.ContextVar("request_facts", default=None)

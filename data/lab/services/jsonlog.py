"""Structured logs: one JSON object a line, with the ids that tie it to a trace and to a request."""

from __future__ import annotations

import json
import logging
import zlib
from datetime import UTC, datetime
from typing import Any

from opentelemetry import trace

from lab.services.identity import Identity, current
from lab.services.settings import Settings

__all__ = ["APPLICATION", "RUNTIME", "install"]

APPLICATION = "shop"
"""Logger of what happens to requests: goes to the application log."""

RUNTIME = "runtime"
"""Logger of what happens to the process (start, breaker, settings): goes out as OTLP log records."""

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON line."""

    def __init__(self, identity: Identity) -> None:
        super().__init__()
        self._identity = identity

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        context = trace.get_current_span().get_span_context()
        facts = current.get()
        when = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, Any] = {
            "timestamp": when.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "service": self._identity.service,
            "version": self._identity.version,
            "instance": self._identity.instance,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if context.is_valid:
            line["trace_id"] = f"{context.trace_id:032x}"
            line["span_id"] = f"{context.span_id:016x}"
        if facts is not None:
            line["request_id"] = facts.request_id
        line.update({key: value for key, value in record.__dict__.items() if key not in _STANDARD})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class DebugSampler(logging.Filter):
    """Lets DEBUG through for a share of the requests only, all lines of a request or none."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether the record is written."""
        if record.levelno > logging.DEBUG:
            return True
        facts = current.get()
        share = float(self._settings.get("debug_share", 0.0))
        return facts is not None and zlib.crc32(facts.request_id.encode()) % 10_000 < share * 10_000


def install(identity: Identity, settings: Settings) -> None:
    """Send the application logger to ``<instance>/app.log`` and follow the level in the settings."""
    handler = logging.FileHandler(identity.out / "app.log", mode="a", encoding="utf-8")
    handler.setFormatter(JsonFormatter(identity))
    handler.addFilter(DebugSampler(settings))
    application = logging.getLogger(APPLICATION)
    application.addHandler(handler)
    application.propagate = False
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    settings.on_change(lambda _before, after: application.setLevel(after.get("log_level", "INFO")))

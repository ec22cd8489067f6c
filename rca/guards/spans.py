"""Database calls seen as OpenTelemetry spans: any library that is instrumented, whatever its driver."""

from __future__ import annotations

import inspect
import threading
from typing import Any

from rca.guards.recorder import Place, calling_place, is_quiet, is_recording, note, noted

__all__ = ["watch_provider"]

_TEXT = ("db.query.text", "db.statement")
_SYSTEM = ("db.system.name", "db.system")
_PARTS = ("db.operation.name", "db.operation", "db.collection.name", "db.sql.table")
_providers: set[int] = set()


def watch_provider() -> None:
    """Listen to the tracer provider of the SDK that is set now, once."""
    from opentelemetry import trace

    provider: Any = trace.get_tracer_provider()
    if id(provider) in _providers or not hasattr(provider, "add_span_processor"):
        return
    provider.add_span_processor(_Listener())
    _providers.add(id(provider))


class _Listener:
    """A span processor: remembers where a client span began, and counts it at its end if nobody else has.

    Not a subclass of the SDK's: the SDK need not be installed for this module to be imported.
    """

    def __init__(self) -> None:
        self._open: dict[int, tuple[Place | None, int, int]] = {}

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        """Remember the place of a client's call, unless it is below a call that was counted."""
        del parent_context
        if not is_recording() or is_quiet() or getattr(span.kind, "name", "") != "CLIENT":
            return
        self._open[span.context.span_id] = (calling_place(inspect.currentframe()), threading.get_ident(), noted())

    def on_end(self, span: Any) -> None:
        """Count the call, where it was one of a database and no driver saw it meanwhile."""
        found = self._open.pop(span.context.span_id, None)
        attributes = span.attributes or {}
        if found is None or not any(attributes.get(name) for name in _SYSTEM):
            return
        place, thread, before = found
        if thread == threading.get_ident() and noted() > before:
            return
        text = next((attributes[name] for name in _TEXT if attributes.get(name)), "")
        parts = " ".join(str(attributes[name]) for name in _PARTS if attributes.get(name))
        if text or parts:  # opening a connection is a span with neither
            note(text or parts, place=place)

    def _on_ending(self, span: Any) -> None:
        """Do nothing: newer SDKs call it before the end."""

    def shutdown(self) -> None:
        """Forget what is open."""
        self._open.clear()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Say that nothing is held back."""
        del timeout_millis
        return True

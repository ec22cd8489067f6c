"""Settings that change while a service runs: one JSON file, watched."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["Settings"]

POLL_SECONDS = 0.1


class Settings:
    """The values of a JSON file, read again whenever it changes.

    Parameters
    ----------
    path
        File that holds one JSON object. The writer replaces it atomically.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = -1
        self._values: dict[str, Any] = {}
        self._listeners: list[Callable[[dict[str, Any], dict[str, Any]], None]] = []
        self._read()
        threading.Thread(target=self._watch, name="settings", daemon=True).start()

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value in force."""
        return self._values.get(key, default)

    def on_change(self, listener: Callable[[dict[str, Any], dict[str, Any]], None]) -> None:
        """Call ``listener(before, after)`` now and after every change."""
        self._listeners.append(listener)
        listener({}, self._values)

    def _read(self) -> None:
        stamp = self._path.stat().st_mtime_ns
        if stamp == self._stamp:
            return
        before, self._values = self._values, json.loads(self._path.read_text())
        self._stamp = stamp
        for listener in self._listeners:
            listener(before, self._values)

    def _watch(self) -> None:
        pause = threading.Event()
        while not pause.wait(POLL_SECONDS):
            self._read()

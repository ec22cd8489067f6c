"""Answers kept while one investigation runs: its parts ask the same questions again and again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

__all__ = ["Memory"]

_MOST_BYTES = 256 * 1024**2
_LARGE_BYTES = 32 * 1024**2
"""Answers larger than this are asked for again: few are, and each would push out many."""


class Memory:
    """Frames by statement and parameters; of no use where the tables change in between.

    Examples
    --------
    >>> memory = Memory()
    >>> memory.put("SELECT 1", {}, pl.DataFrame({"x": [1]}))
    >>> memory.get("SELECT 1", {}).height, memory.get("SELECT 2", {})
    (1, None)
    """

    def __init__(self) -> None:
        self._frames: dict[tuple[str, str], pl.DataFrame] = {}
        self._bytes = 0

    def get(self, sql: str, params: Mapping[str, Any]) -> pl.DataFrame | None:
        """Return the answer to a statement asked before, or None."""
        return self._frames.get(_key(sql, params))

    def put(self, sql: str, params: Mapping[str, Any], frame: pl.DataFrame) -> None:
        """Keep an answer, and let the oldest go where there are too many."""
        size = int(frame.estimated_size())
        if size > _LARGE_BYTES:
            return
        self._frames[_key(sql, params)] = frame
        self._bytes += size
        while self._bytes > _MOST_BYTES:
            self._bytes -= int(self._frames.pop(next(iter(self._frames))).estimated_size())


def _key(sql: str, params: Mapping[str, Any]) -> tuple[str, str]:
    return sql, repr(sorted(params.items()))

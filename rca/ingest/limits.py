"""Caps against input that would exhaust the machine."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps against input that would exhaust the machine; each can be raised by the caller."""

    line_bytes: int = 16 << 20
    """A longer line is quarantined with its beginning."""
    depth: int = 64
    """Deeper JSON is quarantined."""
    columns: int = 2_000
    """Wider tables are refused."""
    expansion: float = 1_000.0
    """Decompressed bytes over compressed bytes; beyond it reading stops."""
    expansion_floor: int = 64 << 20
    """Decompressed bytes that are allowed whatever the ratio."""
    members: int = 10_000
    """Files of one archive; beyond it the archive is refused."""

"""What a command hands back: a document for machines, a text for people, complaints and an exit code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Outcome"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of one command."""

    document: Mapping[str, Any]
    text: str
    complaints: tuple[str, ...] = ()
    """Printed on standard error, one a line."""
    code: int = 0

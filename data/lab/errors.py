"""The one error of the lab that is meant to be read."""

from __future__ import annotations

__all__ = ["LabError"]


class LabError(Exception):
    """The lab cannot go on; the message says why and what to do."""

"""The statistics as portable SQL: one file a statement, the same text on every engine.

What is portable, and why, is in ``docs/sql.md``; a test lints every file. Relations are the canonical tables by their
plain names; parameters are written ``$name``.
"""

from __future__ import annotations

from importlib import resources

from rca.statements import Statement, read

__all__ = ["names", "statement"]


def statement(name: str) -> Statement:
    """Return a statement by the name of its file.

    Raises
    ------
    QueryError
        When there is no such statement; the message names the closest.
    """
    return read("rca.sql", name)


def names() -> list[str]:
    """Return the names of all statements, sorted."""
    return sorted(
        item.name.removesuffix(".sql") for item in resources.files("rca.sql").iterdir() if item.name.endswith(".sql")
    )

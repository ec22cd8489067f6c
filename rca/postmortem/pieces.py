"""Small pieces that the parts of a postmortem share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rca.investigation import Investigation
from rca.model import Experiment
from rca.postmortem.blocks import Block, Figure, Sources
from rca.statements import statement_name

__all__ = ["TELLING", "Figures", "drawn", "fix_of", "made_by"]

TELLING = ("confirmed", "supported", "contributing")
"""Statuses of a hypothesis that the evidence speaks for."""

Figures = Mapping[str, Figure]
"""The figures that could be drawn, by name."""


def made_by(statements: Sequence[str]) -> Iterator[Block]:
    """Return the links to the statements in the appendix that made what stands above."""
    if statements:
        yield Sources(list(dict.fromkeys(statement_name(sql) for sql in statements)))


def fix_of(found: Investigation) -> Experiment | None:
    """Return the last change that was made to mend it, where one was measured."""
    return next((item for item in reversed(found.experiments) if item.kind == "fix"), None)


def drawn(figures: Figures, *names: str) -> Iterator[Block]:
    """Yield the named figures, as far as they could be drawn."""
    for name in names:
        if name in figures:
            yield figures[name]

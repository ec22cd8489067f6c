"""What a document is made of, before anyone decides how it looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

__all__ = ["Block", "Code", "Figure", "Items", "Paragraph", "Section", "Sources", "Table"]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Plain text."""

    text: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list of plain texts."""

    texts: Sequence[str]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under the names of their columns."""

    rows: Sequence[Mapping[str, Any]]
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawn figure: its file's stem, its SVG and what it shows."""

    name: str
    svg: str
    alt: str


@dataclass(frozen=True, slots=True)
class Sources:
    """Names of the statements in the appendix that made the numbers above, as links to them."""

    names: Sequence[str]


@dataclass(frozen=True, slots=True)
class Code:
    """Text shown as it is, folded under a title where that can be done; :class:`Sources` lead to it by its title."""

    title: str
    text: str
    language: str = "sql"


Block: TypeAlias = Paragraph | Items | Table | Figure | Sources | Code


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it."""

    title: str
    blocks: tuple[Block, ...]
    level: int = 2

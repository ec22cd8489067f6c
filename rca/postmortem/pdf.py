"""The postmortem as PDF, typeset by Typst where it is installed (the extra ``pdf``)."""

from __future__ import annotations

import importlib.util
import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from rca.display import escape_terminal, shown
from rca.errors import RcaError
from rca.postmortem.blocks import Block, Code, Figure, Items, Paragraph, Section, Sources, Table

__all__ = ["can_typeset", "typeset"]

Redactor = Callable[[str], str]

_LAYOUT = Path(__file__).with_name("postmortem.typ")
_WIDEST = 34
"""Letters up to which a longer cell makes its column wider."""
_COLUMNS = 9
_LETTERS = 140
"""Letters of a cell at most: the whole is in the HTML and in the CSV."""


def can_typeset() -> bool:
    """Return whether Typst is installed."""
    return importlib.util.find_spec("typst") is not None


def typeset(title: str, sections: Iterable[Section], redact: Redactor, *, figures: Path, path: Path) -> None:
    """Write the document to `path`, with the PDF of every figure out of the folder `figures`.

    Texts are handed over as data beside a fixed layout, so that nothing out of a log is read as markup; nothing is loaded
    from anywhere, and the fonts are those that Typst carries.

    Raises
    ------
    RcaError
        When the file cannot be written, or Typst cannot set the document.
    """
    import typst

    parts = list(sections)
    document = {
        "title": _words(title, redact),
        "sections": [
            {
                "title": _words(item.title, redact),
                "level": item.level,
                "blocks": [_block(block, redact) for block in item.blocks],
            }
            for item in parts
        ],
    }
    try:
        with tempfile.TemporaryDirectory(prefix="rca-pdf-") as folder:
            room = Path(folder)
            (room / "document.json").write_text(json.dumps(document), encoding="utf-8")
            shutil.copy(_LAYOUT, room / "main.typ")
            (room / "figures").mkdir()
            for block in (block for item in parts for block in item.blocks if isinstance(block, Figure)):
                shutil.copy(figures / f"{block.name}.pdf", room / "figures")
            made = typst.compile(room / "main.typ", root=room, ignore_system_fonts=True)
        path.write_bytes(made)
    except OSError as error:
        raise RcaError(f"{error.filename or path} cannot be written: {error.strerror or error}.") from None
    except RuntimeError as error:
        raise RcaError(f"{path} could not be typeset: {error}") from None


def _words(text: str, redact: Redactor) -> str:
    return escape_terminal(redact(text))


def _block(block: Block, redact: Redactor) -> dict[str, Any]:
    match block:
        case Paragraph(text):
            return {"kind": "paragraph", "text": _words(text, redact)}
        case Items(texts):
            return {"kind": "items", "texts": [_words(text, redact) for text in texts]}
        case Table(rows, caption):
            return {"kind": "table", "caption": _words(caption, redact), **_cells(rows, redact)}
        case Figure(name, _, alt):
            return {"kind": "figure", "name": name, "alt": _words(alt, redact)}
        case Sources(names):
            return {"kind": "sources", "names": list(names)}
        case Code(title, text):
            return {"kind": "code", "title": _words(title, redact), "text": _words(text, redact)}


def _cells(rows: Iterable[Mapping[str, Any]], redact: Redactor) -> dict[str, Any]:
    table = shown(list(rows), most=_COLUMNS)
    cells = [[_breakable(_cut(_words(text, redact))) for text in row] for row in table.cells]
    widths = [
        min(_WIDEST, max([len(name) * 0.8, *(len(row[at]) for row in cells), 4.0]))
        for at, name in enumerate(table.heads)
    ]
    return {"columns": [_breakable(name) for name in table.heads], "cells": cells, "widths": widths}


def _cut(text: str) -> str:
    return text if len(text) <= _LETTERS else text[: _LETTERS - 1] + "…"


def _breakable(text: str) -> str:
    """Allow a line to end after the signs that long names are made of."""
    return text.replace("_", "_\u200b").replace(".", ".\u200b").replace("/", "/\u200b")

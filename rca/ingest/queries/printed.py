"""Tables as the clients of databases print them: psql aligned or expanded, mysql in boxes or vertical."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

__all__ = ["is_printed", "printed_records"]

_RULE = re.compile(r"\s*[+|]?-{2,}(?:\+-{2,})*[+|]?\s*")
_RECORD = re.compile(r"-\[ RECORD \d+ \][-+]*|\*{5,} \d+\. row \*{5,}")
_VERTICAL = re.compile(r"\s*(?P<name>[\w.()]+): ?(?P<value>.*)")
_END = re.compile(r"\(\d+ rows?\)|\d+ rows? in set.*|Empty set.*|Time: .*")


def is_printed(lines: Sequence[str]) -> bool:
    """Say whether lines begin such a table.

    Examples
    --------
    >>> is_printed([" calls | query", "-------+-------"]), is_printed(["a,b", "1,2"])
    (True, False)
    """
    return any(_RECORD.fullmatch(line.strip()) for line in lines[:3]) or any(
        ("|" in name and _RULE.fullmatch(rule) is not None)
        or (_RULE.fullmatch(name) is not None and name.startswith("+"))
        for name, rule in pairwise(lines[:5])
    )


def printed_records(text: str) -> Iterator[dict[str, str]]:
    r"""Yield the rows of such a table; ``NULL`` and empty cells are left out.

    Examples
    --------
    >>> list(printed_records(" a | b\n---+---\n 1 | x +\n   | y\n(1 row)"))
    [{'a': '1', 'b': 'x\ny'}]
    """
    lines = text.splitlines()
    vertical = next((line for line in lines if _RECORD.fullmatch(line.strip())), None)
    if vertical is None:
        rows = _aligned(lines)
    else:
        read = _expanded if vertical.lstrip().startswith("-[") else _vertical
        rows = (row for part in _parts(lines) if (row := read(part)))
    for row in rows:
        yield {name: value for name, value in row.items() if value not in ("", "NULL", "\\N")}


def _aligned(lines: Sequence[str]) -> Iterator[dict[str, str]]:
    """Cells lie under the names, between bars; a plus at the end of a cell says that the next line goes on."""
    table = [line for line in lines if line.strip() and not _END.fullmatch(line.strip())]
    boxed = table[0].startswith("+")
    body = [line for line in table if not _RULE.fullmatch(line)]
    ends = [at for at, letter in enumerate(next(line for line in table if _RULE.fullmatch(line))) if letter == "+"]
    edges = ends if boxed else [-1, *ends, max(len(line) for line in body) + 1]
    spans = [(start + 1, end) for start, end in pairwise(edges)]
    names = [body[0][start:end].strip() for start, end in spans]
    row: dict[str, str] | None = None
    goes_on = False
    for line in body[1:]:
        cells = _cells(line, spans)
        texts = [
            cell.rstrip().removesuffix("+").strip() if cell.endswith("+") and not boxed else cell.strip()
            for cell in cells
        ]
        if row is not None and goes_on:
            row = {name: f"{row[name]}\n{more}" if more else row[name] for name, more in zip(names, texts, strict=True)}
        else:
            if row is not None:
                yield row
            row = dict(zip(names, texts, strict=True))
        goes_on = not boxed and any(cell.endswith("+") for cell in cells)
    if row is not None:
        yield row


def _cells(line: str, spans: Sequence[tuple[int, int]]) -> list[str]:
    """Cut a line by its bars where they are as many as there should be, else by place: a cell may hold a bar."""
    parts = line.split("|")
    if line.startswith("|"):
        parts = parts[1:-1]
    return parts if len(parts) == len(spans) else [line[start:end] for start, end in spans]


def _parts(lines: Sequence[str]) -> Iterator[list[str]]:
    """Return the lines of each record, without the line that announces it."""
    part: list[str] = []
    for line in lines:
        if _RECORD.fullmatch(line.strip()):
            yield part
            part = []
        else:
            part.append(line)
    yield part


def _expanded(lines: Sequence[str]) -> dict[str, str]:
    """Read a record of psql: a name, a bar, a value; a plus at the end says that the next line goes on."""
    row: dict[str, str] = {}
    last = ""
    for line in lines:
        name, bar, value = line.partition("|")
        if not bar:
            continue
        text = value.strip()
        text = text.removesuffix("+").rstrip() if text.endswith("+") else text
        if name.strip():
            last = name.strip()
            row[last] = text
        elif last:
            row[last] += "\n" + text
    return row


def _vertical(lines: Sequence[str]) -> dict[str, str]:
    """Read a record of mysql: a name, a colon, a value; any other line goes on with the one before."""
    row: dict[str, str] = {}
    last = ""
    for line in lines:
        found = _VERTICAL.match(line)
        if found:
            last = found["name"]
            row[last] = found["value"]
        elif last and not _END.fullmatch(line.strip()):
            row[last] += "\n" + line
    return row

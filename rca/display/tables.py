"""Rows as tables of HTML, Markdown and plain text, with times and lengths as people read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rca.display.escaping import escape_html, escape_markdown, escape_terminal
from rca.display.numbers import cell, format_probability
from rca.times import format_duration, format_time

__all__ = ["Shown", "shown", "table_html", "table_markdown", "table_text"]

_COLUMNS = 12
"""Columns that a table shows; the others are named below it."""
_LONG = 60
"""Letters from which a text wants a wide column; in plain text it is cut there."""
_EPOCH = 10**17
"""Nanoseconds from which a number is a moment (from 1973 on), not a length."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A table as people read it, its texts not yet escaped: `heads`, `cells`, which columns are `numeric`, and `left_out`."""

    heads: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    left_out: tuple[str, ...]


def shown(rows: Sequence[Mapping[str, Any]], *, most: int = _COLUMNS) -> Shown:
    """Return rows as a table: moments in UTC, lengths with a unit, columns that hold nothing left out.

    Examples
    --------
    >>> shown([{"time_ns": 1772633400123456789, "duration_ns": 2_500_000, "note": "", "n": 1200}]).heads
    ('time (UTC)', 'duration', 'n')
    >>> shown([{"time_ns": 1772633400123456789, "duration_ns": 2_500_000, "note": "", "n": 1200}]).cells
    (('2026-03-04 14:10:00.123', '2.50 ms', '1,200'),)
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    told = [name for name in names if any(_holds(row.get(name)) for row in rows)] or names
    kept = told[:most]
    moments = {name for name in kept if name.endswith("_ns") and _all(rows, name, _is_moment)}
    lengths = {name for name in kept if name.endswith("_ns") and name not in moments and _all(rows, name, _is_number)}
    heads = [f"{name[:-3]} (UTC)" if name in moments else name[:-3] if name in lengths else name for name in kept]

    def text(name: str, value: Any) -> str:
        if name == "probability" and _is_number(value):
            return format_probability(value)
        if value is None or name not in moments | lengths:
            return cell(value)
        return format_time(value, digits=3)[:-1].replace("T", " ") if name in moments else format_duration(value)

    return Shown(
        heads=tuple(heads),
        cells=tuple(tuple(text(name, row.get(name)) for name in kept) for row in rows),
        numeric=tuple(name not in moments and _all(rows, name, _is_number) for name in kept),
        left_out=tuple(told[most:]),
    )


def _holds(value: Any) -> bool:
    return value is not None and not (isinstance(value, str | list | tuple | Mapping) and not value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_moment(value: Any) -> bool:
    return isinstance(value, int) and value >= _EPOCH


def _all(rows: Sequence[Mapping[str, Any]], name: str, test: Any) -> bool:
    return all(row.get(name) is None or test(row[name]) for row in rows)


def table_html(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as an HTML table."""
    if not rows:
        return "<p><em>no rows</em></p>"
    table = shown(rows)
    side = [_style(is_number, [row[at] for row in table.cells]) for at, is_number in enumerate(table.numeric)]
    head = "".join(f"<th{at}>{escape_html(name)}</th>" for at, name in zip(side, table.heads, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{at}>{escape_html(text)}</td>" for at, text in zip(side, row, strict=True)) + "</tr>"
        for row in table.cells
    )
    framed = f'<div style="overflow-x:auto"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    return framed + (
        f"<p><em>more columns in <code>.table</code>: {escape_html(', '.join(table.left_out))}</em></p>"
        if table.left_out
        else ""
    )


def _style(is_number: bool, texts: Sequence[str]) -> str:
    """Return how a column is set: notebooks set tables to the right, which suits numbers alone, and squeeze long texts."""
    if is_number:
        return ""
    wide = ";min-width:24em" if max((len(text) for text in texts), default=0) > _LONG else ""
    return f' style="text-align:left{wide}"'


def table_markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as a Markdown table."""
    if not rows:
        return "*no rows*\n"
    table = shown(rows)
    lines = ["| " + " | ".join(escape_markdown(name) for name in table.heads) + " |", "|" + "---|" * len(table.heads)]
    lines += ["| " + " | ".join(escape_markdown(text) for text in row) + " |" for row in table.cells]
    return "\n".join(lines) + "\n"


def table_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as aligned columns of plain text."""
    if not rows:
        return "(no rows)"
    table = shown(rows)
    cells = [[_short(escape_terminal(text).replace("\n", " ")) for text in row] for row in table.cells]
    heads = [escape_terminal(name).replace("\n", " ") for name in table.heads]
    widths = [max(len(name), *(len(line[at]) for line in cells)) for at, name in enumerate(heads)]

    def line(values: Sequence[str]) -> str:
        parts = (v.rjust(w) if n else v.ljust(w) for v, w, n in zip(values, widths, table.numeric, strict=True))
        return "  ".join(parts).rstrip()

    return "\n".join([line(heads), line(["-" * width for width in widths]), *(line(row) for row in cells)])


def _short(text: str) -> str:
    return text if len(text) <= _LONG else text[: _LONG - 1].rstrip() + "…"

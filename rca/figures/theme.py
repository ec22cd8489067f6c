"""How every figure looks: palette, sizes, titles, and the limit on marks."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any, TypeAlias

import altair as alt
import polars as pl

from rca.display import escape_terminal
from rca.errors import OptionError
from rca.model import Window

__all__ = [
    "AFTER",
    "BEFORE",
    "GREY",
    "MAX_MARKS",
    "PALETTE",
    "Chart",
    "enable",
    "framed",
    "label",
    "limited",
    "times",
    "titled",
]

PALETTE = ("#5790fc", "#f89c20", "#e42536", "#964a8b", "#9c9ca1", "#7a21dd")
"""Petroff's six colours: every pair stays apart under three kinds of colour blindness."""
BEFORE, AFTER, GREY = "#0072B2", "#D55E00", "#767676"
"""Baseline, incident, and what is neither."""
MAX_MARKS = 2_000
"""Rows that a figure takes at most: figures show aggregates."""

Chart: TypeAlias = Any
"""An Altair chart of any arrangement: Altair's own types of layered and faceted charts do not compose."""

_WIDTH = 640
_FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
"""The converter carries the first of these itself, so that a file looks the same on every machine and no font is read anew for
each word (half the time of PNG and PDF); browsers without it have one of the next two, whose letters are as wide."""


@alt.theme.register("rca", enable=False)
def _theme() -> alt.theme.ThemeConfig:
    text: dict[str, Any] = {"labelFontSize": 12, "titleFontSize": 12, "labelFont": _FONT, "titleFont": _FONT}
    config: dict[str, Any] = {
        "font": _FONT,
        "background": "white",
        "view": {"continuousWidth": _WIDTH, "continuousHeight": 180, "discreteWidth": _WIDTH, "stroke": "#d0d0d0"},
        "axis": {
            **text,
            "titleFontWeight": "normal",
            "gridColor": "#ececec",
            "domainColor": "#888",
            "tickColor": "#888",
            "labelLimit": 320,
        },
        "legend": {**text, "titleFontWeight": "normal", "labelLimit": 320},
        "header": text,
        "title": {
            "fontSize": 15,
            "anchor": "start",
            "subtitleFontSize": 12,
            "subtitleColor": "#555",
            "offset": 12,
            "font": _FONT,
            "subtitleFont": _FONT,
        },
        "range": {"category": list(PALETTE)},
        "bar": {"color": PALETTE[0]},
        "text": {"fontSize": 12, "font": _FONT},
    }
    return {"config": config}  # type: ignore[typeddict-item]


def enable() -> None:
    """Make the theme and the offline notebook renderer those of this process; importing ``rca.figures`` does it."""
    from rca.figures.notebook import register

    alt.theme.enable("rca")
    register()


def limited(frame: pl.DataFrame, what: str) -> pl.DataFrame:
    """Return the frame if a figure can show it.

    Raises
    ------
    OptionError
        When it has more rows than :data:`MAX_MARKS`; aggregate first.
    """
    if frame.height > MAX_MARKS:
        raise OptionError(
            f"A figure of {what} takes {MAX_MARKS:,} rows at most, but was given {frame.height:,}. Aggregate them first."
        )
    return frame


def label(value: object, most: int = 60) -> str:
    """Return data as a label: on one line, without control characters, cut in its middle when long."""
    text = escape_terminal(value).replace("\n", " ").replace("\t", " ")
    if len(text) <= most:
        return text
    head = (most - 1) * 2 // 3
    return f"{text[:head]}…{text[-(most - 1 - head) :]}"


def titled(claim: str, *notes: str) -> alt.TitleParams:
    """Return a claim as title, wrapped, with notes such as window and n below it."""
    lines = textwrap.wrap(label(claim, 260), 84) or [""]
    subtitle = [part for note in notes for line in note.splitlines() for part in textwrap.wrap(label(line, 240), 100)]
    return alt.TitleParams(text=lines, subtitle=subtitle)


def framed(window: Window | None, baseline: Window | None = None, n: int | None = None) -> str:
    """Return the lines that say which windows a figure compares and on how many requests."""
    parts = [
        f"incident {window}" if window else "",
        f"baseline {baseline}" if baseline else "",
        f"n = {n:,}" if n is not None else "",
    ]
    return "\n".join(part for part in parts if part)


def times(frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Return the frame with nanosecond columns as milliseconds, which Vega's UTC scale reads."""
    return frame.with_columns(*((pl.col(name) // 1_000_000).alias(name) for name in columns))


def records(frame: pl.DataFrame, names: Sequence[str]) -> alt.InlineData:
    """Return the named columns as inline data, plain values only."""
    rows: list[dict[str, Any]] = frame.select(names).to_dicts()
    return alt.InlineData(values=rows)

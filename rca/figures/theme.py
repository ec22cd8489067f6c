"""How every figure looks: palette, sizes, titles, and the limit on marks."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from functools import partial
from typing import Any, TypeAlias

import altair as alt
import polars as pl

from rca.display import escape_terminal
from rca.errors import OptionError, did_you_mean
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
    "headline",
    "label",
    "limited",
    "records",
    "ticks_to",
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


_SIZES = {"print": 1.0, "slides": 1.4}
"""Themes by name, and how many times larger than in print their letters are."""


def _theme(size: float) -> alt.theme.ThemeConfig:
    def points(number: float) -> int:
        return round(number * size)

    text: dict[str, Any] = {
        "labelFontSize": points(12),
        "titleFontSize": points(12),
        "labelFont": _FONT,
        "titleFont": _FONT,
    }
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
            "labelSeparation": 6,
        },
        "legend": {**text, "titleFontWeight": "normal", "labelLimit": 320},
        "header": text,
        "title": {
            "fontSize": points(15),
            "anchor": "start",
            "subtitleFontSize": points(12),
            "subtitleColor": "#555",
            "offset": 12,
            "font": _FONT,
            "subtitleFont": _FONT,
        },
        "range": {"category": list(PALETTE)},
        "bar": {"color": PALETTE[0]},
        "text": {"fontSize": points(12), "font": _FONT},
    }
    return {"config": config}  # type: ignore[typeddict-item]


for _name, _factor in _SIZES.items():
    alt.theme.register(f"rca-{_name}", enable=False)(partial(_theme, _factor))


def enable(theme: str = "print") -> None:
    """Make a theme and the offline notebook renderer those of this process; importing ``rca.figures`` does it for print.

    Parameters
    ----------
    theme
        ``"print"`` for documents, ``"slides"`` with letters that are read from the last row.

    Raises
    ------
    OptionError
        When there is no such theme.
    """
    from rca.figures.notebook import register

    if theme not in _SIZES:
        raise OptionError(f"There is no theme {theme!r}. {did_you_mean(theme, list(_SIZES))}")
    alt.theme.enable(f"rca-{theme}")
    register()


def _size() -> float:
    return _SIZES.get(str(alt.theme.active).removeprefix("rca-"), 1.0)


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


def headline(claim: str, most: int = 180) -> str:
    """Return as many whole sentences of a claim as a title holds; of one that is longer, its beginning up to a word.

    Examples
    --------
    >>> headline("p99 rose from 316 to 3,651 ms. " * 9, 70)
    'p99 rose from 316 to 3,651 ms. p99 rose from 316 to 3,651 ms.'
    >>> headline("one two three four", 12)
    'one two…'
    """
    text = escape_terminal(claim).replace("\n", " ").replace("\t", " ").strip()
    if len(text) <= most:
        return text
    for signs in ("[.;]", ":"):  # a sentence, else what stands before the detail
        ends = [found.end() for found in re.finditer(rf"{signs}(?= )", text[: most + 1])]
        if ends and ends[-1] >= most // 3:
            return re.sub(r"[;:]$", ".", text[: ends[-1]])
    return text[: most - 1].rsplit(" ", 1)[0].rstrip(",;: ") + "…"


def titled(claim: str, *notes: str) -> alt.TitleParams:
    """Return a claim as title, wrapped, with notes such as window and n below it."""
    wide = _size()
    lines = textwrap.wrap(headline(claim), round(84 / wide)) or [""]
    subtitle = [
        part
        for note in notes
        for line in note.splitlines()
        for part in textwrap.wrap(label(line, 1500), round(120 / wide), break_on_hyphens=False)
    ]
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


def ticks_to(highest: float) -> alt.Axis:
    """Return an axis whose numbers end where the data end: what lies beyond is room for words."""
    return alt.Axis(labelExpr=f"datum.value > {float(highest)!r} ? '' : datum.label")


def records(frame: pl.DataFrame, names: Sequence[str]) -> alt.InlineData:
    """Return the named columns as inline data, plain values only."""
    rows: list[dict[str, Any]] = frame.select(names).to_dicts()
    return alt.InlineData(values=rows)

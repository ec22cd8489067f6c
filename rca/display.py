"""How results show themselves: HTML, Markdown and plain text from plain values.

No byte of a log becomes markup: every value that comes from data passes through one of the three ``escape_*`` functions.
This module knows nothing of the product's nouns, so that everything above it can use it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

__all__ = [
    "MAX_ROWS",
    "effect_line",
    "escape_html",
    "escape_markdown",
    "escape_terminal",
    "finding_html",
    "finding_markdown",
    "finding_text",
    "format_number",
    "format_probability",
    "table_html",
    "table_markdown",
    "table_text",
    "verdict_html",
    "verdict_markdown",
    "verdict_text",
    "verdicts_html",
    "verdicts_markdown",
    "verdicts_text",
]

MAX_ROWS = 20
"""Rows of a table that a result shows of itself."""

_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}  # a backslash before them is not understood by every renderer
_MARKDOWN = re.compile(
    r"""(?x)
    (?P<math>\\+(?:begin|end)\{)                      # notebooks set what follows as a formula
    | (?P<slashes>\\+)(?P<after>[!-/:-@\[-`{-~]|$)     # a backslash escapes punctuation, and breaks a line at its end
    | (?P<run>\\{2,})
    | (?P<sign>[`*\[\]|$~]|(?<=\])\(|:(?=//)|(?<![^\W_])_|_(?![^\W_])|(?<=[\w.+-])@(?=\w)|@(?=@)|(?<=@)@)
    | (?P<entity>&(?=\#?\w+;)|<(?=[A-Za-z/!?]))
    | (?P<link>(?<![^\W_])(?i:www)\.)"""
)
_LINE_START = re.compile(r"(?:#{1,6}(?=\s|$)|[-+](?=\s|$)|>|-[ -]*$|=+ *$|(?P<number>\d{1,9})[.)](?=\s|$))")
_LINE_END = re.compile(r"(?<=\s)(#+\s*)$")


def escape_html(value: object) -> str:
    """Return text that an HTML parser reads as text, with invisible characters shown.

    Examples
    --------
    >>> escape_html("</script><b>")
    '&lt;/script&gt;&lt;b&gt;'
    """
    return html.escape(escape_terminal(value), quote=True)


def escape_markdown(value: object) -> str:
    r"""Return text that Markdown renders as itself: no link, image, table cell, formula or tag begins in it.

    Only what has a meaning where it stands is escaped, by CommonMark, GitHub's extensions and the formulas of notebooks: a
    hyphen begins a list at the start of a line only, an underscore inside a word means nothing.

    Examples
    --------
    >>> escape_markdown("[x](javascript:y)|")
    '\\[x\\]\\(javascript:y)\\|'
    >>> escape_markdown("2026-11-23: p99 of db_calls < 5.")
    '2026-11-23: p99 of db_calls < 5.'
    """
    text = escape_terminal(value).replace("\n", " ").replace("\t", " ").strip()
    text = _LINE_END.sub(r"\\\1", _MARKDOWN.sub(_escaped, text))
    start = _LINE_START.match(text)
    if start is None:
        return text
    if text[0] == ">":
        return "&gt;" + text[1:]
    at = len(start["number"] or "")
    return f"{text[:at]}\\{text[at:]}"


def _escaped(found: re.Match[str]) -> str:
    if found["math"]:
        return found[0].replace("\\", "\\\\").replace("{", "\\{")
    if found["slashes"]:
        after = found["after"]
        if after and after in "()[]":  # two backslashes before a bracket begin a formula in notebooks
            return "\\\\" * len(found["slashes"]) + f"&#{ord(after)};"
        return "\\\\" * len(found["slashes"]) + (_ENTITIES.get(after) or (f"\\{after}" if after else ""))
    if found["run"]:
        return "\\\\" * len(found["run"])
    if found["entity"]:
        return _ENTITIES[found[0]]
    return f"{found[0][:-1]}\\{found[0][-1]}"


def escape_terminal(value: object) -> str:
    r"""Return text without control, bidirectional and zero-width characters; each is shown as ``\\uXXXX``.

    Examples
    --------
    >>> escape_terminal("a\x1b[31mb")
    'a\\u001b[31mb'
    """
    return _INVISIBLE.sub(lambda found: f"\\u{ord(found[0]):04x}", str(value))


def format_number(value: float) -> str:
    """Return a number as people read it: counts whole, measured values with three or four digits, no powers of ten.

    Examples
    --------
    >>> format_number(142_512_345.6), format_number(3098.4), format_number(0.02273), format_number(4730)
    ('142,500,000', '3,098', '0.0227', '4,730')
    """
    if value != value:  # noqa: PLR0124  (NaN)
        return "n/a"
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    size = abs(value)
    if size >= 100:
        return f"{float(f'{value:.4g}') if size >= 1e4 else value:,.0f}"
    return f"{value:.3g}" if size >= 1e-4 else f"{value:.1e}"


def format_probability(value: float) -> str:
    """Return a probability that never claims to be nought or one.

    Examples
    --------
    >>> format_probability(0.99999), format_probability(0.993), format_probability(0.62), format_probability(0)
    ('> 99.9%', '99.3%', '62%', '< 0.1%')
    """
    if value < 0.001:
        return "< 0.1%"
    if value > 0.999:
        return "> 99.9%"
    return f"{value:.0%}" if 0.1 <= value <= 0.99 else f"{value:.1%}"


def cell(value: object) -> str:
    """Return one value of a table as short text, not yet escaped."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return format_number(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={cell(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(cell(item) for item in value)
    text = str(value)
    return text if len(text) <= 160 else text[:159] + "…"


def _side(values: Iterable[object]) -> str:
    is_number = all(value is None or isinstance(value, int | float) for value in values)
    return "" if is_number else ' style="text-align:left"'


def table_html(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as an HTML table."""
    if not rows:
        return "<p><em>no rows</em></p>"
    # notebooks set tables to the right, which suits numbers alone
    side = {name: _side(row[name] for row in rows) for name in rows[0]}
    head = "".join(f"<th{side[name]}>{escape_html(name)}</th>" for name in rows[0])
    body = "".join(
        "<tr>"
        + "".join(f"<td{side.get(name, '')}>{escape_html(cell(value))}</td>" for name, value in row.items())
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def table_markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as a Markdown table."""
    if not rows:
        return "*no rows*\n"
    lines = ["| " + " | ".join(escape_markdown(name) for name in rows[0]) + " |", "|" + "---|" * len(rows[0])]
    lines += ["| " + " | ".join(escape_markdown(cell(value)) for value in row.values()) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def table_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as aligned columns of plain text."""
    if not rows:
        return "(no rows)"
    names = list(rows[0])
    cells = [[escape_terminal(cell(row.get(name))).replace("\n", " ")[:60] for name in names] for row in rows]
    heads = [escape_terminal(name).replace("\n", " ") for name in names]
    widths = [max(len(name), *(len(line[at]) for line in cells)) for at, name in enumerate(heads)]
    numeric = [all(isinstance(row.get(name), int | float) or row.get(name) is None for row in rows) for name in names]

    def line(values: Sequence[str]) -> str:
        parts = (v.rjust(w) if n else v.ljust(w) for v, w, n in zip(values, widths, numeric, strict=True))
        return "  ".join(parts).rstrip()

    return "\n".join([line(heads), line(["-" * width for width in widths]), *(line(row) for row in cells)])


def effect_line(effect: Mapping[str, Any]) -> str:
    """Return an effect as one line: before, after, interval, n, method."""
    unit = f" {effect['unit']}" if effect["unit"] else ""
    before, after = effect["before"], effect["after"]
    moved = f"{_value(before)} → {_value(after)}{unit}" if before is not None else f"{_value(after)}{unit}"
    interval = ""
    if effect["low"] is not None or effect["high"] is not None:
        word = "ratio" if effect["scale"] == "ratio" else "difference"
        interval = f"; {word} {_value(effect['low'])} to {_value(effect['high'])} ({effect['level']:.0%})"
    p_value = f"; p = {effect['p_value']:.2g}" if effect.get("p_value") is not None else ""
    counts = (
        f"; n = {effect['n_before']:,} / {effect['n_after']:,}"
        if before is not None
        else f"; n = {effect['n_after']:,}"
    )
    return escape_terminal(f"{effect['name']} {moved}{interval}{p_value}{counts}; {effect['method']}")


def _value(value: float | None) -> str:
    return "unbounded" if value is None else format_number(value)


def _effects(document: Mapping[str, Any]) -> list[str]:
    effects = document.get("effects") or ([document["effect"]] if document.get("effect") else [])
    return [effect_line(effect) for effect in effects]


def _more(document: Mapping[str, Any]) -> int:
    return max(0, int(document.get("n_rows", len(document["table"]))) - len(document["table"]))


def finding_html(document: Mapping[str, Any]) -> str:
    """Return a finding as HTML: claim, effect, table, caveats, SQL folded."""
    parts = [f"<p><strong>{escape_html(document['claim'])}</strong></p>"]
    parts += [f"<p>{escape_html(line)}</p>" for line in _effects(document)]
    parts.append(table_html(document["table"]))
    if _more(document):
        parts.append(f"<p><em>{_more(document):,} more rows in <code>.table</code></em></p>")
    if document["caveats"]:
        parts.append("<ul>" + "".join(f"<li>{escape_html(text)}</li>" for text in document["caveats"]) + "</ul>")
    for sql in document["sql"]:
        parts.append(f"<details><summary>SQL</summary><pre>{escape_html(sql)}</pre></details>")
    return f'<div class="rca-finding">{"".join(parts)}</div>'


def finding_markdown(document: Mapping[str, Any]) -> str:
    """Return a finding as Markdown."""
    parts = [f"**{escape_markdown(document['claim'])}**\n"]
    parts += [escape_markdown(line) + "\n" for line in _effects(document)]
    parts.append(table_markdown(document["table"]))
    if _more(document):
        parts.append(f"*{_more(document):,} more rows*\n")
    parts += [f"- {escape_markdown(text)}" for text in document["caveats"]]
    return "\n".join(parts) + "\n"


def finding_text(document: Mapping[str, Any]) -> str:
    """Return a finding as plain text for a terminal."""
    parts = [
        escape_terminal(document["claim"]),
        *("  " + line for line in _effects(document)),
        table_text(document["table"]),
    ]
    if _more(document):
        parts.append(f"({_more(document):,} more rows)")
    parts += [f"- {escape_terminal(text)}" for text in document["caveats"]]
    return "\n".join(parts)


def _evidence_rows(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "evidence": item["name"],
            "decibans": "missing" if item["missing"] else f"{item['decibans']:+.1f}",
            "kind": item["kind"],
            "claim": item["claim"],
        }
        for item in document["evidence"]
    ]


def _verdict_line(document: Mapping[str, Any]) -> str:
    return (
        f"{document['id']} {document['title']}: {document['status']}, {document['decibans']:+.1f} decibans, "
        f"probability {format_probability(document['probability'])}"
    )


def verdict_html(document: Mapping[str, Any]) -> str:
    """Return a verdict as HTML."""
    return f"<p><strong>{escape_html(_verdict_line(document))}</strong></p>{table_html(_evidence_rows(document))}"


def verdict_markdown(document: Mapping[str, Any]) -> str:
    """Return a verdict as Markdown."""
    return f"**{escape_markdown(_verdict_line(document))}**\n\n{table_markdown(_evidence_rows(document))}"


def verdict_text(document: Mapping[str, Any]) -> str:
    """Return a verdict as plain text."""
    return f"{escape_terminal(_verdict_line(document))}\n{table_text(_evidence_rows(document))}"


def _verdict_rows(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "hypothesis": item["id"],
            "title": item["title"],
            "status": item["status"],
            "decibans": round(float(item["decibans"]), 1),
            "probability": format_probability(item["probability"]),
        }
        for item in document["hypotheses"]
    ]


def verdicts_html(document: Mapping[str, Any]) -> str:
    """Return the scoreboard as HTML."""
    notes = "".join(f"<li>{escape_html(text)}</li>" for text in document["caveats"])
    return table_html(_verdict_rows(document)) + (f"<ul>{notes}</ul>" if notes else "")


def verdicts_markdown(document: Mapping[str, Any]) -> str:
    """Return the scoreboard as Markdown."""
    return table_markdown(_verdict_rows(document)) + "".join(
        f"- {escape_markdown(text)}\n" for text in document["caveats"]
    )


def verdicts_text(document: Mapping[str, Any]) -> str:
    """Return the scoreboard as plain text."""
    return "\n".join(
        [table_text(_verdict_rows(document)), *(f"- {escape_terminal(text)}" for text in document["caveats"])]
    )

"""Findings, verdicts and experiments as HTML, Markdown and plain text, from plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rca.display.escaping import escape_html, escape_markdown, escape_terminal
from rca.display.numbers import format_number, format_probability
from rca.display.tables import table_html, table_markdown, table_text

__all__ = [
    "MAX_ROWS",
    "effect_line",
    "effect_row",
    "finding_html",
    "finding_markdown",
    "finding_text",
    "verdict_html",
    "verdict_markdown",
    "verdict_text",
    "verdicts_html",
    "verdicts_markdown",
    "verdicts_text",
]

MAX_ROWS = 10
"""Rows of a table that a result shows of itself."""


def effect_line(effect: Mapping[str, Any]) -> str:
    """Return an effect as one line: before, after, interval, n, method."""
    unit = f" {effect['unit']}" if effect["unit"] not in ("", "1") else ""  # "1" is UCUM's name for a plain number
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


def effect_row(effect: Mapping[str, Any]) -> dict[str, str]:
    """Return an effect as a row of a table: its name with the unit, before, after, interval."""
    unit = f", {effect['unit']}" if effect["unit"] not in ("", "1") else ""
    word = "ratio" if effect["scale"] == "ratio" else "difference"
    known = effect["low"] is not None or effect["high"] is not None
    return {
        "measure": f"{effect['name']}{unit}",
        "before": "" if effect["before"] is None else _value(effect["before"]),
        "after": _value(effect["after"]),
        f"{word} ({effect['level']:.0%})": f"{_value(effect['low'])} to {_value(effect['high'])}" if known else "",
    }


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

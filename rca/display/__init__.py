"""How results show themselves: HTML, Markdown and plain text from plain values.

No byte of a log becomes markup: every value that comes from data passes through one of the three ``escape_*`` functions.
This package knows nothing of the product's nouns, so that everything above it can use it.
"""

from __future__ import annotations

from rca.display.escaping import (
    escape_html,
    escape_markdown,
    escape_terminal,
)
from rca.display.numbers import (
    cell,
    format_number,
    format_probability,
)
from rca.display.results import (
    MAX_ROWS,
    effect_line,
    effect_row,
    finding_html,
    finding_markdown,
    finding_text,
    verdict_html,
    verdict_markdown,
    verdict_text,
    verdicts_html,
    verdicts_markdown,
    verdicts_text,
)
from rca.display.tables import (
    shown,
    table_html,
    table_markdown,
    table_text,
)

__all__ = [
    "MAX_ROWS",
    "cell",
    "effect_line",
    "effect_row",
    "escape_html",
    "escape_markdown",
    "escape_terminal",
    "finding_html",
    "finding_markdown",
    "finding_text",
    "format_number",
    "format_probability",
    "shown",
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

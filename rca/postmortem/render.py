"""A document as Markdown, and as one HTML file that needs nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rca.display import escape_html, escape_markdown, escape_terminal, table_html, table_markdown
from rca.postmortem.blocks import Block, Code, Figure, Items, Paragraph, Section, Sources, Table

__all__ = ["to_html", "to_markdown"]

Redactor = Callable[[str], str]

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --line: #d0d7de; --page: #ffffff; --wash: #f6f8fa; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9198a1; --line: #3d444d; --page: #0d1117; --wash: #151b23; } }
body { font: 16px/1.55 "Helvetica Neue", Helvetica, Arial, "DejaVu Sans", sans-serif; color: var(--ink); background: var(--page); max-width: 960px; margin: 2rem auto; padding: 0 1rem; }
h1 { line-height: 1.2; } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); padding-bottom: .3rem; } h3 { margin-top: 1.8rem; }
table { border-collapse: collapse; width: 100%; font-size: 14px; margin: 1rem 0; display: block; overflow-x: auto; }
th, td { border: 1px solid var(--line); padding: .35rem .6rem; text-align: left; vertical-align: top; } th { background: var(--wash); }
figure { margin: 1.5rem 0; background: #ffffff; border: 1px solid var(--line); padding: .6rem; overflow-x: auto; padding-left: 2.4rem; } figure svg { max-width: 100%; height: auto; overflow: visible; }
figcaption { color: #57606a; font-size: 14px; } .caption { color: var(--soft); font-size: 14px; } pre { background: var(--wash); padding: .8rem; overflow-x: auto; font-size: 13px; } summary { cursor: pointer; color: var(--soft); }
nav ul { columns: 2; font-size: 14px; }
"""


def to_html(title: str, sections: Iterable[Section], redact: Redactor) -> str:
    """Return one self-contained HTML document: no script, no link to anything outside."""
    parts = list(sections)
    contents = "".join(
        f'<li><a href="#s{at}">{escape_html(redact(item.title))}</a></li>'
        for at, item in enumerate(parts)
        if item.level == 2
    )
    body = "".join(_section_html(at, item, redact) for at, item in enumerate(parts))
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape_html(redact(title))}</title><style>{_STYLE}</style></head>'
        f"<body><h1>{escape_html(redact(title))}</h1><nav><ul>{contents}</ul></nav>{body}</body></html>\n"
    )


def _section_html(at: int, section: Section, redact: Redactor) -> str:
    blocks = "".join(_block_html(block, redact) for block in section.blocks)
    return f'<h{section.level} id="s{at}">{escape_html(redact(section.title))}</h{section.level}>{blocks}'


def _block_html(block: Block, redact: Redactor) -> str:
    match block:
        case Paragraph(text):
            return f"<p>{escape_html(redact(text))}</p>"
        case Items(texts):
            return "<ul>" + "".join(f"<li>{escape_html(redact(text))}</li>" for text in texts) + "</ul>"
        case Table(rows, caption):
            head = f'<p class="caption">{escape_html(redact(caption))}</p>' if caption else ""
            return head + table_html([_clean(row, redact) for row in rows])
        case Figure(name, svg, alt):
            return f'<figure role="img" aria-label="{escape_html(redact(alt))}">{svg}<figcaption>{escape_html(name)}</figcaption></figure>'
        case Sources(names):
            return f'<p class="caption">Made by: {", ".join(_link_html(name) for name in names)}</p>'
        case Code(title, text):
            return f'<details id="{_anchor(title)}"><summary>{escape_html(redact(title))}</summary><pre>{escape_html(redact(text))}</pre></details>'


def to_markdown(title: str, sections: Iterable[Section], redact: Redactor) -> str:
    """Return Markdown that refers to the figures beside it."""
    parts = [f"# {escape_markdown(redact(title))}\n"]
    for section in sections:
        parts.append(f"{'#' * section.level} {escape_markdown(redact(section.title))}\n")
        parts += [_block_markdown(block, redact) for block in section.blocks]
    return "\n".join(parts)


def _block_markdown(block: Block, redact: Redactor) -> str:
    match block:
        case Paragraph(text):
            return escape_markdown(redact(text)) + "\n"
        case Items(texts):
            return "".join(f"- {escape_markdown(redact(text))}\n" for text in texts)
        case Table(rows, caption):
            head = f"{escape_markdown(redact(caption))}\n\n" if caption else ""
            return head + table_markdown([_clean(row, redact) for row in rows])
        case Figure(name, _, alt):
            return f"![{escape_markdown(redact(alt))}](figures/{name}.svg)\n"
        case Sources(names):
            return f"Made by: {', '.join(f'[{escape_markdown(name)}](#{_anchor(name)})' for name in names)}\n"
        case Code(title, text, language):
            fence = "`" * (max((len(run) for run in _backticks(text)), default=0) + 3)
            return f"#### SQL {escape_markdown(redact(title))}\n\n{fence}{language}\n{escape_terminal(redact(text))}\n{fence}\n"


def _link_html(name: str) -> str:
    return f'<a href="#{_anchor(name)}">{escape_html(name)}</a>'


def _anchor(name: str) -> str:
    """Return what a link to a statement leads to: what Markdown makes of its heading, and the id in HTML."""
    return re.sub(r"[^a-z0-9_]+", "-", f"sql {name.lower()}").strip("-")


def _backticks(text: str) -> list[str]:
    runs, run = [], ""
    for sign in text:
        run = run + sign if sign == "`" else ""
        if run:
            runs.append(run)
    return runs


def _clean(row: Mapping[str, Any], redact: Redactor) -> dict[str, Any]:
    return {key: redact(value) if isinstance(value, str) else value for key, value in row.items()}

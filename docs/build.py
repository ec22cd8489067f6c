# ruff: noqa: INP001  (a script beside the pages that it builds)
"""Builds the documentation site: the pages of this folder, every command, every public function, the notebooks as they run."""

from __future__ import annotations

import argparse
import contextlib
import html
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import markdown2
import nbformat
import pdoc
import pdoc.render
from nbconvert import HTMLExporter
from nbconvert.preprocessors import ExecutePreprocessor

from rca.cli.main import COMMANDS, main

ROOT = Path(__file__).resolve().parents[1]
MODULES = ("rca", "!rca.ingest", "!rca.engines", "!rca.cli", "!rca.mechanisms", "!rca.__main__")
"""What pdoc documents: every module but those that only read formats, talk to engines or parse options."""
EXTRAS = ["fenced-code-blocks", "tables", "header-ids", "code-friendly"]
STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --line: #d0d7de; --page: #fff; --wash: #f6f8fa; --link: #0550ae; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --line: #3d444d; --page: #0d1117; --wash: #151b23; --link: #79c0ff; } }
body { font: 16px/1.55 "Helvetica Neue", Helvetica, Arial, "DejaVu Sans", sans-serif; color: var(--ink); background: var(--page); max-width: 900px; margin: 2rem auto; padding: 0 1rem; }
a { color: var(--link); } pre { background: var(--wash); padding: .8rem; overflow-x: auto; font-size: 13px; } code { font-size: .92em; } img { max-width: 100%; }
table { border-collapse: collapse; display: block; overflow-x: auto; } th, td { border: 1px solid var(--line); padding: .3rem .6rem; text-align: left; vertical-align: top; } td { min-width: 5rem; } td div, .rca-finding td { min-width: 9rem; } .anchor-link { display: none; }
nav { border-bottom: 1px solid var(--line); padding-bottom: .5rem; margin-bottom: 1.5rem; }
"""


def page(title: str, body: str, *, up: str = "") -> str:
    """Return one page with the site's frame."""
    links = " · ".join(
        f'<a href="{up}{place}">{name}</a>'
        for place, name in (
            ("index.html", "Start"),
            ("commands.html", "Commands"),
            ("api/rca.html", "Functions"),
            ("index.html#notebooks", "Notebooks"),
            ("guards.html", "Guards"),
            ("side-by-side.html", "Side by side"),
            ("changelog.html", "Changes"),
        )
    )
    return f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{html.escape(title)}</title><style>{STYLE}</style></head><body><nav>{links}</nav>{body}</body></html>\n'


def commands() -> str:
    """Return the help of every command."""
    parts = ["<h1>Commands</h1>", "<p>Every command takes <code>--json</code> and <code>--help</code>.</p>"]
    for name in COMMANDS:
        heard = io.StringIO()
        with contextlib.redirect_stdout(heard), contextlib.suppress(SystemExit):
            main([name, "--help"])
        parts.append(f'<h2 id="{name}">rca {name}</h2><pre>{html.escape(heard.getvalue())}</pre>')
    return "".join(parts)


def pages(site: Path) -> None:
    """Write the pages of this folder, the README first."""
    books = "".join(f'<li><a href="notebooks/{book.stem}.html">{book.stem}</a></li>' for book in notebooks())
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        body = markdown2.markdown(path.read_text(encoding="utf-8"), extras=EXTRAS)
        body = re.sub(r'href="(?:docs/)?([\w-]+)\.md', lambda found: f'href="{found[1].lower()}.html', body)
        name = "index" if path.name == "README.md" else path.stem.lower()
        if name == "index":
            body = (
                body.replace('src="docs/', 'src="') + f'<h2 id="notebooks">Notebooks, as they run</h2><ul>{books}</ul>'
            )
        (site / f"{name}.html").write_text(page(f"rca: {name}", body), encoding="utf-8")
    images = site / "images"
    images.mkdir(exist_ok=True)
    for image in (ROOT / "docs" / "images").iterdir():
        (images / image.name).write_bytes(image.read_bytes())


def notebooks() -> Iterator[Path]:
    """Yield the notebooks in their order."""
    yield from sorted((ROOT / "notebooks").glob("*.ipynb"))


def run_notebooks(site: Path, *, execute: bool) -> None:
    """Write the notebooks as pages, run first where asked."""
    folder = site / "notebooks"
    folder.mkdir(exist_ok=True)
    for path in notebooks():
        book = nbformat.read(path, as_version=4)
        if execute:
            ExecutePreprocessor(timeout=600, kernel_name="python3").preprocess(
                book, {"metadata": {"path": str(path.parent)}}
            )
        body, _ = HTMLExporter(
            template_name="basic", exclude_input_prompt=True, exclude_output_prompt=True
        ).from_notebook_node(book)
        (folder / f"{path.stem}.html").write_text(page(path.stem, body, up="../"), encoding="utf-8")


def build(site: Path, *, execute: bool = True) -> Path:
    """Build the site into a folder; without `execute` the notebooks are shown without their outputs."""
    site.mkdir(parents=True, exist_ok=True)
    pages(site)
    (site / "commands.html").write_text(page("rca: commands", commands()), encoding="utf-8")
    pdoc.render.configure(docformat="numpy", footer_text="rca")
    pdoc.pdoc(*MODULES, output_directory=site / "api")
    run_notebooks(site, execute=execute)
    return site


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", default=str(ROOT / "site"), help="folder to write")
    parser.add_argument("--fast", action="store_true", help="do not run the notebooks")
    options = parser.parse_args()
    sys.stdout.write(f"{build(Path(options.to), execute=not options.fast) / 'index.html'}\n")

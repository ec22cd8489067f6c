"""``rca formats``: what can be read."""

from __future__ import annotations

import argparse

from rca import display
from rca.cli.outcome import Outcome
from rca.ingest.formats import FORMATS

__all__ = ["HELP", "add_arguments", "run"]

HELP = "list what can be read"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command: none."""


def run(options: argparse.Namespace) -> Outcome:  # noqa: ARG001
    """List the formats in the order in which they are asked."""
    rows = [{"name": item.name, "title": item.title, "tables": ", ".join(item.tables)} for item in FORMATS]
    return Outcome(document={"formats": rows}, text=display.table_text(rows))

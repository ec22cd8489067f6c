"""``rca new-notebook``: a notebook with every step of an investigation."""

from __future__ import annotations

import argparse

from rca.cli.outcome import Outcome
from rca.guards.template import new_notebook

__all__ = ["HELP", "add_arguments", "run"]

HELP = "write a notebook with every step of an investigation"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("path", metavar="PATH", help="the notebook to write; .ipynb is added where it is absent")
    parser.add_argument("--store", metavar="PATH", help="a store, or a file or folder of telemetry, to begin with")
    parser.add_argument("--force", action="store_true", help="replace a notebook that is there")


def run(options: argparse.Namespace) -> Outcome:
    """Write the notebook."""
    place = new_notebook(options.path, store=options.store, force=options.force)
    return Outcome(document={"notebook": str(place)}, text=f"{place}\nOpen it with: jupyter lab {place}")

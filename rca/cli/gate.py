"""``rca gate``: a candidate run against a baseline; exit code 0 pass, 1 regress, 2 unusable input."""

from __future__ import annotations

import argparse

import rca
from rca.cli.outcome import Outcome
from rca.errors import RcaError
from rca.gate import Budgets, compare, read_budgets

__all__ = ["HELP", "NAME", "add_arguments", "run"]

NAME = "gate"
HELP = "compare a candidate run with a baseline: exit code 0 pass, 1 regress, 2 unusable input"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("--baseline", required=True, metavar="DB", help="store of the run that is good")
    parser.add_argument("--candidate", required=True, metavar="DB", help="store of the run to judge")
    parser.add_argument("--config", metavar="FILE", help="budgets as TOML, table [budgets]")


def run(options: argparse.Namespace) -> Outcome:
    """Judge the candidate."""
    try:
        budgets = read_budgets(options.config) if options.config else Budgets()
        with (
            rca.open(options.baseline, read_only=True) as baseline,
            rca.open(options.candidate, read_only=True) as candidate,
        ):
            report = compare(baseline, candidate, budgets=budgets)
    except RcaError as error:
        return Outcome(document={"passed": None, "error": str(error)}, text="", complaints=(str(error),), code=2)
    return Outcome(document=report.to_dict(), text=str(report), code=0 if report.passed else 1)

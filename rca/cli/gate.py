"""``rca gate``: a candidate run against a baseline; exit code 0 pass, 1 regress, 2 unusable input."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path

import rca
from rca.cli.files import write_text
from rca.cli.outcome import Outcome
from rca.errors import OptionError, RcaError
from rca.gate import Budgets, GateReport, Run, compare_runs, read_budgets
from rca.gate.requests import EVER
from rca.model import Window
from rca.times import parse_time

__all__ = ["HELP", "add_arguments", "run"]

HELP = "compare a candidate run with a baseline: exit code 0 pass, 1 regress, 2 unusable input"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("--baseline", metavar="DB", help="store of the run that is good")
    parser.add_argument("--candidate", metavar="DB", help="store of the run to judge; left out, the baseline's store")
    for side in ("baseline", "candidate"):
        parser.add_argument(
            f"--{side}-window",
            metavar="START/END",
            help=f"only the {side}'s requests between two times, ISO 8601 (no zone means UTC)",
        )
        parser.add_argument(
            f"--{side}-version", metavar="VERSION", default="", help=f"only the {side}'s requests of this version"
        )
    parser.add_argument("--config", metavar="FILE", help="budgets as TOML, table [budgets]")
    parser.add_argument("--markdown", metavar="FILE", help="also write the report as Markdown, for a merge request")
    parser.add_argument("--junit", metavar="FILE", help="also write it as JUnit XML")
    parser.add_argument("--sarif", metavar="FILE", help="also write the regressions as SARIF 2.1.0")


def run(options: argparse.Namespace) -> Outcome:
    """Judge the candidate."""
    try:
        report = _judged(options)
        for path, text in (
            (options.markdown, report.to_markdown),
            (options.junit, report.to_junit),
            (options.sarif, report.to_sarif),
        ):
            if path:
                write_text(Path(path), text())
    except RcaError as error:
        return Outcome(document={"passed": None, "error": str(error)}, text="", complaints=(str(error),), code=2)
    return Outcome(document=report.to_dict(), text=str(report), code=0 if report.passed else 1)


def _judged(options: argparse.Namespace) -> GateReport:
    if not options.baseline:
        raise OptionError("Name the good run: --baseline DB.")
    budgets = read_budgets(options.config) if options.config else Budgets()
    windows = {side: _window(getattr(options, f"{side}_window"), side) for side in ("baseline", "candidate")}
    same = options.candidate in (None, options.baseline)
    versions = {side: getattr(options, f"{side}_version") for side in windows}
    if same and windows["baseline"] == windows["candidate"] and versions["baseline"] == versions["candidate"]:
        raise OptionError(
            "Baseline and candidate are the same requests. Name another store with --candidate, or parts of this one with "
            "--baseline-window and --candidate-window, or --baseline-version and --candidate-version."
        )
    with ExitStack() as stack:
        good = stack.enter_context(rca.open(options.baseline, read_only=True))
        judged = good if same else stack.enter_context(rca.open(options.candidate, read_only=True))
        stores = {"baseline": good, "candidate": judged}
        runs = [
            Run(store=stores[side], window=windows[side], version=versions[side], role=side)
            for side in ("baseline", "candidate")
        ]
        return compare_runs(*runs, budgets=budgets)


def _window(text: str | None, side: str) -> Window:
    if text is None:
        return EVER
    start, slash, end = text.partition("/")
    if not (slash and start.strip() and end.strip()):
        raise OptionError(
            f"--{side}-window takes two times with a slash between, such as 2026-03-04T14:00Z/2026-03-04T14:30Z, not {text!r}."
        )
    first = parse_time(start.strip())
    return Window(first, parse_time(end.strip(), day_of_ns=first))

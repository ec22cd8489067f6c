"""``rca lint``: database calls in loops in code, or log records that cannot be searched; exit code 0 clean, 1 issues, 2 unusable input."""

from __future__ import annotations

import argparse
from pathlib import Path

import rca
from rca.cli.files import write_text
from rca.cli.outcome import Outcome
from rca.errors import OptionError, RcaError, SourceError
from rca.guards.lint import LintReport, lint_code, lint_logs

__all__ = ["HELP", "add_arguments", "run"]

HELP = "find database calls in loops in Python code, or with --logs log records that cannot be searched by request"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="Python files and folders; with --logs a store, or files and folders of logs",
    )
    parser.add_argument(
        "--logs", action="store_true", help="check log records: fields, correlation IDs per hop, levels, time zones"
    )
    parser.add_argument(
        "--require",
        action="append",
        default=[],
        metavar="FIELD",
        help="with --logs: a field that every record must have; repeatable",
    )
    parser.add_argument(
        "--coverage",
        type=float,
        default=0.95,
        metavar="SHARE",
        help="with --logs: share of records that must have each field (0.95)",
    )
    parser.add_argument("--markdown", metavar="FILE", help="also write the report as Markdown, for a merge request")
    parser.add_argument("--junit", metavar="FILE", help="also write it as JUnit XML")
    parser.add_argument("--sarif", metavar="FILE", help="also write it as SARIF 2.1.0")


def run(options: argparse.Namespace) -> Outcome:
    """Check what was named."""
    try:
        report = _logs(options) if options.logs else _code(options)
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


def _code(options: argparse.Namespace) -> LintReport:
    if options.require:
        raise OptionError("--require is about log records: give --logs, too.")
    return lint_code(options.paths)


def _logs(options: argparse.Namespace) -> LintReport:
    place = Path(options.paths[0])
    if len(options.paths) == 1 and _is_store(place):
        with rca.open(place, read_only=True) as store:
            return lint_logs(store, require=options.require, coverage=options.coverage)
    with rca.open() as store:
        read = store.ingest(*options.paths)
        if not read.total("records_read"):
            raise SourceError(
                f"Nothing could be read from {', '.join(options.paths)}: "
                + "; ".join(item.message for item in read.failed[:3])
            )
        return lint_logs(store, require=options.require, coverage=options.coverage)


def _is_store(place: Path) -> bool:
    if not place.is_file():
        return False
    with place.open("rb") as opened:
        return opened.read(12)[8:] == b"DUCK"

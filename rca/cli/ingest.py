"""``rca ingest``: read files and folders into a store and print the ledger."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import rca
from rca.cli.outcome import Outcome
from rca.display import escape_terminal
from rca.errors import SourceError
from rca.ingest.discover import discover
from rca.ingest.limits import Limits
from rca.progress import terminal

__all__ = ["HELP", "add_arguments", "run"]

HELP = "read files and folders into a store; each format is recognised by its content"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument(
        "paths", nargs="+", metavar="PATH", help="a file, a folder, or - for standard input; compressed ones are opened"
    )
    parser.add_argument("--db", required=True, metavar="FILE", help="the DuckDB file to write; made where it is absent")
    parser.add_argument("--format", metavar="NAME", help="take every file for this format (see: rca formats)")
    parser.add_argument("--service", default="", metavar="NAME", help="service of records that name none")


def run(options: argparse.Namespace) -> Outcome:
    """Read what was named; exit code 1 where a named path gave nothing usable."""
    for path in options.paths:
        if path != "-":
            discover(path, Limits())  # refuse before anything is written
    with _no_empty_file(Path(options.db)) as keep, rca.open(options.db) as store:
        report = store.ingest(*options.paths, format=options.format, service=options.service, progress=terminal())
        if report.total("records_read") or len(report.failed) < len(report.inputs):
            keep()  # an empty log is an answer, too
    useless = _useless(options.paths, report)
    if (
        not Path(options.db).exists()
        and report.inputs
        and not report.total("records_read")
        and len(report.failed) == len(report.inputs)
    ):
        complaints = tuple(escape_terminal(item.message) for item in report.failed)
        return Outcome(document=report.to_dict(), text=str(report), complaints=complaints, code=1)
    complaints = tuple(escape_terminal(item.message or f"{item.path} could not be read") for item in report.failed)
    return Outcome(document=report.to_dict(), text=_summary(report), complaints=complaints, code=1 if useless else 0)


@contextmanager
def _no_empty_file(db: Path) -> Iterator[Callable[[], None]]:
    """Remove a store that this run made, unless the function given is called: a file that holds nothing is half a result."""
    existed, useful = db.exists(), False

    def keep() -> None:
        nonlocal useful
        useful = True

    try:
        yield keep
    finally:
        if not existed and not useful:
            for leftover in (db, db.with_name(f"{db.name}.wal")):
                leftover.unlink(missing_ok=True)


def _useless(paths: list[str], report: rca.IngestReport) -> list[str]:
    """Return the named paths of which every file failed."""
    found = []
    for path in paths:
        root = Path(path)
        below = [
            item
            for item in report.inputs
            if item.path == str(root) or item.path == path or Path(item.path).is_relative_to(root)
        ]
        if not below:
            raise SourceError(f"{path} gave no file to read.")
        if all(item.status == "failed" for item in below):
            found.append(path)
    return found


def _summary(report: rca.IngestReport) -> str:
    totals = report.to_dict()["totals"]
    return (
        f"{report}\n\n{len(report.inputs)} files, {totals['bytes']:,} bytes: {totals['records_read']:,} records read = "
        f"{totals['records_kept']:,} kept + {totals['records_duplicate']:,} duplicate + {totals['records_quarantined']:,} quarantined"
    )

"""``rca runbook``: the playbook from hypothesis to experiment, with rollback criteria from the incident's own data."""

from __future__ import annotations

import argparse
from pathlib import Path

import rca
from rca.cli.outcome import Outcome
from rca.errors import SourceError
from rca.guards.runbook import runbook
from rca.progress import terminal

__all__ = ["HELP", "add_arguments", "run"]

HELP = "write the playbook from hypothesis to experiment, with rollback criteria from the incident's own data"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("source", metavar="STORE|FOLDER", help="a store, or files and folders of telemetry")
    parser.add_argument(
        "--to", required=True, metavar="FILE", help="file to write, .md or .html; the other one is written beside it"
    )
    parser.add_argument(
        "--service", metavar="NAME", help="the service whose users were hurt; left out, found in the data"
    )
    parser.add_argument("--start", metavar="TIME", help="start of the incident, ISO 8601 (no zone means UTC)")
    parser.add_argument("--end", metavar="TIME", help="end of the incident")


def run(options: argparse.Namespace) -> Outcome:
    """Write the runbook."""
    with _opened(options.source) as store:
        incident = None
        if options.service and options.start and options.end:
            incident = rca.Incident(options.service, start=options.start, end=options.end)
        found = rca.investigate(store, incident, service=options.service, start=options.start, end=options.end)
        paths = [str(path) for path in runbook(store, to=options.to, investigation=found)]
    return Outcome(document={"files": paths}, text="\n".join(paths))


def _opened(source: str) -> rca.Store:
    place = Path(source)
    if place.is_file():
        with place.open("rb") as opened:
            if opened.read(12)[8:] == b"DUCK":
                return rca.open(source, read_only=True)
    store = rca.open()
    report = store.ingest(source, progress=terminal())
    if not report.total("records_read"):
        store.close()
        raise SourceError(
            f"Nothing could be read from {source}: " + "; ".join(item.message for item in report.failed[:3])
        )
    return store

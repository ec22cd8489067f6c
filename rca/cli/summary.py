"""``rca summary``: what a store holds, and what to doubt about it."""

from __future__ import annotations

import argparse
from typing import Any

import rca
from rca import display
from rca.cli.outcome import Outcome
from rca.findings.data_quality import data_quality
from rca.times import format_time

__all__ = ["HELP", "add_arguments", "run"]

HELP = "say what a store holds: spans of time, services, sampling, correlation IDs, data quality"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("--db", required=True, metavar="FILE", help="the store to look at")


def run(options: argparse.Namespace) -> Outcome:
    """Summarise a store."""
    with rca.open(options.db, read_only=True) as store:
        finding, tables = data_quality(store), store.tables()
    document = {"claim": finding.claim, "tables": tables, **finding.details, "doubts": finding.table.to_dicts()}
    parts = [finding.claim, ""]
    for name, rows in finding.details["inventory"].items():
        if rows:
            parts += [name, display.table_text([_readable(row) for row in rows]), ""]
    parts += [f"{row['severity']}: {display.escape_terminal(row['claim'])}" for row in finding.table.to_dicts()]
    return Outcome(document=document, text="\n".join(parts).rstrip())


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with its times as text."""
    return {
        key.removesuffix("_ns") if key in ("first_ns", "last_ns") else key: format_time(value)
        if key in ("first_ns", "last_ns") and value is not None
        else value
        for key, value in row.items()
    }

"""Parses the command line, runs one command, and turns every foreseen error into a message and an exit code."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from types import ModuleType

import orjson

import rca
from rca.cli import doctor, export, formats, gate, ingest, investigate, lint, new_notebook, runbook, summary
from rca.display import escape_terminal
from rca.errors import RcaError

__all__ = ["COMMANDS", "main"]

COMMANDS: tuple[ModuleType, ...] = (
    ingest,
    summary,
    investigate,
    gate,
    lint,
    export,
    runbook,
    new_notebook,
    formats,
    doctor,
)
"""Each module has ``NAME``, ``HELP``, ``add_arguments(parser)`` and ``run(options) -> Outcome``."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rca", description="Root-cause analysis from logs, traces, slow queries, metrics and changes."
    )
    parser.add_argument("--version", action="version", version=f"rca {rca.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for module in COMMANDS:
        one = commands.add_parser(module.NAME, help=module.HELP, description=module.HELP)
        module.add_arguments(one)
        one.add_argument(
            "--json", action="store_true", help="print one JSON document on standard output and nothing else there"
        )
        one.set_defaults(run=module.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code.

    Examples
    --------
    >>> main(["formats", "--json"])  # doctest: +ELLIPSIS
    {...}
    0
    """
    options = _parser().parse_args(argv)
    try:
        outcome = options.run(options)
    except RcaError as error:
        print(f"rca: {escape_terminal(error)}", file=sys.stderr)
        return int(getattr(error, "exit_code", 1))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("rca: stopped", file=sys.stderr)
        return 130
    print(_json(outcome.document) if options.json else outcome.text)
    for line in outcome.complaints:
        print(f"rca: {escape_terminal(line)}", file=sys.stderr)
    return int(outcome.code)


def _json(document: object) -> str:
    return orjson.dumps(document, default=str, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS).decode()

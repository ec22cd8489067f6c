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
        _forget_output()
        return 0
    except KeyboardInterrupt:
        print("rca: stopped", file=sys.stderr)
        return 130
    for line in outcome.complaints:
        print(f"rca: {escape_terminal(line)}", file=sys.stderr)
    return _shown(_json(outcome.document) if options.json else outcome.text, int(outcome.code))


def _shown(text: str, code: int) -> int:
    """Print the outcome; returns the exit code, which says so where nothing could be printed."""
    try:
        print(text, flush=True)
    except BrokenPipeError:  # whoever read it has seen enough
        _forget_output()
    except UnicodeEncodeError:
        sys.stdout.buffer.write(f"{text}\n".encode(sys.stdout.encoding, errors="backslashreplace"))
    except OSError as error:
        _forget_output()
        print(f"rca: the result could not be printed: {error.strerror or error}.", file=sys.stderr)
        return 1
    return code


def _forget_output() -> None:
    """Let nothing that is still in the buffer be written when the process ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _json(document: object) -> str:
    return orjson.dumps(document, default=str, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS).decode()

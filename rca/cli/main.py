"""Parses the command line, runs one command, and turns every foreseen error into a message and an exit code."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

import orjson

import rca
from rca.absent import leave_out
from rca.display import escape_terminal
from rca.errors import RcaError

__all__ = ["COMMANDS", "main"]

COMMANDS = (
    "ingest",
    "summary",
    "investigate",
    "gate",
    "lint",
    "export",
    "runbook",
    "new-notebook",
    "formats",
    "doctor",
)
"""Each is a module of this folder with ``HELP``, ``add_arguments(parser)`` and ``run(options) -> Outcome``."""


def _parser(asked: str) -> argparse.ArgumentParser:
    """Return the parser of the command that is asked for, of all where it is none: the others would have to be imported."""
    parser = argparse.ArgumentParser(
        prog="rca", description="Root-cause analysis from logs, traces, slow queries, metrics and changes."
    )
    parser.add_argument("--version", action="version", version=f"rca {rca.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in (asked,) if asked in COMMANDS else COMMANDS:
        module = import_module(f"rca.cli.{name.replace('-', '_')}")
        one = commands.add_parser(name, help=module.HELP, description=module.HELP)
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
    if argv is None:
        leave_out("pandas")
    words = sys.argv[1:] if argv is None else list(argv)
    options = _parser(words[0] if words else "").parse_args(words)
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

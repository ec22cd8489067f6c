"""The lab's command line: ``python -m lab record | truth | measured | scenarios``."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from lab.errors import LabError

__all__ = ["main"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    record = commands.add_parser("record", help="record a scenario")
    record.add_argument("--scenario", required=True)
    record.add_argument("--out", type=Path, required=True, help="folder to write; what it holds is replaced")
    record.add_argument("--seed", type=int, default=1)
    record.add_argument("--scale", type=float, default=1.0, help="share of the rows and arrivals")
    record.add_argument("--phase-seconds", type=float, help="length of a phase, 180 if not given")
    many = commands.add_parser("batch", help="record many short incidents, keep those that were felt")
    many.add_argument("--out", type=Path, required=True, help="folder that gets one folder an incident")
    many.add_argument("--only", default="*", help="names to record, with * as in file names")
    many.add_argument("--minutes", type=float, default=90.0, help="how long it may take")
    truth = commands.add_parser("truth", help="what the load generator saw")
    truth.add_argument("folder", type=Path)
    measured = commands.add_parser("measured", help="what a recording's own counters say")
    measured.add_argument("folder", type=Path)
    commands.add_parser("scenarios", help="list the scenarios")
    return parser


def main() -> int:
    """Carry out one command."""
    options = _parser().parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        if options.command == "truth":
            from lab.truth import table

            print(table(options.folder.resolve()))
            return 0
        if options.command == "measured":
            from lab.measured import table as measured

            print(measured(options.folder.resolve()))
            return 0
        try:
            from lab.scenarios import SCENARIOS, find
        except ModuleNotFoundError as error:
            raise LabError(f"{error.name} is missing; install the dependency group `lab`") from error
        if options.command == "scenarios":
            for scenario in SCENARIOS:
                print(f"{scenario.name:24} {scenario.cause:5} {scenario.title}")
            return 0
        try:
            from lab.record import record
        except ModuleNotFoundError as error:
            raise LabError(f"{error.name} is missing; install the dependency group `lab`") from error
        if options.command == "batch":
            from lab.batch import batch
            from lab.scenarios.incidents import INCIDENTS

            batch(INCIDENTS, options.out.resolve(), pattern=options.only, minutes=options.minutes)
            return 0
        scenario = find(options.scenario).with_phase_seconds(options.phase_seconds, options.scale)
        record(scenario, options.out.resolve(), seed=options.seed)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

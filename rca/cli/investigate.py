"""``rca investigate``: the whole investigation, from files or a store to the verdict, the figures and the postmortem."""

from __future__ import annotations

import argparse
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rca
from rca import display
from rca.cli.outcome import Outcome
from rca.engines.address import is_elsewhere
from rca.errors import OptionError, SourceError
from rca.investigation import Investigation
from rca.progress import terminal
from rca.times import format_time

if TYPE_CHECKING:
    from rca.figures.press import Press

__all__ = ["HELP", "add_arguments", "run"]

HELP = "run the whole investigation; with --out also write the figures and the postmortem"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="files and folders to read; with neither PATH nor --db, the shipped incident",
    )
    parser.add_argument(
        "--db",
        metavar="FILE",
        help="a store to read from, also Parquet files, clickhouse://… or sc://…; with PATH, the store to read into",
    )
    parser.add_argument(
        "--service", metavar="NAME", help="the service whose users were hurt; left out, found in the data"
    )
    parser.add_argument("--start", metavar="TIME", help="start of the incident, ISO 8601 (no zone means UTC)")
    parser.add_argument("--end", metavar="TIME", help="end of the incident")
    parser.add_argument(
        "--baseline", metavar="LENGTH", help="what to compare with: a length before the start, such as 1h"
    )
    parser.add_argument(
        "--slo", type=float, metavar="SHARE", help="objective for the share of good requests, such as 0.999"
    )
    parser.add_argument("--out", metavar="DIR", help="write the figures and the postmortem into this folder")


def run(options: argparse.Namespace) -> Outcome:
    """Investigate; exit code 0 whether or not an incident was found."""
    if options.out:
        _check_out(Path(options.out))
    with _store(options) as store, _press(options.out) as press:
        found = rca.investigate(
            store,
            _incident(options),
            service=options.service,
            start=options.start,
            end=options.end,
            slo=options.slo,
        )
        document: dict[str, Any] = found.to_dict()
        if options.out:
            made = rca.report(store, found.incident, to=options.out, investigation=found, press=press)
            document["report"] = [str(path) for path in made]
    return Outcome(document=document, text=_text(found, options.out, document.get("report", [])))


def _press(out: str | None) -> AbstractContextManager[Press | None]:
    """Start what makes figures into files, where they are asked for: reading is over and leaves a core free."""
    if not out:
        return nullcontext()
    from rca.figures.press import Press

    return Press()


def _store(options: argparse.Namespace) -> rca.Store:
    paths = list(options.paths)
    if not paths and not options.db:
        paths = [str(_shipped())]
    if not paths:
        return rca.open(options.db, read_only=True)
    elsewhere = bool(options.db) and is_elsewhere(options.db)
    store = rca.open(None if elsewhere else options.db)
    report = store.ingest(*paths, progress=terminal())
    if not report.total("records_read"):
        store.close()
        reasons = "; ".join(item.message for item in report.failed[:3])
        raise SourceError(f"Nothing could be read from {', '.join(paths)}: {reasons}")
    return rca.open(options.db, beside=store) if elsewhere else store


def _shipped() -> Path:
    """Return the recorded incident of the project's own checkout."""
    place = Path(rca.__file__).resolve().parent.parent / "data" / "checkout-incident"
    if not place.is_dir():
        raise SourceError(
            "The recorded incident is not here: it comes with the project's source. Name your own telemetry: rca investigate PATH"
        )
    return place


def _incident(options: argparse.Namespace) -> rca.Incident | None:
    """Return the incident where the options name it whole; else it is looked for within what they name."""
    if not (options.service and options.start and options.end):
        if options.baseline:
            raise OptionError("--baseline needs --service, --start and --end: it is a length before the start.")
        return None
    return rca.Incident(
        options.service, start=options.start, end=options.end, baseline=options.baseline, slo=options.slo
    )


def _check_out(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise OptionError(f"--out {folder} is a file; name a folder.")


def _text(found: Investigation, out: str | None, made: list[str]) -> str:
    if found.incident is None:
        return f"No incident found: {display.escape_terminal(found.why.removeprefix('No incident found: '))}"
    parts = [f"Incident: {display.escape_terminal(found.incident)}", ""]
    names = (
        "latency",
        "compare_attributes",
        "queries_per_request",
        "repeated_queries",
        "slow_queries",
        "saturation",
        "dependencies",
    )
    parts += [f"- {display.escape_terminal(found.findings[name].claim)}" for name in names if name in found.findings]
    parts += ["", *_changes(found), "", "Hypotheses", str(found.verdicts)]
    if found.experiments:
        parts += ["", "Experiments", *(f"- {display.escape_terminal(item.claim)}" for item in found.experiments)]
        parts += (
            [f"- {display.escape_terminal(found.findings['follow_up'].claim)}"] if "follow_up" in found.findings else []
        )
    if found.warnings:
        parts += ["", "To doubt", *(f"- {display.escape_terminal(text)}" for text in found.warnings)]
    if out:
        parts += [
            "",
            f"Postmortem: {', '.join(made)}; figures: {Path(out) / 'figures'}",
        ]
    return "\n".join(parts)


def _changes(found: Investigation) -> list[str]:
    ranked = found.changes
    if ranked is None:
        return ["Changes: none is known, so none can be blamed."]
    rows = [
        {
            "probability": display.format_probability(row["probability"]),
            "kind": row["kind"],
            "service": row["service_name"],
            "time": format_time(row["time_ns"])[11:19] if row["time_ns"] is not None else "",
            "change": row.get("title") or row["revision"] or row["feature_flag_key"],
            "reason": (row["reasons"] or [""])[0],
        }
        for row in ranked.table.head(8).to_dicts()
    ]
    rows.append(
        {
            "probability": display.format_probability(float(ranked.details["no_change_probability"])),
            "kind": "no change",
            "service": "",
            "time": "",
            "change": "",
            "reason": "",
        }
    )
    first, remedy = ranked.details.get("first_failing_service"), ranked.details.get("remediation")
    return [
        "Changes",
        display.table_text(rows),
        f"First failing service: {first or 'cannot tell'}. Suggested: {remedy or 'cannot tell'}.",
    ]

"""What came of it: trade-offs, result, resolution, lessons, action items, open questions, and what to doubt."""

from __future__ import annotations

from collections.abc import Iterator

from rca.display import effect_row
from rca.investigation import Investigation
from rca.model import Experiment
from rca.postmortem.blocks import Block, Items, Paragraph, Section, Table
from rca.postmortem.pieces import TELLING, Figures, drawn, fix_of
from rca.times import format_time

__all__ = ["action_items", "doubts", "lessons", "open_questions", "resolution", "result", "to_doubt", "trade_offs"]

_RESULT = ("period", "n", "p50_ms", "p95_ms", "p99_ms", "error_ratio", "queries_per_request")
_TODO = "To be filled in by the team."
_LIMITS = ("sampled", "sampling_changed", "truncated")
"""Checks of the data's quality that were somebody's choice."""


def trade_offs(found: Investigation) -> Iterator[Block]:
    """Say what was sampled, cut off or changed on purpose while it was watched."""
    quality = found.findings["data_quality"]
    rows = quality.table.filter(quality.table["check"].is_in(_LIMITS))["claim"].to_list()
    yield Items(rows or ["Nothing was sampled or cut off, so far as the telemetry says."])


def result(found: Investigation, figures: Figures) -> Iterator[Block]:
    """Say what the fix did, and whether it lasted."""
    fix = fix_of(found)
    if fix is None:
        yield Paragraph("No window after a fix is on record, so there is no result to show yet.")
        return
    yield Paragraph(fix.claim)
    yield from drawn(figures, "results")
    yield Table([effect_row(effect.to_dict()) for effect in fix.effects], _how(fix))
    later = found.findings.get("follow_up")
    if later is None:
        yield Paragraph("No telemetry after the fix is on record, so whether it stayed mended cannot be told.")
        return
    yield Paragraph(later.claim)
    yield Table(later.table.select(_RESULT).to_dicts(), "Before, during and after")


def _how(fix: Experiment) -> str:
    """Return what the effects of a fix have in common: how many requests and which method."""
    said = {(effect.n_before, effect.n_after, effect.method) for effect in fix.effects}
    return "; ".join(f"n = {before:,} / {after:,}; {method}" for before, after, method in sorted(said))


def resolution(found: Investigation) -> Iterator[Block]:
    """Say what mended it; without a fix on record, what is suggested."""
    ranked, fix = found.changes, fix_of(found)
    remedy = ranked.details.get("remediation") if ranked else None
    if fix:
        yield Paragraph(f"{fix.name}, measured from {format_time(fix.treated.start_ns)} on.")
    else:
        yield Paragraph(
            f"Suggested remediation: {remedy}." if remedy else "No remediation can be suggested from the data."
        )
        yield Paragraph(_TODO)


def lessons(found: Investigation) -> Iterator[Block]:
    """Say what the verdict rests on, and leave the rest to the team."""
    if not found.experiments:
        rests = "no experiment was made, so nothing here is more than supported."
    elif any(item.status == "confirmed" for item in found.verdicts):
        rests = "the verdict rests on experiments."
    else:
        rests = "the experiments confirmed no hypothesis, so nothing here is more than supported."
    yield Paragraph(f"Correlation is not causation: {rests}")
    yield Items([f"What went well: {_TODO}", f"What went wrong: {_TODO}", f"Where we got lucky: {_TODO}"])


def action_items(found: Investigation) -> Iterator[Block]:
    """Return what keeps this kind of fault from coming back, as a table."""
    rows = [{"action": text, "type": kind, "owner": _TODO, "ticket": ""} for kind, text in _actions(found)]
    yield Table(rows)


def _actions(found: Investigation) -> Iterator[tuple[str, str]]:
    leader = found.verdicts[0].id if len(found.verdicts) and found.verdicts[0].status in TELLING else ""
    if leader == "H2":
        yield "prevent", "A test that fails when a request makes more than a set number of database calls"
        yield "prevent", "A performance gate in CI: p95, p99, errors and queries per request against a baseline"
        yield "detect", "An alert on slow statements and on queries per request"
    if leader == "H1":
        yield "mitigate", "A timeout and a circuit breaker on the dependency, tried under load"
    if leader == "H3":
        yield "prevent", "Limits and pool sizes from measured load, with an alert on throttling and queue length"
    if leader == "H4":
        yield "detect", "A synthetic probe of each hop, with an alert on the gap between client and server"
    yield "process", "New code behind a flag, rolled out by canary, with rollback criteria written down beforehand"
    yield "detect", "Correlation IDs on every log record and permanent trace sampling of 5 to 10 %"


def open_questions(found: Investigation) -> Iterator[Block]:
    """Return what is not settled, with the experiments that would settle it."""
    questions = [
        f"{item.id}, {item.title}, is {item.status}. What would settle it: {'; '.join(item.next_experiments[:2])}."
        for item in found.verdicts
        if item.status in ("supported", "contributing") and item.next_experiments
    ]
    yield Items(questions or ["None that the data raise."])


def doubts(found: Investigation) -> Iterator[Block]:
    """Return what to doubt of all numbers; what was chosen to be recorded stands among the trade-offs."""
    quality = found.findings["data_quality"].table
    chosen = set(quality.filter(quality["check"].is_in(_LIMITS))["claim"].to_list()) if found.incident else set()
    rest = [text for text in found.warnings if text not in chosen]
    if rest:
        yield Items(rest)


def to_doubt(found: Investigation) -> Iterator[Section]:
    """Yield the section on what to doubt, where there is anything."""
    told = tuple(doubts(found))
    if told:
        yield Section("What to doubt", told, level=3)

"""What a postmortem says: the investigation in STAR order under the headings of Google's SRE book."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rca.display import effect_line, format_probability
from rca.investigation import Investigation
from rca.model import Experiment, Finding, Incident
from rca.postmortem.blocks import Block, Code, Items, Paragraph, Section, Table
from rca.postmortem.chronicle import detection, events
from rca.postmortem.outcome import (
    action_items,
    doubts,
    lessons,
    open_questions,
    resolution,
    result,
    to_doubt,
    trade_offs,
)
from rca.postmortem.pieces import TELLING, Figures, drawn, fix_of, made_by
from rca.statements import statement_name
from rca.times import format_time

__all__ = ["sections", "title"]

_ROWS, _EXAMPLES = 8, 3
"""Rows of a finding's table that are shown, and of a table of single traces."""


def title(found: Investigation) -> str:
    """Return the title of the postmortem."""
    incident = found.incident
    return (
        f"Postmortem: {incident.service_name}, {format_time(incident.start_ns)[:10]}"
        if incident
        else "No incident found"
    )


def sections(found: Investigation, figures: Figures) -> list[Section]:
    """Return the postmortem of an investigation that found an incident."""
    incident = found.incident
    if incident is None:
        return [Section("Summary", (Paragraph(f"No incident was found. {found.why}"), *doubts(found)))]
    return [
        Section("Summary", tuple(_summary(found, incident))),
        Section("Situation", tuple(_situation(found, incident, figures))),
        Section("Impact", tuple(_impact(found, incident)), level=3),
        Section("Timeline", (events(found, incident),), level=3),
        Section("Task", tuple(_task())),
        Section("Action", (Paragraph("What was observed, what was changed on purpose, and what followed."),)),
        Section("Trigger: which change did it", tuple(_trigger(found, figures)), level=3),
        Section("Root causes: what kind of fault it is", tuple(_causes(found, figures)), level=3),
        *_observations(found, figures),
        Section("Experiments", tuple(_experiments(found, figures)), level=3),
        Section("Trade-offs", tuple(trade_offs(found)), level=3),
        *_predicted(found, figures),
        Section("Result", tuple(result(found, figures))),
        Section("Resolution", tuple(resolution(found)), level=3),
        Section("Detection", (Paragraph(detection(found, incident)),), level=3),
        Section("Lessons", tuple(lessons(found)), level=3),
        Section("Action items", tuple(action_items(found)), level=3),
        Section("Open questions", tuple(open_questions(found)), level=3),
        *to_doubt(found),
        Section("Appendix: the SQL behind every number", tuple(_appendix(found))),
    ]


def _summary(found: Investigation, incident: Incident) -> Iterator[Block]:
    shift = found.findings.get("latency")
    yield Paragraph(f"{incident.window}. {shift.claim if shift else f'Service {incident.service_name}.'}")
    if len(found.verdicts):
        leader = found.verdicts[0]
        named = f"{leader.id}, {leader.title}"
        likely = f"probability {format_probability(leader.probability)} against {len(found.verdicts) - 1} others"
        yield Paragraph(
            f"{named}: {leader.status}, {likely}."
            if leader.status in TELLING
            else f"No kind of fault is supported by the evidence; the most probable is {named} ({likely})."
        )
    others = [
        f"{item.id} {item.title}: {item.status}"
        for item in found.verdicts
        if item.status in ("contributing", "refuted", "supported", "confirmed")
    ][1:]
    if others:
        yield Paragraph("Also: " + "; ".join(others) + ".")
    ranked = found.changes
    if ranked:
        yield Paragraph(ranked.claim)
    fix = fix_of(found)
    if fix:
        yield Paragraph(f"Mended by {fix.claim}")


def _situation(found: Investigation, incident: Incident, figures: Figures) -> Iterator[Block]:
    baseline = incident.baseline_window
    latency = found.findings.get("latency")
    compared = baseline or (latency.baseline if latency else None)
    measured = latency.window if latency and latency.window else incident.window
    part = f" Its numbers are those of {measured}, before the first experiment." if measured != incident.window else ""
    against = f" They are compared with {compared}." if compared and part else ""
    yield Paragraph(
        f"The incident: {incident.window}.{part}{against}"
        if part or not compared
        else f"The incident, {incident.window}, is compared with {compared}."
    )
    yield from drawn(figures, "timeline", "distribution")
    if latency:
        yield Table(latency.table.head(4).to_dicts(), "Latency and errors by period")
        yield from made_by(latency.sql)


def _impact(found: Investigation, incident: Incident) -> Iterator[Block]:
    details: Mapping[str, Any] = found.findings["latency"].details if "latency" in found.findings else {}
    latency = found.findings.get("latency")
    if latency and latency.effect:
        yield Paragraph(effect_line(latency.effect.to_dict()))
    rows = found.red.filter(found.red["period"] == "during") if "period" in found.red.columns else found.red.head(0)
    if rows.height:
        requests = float(rows["requests"].sum())
        failed = float((rows["requests"] * rows["error_ratio"].fill_null(0)).sum())
        yield Paragraph(
            f"About {requests:,.0f} requests were served in the incident, of which about {failed:,.0f} failed ({failed / requests:.2%})."
            if requests
            else "No request is on record."
        )
        if incident.slo is not None and requests:
            burn = failed / requests / (1 - incident.slo)
            yield Paragraph(
                f"Against an objective of {incident.slo:.3%} the error budget burned {burn:,.1f} times as fast as it may."
            )
    if incident.slo is None:
        yield Paragraph("No objective was given, so no error budget is reckoned (Incident(…, slo=0.999)).")
    if details.get("sampling"):
        yield Paragraph(f"Counts are weighted: {details['sampling']:.0%} of the requests were traced.")


def _task() -> Iterator[Block]:
    yield Paragraph(
        "Find what set the incident off and what made requests slow or fail, and tell correlation from causation: observations can support a hypothesis, only an experiment can confirm or refute it."
    )


def _trigger(found: Investigation, figures: Figures) -> Iterator[Block]:
    ranked = found.changes
    if ranked is None:
        yield Paragraph("No change is known, so none can be blamed.")
        return
    yield Paragraph(ranked.claim)
    yield from drawn(figures, "change_ranking")
    rows = [
        {
            "probability": format_probability(row["probability"]),
            "kind": row["kind"],
            "service": row["service_name"],
            "change": row.get("title") or row["revision"] or row["feature_flag_key"],
            "reasons": "; ".join(row["reasons"] or []),
        }
        for row in ranked.table.head(8).to_dicts()
    ]
    yield Table(
        rows,
        f"Candidates; no change did it: {format_probability(float(ranked.details.get('no_change_probability', 0)))}",
    )


def _causes(found: Investigation, figures: Figures) -> Iterator[Block]:
    yield from drawn(figures, "scoreboard")
    yield Table(
        [
            {
                "hypothesis": item.id,
                "says": item.title,
                "status": item.status,
                "decibans": f"{item.decibans:+.1f}",
                "probability": format_probability(item.probability),
            }
            for item in found.verdicts
        ],
        f"{len(found.verdicts)} hypotheses, weighed against each other (10 decibans: ten times as likely)",
    )
    for item in [item for item in found.verdicts if item.status != "open" or item.id.startswith("H")][:6]:
        yield Paragraph(f"{item.id}, {item.title}: {item.status} ({item.decibans:+.1f} decibans).")
        if f"evidence_{item.id}" in figures:
            yield figures[f"evidence_{item.id}"]
        for word, rows in (
            ("For", [e for e in item.evidence if not e.missing and e.decibans > 0]),
            ("Against", [e for e in item.evidence if not e.missing and e.decibans < 0]),
            ("Missing", [e for e in item.evidence if e.missing]),
        ):
            if rows:
                yield Items(
                    [
                        f"{word} ({e.decibans:+.1f} dB, {e.kind}): {e.claim}" if not e.missing else f"{word}: {e.claim}"
                        for e in rows
                    ]
                )


_OBSERVED = (
    ("queries_per_request", "Queries per request", ("query_counts",)),
    ("repeated_queries", "Repeated calls", ("waterfall",)),
    ("slow_queries", "Slow statements", ("statements", "lock_graph")),
    ("saturation", "Saturation", ("saturation",)),
    ("dependencies", "Dependencies", ("service_map",)),
    ("compare_traces", "Where the time went", ("call_paths",)),
    ("compare_attributes", "What slow requests have in common", ("attribute_ranking",)),
    ("messages", "What is logged", ("message_surges",)),
)


def _observations(found: Investigation, figures: Figures) -> Iterator[Section]:
    for name, heading, shown in _OBSERVED:
        if name in found.findings:
            finding = found.findings[name]
            yield Section(
                heading,
                (
                    Paragraph(finding.claim),
                    *_effect(finding),
                    *drawn(figures, *shown),
                    *_table(finding),
                    *_caveats(finding, found),
                    *made_by(finding.sql),
                ),
                level=3,
            )


def _effect(finding: Finding) -> Iterator[Block]:
    if finding.effect:
        yield Paragraph(effect_line(finding.effect.to_dict()))


def _table(finding: Finding) -> Iterator[Block]:
    if finding.table.height:
        # traces are examples of one thing: a few will do
        most = _EXAMPLES if "trace_id" in finding.table.columns else _ROWS
        rows = [
            {key: value for key, value in row.items() if not isinstance(value, dict | list) and key != "parent_span_id"}
            for row in finding.table.head(most).to_dicts()
        ]
        narrow = [dict(list(row.items())[:9]) for row in rows]
        yield Table(
            narrow,
            f"The first {len(rows)} of {finding.table.height:,} rows" if finding.table.height > len(rows) else "",
        )


def _caveats(finding: Finding, found: Investigation) -> Iterator[Block]:
    """Return what to doubt of one finding; what holds for all of them stands once, among the open questions."""
    own = [text for text in finding.caveats if text not in found.warnings]
    if own:
        yield Items([f"To doubt: {text}" for text in own])


def _experiments(found: Investigation, figures: Figures) -> Iterator[Block]:
    if not found.experiments:
        yield Paragraph("None was run or recorded. What would settle it:")
        yield Items(
            [f"{item.id}: {'; '.join(item.next_experiments)}" for item in found.verdicts if item.next_experiments][:4]
        )
        return
    yield from drawn(figures, "experiment_effects")
    yield Table([_experiment_row(item) for item in found.experiments])
    yield Items(sorted({f"To doubt: {text}" for item in found.experiments for text in item.caveats}))
    yield from made_by([sql for item in found.experiments for sql in item.sql])


def _experiment_row(item: Experiment) -> dict[str, Any]:
    effects = {effect.name: effect for effect in item.effects}
    share = "cannot tell" if item.recovered is None else f"{item.recovered:.0%}"
    if item.recovered_low is not None and item.recovered_high is not None:
        share += f" ({item.recovered_low:.0%} to {item.recovered_high:.0%})"
    row: dict[str, Any] = {
        "experiment": item.name,
        "kind": item.kind,
        "treated": str(item.treated),
        "share of the excess": share,
    }
    for name, unit in (("p99", "ms"), ("error ratio", ""), ("queries per request", "")):
        effect = effects.get(name)
        if effect and effect.before is not None and effect.after is not None:
            values = (
                (f"{effect.before:.2%}", f"{effect.after:.2%}")
                if name == "error ratio"
                else (f"{effect.before:,.4g}", f"{effect.after:,.4g}")
            )
            row[name] = f"{values[0]} → {values[1]} {unit}".strip()
    return row


def _appendix(found: Investigation) -> Iterator[Block]:
    seen: set[str] = set()
    made = [*(item.sql for item in found.findings.values()), *(item.sql for item in found.experiments)]
    for sql in (sql for statements in made for sql in statements):
        if sql not in seen:
            seen.add(sql)
            yield Code(statement_name(sql), sql)


def _predicted(found: Investigation, figures: Figures) -> Iterator[Section]:
    answer = found.findings.get("what_if")
    if answer is None:
        return
    yield Section(
        "What if",
        (
            Paragraph(answer.claim),
            *_effect(answer),
            *drawn(figures, "prediction"),
            Table(answer.table.to_dicts()),
            *_caveats(answer, found),
            *made_by(answer.sql),
        ),
        level=3,
    )

"""What the runbook says."""

from __future__ import annotations

from collections.abc import Iterator

from rca.errors import NoDataError
from rca.guards.runbook.thresholds import Limit, pace
from rca.investigation import Investigation
from rca.model import Experiment, Incident, Verdict
from rca.postmortem.blocks import Block, Items, Paragraph, Section, Table
from rca.times import format_time

__all__ = ["sections", "title"]

_HOW = {
    "H1": (
        "Serve the dependency's fallback, or a stub, to a share of the requests; leave the rest as it is.",
        "time in the calls to the dependency",
    ),
    "H2": (
        "Switch the flag off or roll back on one replica; where there is neither, batch the call or add the index there first.",
        "time in the database and calls per request",
    ),
    "H3": (
        "Raise the limit or the pool of one replica; leave the others as they are.",
        "throttling, queue length and collector pauses of that replica",
    ),
    "H4": (
        "Send one replica's traffic over another path, zone or resolver.",
        "the gap between the client's and the server's span of each hop",
    ),
}


def title(found: Investigation) -> str:
    """Return the title."""
    incident = found.incident
    return f"Runbook: {incident.service_name}, when it is slow or fails" if incident else "Runbook"


def sections(found: Investigation, known: list[Limit]) -> list[Section]:
    """Return the runbook of an incident."""
    incident = found.incident
    if incident is None:
        raise NoDataError(f"There is no incident to write a runbook from. {found.why}")
    return [
        Section("When to open it", tuple(_opening(found, incident))),
        Section("Lines that decide", tuple(_lines(found, incident, known))),
        Section("Who watches, who stops", tuple(_people(found, incident))),
        Section("First: take back what changed", tuple(_first(found))),
        *(_play(found, verdict, known) for verdict in _plays(found)),
        Section("After it", (Items(_AFTER),)),
    ]


_AFTER = (
    "Write down each experiment as a change of kind experiment with its start and end: rca measures it then, and only then a verdict can be confirmed or refuted.",
    "Take the experiment back even where it worked, unless it is the fix; run the performance gate on the fix: rca gate.",
    "Leave the alerts on queries per request and burn rate in place: rca export.",
)


def _opening(found: Investigation, incident: Incident) -> Iterator[Block]:
    shift = found.findings.get("latency")
    yield Paragraph(
        f"Written from the incident of {format_time(incident.start_ns)[:10]}: {incident.service_name}, {incident.window}."
        + (f" {shift.claim}" if shift else "")
    )
    yield Paragraph(
        "Observations can support a hypothesis, only a controlled experiment can confirm or refute it. Change one thing at a time, on a share of the requests, with a control beside it."
    )


def _lines(found: Investigation, incident: Incident, known: list[Limit]) -> Iterator[Block]:
    if not known:
        yield Paragraph(
            "No request was measured in both windows, so no line can be drawn: choose them by hand before any experiment."
        )
        return
    shift = found.findings["latency"]
    yield Paragraph(f"Baseline: {shift.baseline}. Incident: {shift.window}.")
    yield Table([limit.row() for limit in known], "Limits of an experiment")
    unbounded = [limit.measure for limit in known if limit.high is None and limit.low is not None]
    if unbounded:
        yield Paragraph(
            f"The baseline has too few requests to bound {' and '.join(unbounded)} from above; its line lies half of the way back from the incident."
        )
    try:
        wait = pace(found, shift.window or incident.window)
    except NoDataError:
        return
    yield Paragraph(
        f"Judge after at least {wait.least:,} traced requests in each arm, about {wait.minutes:,} min at the incident's {wait.per_minute:,.0f} requests a minute with all of them in that arm; with a share of 5 % it is twenty times as long, so raise trace sampling first."
    )
    yield Items(
        [
            "Stop at once and take the change back when any measure is above its stop line in two minutes one after the other: it is then worse than doing nothing.",
            "It worked when every measure that the incident moved is at or below its line for ten minutes in the treated arm and not in the control.",
            "Anything between says nothing: take it back and go on to the next hypothesis.",
        ]
    )


def _people(found: Investigation, incident: Incident) -> Iterator[Block]:
    ranked = found.changes
    details = dict(ranked.details) if ranked else {}
    others = [str(name) for name in details.get("blast_radius", []) if name != incident.service_name]
    rows = [
        {
            "who": f"on call for {incident.service_name}",
            "does": "makes the change, watches the lines above, stops without asking",
        },
        {"who": "a second person", "does": "watches the control arm and the clock, writes down start and end in UTC"},
    ]
    rows += [
        {"who": f"on call for {name}", "does": "is told before and after; may stop it, too: this service was hurt"}
        for name in others[:6]
    ]
    first = str(details.get("first_failing_service") or "")
    if first and first != incident.service_name and first not in others:
        rows.append({"who": f"on call for {first}", "does": "is told first: there it began"})
    yield Table(rows)


def _first(found: Investigation) -> Iterator[Block]:
    ranked = found.changes
    if ranked is None or ranked.table.is_empty():
        yield Paragraph(
            "No change is known near the incident. Look for one first: deploys, flags, configuration, scale, certificates, traffic."
        )
        return
    yield Paragraph(ranked.claim)
    if criteria := ranked.details.get("rollback_criteria"):
        yield Paragraph(str(criteria))
    if taken := [item for item in found.experiments if not item.hypotheses]:
        yield Table([_row(item) for item in taken], "What was tried last time on the change itself")


def _plays(found: Investigation) -> list[Verdict]:
    """Return the mechanisms that have an experiment, most probable first; the four that the product begins with always."""
    return [
        item
        for item in found.verdicts
        if item.next_experiments and (item.id in _HOW or item.status in ("supported", "contributing", "confirmed"))
    ]


def _play(found: Investigation, verdict: Verdict, known: list[Limit]) -> Section:
    return Section(f"{verdict.id}: {verdict.title}", tuple(_steps(found, verdict, known)))


def _steps(found: Investigation, verdict: Verdict, known: list[Limit]) -> Iterator[Block]:
    yield Paragraph(f"Last time: {verdict.status}, probability {verdict.probability:.0%}.")
    seen = sorted(
        (item for item in verdict.evidence if not item.missing and item.kind == "observation"),
        key=lambda item: -abs(item.decibans),
    )
    if supported := [item for item in seen if item.decibans > 0][:4]:
        yield Items([f"Look for ({item.decibans:+.0f} dB last time): {item.claim}" for item in supported])
    if against := [item for item in seen if item.decibans < 0][:2]:
        yield Items([f"Spoke against it ({item.decibans:+.0f} dB last time): {item.claim}" for item in against])
    if absent := [item.claim for item in verdict.evidence if item.missing][:3]:
        yield Items([f"Could not be seen last time: {text}" for text in absent])
    how, watch = _HOW.get(verdict.id, ("", ""))
    if how:
        yield Paragraph(f"Experiment: {how} Or: {'; '.join(verdict.next_experiments)}.")
        yield Paragraph(f"Watch beside the lines above: {watch}.")
    else:
        yield Paragraph(f"Experiment: {'; '.join(verdict.next_experiments)}.")
    yield Items(_expected(known))
    tried = [item for item in found.experiments if verdict.id in item.hypotheses]
    if tried:
        yield Table([_row(item) for item in tried], "What was tried last time")


def _expected(known: list[Limit]) -> list[str]:
    moved = [limit for limit in known if limit.incident > limit.baseline]
    if not moved:
        return ["If it is this, the treated arm goes back to its usual level and the control does not."]
    rows = [limit.row() for limit in moved]
    back = ", ".join(f"{row['measure']} at or below {row['it worked: at or below']}" for row in rows)
    worse = ", ".join(f"{row['measure']} above {row['stop: above']}" for row in rows)
    return [
        f"If it is this: {back} in the treated arm, not in the control.",
        f"Take it back when: {worse}, or the control gets worse, too.",
    ]


def _row(item: Experiment) -> dict[str, str]:
    share = "cannot tell" if item.recovered is None else f"{item.recovered:.0%}"
    if item.recovered_low is not None and item.recovered_high is not None:
        share += f" ({item.recovered_low:.0%} to {item.recovered_high:.0%})"
    return {
        "experiment": item.name,
        "kind": item.kind,
        "share of the excess that went": share,
        "ran": str(item.treated),
    }

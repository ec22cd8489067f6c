"""What happened when: onset, alert, changes, experiments, recovery; and how long each step took."""

from __future__ import annotations

from rca.investigation import Investigation
from rca.model import Incident
from rca.postmortem.blocks import Table
from rca.times import format_duration, format_time

__all__ = ["detection", "events"]

_MOST = 60


def events(found: Investigation, incident: Incident) -> Table:
    """Return the timeline as a table: ``time, event, what``."""
    at: list[tuple[int, str, str]] = [(incident.start_ns, "incident begins", _onset(incident))]
    at.append((incident.end_ns, "incident ends", f"after {format_duration(incident.window.length_ns)}"))
    for row in found.events.iter_rows(named=True):
        kind = "alert" if row["kind"] == "incident" else row["kind"]
        at.append((row["time_ns"], f"{kind} {row['service_name']}".strip(), row["title"]))
    at += [
        (item.treated.start_ns, "experiment measured", f"{item.name}, {format_duration(item.treated.length_ns)}")
        for item in found.experiments
    ]
    rows = [{"time": format_time(time), "event": event, "what": what} for time, event, what in sorted(at)]
    return Table(rows[:_MOST], "Times in UTC")


def _onset(incident: Incident) -> str:
    low, high = incident.onset_low_ns, incident.onset_high_ns
    if incident.onset_ns is None or low is None or high is None or low == high:
        return ""
    return f"onset in the data between {format_time(low)[11:19]} and {format_time(high)[11:19]}"


def detection(found: Investigation, incident: Incident) -> str:
    """Return how it was noticed, and how long detection and mitigation took, as far as that is on record."""
    signal = f" The signal that showed it: {incident.signal}." if incident.signal else ""
    onset = incident.onset_ns if incident.onset_ns is not None else incident.start_ns
    took = f" Time to mitigate: {format_duration(max(incident.end_ns - onset, 0))}, from onset to recovery."
    fixed = [
        item.treated.start_ns for item in found.experiments if item.kind == "fix" and item.treated.start_ns > onset
    ]
    took += (
        f" Time to resolve: {format_duration(fixed[-1] - onset)}, from onset to the fix."
        if fixed
        else " No fix is on record, so the time to resolve is not known."
    )
    fired = [row for row in found.events.iter_rows(named=True) if row["kind"] == "incident"]
    first = next((row for row in fired if onset <= row["time_ns"] < incident.end_ns), None)
    if first is None:
        return f"No alert on it is on record: how it was noticed, and after how long, is for the team to say.{took}{signal}"
    later = format_duration(first["time_ns"] - onset)
    return f"Time to detect: {later} from onset to the alert {first['title']}.{took}{signal}"

"""Writes an incident folder from a short description: alert, logs, metrics, traces, commits, deploys and flags.

Times in a description are minutes from the onset, negative before it. Everything drawn is seeded by the name.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import hashlib
import itertools
import json
import pathlib
import random
from collections.abc import Iterator

from scenarios.noise import harmless

Metric = tuple[str, str, float, float] | tuple[str, str, float, float, float]
"""Service, name, level before, level after, and minutes before the onset at which it begins to climb."""
Line = tuple[float, float, str, str, str]
"""Minute it starts, seconds between two lines, service, severity, text (`{n}` is a drawn number)."""


@dataclasses.dataclass(frozen=True)
class Change:
    """One commit: a path, what it does to it, and where and when it was deployed (never, where left out)."""

    at: float
    message: str
    path: str
    diff: str | None
    deployed: tuple[tuple[str, float], ...] = ()
    guilty: bool = False


@dataclasses.dataclass(frozen=True)
class Scenario:
    """An incident of a small system, and what is true of it; `first` is empty where several services fail at once."""

    name: str
    language: str
    calls: dict[str, tuple[str, ...]]
    alert: tuple[str, str, float, float, str]
    metrics: tuple[Metric, ...]
    lines: tuple[Line, ...]
    changes: tuple[Change, ...]
    first: str
    blast: tuple[str, ...]
    remediation: tuple[str, ...]
    flags: tuple[tuple[float, str, str], ...] = ()
    trace: tuple[str, str, float, str] = ("", "", 0.0, "")
    guilty_flag: str = ""
    status: tuple[tuple[float, str], ...] = ()
    before: int = 100
    after: int = 22
    alert_after: float = 4.0
    normal: str = "handled request"
    kinds: tuple[str, ...] = ()
    """Ids of the hypotheses that are true of it, where that is fixed."""
    noise: float = 0.04
    """Spread of a metric as a share of its level; beyond 0.04 minutes resemble the one before."""


@dataclasses.dataclass(frozen=True)
class Written:
    """Where a scenario lies and which revisions of it are guilty and which were deployed in vain."""

    folder: pathlib.Path
    culprits: tuple[str, ...]
    decoys: tuple[str, ...]


def write(scenario: Scenario, folder: pathlib.Path) -> Written:
    """Writes `scenario` into `folder`."""
    drawn = random.Random(scenario.name)  # noqa: S311 - for a test
    onset = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC) + dt.timedelta(
        days=drawn.randrange(200), minutes=drawn.randrange(600), seconds=drawn.randrange(60)
    )

    def stamp(minute: float) -> str:
        return (onset + dt.timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%SZ")

    context = folder / "context"
    context.mkdir(parents=True, exist_ok=True)
    service, metric, threshold, observed, summary = scenario.alert
    alert = {"service": service, "metric": metric, "threshold": threshold, "observed": observed}
    alert |= {
        "fired_at": stamp(scenario.alert_after),
        "severity": "critical",
        "monitor": f"{service}-{metric}",
        "summary": summary,
    }
    dump(folder / "alert.json", alert)
    write_metrics(scenario, folder / "metrics.csv", drawn, stamp)
    write_logs(scenario, folder, drawn, stamp)
    dump(folder / "traces.json", list(spans(scenario, drawn, stamp)))
    commits, deploys, culprits, decoys = history(scenario, drawn, stamp)
    dump(context / "commits.json", commits)
    dump(context / "deploys.json", deploys)
    flags = [
        {"timestamp": stamp(at), "flag": flag, "service": owner, "change": "off->on", "actor": "kim.oh"}
        for at, flag, owner in scenario.flags
    ]
    dump(context / "flags.json", flags)
    if scenario.status:
        events = [{"timestamp": stamp(at), "status": "degraded", "detail": text} for at, text in scenario.status]
        dump(folder / "status_feed.json", {"source": "status page", "events": events})
    if scenario.guilty_flag:
        culprits = (*culprits, scenario.guilty_flag)
    return Written(folder, culprits, decoys)


def dump(path: pathlib.Path, document: object) -> None:
    path.write_text(json.dumps(document, indent=2))


def write_metrics(scenario: Scenario, path: pathlib.Path, drawn: random.Random, stamp) -> None:  # type: ignore[no-untyped-def]
    rows: list[list[object]] = []
    last = [0.0] * len(scenario.metrics)
    memory = 0.6 if scenario.noise > 0.04 else 0.0
    for minute in range(-scenario.before, scenario.after):
        for number, (owner, name, low, high, *climb) in enumerate(scenario.metrics):
            lead = climb[0] if climb else 0.0
            share = min(1.0, max(0.0, (minute + lead) / lead)) if lead else float(minute >= 0)
            level = low + (high - low) * share
            steady = low == high and float(low).is_integer()
            last[number] = last[number] if steady else memory * last[number] + drawn.gauss(0, scenario.noise)
            value = level if steady else level * max(0.0, 1 + last[number])
            rows.append([stamp(minute), owner, name, round(value, 5)])
    with path.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["timestamp", "service", "metric", "value"])
        writer.writerows(rows)


def write_logs(scenario: Scenario, folder: pathlib.Path, drawn: random.Random, stamp) -> None:  # type: ignore[no-untyped-def]
    services = sorted({*scenario.calls, *itertools.chain(*scenario.calls.values())})
    records = []
    for number, minute in enumerate(range(-scenario.before, scenario.after)):
        if minute < 0 or number % 3 == 0:
            records.append((float(minute), services[number % len(services)], "INFO", scenario.normal))
    patterns = []
    for start, seconds, owner, severity, text in scenario.lines:
        minute, count = start, 0
        while minute < scenario.after and count < 40:
            said = text.replace("{n}", str(drawn.randint(1000, 9999)))
            records.append((minute + drawn.random() * 0.1, owner, severity, said))
            minute, count = minute + seconds / 60, count + 1
        patterns.append({"signature": text.replace("{n}", "<N>"), "service": owner, "count": count * 9})
    lines = []
    for minute, owner, severity, said in sorted(records):
        record = {"timestamp": stamp(minute), "service": owner, "severity_text": severity, "msg": said}
        lines.append(json.dumps(record | {"trace_id": f"{drawn.getrandbits(128):032x}"}))
    (folder / "logs.ndjson").write_text("\n".join(lines) + "\n")
    dump(folder / "patterns.json", patterns)


def spans(scenario: Scenario, drawn: random.Random, stamp) -> Iterator[dict[str, object]]:  # type: ignore[no-untyped-def]
    path, name, duration, error = scenario.trace
    for minute in (-60, -40, -20, 2, 3, 5) if path else ():
        trace, parent = f"{drawn.getrandbits(128):032x}", None
        failing = minute > 0
        for depth, owner in enumerate(path.split(">")):
            span: dict[str, object] = {
                "trace_id": trace,
                "span_id": f"{drawn.getrandbits(64):016x}",
                "parent_id": parent,
            }
            took = (duration if failing else 80) - depth * 6
            span |= {"service": owner, "name": name, "start": stamp(minute), "duration_ms": max(3, round(took))}
            span["status"] = "ERROR" if failing and error else "OK"
            if failing and error and depth == path.count(">"):
                span["error"] = error
            parent = span["span_id"]
            yield span


def history(scenario: Scenario, drawn: random.Random, stamp):  # type: ignore[no-untyped-def]
    """Commits and deploys in the order of time, with harmless ones between them."""
    noise = harmless(scenario.language, drawn)
    quiet = [
        Change(round(drawn.uniform(-scenario.before, 15), 2), message, path, diff) for message, path, diff in noise
    ]
    commits, deploys, culprits, decoys = [], [], [], []
    for change in sorted([*scenario.changes, *quiet], key=lambda item: item.at):
        sha = hashlib.sha256(f"{scenario.name}/{change.at}/{change.message}".encode()).hexdigest()[:40]
        paths = [path.strip() for path in change.path.split(",")]
        diff = change.diff
        if diff is not None and not diff.startswith(("@@", "---", "diff ")):
            diff = f"@@ {paths[0]} @@\n{diff}"
        commits.append(
            {"sha": sha, "author": drawn.choice(["ana.rey", "bo.lin", "cy.dahl", "di.roth"]), "timestamp": stamp(change.at),
             "message": change.message, "files_changed": paths, "diff": diff}
        )  # fmt: skip
        for owner, minute in change.deployed:
            deploys.append({"timestamp": stamp(minute), "service": owner, "commit_sha": sha, "version": f"r{sha[:5]}"})
        if change.guilty:
            culprits.append(sha)
        elif change.deployed:
            decoys.append(sha)
    return commits, deploys, tuple(culprits), tuple(decoys)

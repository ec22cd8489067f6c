"""Alert rules as data, and how they are written down: a rule file of Prometheus, a table for the terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rca import display
from rca.guards.alerts.names import Names
from rca.model import Incident
from rca.store import Store

__all__ = ["AlertRules", "Ground", "Rule"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One alert."""

    group: str
    alert: str
    expr: str
    hold: str
    severity: str
    summary: str
    description: str


@dataclass(frozen=True, slots=True)
class Ground:
    """What rules are made from.

    Attributes
    ----------
    incident
        Its baseline gives the thresholds; None where no incident is known.
    slo
        Objective for the share of good requests.
    """

    names: Names
    store: Store
    incident: Incident | None
    slo: float

    @property
    def by(self) -> str:
        """The label that names the service."""
        return self.names.service_label

    @property
    def who(self) -> str:
        """The service, as the text of an alert names it."""
        return "{{ $labels." + self.names.service_label + " }}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRules:
    """Rules, and what was left out and why."""

    rules: tuple[Rule, ...]
    left_out: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        rows = [
            {"group": rule.group, "alert": rule.alert, "for": rule.hold, "severity": rule.severity, "expr": rule.expr}
            for rule in self.rules
        ]
        return {
            "rules": rows,
            "left_out": [{"rule": name, "why": why} for name, why in self.left_out],
            "notes": list(self.notes),
        }

    def to_yaml(self) -> str:
        """Return a rule file of Prometheus."""
        lines = ["# Alert rules for Prometheus. Check with: promtool check rules FILE"]
        lines += [f"# {_one_line(note)}" for note in self.notes]
        lines += [f"# left out: {_one_line(name)}: {_one_line(why)}" for name, why in self.left_out]
        lines.append("groups:" if self.rules else "groups: []")
        for group in dict.fromkeys(rule.group for rule in self.rules):
            lines += [f"  - name: {json.dumps(group)}", "    rules:"]
            for rule in self.rules:
                if rule.group == group:
                    lines += _yaml(rule)
        return "\n".join(lines) + "\n"

    def __str__(self) -> str:
        rows = [
            {"alert": rule.alert, "severity": rule.severity, "for": rule.hold, "fires when": rule.summary}
            for rule in self.rules
        ]
        rest = [f"left out: {name}: {why}" for name, why in self.left_out]
        return "\n".join([display.table_text(rows), *(display.escape_terminal(text) for text in (*rest, *self.notes))])

    def __repr__(self) -> str:
        return str(self)


def _one_line(text: str) -> str:
    return " ".join(display.escape_terminal(text).split())


def _yaml(rule: Rule) -> Iterator[str]:
    yield f"      - alert: {json.dumps(rule.alert)}"
    yield "        expr: |-"
    yield from (f"          {line}" for line in rule.expr.splitlines())
    yield f"        for: {rule.hold}"
    yield f"        labels: {{severity: {json.dumps(rule.severity)}}}"
    yield "        annotations:"
    yield f"          summary: {json.dumps(rule.summary, ensure_ascii=False)}"
    yield f"          description: {json.dumps(rule.description, ensure_ascii=False)}"

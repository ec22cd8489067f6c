"""What a plan says: which tables it reads whole, what it throws away, and the shape that tells two plans apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

__all__ = ["Scan", "scans", "shape"]


@dataclass(frozen=True, slots=True)
class Scan:
    """One reading of a table in a plan."""

    relation: str
    whole: bool
    """Whether it reads the table from end to end."""
    kept: float
    removed: float
    """Rows that the filter kept and threw away, over all loops; of an estimate where the plan was not measured."""

    @property
    def waste(self) -> float:
        """Share of the rows read that were thrown away."""
        return self.removed / (self.removed + self.kept) if self.removed + self.kept > 0 else 0.0


def _nodes(plan: Any) -> Iterator[dict[str, Any]]:
    if isinstance(plan, dict):
        if "Node Type" in plan or "node_type" in plan or "table" in plan or "type" in plan:
            yield plan
        for key in ("Plan", "Plans", "plan", "plans", "inputStage", "inputStages", "rows", "steps"):
            yield from _nodes(plan.get(key))
    elif isinstance(plan, list):
        for item in plan:
            yield from _nodes(item)


def scans(text: str) -> list[Scan]:
    """Return the table readings of a plan: PostgreSQL's JSON nodes, or rows of a MySQL or MariaDB EXPLAIN.

    Examples
    --------
    >>> scans('{"Plan": {"Node Type": "Seq Scan", "Relation Name": "a", "Actual Rows": 1, "Rows Removed by Filter": 99}}')[0].waste
    0.99
    """
    try:
        plan = orjson.loads(text)
    except orjson.JSONDecodeError:
        return []
    found = []
    for node in _nodes(plan):
        kind = str(node.get("Node Type") or node.get("node_type") or "")
        if "Scan" in kind and node.get("Relation Name"):
            loops = _number(node.get("Actual Loops"), 1.0)
            kept = _number(node.get("Actual Rows", node.get("Plan Rows")), 0.0) * loops
            removed = _number(node.get("Rows Removed by Filter"), 0.0) * loops
            found.append(Scan(str(node["Relation Name"]), kind.startswith(("Seq", "Parallel Seq")), kept, removed))
        elif node.get("table") and "type" in node:
            read = _number(node.get("r_rows", node.get("rows")), 0.0)
            share = _number(node.get("r_filtered", node.get("filtered")), 100.0) / 100
            found.append(Scan(str(node["table"]), str(node["type"]).upper() == "ALL", read * share, read * (1 - share)))
    return found


def shape(text: str) -> str:
    """Return how a plan goes about it, without numbers: node types, tables and indexes in order."""
    try:
        plan = orjson.loads(text)
    except orjson.JSONDecodeError:
        return ""
    parts = []
    for node in _nodes(plan):
        kind = node.get("Node Type") or node.get("node_type") or node.get("type") or ""
        where = node.get("Relation Name") or node.get("table") or ""
        index = node.get("Index Name") or node.get("key") or ""
        parts.append(f"{kind}({where},{index})")
    return ">".join(parts)


def _number(value: Any, default: float) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return default

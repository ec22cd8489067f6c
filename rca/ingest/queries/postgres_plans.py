"""Plans of auto_explain, in its text form and in JSON, as the JSON of EXPLAIN, and what they say about rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

__all__ = ["Explained", "explained"]

_NODE = re.compile(
    r"(?P<indent> *)(?P<arrow>->  )?(?P<name>[A-Z][^(\n]*?)(?:  |\s+)\(cost=(?P<c0>[0-9.]+)\.\.(?P<c1>[0-9.]+) rows=(?P<rows>[0-9]+) "
    r"width=(?P<width>[0-9]+)\)(?: \((?:actual time=(?P<t0>[0-9.]+)\.\.(?P<t1>[0-9.]+) )?(?:actual )?(?:rows=(?P<actual>[0-9.]+) "
    r"loops=(?P<loops>[0-9]+)|(?P<never>never executed))\))?"
)
_PROPERTY = re.compile(r" *([A-Z][A-Za-z /-]*): (.*)")
_USING = re.compile(r"(?P<type>.+?)(?: using (?P<index>\S+))?(?: on (?P<relation>\S+)(?: (?P<alias>\S+))?)?$")
_NUMBERS = frozenset(
    ("Rows Removed by Filter", "Rows Removed by Join Filter", "Heap Fetches", "Rows Removed by Index Recheck")
)


@dataclass(frozen=True, slots=True)
class Explained:
    """A statement with its plan."""

    statement: str
    plan: str
    """JSON text with the root under ``Plan``."""
    rows_examined: int | None
    """Rows that scans read, kept or thrown away, over all loops; None where the plan was not measured."""
    rows_returned: int | None
    full_scan: bool
    """Whether a table is read from end to end."""


def explained(text: str) -> Explained | None:
    r"""Return what the message of auto_explain holds behind ``plan:``; None where it is no plan.

    Examples
    --------
    >>> found = explained("Query Text: SELECT 1\nSeq Scan on t  (cost=0.00..9.10 rows=1 width=8) (actual time=0.1..2.0 rows=1 loops=1)\n  Rows Removed by Filter: 99")
    >>> found.statement, found.rows_examined, found.full_scan
    ('SELECT 1', 100, True)
    """
    body = text.strip()
    if body.startswith("{"):
        return _from_json(body)
    return _from_text(body)


def _from_json(body: str) -> Explained | None:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(found, dict) or not isinstance(found.get("Plan"), dict):
        return None
    statement = str(found.get("Query Text", ""))
    rest = {key: value for key, value in found.items() if key != "Query Text"}
    return _explained(statement, rest)


def _explained(statement: str, found: Mapping[str, Any]) -> Explained:
    root = found["Plan"]
    nodes = list(_nodes(root))
    measured = any("Actual Rows" in node for node in nodes)
    scans = [node for node in nodes if "Scan" in str(node.get("Node Type")) and node.get("Relation Name")]
    examined = sum(
        (
            _number(node, "Actual Rows")
            + _number(node, "Rows Removed by Filter")
            + _number(node, "Rows Removed by Index Recheck")
        )
        * max(1.0, _number(node, "Actual Loops"))
        for node in scans
    )
    return Explained(
        statement,
        orjson.dumps(dict(found)).decode(),
        round(examined) if measured else None,
        round(_number(root, "Actual Rows") * max(1.0, _number(root, "Actual Loops"))) if measured else None,
        any(str(node.get("Node Type")).endswith("Seq Scan") for node in scans),
    )


def _nodes(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    stack: list[Any] = [node]
    while stack:
        here = stack.pop()
        if isinstance(here, Mapping):
            yield here
            inner = here.get("Plans")
            stack.extend(inner if isinstance(inner, list) else ())


def _number(node: Mapping[str, Any], key: str) -> float:
    value = node.get(key)
    return float(value) if isinstance(value, int | float) else 0.0


def _from_text(body: str) -> Explained | None:
    lines = body.split("\n")
    first = next((at for at, line in enumerate(lines) if _NODE.match(line) and "->" not in line), -1)
    if first < 0:
        return None
    statement = "\n".join(lines[:first]).removeprefix("Query Text:").strip()
    return _explained(statement, {"Plan": _tree(lines[first:])})


def _tree(lines: list[str]) -> dict[str, Any]:
    stack: list[tuple[int, dict[str, Any]]] = []
    root: dict[str, Any] = {}
    for line in lines:
        found = _NODE.match(line)
        if found:
            depth = len(found["indent"]) + (1 if found["arrow"] else 0)
            node = _node(found)
            while stack and stack[-1][0] >= depth:
                stack.pop()
            if stack:
                stack[-1][1].setdefault("Plans", []).append(node)
            elif not root:
                root = node
            stack.append((depth, node))
            continue
        said = _PROPERTY.match(line)
        if said and stack:
            key, value = said[1], said[2].strip()
            stack[-1][1].setdefault(key, int(value) if key in _NUMBERS and value.isdigit() else value)
    return root


def _node(found: re.Match[str]) -> dict[str, Any]:
    name = found["name"].strip()
    parallel = name.startswith("Parallel ")
    using = _USING.match(name.removeprefix("Parallel "))
    node: dict[str, Any] = {"Node Type": using["type"] if using else name, "Parallel Aware": parallel}
    if using:
        for key, group in (("Index Name", "index"), ("Relation Name", "relation"), ("Alias", "alias")):
            if using[group]:
                node[key] = using[group].strip('"')
    node |= {
        "Startup Cost": float(found["c0"]), "Total Cost": float(found["c1"]),
        "Plan Rows": int(found["rows"]), "Plan Width": int(found["width"]),
    }  # fmt: skip
    if found["actual"]:
        node |= {"Actual Rows": float(found["actual"]), "Actual Loops": int(found["loops"])}
    if found["t0"]:
        node |= {"Actual Startup Time": float(found["t0"]), "Actual Total Time": float(found["t1"])}
    return node

"""Loops that run as often as there is data: what is done in them once an item is done too often."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from rca.guards.lint.source import last_name

__all__ = ["Loop", "comprehension_loop", "for_loop", "map_loop", "while_loop"]

_BATCH = re.compile(
    r"(^|_)(chunks?|chunked|batch(es|ed)?|pages?|paginat\w*|windows?|shards?|retries|attempts?|tries|partitions?|grouper)(_|$)",
    re.IGNORECASE,
)
_TRY = re.compile(
    r"(^|_)(attempts?|retry|retries|tries|try|chunk|batch|page|offset|round|shard|backoff)(_|$)|^_$", re.IGNORECASE
)
_PAGING = re.compile(
    r"(^|_)(offset|page|cursor|limit|last|next|after|token|marker|start|batch|chunk)(_|$)", re.IGNORECASE
)
FEW = 5
"""A loop over so few literal items makes a bounded number of calls."""


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop over data: its line, and the names that differ from one round to the next."""

    line: int
    what: str
    varying: frozenset[str]
    targets: frozenset[str] = frozenset()
    """Of these, the loop's own variables."""


def _stored(nodes: list[ast.stmt] | ast.AST) -> set[str]:
    roots = nodes if isinstance(nodes, list) else [nodes]
    return {
        node.id
        for root in roots
        for node in ast.walk(root)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _used(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def _batched(target: ast.expr, iterable: ast.expr) -> bool:
    """Say whether a loop goes by batches, pages or attempts, or over a few literals."""
    names = _stored(target)
    if names and all(_TRY.search(name) for name in names):
        return True
    if isinstance(iterable, ast.Tuple | ast.List | ast.Set):
        return len(iterable.elts) <= FEW and not any(isinstance(item, ast.Starred) for item in iterable.elts)
    if isinstance(iterable, ast.Call):
        name = last_name(iterable.func)
        if name == "range":
            last = iterable.args[-1] if iterable.args else None
            few = (
                len(iterable.args) == 1
                and isinstance(last, ast.Constant)
                and isinstance(last.value, int)
                and last.value <= FEW
            )
            return len(iterable.args) == 3 or few
        return bool(_BATCH.search(name)) or (
            name == "enumerate" and bool(iterable.args) and _batched(ast.Tuple([], ast.Store()), iterable.args[0])
        )
    return bool(_BATCH.search(last_name(iterable)))


def _ends_at_once(body: list[ast.stmt]) -> bool:
    return (
        bool(body)
        and isinstance(body[-1], ast.Return | ast.Break | ast.Raise)
        and not any(isinstance(node, ast.Continue) for statement in body for node in ast.walk(statement))
    )


def for_loop(node: ast.For | ast.AsyncFor) -> Loop | None:
    """Return the loop, or None where it runs a bounded number of times or by batches."""
    if _batched(node.target, node.iter) or _ends_at_once(node.body):
        return None
    return Loop(
        node.lineno, "loop", frozenset(_stored(node.target) | _stored(node.body)), frozenset(_stored(node.target))
    )


def while_loop(node: ast.While) -> Loop | None:
    """Return the loop where it walks over data; None where it waits, polls or pages.

    It walks over data where its condition is about something that its body moves on: ``while node.parent_id``, ``while queue``.
    """
    stored = _stored(node.body)
    asked = _used(node.test)
    popped = {
        last_name(part.func.value)
        for statement in node.body
        for part in ast.walk(statement)
        if isinstance(part, ast.Call)
        and isinstance(part.func, ast.Attribute)
        and part.func.attr in ("pop", "popleft", "get_nowait")
    }
    moved = asked & (stored | popped)
    if not moved or _ends_at_once(node.body) or any(_TRY.search(name) or _PAGING.search(name) for name in moved):
        return None
    return Loop(node.lineno, "loop", frozenset(stored))


def comprehension_loop(node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> Loop | None:
    """Return the loop of a comprehension."""
    if all(_batched(part.target, part.iter) for part in node.generators):
        return None
    names: set[str] = set()
    for part in node.generators:
        names |= _stored(part.target)
    return Loop(node.lineno, "comprehension", frozenset(names), frozenset(names))


def map_loop(node: ast.Call) -> Loop | None:
    """Return the loop of ``map(f, items)``."""
    if isinstance(node.func, ast.Name) and node.func.id == "map" and len(node.args) >= 2:
        return None if _batched(ast.Tuple([], ast.Store()), node.args[1]) else Loop(node.lineno, "map", frozenset())
    return None

"""The call graph: who calls whom, and what lies below a service."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rca.sql import statement
from rca.store import Store

__all__ = ["CallGraph", "call_graph"]


@dataclass(frozen=True, slots=True)
class CallGraph:
    """Services and the calls between them."""

    callees: Mapping[str, frozenset[str]] = field(default_factory=dict)
    callers: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, edges: Iterable[tuple[str, str]]) -> CallGraph:
        """Make a graph of ``(caller, callee)`` pairs.

        Examples
        --------
        >>> sorted(CallGraph.of([("a", "b"), ("b", "c")]).below("a"))
        ['b', 'c']
        """
        down: dict[str, set[str]] = defaultdict(set)
        up: dict[str, set[str]] = defaultdict(set)
        for caller, callee in edges:
            down[caller].add(callee)
            up[callee].add(caller)
        return cls(
            {name: frozenset(found) for name, found in down.items()},
            {name: frozenset(found) for name, found in up.items()},
        )

    def below(self, service: str) -> dict[str, int]:
        """Return every service that `service` calls, directly or not, with its distance."""
        return _reach(self.callees, service)

    def above(self, service: str) -> dict[str, int]:
        """Return every service that calls `service`, directly or not, with its distance."""
        return _reach(self.callers, service)

    @property
    def services(self) -> frozenset[str]:
        """Every service that calls or is called."""
        return frozenset(self.callees) | frozenset(self.callers)


def _reach(edges: Mapping[str, frozenset[str]], start: str) -> dict[str, int]:
    found: dict[str, int] = {}
    layer = {start}
    distance = 0
    while layer:
        distance += 1
        layer = {below for name in layer for below in edges.get(name, ())} - set(found) - {start}
        found.update(dict.fromkeys(layer, distance))
    return found


def call_graph(store: Store) -> CallGraph:
    """Return who calls whom, from spans and from call graphs that were given.

    Examples
    --------
    >>> import rca
    >>> call_graph(rca.open()).services
    frozenset()
    """
    frame = store.query(statement("service_calls").sql)
    return CallGraph.of(zip(frame["caller"].to_list(), frame["callee"].to_list(), strict=True))

"""What the lines of a JSON log have in common, learned from some of them: a typed decoder that knows every key.

A line with a key, or a kind of value, that the plan does not know is refused by the decoder and read by the general
path, so that nothing depends on what the first lines happened to hold.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

import msgspec
import orjson

from rca.ingest.logs.envelopes import docker_part
from rca.ingest.logs.jsonrows import is_envelope
from rca.ingest.logs.names import role_of

__all__ = ["ABSENT_TEXT", "Leaf", "Plan", "learn"]

ABSENT_TEXT = f"\x00{secrets.token_hex(12)}"
"""Stands for a key that a line does not have; no input can hold it."""

_MOST_LEAVES = 120
_UNNAMEABLE = re.compile(r'[\x00-\x1f"\\]')
_SPECIAL_KEYS = frozenset(
    {
        "short_message",
        "@t",
        "@mt",
        "_source",
        "__REALTIME_TIMESTAMP",
        "reqId",
        "$date",
        "$numberLong",
        "epochSecond",
        "nanoOfSecond",
        "nanos",
        "seconds",
        "nsec",
        "sec",
    }
)
_SPECIAL_ROLES = frozenset({"template", "observed"})


@dataclass(frozen=True, slots=True)
class Leaf:
    """One key path of the lines."""

    path: tuple[str, ...]
    getters: tuple[attrgetter[Any], ...]
    """One step a level, outermost first."""
    raw: bool
    """Whether values are taken as exact text because they are not all strings."""
    role: str = ""
    rank: int = 0

    @property
    def key(self) -> str:
        """The attribute's name."""
        return ".".join(self.path)


@dataclass(slots=True)
class Plan:
    """A decoder and the leaves it fills."""

    decoder: msgspec.json.Decoder[Any]
    leaves: list[Leaf]
    names: dict[str, Leaf] = field(default_factory=dict)


class _Node:
    """What was seen at one key: kinds of values, and the keys below."""

    __slots__ = ("children", "kinds")

    def __init__(self) -> None:
        self.kinds: set[str] = set()
        self.children: dict[str, _Node] = {}

    def see(self, value: Any) -> None:
        if isinstance(value, dict):
            self.kinds.add("dict" if value else "other")
            for key, item in value.items():
                self.children.setdefault(key, _Node()).see(item)
        elif isinstance(value, str):
            self.kinds.add("str")
        else:
            self.kinds.add("null" if value is None else "other")


def learn(lines: Sequence[bytes]) -> Plan | None:
    """Return a plan for lines like these, or None where the general path has to read them.

    Examples
    --------
    >>> [leaf.key for leaf in learn([b'{"ts": 1.5, "msg": "a", "http": {"status": 200}}']).leaves]
    ['ts', 'msg', 'http.status']
    """
    root, seen = _Node(), 0
    for line in lines:
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if not isinstance(value, dict) or not value or docker_part(value) or is_envelope(value):
            continue
        root.see(value)
        seen += 1
    if not seen:
        return None
    leaves: list[Leaf] = []
    kind = _struct(root, (), (), leaves)
    if kind is None or not _fits(leaves):
        return None
    return Plan(msgspec.json.Decoder(kind), leaves, {leaf.key: leaf for leaf in leaves})


def _struct(
    node: _Node, path: tuple[str, ...], getters: tuple[attrgetter[Any], ...], leaves: list[Leaf]
) -> type | None:
    fields: list[Any] = []
    if len(path) > 6:
        return None
    for at, (key, child) in enumerate(node.children.items()):
        if _UNNAMEABLE.search(key):
            continue  # the decoder cannot have it: lines with it go the general path
        name, here = f"f{at}", (*path, key)
        inside = (*getters, attrgetter(name))
        if child.kinds <= {"dict"}:
            kind = _struct(child, here, inside, leaves)
            if kind is None:
                return None
            fields.append((name, kind | msgspec.UnsetType, msgspec.field(default=msgspec.UNSET, name=key)))
            continue
        plain = child.kinds <= {"str", "null"}
        role = role_of(here)
        leaves.append(Leaf(here, inside, not plain, *(role or ("", 0))))
        if plain:
            fields.append((name, str | None, msgspec.field(default=ABSENT_TEXT, name=key)))
        else:
            fields.append((name, msgspec.Raw, msgspec.field(default=msgspec.Raw(), name=key)))
    made: type = msgspec.defstruct(f"Line{len(leaves)}", fields, forbid_unknown_fields=True, gc=False)
    return made


def _fits(leaves: list[Leaf]) -> bool:
    if not leaves or len(leaves) > _MOST_LEAVES:
        return False
    keys = [leaf.key for leaf in leaves]
    if len(set(keys)) < len(keys):
        return False
    if any(key in _SPECIAL_KEYS for leaf in leaves for key in leaf.path):
        return False
    tops = {leaf.path[0] for leaf in leaves}
    if {"name", "hostname", "pid"} <= tops or {"date", "time"} <= tops:
        return False
    ranks = [(leaf.role, leaf.rank) for leaf in leaves if leaf.role]
    if len(set(ranks)) < len(ranks) or any(role in _SPECIAL_ROLES for role, _ in ranks):
        return False
    return {"message", "time"} <= {role for role, _ in ranks}

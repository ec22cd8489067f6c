"""A change that has no diff but says what it changed: a key with its values, or a title such as “retries 0 -> 3”, as a diff."""

from __future__ import annotations

import re
from collections.abc import Mapping

from rca.mechanisms.diffs import Diff, FileDiff

__all__ = ["DESCRIBED", "described"]

DESCRIBED = ("config", "scale", "migration")
"""Kinds of change that say what they do; a version of a release or the name of a flag says nothing of it."""
_ARROW = re.compile(r"\s*(?:->|→|=>)\s*")
_VALUE = re.compile(
    r"(?P<value>[\w.:/%+-]+(?:\s(?:ns|us|ms|s|sec|seconds|min|minutes|h|hours|d|days|%|[kmg]i?b))?)$", re.IGNORECASE
)
_FIRST = re.compile(
    r"^(?P<value>[\w.:/%+-]+(?:\s(?:ns|us|ms|s|sec|seconds|min|minutes|h|hours|d|days|%|[kmg]i?b)\b)?)", re.IGNORECASE
)


def described(row: Mapping[str, object]) -> Diff:
    """Return what a change says of itself as a diff; an empty one where it says nothing.

    Parameters
    ----------
    row
        A change with its ``kind``, ``title``, ``key``, ``from_value`` and ``to_value``.

    Examples
    --------
    >>> row = {"kind": "config", "title": "retries 0 -> 3, timeout 1.5 s -> 0.25 s", "key": "", "from_value": "", "to_value": ""}
    >>> item = described(row).files[0]
    >>> item.lost, item.gained
    (('retries: 0', 'timeout: 1.5 s'), ('retries: 3', 'timeout: 0.25 s'))
    """
    if row["kind"] not in DESCRIBED:
        return Diff()
    title, key = str(row.get("title") or ""), str(row.get("key") or "")
    before, after = str(row.get("from_value") or ""), str(row.get("to_value") or "")
    lost, gained = [], []
    for clause in re.split(r"[,;]\s+", title):
        pair = _pair(clause)
        if pair is None:
            gained.append(clause)
        else:
            lost.append(pair[0])
            gained.append(pair[1])
    if key and (before or after) and not any(_same(line, after) for line in gained if lost):
        lost.append(f"{key}: {before}")
        gained.append(f"{key}: {after}")
    gained = [line for line in gained if line.strip()]
    return Diff((FileDiff("", tuple(lost), tuple(gained)),)) if lost or gained else Diff()


def _same(line: str, value: str) -> bool:
    return line.endswith(f": {value}")


def _pair(clause: str) -> tuple[str, str] | None:
    sides = _ARROW.split(clause, maxsplit=1)
    if len(sides) < 2:
        return None
    old, new = _VALUE.search(sides[0]), _FIRST.search(sides[1])
    if old is None or new is None:
        return None
    name = sides[0][: old.start()].strip(" :=") or "value"
    return f"{name}: {old['value']}", f"{name}: {new['value']}"

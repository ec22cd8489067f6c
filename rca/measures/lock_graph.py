"""Who waits for whom, and who is at the root of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from rca.digests import digest
from rca.sql import statement
from rca.store import Store

__all__ = ["Wait", "lock_waits", "root_of"]

_WAITS = re.compile(r"process (\d+) still waiting for (\S+) (?:on )?(.*?) after ([0-9.]+) ms")
_HOLDERS = re.compile(r"holding the locks?: ([0-9, ]+)")
_DETAILS = ("detail", "DETAIL", "postgresql.detail", "statement", "STATEMENT")


@dataclass(frozen=True, slots=True)
class Wait:
    """One session that waits, and the sessions that hold what it waits for."""

    time_ns: int
    waiter: str
    holders: tuple[str, ...]
    mode: str
    db_query_digest: str


def lock_waits(store: Store, start_ns: int, end_ns: int) -> list[Wait]:
    """Return every wait that a server log with ``log_lock_waits`` tells of, in the order of time."""
    rows = store.query(statement("lock_waits").sql, from_ns=start_ns, end_ns=end_ns).to_dicts()
    found = []
    for row in rows:
        said = _WAITS.match(row["body"])
        if not said:
            continue
        attributes = _plain(row["attributes"])
        text = " ".join([row["body"], *(attributes.get(name, "") for name in _DETAILS[:3])])
        holders = _HOLDERS.search(text)
        names = tuple(re.findall(r"\d+", holders[1])) if holders else ()
        sql = attributes.get("statement") or attributes.get("STATEMENT") or attributes.get("postgresql.statement") or ""
        found.append(
            Wait(int(row["time_ns"]), said[1], names, said[2], digest(sql, dialect="postgresql") if sql else "")
        )
    return found


def _plain(attributes: object) -> Mapping[str, str]:
    if isinstance(attributes, dict):
        return attributes
    if isinstance(attributes, list | pl.Series):
        return {str(item["key"]): str(item["value"]) for item in attributes}
    return {}


def root_of(waits: list[Wait]) -> str:
    """Return the session at the root of the waits: it holds what most others wait for and waits for nobody; '' if none.

    Examples
    --------
    >>> root_of([Wait(0, "2", ("1",), "ShareLock", ""), Wait(1, "3", ("2",), "ShareLock", "")])
    '1'
    """
    holds: dict[str, set[str]] = {}
    waiters = {wait.waiter for wait in waits}
    for wait in waits:
        holds.setdefault(wait.waiter, set()).update(wait.holders)
    blocked: dict[str, int] = {}
    for waiter in waiters:
        seen: set[str] = set()
        front = {waiter}
        while front:
            seen |= front
            front = {holder for name in front for holder in holds.get(name, ())} - seen
        for name in seen - waiters:
            blocked[name] = blocked.get(name, 0) + 1
    return min(blocked, key=lambda name: (-blocked[name], name)) if blocked else ""

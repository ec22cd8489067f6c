"""Limits on database calls, and the message when they are broken: which test, which statement, how often, which line."""

from __future__ import annotations

from pathlib import Path

from rca.errors import RcaError
from rca.guards.recorder import Place, Recorder, Repeated

__all__ = ["N_PLUS_ONE", "TooManyQueriesError", "check_count", "check_repeats"]

N_PLUS_ONE = 3
"""One line may make one statement so often; more is a query in a loop. Two or three calls are how people write before and after."""

_SHOWN = 5


class TooManyQueriesError(RcaError, AssertionError):
    """A stretch of code made more database calls than it may."""


def check_count(calls: Recorder, most: int, what: str = "this block") -> None:
    """Raise when there were more than `most` calls.

    Raises
    ------
    TooManyQueriesError
        With the statements, most frequent first, their counts and their lines.
    """
    if calls.count <= most:
        return
    rows = calls.repeated()
    head = f"{what}: {calls.count} database calls, at most {most} allowed."
    hint = ""
    if rows and rows[0].from_place > N_PLUS_ONE:
        hint = "\nThe first is an N+1: one statement from one line. Fetch them together (joined or batched), then count again."
    raise TooManyQueriesError(head + _told(rows) + hint)


def check_repeats(calls: Recorder, limit: int = N_PLUS_ONE, what: str = "this block") -> None:
    """Raise when one line made one statement more than `limit` times.

    Statements are compared by their digest: values, lists of values and comments do not tell them apart.

    Raises
    ------
    TooManyQueriesError
        With the statements, their counts and their lines.
    """
    if calls.count <= limit:
        return
    rows = [row for row in calls.repeated() if row.from_place > limit]
    if not rows:
        return
    worst = rows[0]
    head = f"{what}: N+1 queries: {worst.from_place} times the same statement from one line, at most {limit} allowed."
    hint = "\nFetch them together: an eager load of the relation, or one statement with IN (...)."
    raise TooManyQueriesError(head + _told(rows) + hint)


def _told(rows: list[Repeated]) -> str:
    lines = []
    for row in rows[:_SHOWN]:
        text = row.digest if len(row.digest) <= 300 else row.digest[:299] + "…"
        lines.append(f"  {row.count} x  {text}")
        if row.place is not None:
            lines.append(f"        {_short(row.place)} in {row.place.function}: {row.place.source}".rstrip(": "))
    if len(rows) > _SHOWN:
        lines.append(f"  and {len(rows) - _SHOWN} more statements")
    return "\n" + "\n".join(lines)


def _short(place: Place) -> str:
    try:
        return f"{Path(place.path).relative_to(Path.cwd())}:{place.line}"
    except ValueError:
        return f"{place.path}:{place.line}"

"""Recording the database calls of a stretch of code: what was asked, how often, and from which line.

Several layers see the same call: the ORM, the driver, the tracer. The outermost that knows the statement counts it, and what happens
below it on the same thread is not counted again.
"""

from __future__ import annotations

import inspect
import linecache
import re
import sys
import sysconfig
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

__all__ = ["Call", "Place", "Recorder", "Repeated", "calling_place", "quiet", "recorded"]

_LIBRARIES = frozenset({
    "MySQLdb", "asyncio", "asyncpg", "concurrent", "contextlib", "cx_Oracle", "django", "flask_sqlalchemy", "functools", "greenlet",
    "importlib", "mysql", "opentelemetry", "oracledb", "peewee", "pg8000", "psycopg", "psycopg2", "pymysql", "pyodbc", "sqlalchemy", "sqlite3",
    "sqlmodel", "threading", "tortoise", "wrapt",
})  # fmt: skip
_INSTALLED = tuple({sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")})
_HOUSEKEEPING = re.compile(
    r"\s*(?:--[^\n]*\s*$|(?:begin|commit|rollback|savepoint|release|pragma|start\s+transaction|set\s+(?:session|transaction)|show|analyze|reset|unlisten|discard|close\s+all|select\s+pg_advisory_unlock_all)\b)",
    re.IGNORECASE,
)
"""What drivers and ORMs send for themselves; nobody's N+1."""


@dataclass(frozen=True, slots=True)
class Place:
    """A line of code."""

    path: str
    line: int
    function: str

    @property
    def source(self) -> str:
        """The line's text."""
        return linecache.getline(self.path, self.line).strip()


@dataclass(frozen=True, slots=True)
class Call:
    """One database call."""

    statement: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class Repeated:
    """One normalised statement, how often it was made, and the line that made most of them."""

    digest: str
    count: int
    place: Place | None
    from_place: int
    """How many of them came from that line."""


class Recorder:
    """Database calls made while it is active, in order, of all threads."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    @property
    def count(self) -> int:
        """Database calls."""
        return len(self.calls)

    @property
    def statements(self) -> list[str]:
        """The statements as they were sent, in order."""
        return [call.statement for call in self.calls]

    def repeated(self) -> list[Repeated]:
        """Return the calls by normalised statement, most frequent first."""
        from rca.digests import digest

        groups: dict[str, list[Call]] = defaultdict(list)
        known: dict[str, str] = {}
        for call in self.calls:
            text = call.statement
            groups[known.setdefault(text, known.get(text) or digest(text))].append(call)
        found = []
        for name, calls in groups.items():
            place, most = Counter(call.place for call in calls).most_common(1)[0]
            found.append(Repeated(name, len(calls), place, most))
        return sorted(found, key=lambda item: (-item.count, item.digest))

    def __len__(self) -> int:
        return self.count

    def __repr__(self) -> str:
        return f"<{self.count} database calls>"


_active: list[Recorder] = []
_lock = threading.Lock()
_thread = threading.local()


@contextmanager
def recorded() -> Iterator[Recorder]:
    """Record the database calls of a block.

    Examples
    --------
    >>> with recorded() as calls:
    ...     note("SELECT 1")
    >>> calls.statements
    ['SELECT 1']
    """
    recorder = Recorder()
    _thread.quiet = 0  # a driver that broke off in the middle of a call must not silence the next test
    with _lock:
        _active.append(recorder)
    try:
        yield recorder
    finally:
        with _lock:
            _active.remove(recorder)


def note(statement: object, *, place: Place | None = None) -> None:
    """Count a call, unless a layer above has counted it."""
    if not _active or is_quiet():
        return
    text = statement.decode("utf-8", "replace") if isinstance(statement, bytes) else str(statement)
    if _HOUSEKEEPING.match(text):
        return
    _thread.noted = noted() + 1
    call = Call(text, place or calling_place(inspect.currentframe()))
    with _lock:
        for recorder in _active:
            recorder.calls.append(call)


def noted() -> int:
    """Return how many calls this thread has counted."""
    return int(getattr(_thread, "noted", 0))


def depth() -> int:
    """Return how many counted calls this thread is inside of."""
    return int(getattr(_thread, "quiet", 0))


def is_quiet() -> bool:
    """Say whether a layer above is making a call that it has counted."""
    return depth() > 0


def is_recording() -> bool:
    """Say whether anybody counts."""
    return bool(_active)


def enter() -> None:
    """Begin a call that was counted: what is below it on this thread is the same call."""
    _thread.quiet = depth() + 1


def leave() -> None:
    """End it."""
    _thread.quiet = max(0, depth() - 1)


@contextmanager
def quiet(statement: object) -> Iterator[None]:
    """Count a statement, and nothing that is done below it."""
    note(statement)
    enter()
    try:
        yield
    finally:
        leave()


def calling_place(frame: FrameType | None) -> Place | None:
    """Return the innermost line of the project's own code; failing that, of anything that is no database library."""
    fallback = None
    for at in _frames(frame):
        path, package = at.f_code.co_filename, str(at.f_globals.get("__name__", "")).split(".")[0]
        own = (
            not path.startswith("<")
            and package not in _LIBRARIES
            and "rca.guards" not in str(at.f_globals.get("__name__", ""))
        )
        if own:
            # a comprehension is a frame of its own: its function is what people look for
            here = Place(path, at.f_lineno, at.f_code.co_qualname.split(".<locals>")[0])
            if not path.startswith(_INSTALLED):
                return here
            fallback = fallback or here
    return fallback


def _frames(frame: FrameType | None) -> Iterator[FrameType]:
    """Yield a frame and those that called it, also from within a greenlet, as SQLAlchemy's asyncio runs its calls."""
    while frame is not None:
        yield frame
        frame = frame.f_back
    greenlet = sys.modules.get("greenlet")
    inner = greenlet.getcurrent().parent if greenlet else None
    while inner is not None:
        frame = inner.gr_frame
        while frame is not None:
            yield frame
            frame = frame.f_back
        inner = inner.parent

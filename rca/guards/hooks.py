"""Where database calls are seen: SQLAlchemy, Django, the drivers of the DB-API, and spans of any instrumented library.

Nothing is hooked before a test asks for it, and a hook costs a dictionary look-up while nobody counts.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sys
from collections.abc import Callable
from typing import Any

from rca.guards import spans
from rca.guards.drivers import hook_aiosqlite, hook_asyncpg, hook_psycopg2, hook_sqlite, wrap
from rca.guards.recorder import enter, leave, note, quiet

__all__ = ["install", "watch"]

_CURSORS = (
    ("psycopg", ("Cursor", "AsyncCursor", "ServerCursor", "AsyncServerCursor")),
    ("pymysql.cursors", ("Cursor",)),
    ("MySQLdb.cursors", ("BaseCursor",)),
    ("mysql.connector.cursor", ("MySQLCursor", "MySQLCursorPrepared")),
    ("mysql.connector.cursor_cext", ("CMySQLCursor", "CMySQLCursorPrepared")),
    ("psycopg2.extras", ("DictCursor", "RealDictCursor", "NamedTupleCursor", "LoggingCursor")),
    ("aiomysql.cursors", ("Cursor",)),
    ("oracledb.cursor", ("Cursor", "AsyncCursor")),
    ("pg8000.dbapi", ("Cursor",)),
)
"""Drivers whose cursors are written in Python."""
_CONNECTIONS = (("psycopg2", hook_psycopg2), ("asyncpg", hook_asyncpg), ("aiosqlite", hook_aiosqlite))
"""Drivers hooked by their connections. Any other in C is seen by :func:`watch`, SQLAlchemy, Django or a tracer."""

_done: set[str] = set()


def install() -> None:
    """Put hooks into every library that is imported or installed; a second call hooks what came since."""
    _once("sqlite3", hook_sqlite)
    for module, hook in _CONNECTIONS:
        if module in sys.modules:
            _once(module, hook)
    if _available("sqlalchemy"):
        _once("sqlalchemy", _sqlalchemy)
    if _available("django.db.backends.utils"):
        _once("django", _django)
    for module, names in _CURSORS:
        if module in sys.modules or module.split(".")[0] in sys.modules:
            _once(module, functools.partial(_cursors, module, names))
    if "opentelemetry.sdk.trace" in sys.modules:
        spans.watch_provider()


def _available(module: str) -> bool:
    if module in sys.modules:
        return True
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _once(name: str, hook: Callable[[], None]) -> None:
    if name in _done:
        return
    try:
        hook()
    except (
        ImportError,
        AttributeError,
        TypeError,
    ):  # a broken, foreign or compiled version of a library is not the test's business
        return
    _done.add(name)


def _sqlalchemy() -> None:
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    def before(_connection: Any, _cursor: Any, statement: str, _parameters: Any, context: Any, _many: Any) -> None:
        note(statement)
        enter()
        if context is not None:
            context.rca_entered = True

    def after(_connection: Any, _cursor: Any, _statement: str, _parameters: Any, _context: Any, _many: Any) -> None:
        leave()

    def failed(context: Any) -> None:
        if getattr(context.execution_context, "rca_entered", False):
            leave()

    event.listen(Engine, "before_cursor_execute", before)
    event.listen(Engine, "after_cursor_execute", after)
    event.listen(Engine, "handle_error", failed)


def _django() -> None:
    utils = importlib.import_module("django.db.backends.utils")
    for name in ("execute", "executemany", "callproc"):
        wrap(utils.CursorWrapper, name)


def _cursors(module: str, names: tuple[str, ...]) -> None:
    found = importlib.import_module(module)
    for name in names:
        owner = getattr(found, name, None)
        for method in ("execute", "executemany", "callproc", "stream"):
            if owner is not None and method in vars(owner):
                wrap(owner, method)


class _Watched:
    """A connection or cursor of any driver, whose calls are counted."""

    def __init__(self, inner: Any) -> None:
        object.__setattr__(self, "_inner", inner)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._inner, name)
        if name == "cursor":
            return lambda *args, **more: _Watched(value(*args, **more))
        if name not in ("execute", "executemany", "callproc", "executescript"):
            return value

        def counted(statement: Any, *args: Any, **more: Any) -> Any:
            with quiet(statement):
                found = value(statement, *args, **more)
            return self if found is self._inner else found

        return counted

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._inner, name, value)

    def __iter__(self) -> Any:
        return iter(self._inner)

    def __enter__(self) -> Any:
        entered = self._inner.__enter__()
        return self if entered is self._inner else _Watched(entered)

    def __exit__(self, *reason: object) -> Any:
        return self._inner.__exit__(*reason)


def watch(connection: Any) -> Any:
    """Return a DB-API connection or cursor of any driver as one whose calls are counted.

    Needed only for drivers written in C that are used without SQLAlchemy, Django or a tracer.
    """
    return _Watched(connection)

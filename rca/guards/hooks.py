"""Where database calls are seen: SQLAlchemy, Django, the drivers of the DB-API, and spans of any instrumented library.

Nothing is hooked before a test asks for it, and a hook costs a dictionary look-up while nobody counts.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sqlite3
import sys
from collections.abc import Callable
from typing import Any

from rca.guards import spans
from rca.guards.recorder import enter, is_recording, leave, note, quiet

__all__ = ["install", "watch"]

_CURSORS = (
    ("psycopg", ("Cursor", "AsyncCursor", "ServerCursor", "AsyncServerCursor")),
    ("pymysql.cursors", ("Cursor",)),
    ("MySQLdb.cursors", ("BaseCursor",)),
    ("mysql.connector.cursor", ("MySQLCursor",)),
    ("mysql.connector.cursor_cext", ("CMySQLCursor",)),
    ("oracledb.cursor", ("Cursor", "AsyncCursor")),
    ("pg8000.dbapi", ("Cursor",)),
)
"""Drivers whose cursors are written in Python; those in C are seen by :func:`watch`, SQLAlchemy, Django or a tracer."""

_done: set[str] = set()


def install() -> None:
    """Put hooks into every library that is imported or installed; a second call hooks what came since."""
    _once("sqlite3", _sqlite)
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
    except (ImportError, AttributeError):  # a broken or foreign version of a library is not the test's business
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
        _wrap(utils.CursorWrapper, name)


def _cursors(module: str, names: tuple[str, ...]) -> None:
    found = importlib.import_module(module)
    for name in names:
        owner = getattr(found, name, None)
        for method in ("execute", "executemany", "callproc", "stream"):
            if owner is not None and method in vars(owner):
                _wrap(owner, method)


def _wrap(owner: type, name: str) -> None:
    original = getattr(owner, name)

    @functools.wraps(original)
    def counted(self: Any, statement: Any, *args: Any, **more: Any) -> Any:
        if not is_recording():
            return original(self, statement, *args, **more)
        with quiet(statement):
            return original(self, statement, *args, **more)

    setattr(owner, name, counted)


class _Cursor(sqlite3.Cursor):
    def execute(self, sql: str, *args: Any) -> Any:
        with quiet(sql):
            return super().execute(sql, *args)

    def executemany(self, sql: str, *args: Any) -> Any:
        with quiet(sql):
            return super().executemany(sql, *args)

    def executescript(self, sql_script: str) -> Any:
        with quiet(sql_script):
            return super().executescript(sql_script)


def _counting(base: type[sqlite3.Connection]) -> type[sqlite3.Connection]:
    class Counting(base):  # type: ignore[valid-type, misc]
        def cursor(self, factory: Any = None) -> Any:
            return super().cursor(_Cursor if factory is None else factory)

        def execute(self, sql: str, *args: Any) -> Any:
            return self.cursor().execute(sql, *args)

        def executemany(self, sql: str, *args: Any) -> Any:
            return self.cursor().executemany(sql, *args)

        def executescript(self, sql_script: str) -> Any:
            return self.cursor().executescript(sql_script)

    Counting.__name__ = Counting.__qualname__ = base.__name__
    return Counting


_default = _counting(sqlite3.Connection)


def _sqlite() -> None:
    original = sqlite3.connect

    @functools.wraps(original)
    def connect(*args: Any, **more: Any) -> Any:
        if len(args) < 6:
            given = more.get("factory")
            more["factory"] = _default if given in (None, sqlite3.Connection) else _counting(given)
        return original(*args, **more)

    for module in list(sys.modules.values()):
        # also where it was imported by name before
        names = getattr(module, "__dict__", {})
        for name in [key for key, value in list(names.items()) if value is original]:
            names[name] = connect


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

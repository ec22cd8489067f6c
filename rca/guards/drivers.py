"""Drivers that are hooked by their connections: sqlite3, psycopg2 and asyncpg, whose cursors are written in C, and aiosqlite."""

from __future__ import annotations

import functools
import importlib
import sqlite3
import sys
from collections.abc import Callable
from typing import Any

from rca.guards.recorder import enter, is_recording, leave, note, quiet

__all__ = ["hook_aiosqlite", "hook_asyncpg", "hook_psycopg2", "hook_sqlite", "wrap"]


def wrap(owner: type, name: str) -> None:
    """Count the calls of a method whose first argument is the statement."""
    original = getattr(owner, name)

    @functools.wraps(original)
    def counted(self: Any, statement: Any, *args: Any, **more: Any) -> Any:
        if not is_recording():
            return original(self, statement, *args, **more)
        with quiet(statement):
            return original(self, statement, *args, **more)

    setattr(owner, name, counted)


def _replace(original: object, new: object) -> None:
    """Put a function in the place of another, also where it was imported by name before."""
    for module in list(sys.modules.values()):
        names = getattr(module, "__dict__", {})
        for name in [key for key, value in list(names.items()) if value is original]:
            names[name] = new


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


def hook_sqlite() -> None:
    """Let ``sqlite3.connect`` return connections that count."""
    original = sqlite3.connect

    @functools.wraps(original)
    def connect(*args: Any, **more: Any) -> Any:
        if len(args) < 6:
            given = more.get("factory")
            more["factory"] = _default if given in (None, sqlite3.Connection) else _counting(given)
        return original(*args, **more)

    _replace(original, connect)


@functools.cache
def _counting_cursor(base: Any) -> Any:
    class Counting(base):  # type: ignore[misc]
        pass

    for name in ("execute", "executemany", "callproc"):
        wrap(Counting, name)
    Counting.__name__ = Counting.__qualname__ = base.__name__
    return Counting


def hook_psycopg2() -> None:
    """Let ``psycopg2.connect`` return connections whose cursors count."""
    psycopg2 = importlib.import_module("psycopg2")
    original, plain = psycopg2.connect, psycopg2.extensions

    @functools.wraps(original)
    def connect(*args: Any, **more: Any) -> Any:
        opened = original(*args, **more)
        # connections of a kind of their own choose their cursors themselves; those of psycopg2.extras are hooked
        if opened.cursor_factory is not None or type(opened) is plain.connection:
            opened.cursor_factory = _counting_cursor(opened.cursor_factory or plain.cursor)
        return opened

    _replace(original, connect)


_SENT = ("execute", "executemany", "fetch", "fetchrow", "fetchval", "cursor")
_PREPARED = ("fetch", "fetchrow", "fetchval", "executemany", "cursor")


def hook_asyncpg() -> None:
    """Count what connections, pools and prepared statements of asyncpg send."""
    connection = importlib.import_module("asyncpg.connection").Connection  # those of a pool hand on to it
    for method in _SENT:
        wrap(connection, method)
    prepared = importlib.import_module("asyncpg.prepared_stmt").PreparedStatement
    for method in _PREPARED:
        _wrap_prepared(prepared, method)


def _wrap_prepared(owner: Any, name: str) -> None:
    original = getattr(owner, name)

    @functools.wraps(original)
    def counted(self: Any, *args: Any, **more: Any) -> Any:
        if is_recording():
            note(self.get_query())
        return original(self, *args, **more)

    setattr(owner, name, counted)


def hook_aiosqlite() -> None:
    """Count what aiosqlite is asked, at the line that asks; its own thread, where sqlite3 is called, is the same call."""
    owner = importlib.import_module("aiosqlite.core").Connection
    original = owner._execute  # noqa: SLF001  (every call of the library goes through it)

    @functools.wraps(original)
    def counted(self: Any, function: Callable[..., Any], *args: Any, **more: Any) -> Any:
        if not is_recording():
            return original(self, function, *args, **more)
        if args and isinstance(args[0], str) and "execute" in getattr(function, "__name__", ""):
            note(args[0])
        return original(self, functools.partial(_silent, function), *args, **more)

    owner._execute = counted  # noqa: SLF001


def _silent(function: Callable[..., Any], *args: Any, **more: Any) -> Any:
    enter()
    try:
        return function(*args, **more)
    finally:
        leave()

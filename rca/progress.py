"""Progress of long work: a bar on a terminal or in a notebook, nothing where output is piped."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

__all__ = ["Bar", "Progress", "silent", "terminal"]


class Bar(Protocol):
    """What a running piece of work tells."""

    def file(self, path: str, size: int) -> Callable[[int], None]:
        """Begin a file; the returned function is told the position in its bytes."""
        ...

    def done(self, path: str) -> None:
        """End a file."""
        ...


class Progress(Protocol):
    """Shows one piece of work of `total` bytes."""

    def start(self, total: int) -> Any:
        """Return a context manager that gives a :class:`Bar`."""
        ...


class _Nothing:
    @contextmanager
    def start(self, total: int) -> Iterator[_Nothing]:  # noqa: ARG002
        yield self

    def file(self, path: str, size: int) -> Callable[[int], None]:  # noqa: ARG002
        return lambda _: None

    def done(self, path: str) -> None:
        pass


class _Rich:
    """A bar with bytes, rate and time left on standard error; shown only once the work has taken a moment."""

    @contextmanager
    def start(self, total: int) -> Iterator[_Rich]:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
        from rich.progress import Progress as Display

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
        )
        with Display(*columns, console=Console(stderr=True), transient=True) as self._display:
            self._task = self._display.add_task("reading", total=max(total, 1))
            self._before = 0
            yield self

    def file(self, path: str, size: int) -> Callable[[int], None]:
        from rich.markup import escape

        self._size = size
        name = path if len(path) <= 40 else "…" + path[-39:]
        self._display.update(self._task, description=escape(name))
        return lambda at: self._display.update(self._task, completed=self._before + min(at, size))

    def done(self, path: str) -> None:  # noqa: ARG002
        self._before += self._size
        self._display.update(self._task, completed=self._before)


def silent() -> Progress:
    """Return progress that shows nothing."""
    return _Nothing()


def terminal() -> Progress:
    """Return a bar on standard error where that is a terminal, else nothing."""
    return _Rich() if sys.stderr.isatty() else _Nothing()

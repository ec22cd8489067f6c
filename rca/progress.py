"""Progress of long work: a bar on a terminal or in a notebook, nothing where output is piped."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from rca.display import escape_terminal

__all__ = ["Bar", "Progress", "fitting", "steps", "terminal"]

_MOMENT = 1.0
"""Seconds that work takes before a notebook shows its progress."""
_BETWEEN = 0.2
"""Seconds between two showings."""


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


class _Line:
    """One line in the output of a notebook's cell, changed in place; nothing before a moment has passed."""

    def __init__(self) -> None:
        self._begun = self._shown = time.monotonic()
        self._handle: Any = None

    def say(self, text: str) -> None:
        now = time.monotonic()
        if now - self._begun < _MOMENT or now - self._shown < _BETWEEN:
            return
        self._shown = now
        if self._handle is None:
            from IPython.display import display

            self._handle = display(  # type: ignore[no-untyped-call]
                {"text/plain": text}, raw=True, display_id=True
            )
        else:
            self._handle.update({"text/plain": text}, raw=True)

    def end(self) -> None:
        if self._handle is not None:
            self._handle.update({"text/plain": ""}, raw=True)


class _Notebook:
    """Bytes, rate and time left as one line of text, which goes when the work is done."""

    @contextmanager
    def start(self, total: int) -> Iterator[_Notebook]:
        self._total, self._before, self._size = max(total, 1), 0, 0
        self._line, self._begun = _Line(), time.monotonic()
        try:
            yield self
        finally:
            self._line.end()

    def file(self, path: str, size: int) -> Callable[[int], None]:
        self._size = size
        name = escape_terminal(path if len(path) <= 40 else "…" + path[-39:])
        return lambda at: self._say(name, self._before + min(at, size))

    def _say(self, name: str, at: int) -> None:
        rate = at / max(time.monotonic() - self._begun, 1e-6)
        left = (self._total - at) / rate if rate else 0.0
        share = min(1.0, at / self._total)
        bar = "█" * round(24 * share) + "░" * (24 - round(24 * share))
        self._line.say(
            f"reading {name}  {bar} {share:.0%} of {self._total / 1e6:,.1f} MB, {rate / 1e6:,.1f} MB/s, {left:,.0f} s left"
        )

    def done(self, path: str) -> None:  # noqa: ARG002
        self._before += self._size


def fitting() -> Progress:
    """Return what suits where the work is seen: a bar on a terminal, a line in a notebook, nothing where output is piped."""
    return _Notebook() if _in_notebook() else terminal()


@contextmanager
def steps() -> Iterator[Callable[[str], None]]:
    """Give a function that shows the step that begins, where somebody watches; the line goes when the work is done."""
    if _in_notebook():
        line = _Line()
        try:
            yield lambda step: line.say(f"{step} …")
        finally:
            line.end()
    elif sys.stderr.isatty():
        try:
            yield lambda step: _to_terminal(f"{escape_terminal(step)} …")
        finally:
            _to_terminal("")
    else:
        yield lambda _: None


def _to_terminal(text: str) -> None:
    """Put a text into the current line of the terminal, in place of what stood there."""
    sys.stderr.write(f"\r\x1b[2K{text}\r")
    sys.stderr.flush()


def _in_notebook() -> bool:
    """Say whether the code runs in a kernel that shows output in cells; a kernel has IPython imported."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell"


def terminal() -> Progress:
    """Return a bar on standard error where that is a terminal, else nothing."""
    return _Rich() if sys.stderr.isatty() else _Nothing()

"""A limit of time for calls of libraries that have none."""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar

__all__ = ["within"]

T = TypeVar("T")


def within(seconds: float, work: Callable[[], T], give_up: Callable[[], object]) -> T:
    """Return what `work` returns; the caller goes on after the time, whatever a server does or does not.

    Parameters
    ----------
    seconds
        How long to wait.
    work
        Run in a thread of its own. Where it is not done in time, or the wait is interrupted, what it returns is dropped.
    give_up
        Called then, beside the caller: asks the server to end the work.

    Raises
    ------
    TimeoutError
        When `work` is not done in time.

    Examples
    --------
    >>> within(5, lambda: 1 + 1, lambda: None)
    2
    """
    results: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()

    def run() -> None:
        try:
            results.put((work(), None))
        except BaseException as error:  # noqa: BLE001  (raised again below, in the caller's thread)
            results.put((None, error))

    Thread(target=run, daemon=True).start()
    try:
        value, error = results.get(timeout=seconds)
    except BaseException as stop:
        Thread(target=give_up, daemon=True).start()
        if isinstance(stop, Empty):
            raise TimeoutError(f"not done within {seconds} s") from None
        raise
    if error is not None:
        raise error
    return value  # type: ignore[no-any-return]

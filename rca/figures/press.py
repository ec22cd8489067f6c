"""Figures made into files by processes beside this one, so that both cores work: while one is drawn the next is described.

The converter holds Python's lock while it works, so threads gain nothing. Each helper process runs this file alone, which
imports the converter and nothing of `rca`; it is asked in JSON, a line a figure, and answers in JSON. A helper that
cannot start, or stops, costs only time: its figures are made here.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any, Self

__all__ = ["Press", "convert", "to_svg"]


def convert(spec: dict[str, Any], stem: str, formats: list[str]) -> None:
    """Write a Vega-Lite specification as the files ``stem.svg``, ``stem.png`` (twice the size) and ``stem.pdf``.

    Laying a figure out costs most, so it is done once: PNG and PDF are made of the SVG.
    """
    import vl_convert as vlc

    drawn = to_svg(spec)
    made: dict[str, Callable[[], bytes]] = {
        "svg": drawn.encode,
        "png": lambda: bytes(vlc.svg_to_png(drawn, scale=2)),
        "pdf": lambda: bytes(vlc.svg_to_pdf(drawn)),
    }
    for name in formats:
        Path(f"{stem}.{name}").write_bytes(made[name]())


class Press:
    """Converts figures, several at a time where there are several cores.

    Use it as a context manager; leaving it waits for what is still being made.

    Parameters
    ----------
    helpers
        Processes to start; left out, as many as there are cores, up to 4, and none on a single core.
    """

    def __init__(self, helpers: int | None = None) -> None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        wanted = (min(cores, 4) if cores > 1 else 0) if helpers is None else helpers
        self._idle = [helper for helper in (_start() for _ in range(wanted)) if helper is not None]
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(max(1, len(self._idle)))

    def make(self, spec: dict[str, Any], stem: str | Path, formats: list[str]) -> Future[None]:
        """Begin to make the files of a figure; the future ends when they are written, or with what went wrong."""
        return self._threads.submit(self._make, spec, str(stem), formats)

    def _make(self, spec: dict[str, Any], stem: str, formats: list[str]) -> None:
        with self._lock:
            helper = self._idle.pop() if self._idle else None
        if helper is not None and _asked(helper, {"spec": spec, "stem": stem, "formats": formats}):
            with self._lock:
                self._idle.append(helper)
            return
        if helper is not None:
            _stop(helper)
        convert(spec, stem, formats)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(wait=True)
        for helper in self._idle:
            _stop(helper)
        self._idle = []


def _start() -> subprocess.Popen[str] | None:
    try:
        return subprocess.Popen(  # noqa: S603  (this interpreter and a file of this package)
            [sys.executable, "-P", str(Path(__file__).resolve())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )
    except (OSError, ValueError):
        return None


def _asked(helper: subprocess.Popen[str], task: dict[str, Any]) -> bool:
    """Say whether a helper did its task."""
    assert helper.stdin is not None and helper.stdout is not None  # noqa: S101, PT018  (both are pipes)
    try:
        helper.stdin.write(json.dumps(task) + "\n")
        helper.stdin.flush()
        return helper.stdout.readline() == "done\n"
    except (OSError, ValueError):
        return False


def _stop(helper: subprocess.Popen[str]) -> None:
    for pipe in (helper.stdin, helper.stdout):
        try:
            if pipe is not None:
                pipe.close()
        except OSError:
            pass
    try:
        helper.wait(timeout=10)
    except subprocess.TimeoutExpired:
        helper.kill()
        helper.wait()


def to_svg(spec: dict[str, Any]) -> str:
    """Return a Vega-Lite specification as SVG; the same specification gives the same bytes.

    The converter numbers its clip paths on and on as long as a process lives, so they are numbered anew here.
    """
    import vl_convert as vlc

    drawn = str(vlc.vegalite_to_svg(spec))
    numbers = {name: f"clip{at}" for at, name in enumerate(dict.fromkeys(re.findall(r"url\(#(clip\d+)\)", drawn)))}
    return re.sub(
        r'(?<=url\(#)clip\d+(?=\))|(?<=<clipPath id=")clip\d+(?=")',
        lambda found: numbers.get(found[0], found[0]),
        drawn,
    )


def _warm() -> None:
    """Load the converter and its fonts before the first figure is asked for."""
    import vl_convert as vlc

    vlc.svg_to_pdf(vlc.vegalite_to_svg({"title": "a", "mark": "point", "data": {"values": []}}))


def _serve(tasks: IO[str], answers: IO[str]) -> None:
    """Make figures until nothing more is asked."""
    for line in tasks:
        try:
            convert(**json.loads(line))
        except Exception:  # noqa: BLE001  (whatever it was, the asking process makes the figure and reports it)
            answers.write("failed\n")
        else:
            answers.write("done\n")
        answers.flush()


if __name__ == "__main__":
    try:
        _warm()
        _serve(sys.stdin, sys.stdout)
    except KeyboardInterrupt:
        sys.exit(130)

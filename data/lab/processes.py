"""Start processes on chosen cores, know them by id, and end them whatever happens."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from lab.cgroups import CpuGroup, Groups
from lab.errors import LabError

__all__ = ["Cores", "Process", "Processes", "free_port"]

DATA = Path(__file__).resolve().parents[1]
STOP_SECONDS = 15.0


def free_port() -> int:
    """Find a free loopback port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Cores:
    """The database has one core and everything else another, so that a busy database cannot slow the services."""

    database: int
    services: int

    @classmethod
    def choose(cls) -> Cores:
        """Take the first and the last core that we may use; on a machine with one core both are it."""
        allowed = sorted(os.sched_getaffinity(0))
        return cls(allowed[0], allowed[-1])


@dataclass(slots=True)
class Process:
    """A running process."""

    name: str
    popen: subprocess.Popen[bytes]
    group: CpuGroup | None
    log: IO[bytes]
    facts: dict[str, Any] = field(default_factory=dict)

    def check(self) -> None:
        """Raise where it has ended by itself."""
        code = self.popen.poll()
        if code is not None:
            tail = Path(self.log.name).read_text(errors="replace")[-1500:]
            raise LabError(f"{self.name} ended by itself with code {code}. Its last words:\n{tail}")


class Processes:
    """All processes of one recording."""

    def __init__(self, work: Path, cores: Cores, groups: Groups) -> None:
        self.work, self.cores, self._groups = work, cores, groups
        self._running: list[Process] = []

    def start(
        self, name: str, command: Sequence[str], *, core: int, gently: bool = False, user: str | None = None
    ) -> Process:
        """Start ``command`` in ``data/`` on one core, in a CPU group of its own; ``gently`` yields while it starts."""
        group = self._groups.create(name)
        log = (self.work / f"{name}.out").open("wb")
        environment = {
            **os.environ,
            "PYTHONPATH": str(DATA),
            # Compiled once a recording: starts in the middle of it must not cost what the first one does.
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": str(self.work / "pycache"),
            "OTEL_SEMCONV_STABILITY_OPT_IN": "http,database",
        }
        before = os.sched_getaffinity(0)
        # A child inherits the affinity of the thread that makes it.
        os.sched_setaffinity(0, {core})
        try:
            popen = subprocess.Popen(
                command, cwd=DATA, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL, user=user
            )
        finally:
            os.sched_setaffinity(0, before)
        process = Process(name, popen, group, log)
        self._running.append(process)
        if group is not None:
            group.add(popen.pid)
            if gently and self._groups.version == 1:
                (group.cpu / "cpu.shares").write_text("64")
        return process

    def settle(self, process: Process, share: int = 1024) -> None:
        """Give a process its full share, or a larger one."""
        if process.group is not None and process.group.version == 1:
            (process.group.cpu / "cpu.shares").write_text(str(share))

    def python(self, name: str, *arguments: str, gently: bool = False, core: int | None = None) -> Process:
        """Start one of the lab's own modules."""
        return self.start(
            name, [sys.executable, "-m", *arguments], core=self.cores.services if core is None else core, gently=gently
        )

    def check_services(self) -> None:
        """Raise where a process that serves has ended; generators and helpers may end."""
        for process in self._running:
            if process.facts.get("may_end") is None:
                process.check()

    @property
    def running(self) -> tuple[Process, ...]:
        """Processes that have not been stopped."""
        return tuple(self._running)

    def stop(self, process: Process, number: int = signal.SIGTERM) -> None:
        """End one process and wait for it; kill it when it does not listen."""
        if process not in self._running:
            return
        self._running.remove(process)
        with contextlib.suppress(ProcessLookupError):
            process.popen.send_signal(number)
        try:
            process.popen.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.popen.kill()
            process.popen.wait()
        process.log.close()

    def close(self) -> None:
        """End all, last started first."""
        for process in reversed(self.running):
            self.stop(process, process.facts.get("stop_signal", signal.SIGTERM))


def wait_for_http(url: str, process: Process, seconds: float = 30.0) -> None:
    """Wait until a URL answers."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        process.check()
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2):
            return
        time.sleep(0.05)
    raise LabError(f"{process.name} did not answer at {url} within {seconds:.0f} s")

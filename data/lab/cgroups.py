"""CPU control groups, version 1 or 2: a share that shields the lab from its neighbours, limits, and their counters."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

__all__ = ["CpuGroup", "Groups"]

PERIOD_US = 100_000
V1_CPU, V1_ACCT, V2 = Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup/cpuacct"), Path("/sys/fs/cgroup")


@dataclass(slots=True)
class CpuGroup:
    """The group of one process: ``cpu`` is where its limit lies, ``account`` where its usage is counted."""

    name: str
    cpu: Path
    account: Path
    version: int
    cpus: float | None = None

    def add(self, pid: int) -> None:
        """Put a process, with all its threads, into the group."""
        for folder in {self.cpu, self.account}:
            (folder / "cgroup.procs").write_text(str(pid))

    def limit(self, cpus: float | None) -> None:
        """Limit the group to ``cpus`` cores; None lifts the limit."""
        quota = -1 if cpus is None else int(cpus * PERIOD_US)
        if self.version == 1:
            (self.cpu / "cpu.cfs_period_us").write_text(str(PERIOD_US))
            (self.cpu / "cpu.cfs_quota_us").write_text(str(quota))
        else:
            (self.cpu / "cpu.max").write_text(f"{'max' if quota < 0 else quota} {PERIOD_US}")
        self.cpus = cpus

    def counters(self) -> dict[str, float]:
        """Read periods, throttled periods, throttled seconds and used seconds."""
        stat = dict(line.split() for line in (self.cpu / "cpu.stat").read_text().splitlines())
        if self.version == 1:
            used = int((self.account / "cpuacct.usage").read_text()) / 1e9
            throttled = int(stat["throttled_time"]) / 1e9
        else:
            used = int(stat["usage_usec"]) / 1e6
            throttled = int(stat.get("throttled_usec", 0)) / 1e6
        return {
            "periods": float(stat.get("nr_periods", 0)),
            "throttled_periods": float(stat.get("nr_throttled", 0)),
            "throttled_seconds": throttled,
            "usage_seconds": used,
        }


class Groups:
    """All groups of one recording, below one parent that has a large share of the processor."""

    def __init__(self) -> None:
        self._made: list[Path] = []
        self.version = self._version()
        name = f"rca-lab-{os.getpid()}"
        roots = {1: (V1_CPU, V1_ACCT), 2: (V2,)}.get(self.version, ())
        self._parents = [root / name for root in roots]
        try:
            for parent in self._parents:
                self._make(parent)
            if self.version == 1:
                (self._parents[0] / "cpu.shares").write_text("262144")
            elif self.version == 2:
                (self._parents[0] / "cpu.weight").write_text("10000")
                (self._parents[0] / "cgroup.subtree_control").write_text("+cpu")
        except OSError:
            self.close()
            self.version = 0

    @property
    def available(self) -> bool:
        """Whether limits can be set here."""
        return self.version > 0

    def create(self, name: str) -> CpuGroup | None:
        """Make a group; None where the machine lets us have none."""
        if not self.available:
            return None
        folders = [parent / name for parent in self._parents]
        for folder in folders:
            self._make(folder)
        return CpuGroup(name, folders[0], folders[-1], self.version)

    def close(self) -> None:
        """Remove the groups; their processes have ended by now."""
        for folder in reversed(self._made):
            for _ in range(20):
                with contextlib.suppress(OSError):
                    folder.rmdir()
                if not folder.exists():
                    break
                time.sleep(0.1)
        self._made.clear()

    def _make(self, folder: Path) -> None:
        folder.mkdir()
        self._made.append(folder)

    @staticmethod
    def _version() -> int:
        if (V1_CPU / "cpu.cfs_quota_us").exists() and V1_ACCT.exists() and os.access(V1_CPU, os.W_OK):
            return 1
        controllers = V2 / "cgroup.controllers"
        if controllers.exists() and "cpu" in controllers.read_text().split() and os.access(V2, os.W_OK):
            return 2
        return 0

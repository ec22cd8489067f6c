"""Inputs read ahead by processes beside this one: Python reads on one core at a time, whatever the number of threads.

Rows arrive here as they were read and are written in the order of the inputs, so the store is the same as without. A
process that cannot start, or dies of what it reads, costs only time: this one reads the input instead.
"""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import IO, Any

import numpy as np
import orjson
import pyarrow as pa

from rca.errors import FormatError, RcaError
from rca.ingest.contract import Format
from rca.ingest.formats import choose
from rca.ingest.reading import Outcome, beginning
from rca.ingest.source import Source
from rca.ingest.unpack import suffixless

__all__ = ["Ahead", "Lost", "Reading", "read_ahead"]

_WORTH_IT = 16 << 20
"""Bytes of text, about, below which a process would take longer to start than to read."""
_PACKED = 8
_ONE, _ALL = 64 << 20, 192 << 20
"""Bytes that may wait of one input, and of all together."""
_MOST = 4
_START = "import sys; sys.path[:] = {path!r}; from rca.ingest.helper import main; main()"


class Lost(Exception):  # noqa: N818  (it never leaves the ingest, and says what happened)
    """The process that read an input is gone."""


class Reading:
    """One input that is being read ahead."""

    def __init__(self, task: dict[str, Any], room: _Room) -> None:
        self.task = task
        self._room = room
        self._messages: deque[tuple[dict[str, Any], bytes]] = deque()
        self.waiting = 0
        self.wanted = True

    def put(self, header: dict[str, Any], body: bytes) -> None:
        """Take a message, when there is room for it."""
        with self._room.changed:
            self._room.changed.wait_for(lambda: not self.wanted or self._room.has_room(self))
            if self.wanted:
                self._messages.append((header, body))
                self._room.waiting += len(body)
                self.waiting += len(body)
                self._room.changed.notify_all()

    def take(self) -> tuple[dict[str, Any], bytes]:
        """Return the next message.

        Raises
        ------
        Lost
            When there will be none.
        """
        with self._room.changed:
            self._room.current = self
            self._room.changed.notify_all()
            self._room.changed.wait_for(lambda: self._messages)
            header, body = self._messages.popleft()
            self._room.waiting -= len(body)
            self.waiting -= len(body)
            self._room.changed.notify_all()
        if header["kind"] == "lost":
            raise Lost
        return header, body

    def skip(self) -> None:
        """Let go of what is left: it is known, or has to be read otherwise."""
        with self._room.changed:
            self.wanted = False
            self._room.waiting -= self.waiting
            self.waiting = 0
            self._messages.clear()
            self._room.changed.notify_all()

    def opened(self, advance: Callable[[int], None]) -> dict[str, Any]:
        """Return what the input is: ``empty``, or its ``format`` and ``sha256``.

        Raises
        ------
        FormatError
            When it cannot be read, with the reader's own words.
        Lost
            When the process is gone.
        """
        return self._until({"opened", "empty"}, advance, lambda _, __: None)[0]

    def pour(self, insert: Callable[[str, pa.Table], None], advance: Callable[[int], None]) -> Outcome:
        """Write all rows, and return what reading came to; raises like :meth:`opened`."""
        from rca.ingest.helper import unpacked

        header, body = self._until({"end"}, advance, lambda table, rows: insert(table, unpacked(rows)))
        hashes, at = {}, 0
        everything = np.frombuffer(body, dtype=np.uint64)
        for name, count in header["hashes"].items():
            hashes[name] = everything[at : at + count]
            at += count
        return Outcome(
            kept=header["kept"],
            duplicates=header["duplicates"],
            quarantined=header["quarantined"],
            amendments={(table, column): changes for table, column, changes in header["amendments"]},
            key_hashes=hashes,
            notes=tuple(header["notes"]),
            damaged=header["damaged"],
            flags=header["flags"],
        )

    def _until(
        self, kinds: set[str], advance: Callable[[int], None], rows: Callable[[str, bytes], None]
    ) -> tuple[dict[str, Any], bytes]:
        while True:
            header, body = self.take()
            if header["kind"] in kinds:
                return header, body
            if header["kind"] == "failed":
                raise FormatError(header["message"])
            if header["kind"] == "at":
                advance(header["at"])
            elif header["kind"] == "rows":
                rows(header["table"], body)


class _Room:
    """What may wait in memory; the input that is being written never waits for the others."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.waiting = 0
        self.current: Reading | None = None

    def has_room(self, reading: Reading) -> bool:
        return reading.waiting < _ONE and (self.waiting < _ALL or reading is self.current)


class _Helper:
    """One process, and the thread that asks it and listens."""

    def __init__(self, tasks: deque[Reading]) -> None:
        self._tasks = tasks
        self.process = subprocess.Popen(  # noqa: S603  (this interpreter and this package)
            [sys.executable, "-I", "-c", _START.format(path=sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.thread = threading.Thread(target=self._run, daemon=True, name="rca reads ahead")
        self.thread.start()

    def _run(self) -> None:
        alive = True
        while alive:
            try:
                reading = self._tasks.popleft()
            except IndexError:
                return
            alive = self._read(reading)
            if not alive:
                reading.put({"kind": "lost"}, b"")

    def _read(self, reading: Reading) -> bool:
        """Pass on all messages of one input; say whether the process still lives."""
        asked, said = self.process.stdin, self.process.stdout
        assert asked is not None and said is not None  # noqa: S101, PT018  (both are pipes)
        try:
            asked.write(orjson.dumps(reading.task) + b"\n")
            asked.flush()
            while True:
                header, body = _message(said)
                reading.put(header, body)
                if header["kind"] in ("end", "failed", "empty"):
                    return True
        except (OSError, ValueError, EOFError):
            return False

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self.thread.join(timeout=5)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


def _message(stream: IO[bytes]) -> tuple[dict[str, Any], bytes]:
    line = stream.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    header: dict[str, Any] = orjson.loads(line)
    body = stream.read(header["size"]) if header["size"] else b""
    if len(body) < header["size"]:
        raise EOFError
    return header, body


@contextmanager
def read_ahead(
    sources: Sequence[Source],
    *,
    ids: Sequence[str],
    chosen: Format | None,
    service_name: str,
    helpers: int | None = None,
) -> Iterator[Ahead]:
    """Begin to read inputs in processes beside this one.

    Parameters
    ----------
    sources
        The inputs in the order in which they will be written.
    ids
        The ingest of each.
    chosen
        The format of all of them, one of the package's own; None recognises each.
    service_name
        Service of records that name none.
    helpers
        Processes; left out, one a core up to 4, none on a single core or where there is little to read.
    """
    room = _Room()
    readings = {
        name: Reading(_task(source, name, chosen, service_name), room)
        for source, name in zip(sources, ids, strict=True)
        if source.file is not None
    }
    count = _worth(sources, len(readings), chosen) if helpers is None else min(helpers, len(readings))
    tasks = deque(readings.values())
    running: list[_Helper] = []
    try:
        for _ in range(count):
            running.append(_Helper(tasks))  # noqa: PERF401  (those that run have to be stopped when the next cannot start)
    except OSError:
        pass
    try:
        yield Ahead(readings if running else {}, tasks)
    finally:
        tasks.clear()
        for reading in readings.values():
            reading.skip()
        for helper in running:
            helper.stop()


class Ahead:
    """The inputs that processes beside this one read."""

    def __init__(self, readings: Mapping[str, Reading], tasks: deque[Reading]) -> None:
        self._readings, self._tasks = readings, tasks

    def of(self, ingest_id: str) -> Reading | None:
        """Return the reading of an ingest; None where no process has begun it, and then none will."""
        reading = self._readings.get(ingest_id)
        if reading is not None:
            try:
                self._tasks.remove(reading)
            except ValueError:
                return reading
        return None


def _task(source: Source, ingest_id: str, chosen: Format | None, service_name: str) -> dict[str, Any]:
    return {
        "ingest_id": ingest_id,
        "path": source.path,
        "file": str(source.file),
        "size": source.size,
        "mtime_ns": source.mtime_ns,
        "limits": dataclasses.asdict(source.limits),
        "format": chosen.name if chosen else "",
        "service": service_name,
    }


def _worth(sources: Sequence[Source], readable: int, chosen: Format | None) -> int:
    """Return how many processes the inputs are worth."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    text = sum(source.size * (1 if suffixless(source.path) == source.path else _PACKED) for source in sources)
    if cores < 2 or text < _WORTH_IT or not sys.executable:
        return 0
    if len(sources) == 1 and _light(sources[0], chosen):
        return 0
    return min(cores, _MOST, readable)


def _light(source: Source, chosen: Format | None) -> bool:
    """Whether an input is read in less time than its rows are written."""
    try:
        sample = None if chosen else beginning(source)
        reader = choose(sample) if sample else chosen
    except (RcaError, OSError):
        return True  # reading it will say what is wrong
    return reader is None or reader.light

"""The process beside: reads inputs it is told of and sends their rows, so that reading and writing use two cores.

It is asked in JSON, a line an input, and answers in messages: a line of JSON, followed by as many bytes as the line says.
It knows nothing of the store.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import orjson
import pyarrow as pa

from rca.absent import leave_out
from rca.errors import RcaError
from rca.ingest.contract import Context
from rca.ingest.formats import by_name, choose
from rca.ingest.limits import Limits
from rca.ingest.reading import Outcome, beginning, read_into
from rca.ingest.sink import TableSink
from rca.ingest.source import Source

__all__ = ["packed", "serve", "unpacked"]

_STEP = 1 << 18


class _Answers:
    """The messages of one input."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._told = stream, 0

    def say(self, kind: str, body: bytes | memoryview | pa.Buffer = b"", **more: object) -> None:
        size = memoryview(body).nbytes
        self._stream.write(orjson.dumps({"kind": kind, "size": size, **more}) + b"\n")
        if size:
            self._stream.write(body)
        self._stream.flush()

    def rows(self, table: str, block: pa.Table) -> None:
        self.say("rows", packed(block), table=table)

    def advance(self, at: int) -> None:
        if at - self._told >= _STEP or at < self._told:
            self._told = at
            self.say("at", at=at)


def packed(block: pa.Table) -> pa.Buffer:
    """Return rows as a stream in Arrow's own form."""
    out = pa.BufferOutputStream()
    with pa.ipc.new_stream(out, block.schema) as writer:
        writer.write_table(block)
    return out.getvalue()


def unpacked(body: bytes) -> pa.Table:
    """Return the rows of :func:`packed`, without copying them.

    Examples
    --------
    >>> unpacked(packed(pa.table({"a": [1, 2]})).to_pybytes()).column("a").to_pylist()
    [1, 2]
    """
    return pa.ipc.open_stream(pa.py_buffer(body)).read_all()


def serve(tasks: BinaryIO, answers: BinaryIO) -> None:
    """Read inputs until no more is asked."""
    for line in tasks:
        _read(orjson.loads(line), _Answers(answers))


def _read(task: dict[str, Any], answers: _Answers) -> None:
    place = Path(task["file"])
    source = Source(
        task["path"],
        lambda: place.open("rb"),
        task["size"],
        task["mtime_ns"],
        Limits(**task["limits"]),
        advance=answers.advance,
    )
    try:
        sample = beginning(source)
        if sample is None:
            answers.say("empty")
            return
        reader = by_name(task["format"]) if task["format"] else choose(sample)
        answers.say("opened", format=reader.name, sha256=source.sha256())
        context = Context(service_name=task["service"], reference_ns=source.mtime_ns)
        outcome = read_into(reader, source, TableSink(answers.rows, task["ingest_id"], context))
    except RcaError as error:
        answers.say("failed", message=str(error))
        return
    except OSError as error:
        answers.say("failed", message=f"{source.path} cannot be read: {error.strerror or error}.")
        return
    _finish(outcome, answers)


def _finish(outcome: Outcome, answers: _Answers) -> None:
    hashes = outcome.key_hashes
    answers.say(
        "end",
        b"".join(values.astype(np.uint64, copy=False).tobytes() for values in hashes.values()),
        hashes={name: len(values) for name, values in hashes.items()},
        kept=outcome.kept,
        duplicates=outcome.duplicates,
        quarantined=outcome.quarantined,
        amendments=[[*place, dict(changes)] for place, changes in outcome.amendments.items()],
        notes=outcome.notes,
        damaged=outcome.damaged,
        flags=outcome.flags,
    )


def main() -> None:
    """Serve standard input; what a library prints must not come between the messages."""
    answers = os.fdopen(os.dup(1), "wb", 1 << 20)
    os.dup2(2, 1)
    leave_out("pandas")
    try:
        serve(sys.stdin.buffer, answers)
    except (KeyboardInterrupt, BrokenPipeError):
        os._exit(130)  # nobody waits for what is left in the buffers

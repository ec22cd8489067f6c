"""journald's export format: blocks of ``KEY=value`` lines with an empty line between, values of bytes with their length."""

from __future__ import annotations

import itertools

import orjson

from rca.ingest.contract import Sink
from rca.ingest.logs.jsonrows import object_row
from rca.ingest.logs.reader import Batch, LineReader
from rca.ingest.source import Source

__all__ = ["entries", "read_journal"]

_BATCH = 20_000


def entries(data: bytes) -> list[dict[str, str]]:
    r"""Return the entries of an export, in its order; a field that ends before its length says keeps what there is.

    Examples
    --------
    >>> entries(b"A=1\nMESSAGE\n\x03\0\0\0\0\0\0\0a\nb\n\nA=2\n")
    [{'A': '1', 'MESSAGE': 'a\nb'}, {'A': '2'}]
    """
    found: list[dict[str, str]] = []
    entry: dict[str, str] = {}
    at = 0
    while at < len(data):
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        line = data[at:end]
        at = end + 1
        name, mark, value = line.partition(b"=")
        if not line.strip():
            if entry:
                found.append(entry)
            entry = {}
            continue
        if not mark:
            size = int.from_bytes(data[at : at + 8], "little")
            value = data[at + 8 : at + 8 + size]
            at += 8 + min(size, len(data)) + 1
        key = name.decode("utf-8", "replace")
        for number in itertools.count(1):
            numbered = key if number == 1 else f"{key}#{number}"
            if numbered not in entry:
                entry[numbered] = value.decode("utf-8", "replace")
                break
    return [*found, entry] if entry else found


def read_journal(source: Source, sink: Sink) -> None:
    """Read the output of `journalctl -o export`."""
    reader, batch = LineReader(source, sink), Batch()
    for number, entry in enumerate(entries(source.read_all())):
        batch.add(object_row(orjson.dumps(entry), dict(entry), number))
        if len(batch.rows) >= _BATCH:
            reader.emit(batch)
            batch = Batch()
    reader.emit(batch)
    reader.miner.finish(sink)

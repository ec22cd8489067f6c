"""Reading what people have: bytes in, canonical rows out, nothing lost on the way.

How a format is added: write one file here that defines a :class:`Format` and add it to the tuple in its folder's ``formats.py``.

A format has two functions:

``sniff(sample) -> Guess``
    Looks at the first bytes and says how sure it is (0 to 1) and why; after one that says 0.96 or more no other is asked. Never raises.
``read(source, sink) -> None``
    Reads ``source`` (a stream of decompressed bytes, or framed lines with their offsets) and pushes canonical rows into
    ``sink.rows(table, batch)`` in batches, in the order of the input, and what it cannot understand into
    ``sink.quarantine(reason, excerpt, byte_offset)``. A batch is an Arrow table with the columns the format knows; the
    sink fills the rest with defaults and numbers the records. A format never touches the database.
"""

from __future__ import annotations

from rca.ingest.contract import Context, Format, Guess, Sample, Sink
from rca.ingest.limits import Limits
from rca.ingest.source import Source

__all__ = ["Context", "Format", "Guess", "Limits", "Sample", "Sink", "Source"]

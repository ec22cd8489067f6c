"""Whether rows may hold evaluations of feature flags, by a look at their bytes."""

from __future__ import annotations

import pyarrow as pa

__all__ = ["mentions_flags"]

_TEXTS = {"logs": "attributes", "span_events": "event_name", "spans": "span_name"}
"""By table, the column in which an evaluation shows."""
_MARKS = {"logs": b"feature_flag.key", "span_events": b"feature_flag", "spans": b"feature_flag"}


def mentions_flags(table: str, block: pa.Table) -> bool:
    """Say whether rows that go into a table may hold evaluations of flags: a look at their bytes.

    Examples
    --------
    >>> mentions_flags("span_events", pa.table({"event_name": ["exception", "feature_flag"]}))
    True
    """
    name = _TEXTS.get(table)
    if name is None or name not in block.schema.names:
        return False
    for chunk in block.column(name).chunks:
        texts = chunk.keys if pa.types.is_map(chunk.type) else chunk
        if pa.types.is_string(texts.type) and (data := texts.buffers()[2]) and _MARKS[table] in data.to_pybytes():
            return True
    return False

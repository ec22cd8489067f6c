"""Call graphs: one row a caller and callee."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa

from rca.ingest.contract import Sink
from rca.ingest.tables.batch import Batch, Numbers
from rca.ingest.tables.layout import Layout

__all__ = ["Edges"]


class Edges:
    """One edge a row; a row without both ends is none."""

    def __init__(self, layout: Layout, sink: Sink) -> None:
        self._caller, self._callee = layout.fields["caller"], layout.fields["callee"]
        self._sink, self._source = sink, layout.hint.rsplit("/", 1)[-1]

    def add(self, batch: Batch) -> None:
        """Take a batch of rows."""
        frame = batch.frame
        numbers = Numbers(self._sink, len(frame))
        ends = [
            frame[name].str.strip_chars().fill_null("") if name in frame.columns else _blank(frame)
            for name in (self._caller, self._callee)
        ]
        there = ((ends[0] != "") & (ends[1] != "")).to_numpy()
        for at in np.flatnonzero(~there):
            self._sink.quarantine(
                "an edge without both its ends",
                batch.excerpt(int(at)),
                batch.offset(int(at)),
                record_no=numbers.at(int(at)),
            )
        good = np.flatnonzero(there)
        if len(good):
            columns = {
                "caller": ends[0][good].to_arrow(),
                "callee": ends[1][good].to_arrow(),
                "record_no": numbers.of(good),
            }
            self._sink.rows(
                "service_edges", pa.table({**columns, "source": pa.repeat(pa.scalar(self._source), len(good))})
            )

    def finish(self) -> None:
        """Nothing is held back."""


def _blank(frame: pl.DataFrame) -> pl.Series:
    return pl.Series([""]).new_from_index(0, len(frame))

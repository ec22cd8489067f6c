"""What one call of ingest did, input by input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from rca import display
from rca.ingest.run import Ingested

__all__ = ["IngestReport"]


@dataclass(frozen=True, slots=True)
class IngestReport:
    """The ledger of one call: a row an input, and what could not be read at all."""

    inputs: tuple[Ingested, ...]

    @property
    def table(self) -> pl.DataFrame:
        """One row an input."""
        return pl.DataFrame([item.to_dict() for item in self.inputs], infer_schema_length=None)

    @property
    def failed(self) -> tuple[Ingested, ...]:
        """The inputs that gave nothing."""
        return tuple(item for item in self.inputs if item.status == "failed")

    def total(self, name: str) -> int:
        """Sum of one of the counts, such as ``bytes`` or ``records_kept``."""
        return sum(int(getattr(item, name)) for item in self.inputs)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        names = ("bytes", "records_read", "records_kept", "records_duplicate", "records_quarantined")
        return {
            "inputs": [item.to_dict() for item in self.inputs],
            "totals": {name: self.total(name) for name in names},
        }

    def _rows(self) -> list[dict[str, Any]]:
        keys = (
            "path",
            "format",
            "bytes",
            "records_read",
            "records_kept",
            "records_duplicate",
            "records_quarantined",
            "status",
            "message",
        )
        return [{key.removeprefix("records_"): item.to_dict()[key] for key in keys} for item in self.inputs]

    def _repr_html_(self) -> str:
        return display.table_html(self._rows())

    def __str__(self) -> str:
        return display.table_text(self._rows())

    def __repr__(self) -> str:
        return str(self)

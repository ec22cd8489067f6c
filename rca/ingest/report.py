"""What one call of ingest did, input by input."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from rca import display
from rca.ingest.run import Ingested

__all__ = ["IngestReport"]

_COUNTS = ("records_read", "records_kept", "records_duplicate", "records_quarantined")
_AT_A_GLANCE = 20
"""Inputs that are shown one by one; more are counted by format, and only those named that want a look."""
_LOOKED_AT = 12
_WIDEST = 60


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
        return {
            "inputs": [item.to_dict() for item in self.inputs],
            "totals": {name: self.total(name) for name in ("bytes", *_COUNTS)},
        }

    def _rows(self) -> list[dict[str, Any]]:
        keys = ("path", "format", "bytes", *_COUNTS, "status", "message")
        return [{key.removeprefix("records_"): item.to_dict()[key] for key in keys} for item in self.inputs]

    def _by_format(self) -> list[dict[str, Any]]:
        """Count the inputs of each format, the largest first."""
        of: dict[str, list[Ingested]] = {}
        for item in self.inputs:
            of.setdefault(item.format or ("not recognised" if item.status == "failed" else "empty"), []).append(item)
        rows = [
            {"format": name, "files": len(some), "bytes": sum(item.bytes for item in some)}
            | {key.removeprefix("records_"): sum(int(getattr(item, key)) for item in some) for key in _COUNTS}
            | {status: sum(item.status == status for item in some) for status in ("partial", "failed")}
            for name, some in of.items()
        ]
        return sorted(rows, key=lambda row: -row["bytes"])

    def _repr_html_(self) -> str:
        return display.table_html(self._rows())

    def __str__(self) -> str:
        if len(self.inputs) <= _AT_A_GLANCE:
            root = _common(self.inputs)
            return display.table_text([row | {"path": _short(row["path"].removeprefix(root))} for row in self._rows()])
        return "\n".join([display.table_text(self._by_format()), *_noteworthy(self.inputs)])

    def __repr__(self) -> str:
        return str(self)


def _noteworthy(inputs: Sequence[Ingested]) -> list[str]:
    """Return lines about what was not read completely, and about what the readers said of the others, each thing once."""
    root = _common(inputs)
    bad = sorted((item for item in inputs if item.status != "complete"), key=lambda item: item.status)
    lines = ["", "Not read completely:"] if bad else []
    for item in bad[:_LOOKED_AT]:
        name = item.path.removeprefix(root)
        why = (
            item.message.replace(root, "")
            or f"{item.records_quarantined:,} of {item.records_read:,} records quarantined"
        )
        lines.append(f"  {item.status}  {why if why.startswith(name) else f'{name}: {why}'}")
    if len(bad) > _LOOKED_AT:
        lines.append(f"  and {len(bad) - _LOOKED_AT} more")
    said = Counter(item.message for item in inputs if item.status == "complete" and item.message)
    lines += ["", "Said of the others:"] if said else []
    lines += [f"  {count} {'file' if count == 1 else 'files'}: {text}" for text, count in said.most_common(_LOOKED_AT)]
    if len(said) > _LOOKED_AT:
        lines.append(f"  and {len(said) - _LOOKED_AT} things more")
    return [display.escape_terminal(line) for line in lines]


def _short(path: str) -> str:
    """Return a path that fits its column: of a long one the end, which tells it from others."""
    return path if len(path) <= _WIDEST else f"…{path[1 - _WIDEST :]}"


def _common(inputs: Sequence[Ingested]) -> str:
    """Return the folder that all inputs lie in, with the separator at its end; nothing where there is none."""
    try:
        shared = os.path.commonpath([item.path for item in inputs])
    except ValueError:  # relative and absolute paths, or standard input among them
        return ""
    return shared.rstrip(os.sep) + os.sep if shared else ""

"""The formats of plain tables."""

from __future__ import annotations

from rca.ingest.contract import Format
from rca.ingest.tables.canonical import CANONICAL
from rca.ingest.tables.delimited import CSV
from rca.ingest.tables.document import DOCUMENT
from rca.ingest.tables.parquet import PARQUET

__all__ = ["TABLE_FORMATS"]

TABLE_FORMATS: tuple[Format, ...] = (CSV, DOCUMENT, CANONICAL, PARQUET)

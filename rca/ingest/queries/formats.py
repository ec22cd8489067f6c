"""Formats that hold statements."""

from __future__ import annotations

from rca.ingest.contract import Format
from rca.ingest.queries import (
    mongo,
    mongo_older,
    mysql_slow,
    postgres_csv,
    postgres_json,
    postgres_stderr,
    statement_stats,
)
from rca.ingest.queries.records import RECORDS

__all__ = ["QUERY_FORMATS"]

QUERY_FORMATS: tuple[Format, ...] = (
    mysql_slow.FORMAT,
    postgres_csv.FORMAT,
    postgres_json.FORMAT,
    postgres_stderr.FORMAT,
    mongo.FORMAT,
    mongo_older.PROFILE,
    mongo_older.TEXT,
    RECORDS,
    statement_stats.FORMAT,
)

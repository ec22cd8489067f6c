"""Formats that hold statements."""

from __future__ import annotations

from rca.ingest.contract import Format
from rca.ingest.queries import mongo, mysql_slow, postgres_csv, postgres_json, postgres_stderr, statement_stats

__all__ = ["QUERY_FORMATS"]

QUERY_FORMATS: tuple[Format, ...] = (
    mysql_slow.FORMAT,
    postgres_csv.FORMAT,
    postgres_json.FORMAT,
    postgres_stderr.FORMAT,
    mongo.FORMAT,
    statement_stats.FORMAT,
)

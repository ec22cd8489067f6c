"""Older names of database systems, and what OpenTelemetry calls them now: readers of files and layouts of engines share them."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["DB_SYSTEMS"]

DB_SYSTEMS: Mapping[str, str] = {
    "mssql": "microsoft.sql_server",
    "oracle": "oracle.db",
    "postgres": "postgresql",
    "dynamodb": "aws.dynamodb",
    "redshift": "aws.redshift",
    "cosmosdb": "azure.cosmosdb",
    "db2": "ibm.db2",
    "spanner": "gcp.spanner",
    "mongo": "mongodb",
    "microsoft sql server": "microsoft.sql_server",
}

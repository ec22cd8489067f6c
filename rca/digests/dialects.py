"""Dialect families: which lexical rules a database system follows, and how to guess when nobody says."""

from __future__ import annotations

import re

__all__ = ["FAMILIES", "family"]

FAMILIES = ("mysql", "postgres", "mssql", "sqlite", "ansi", "documents", "keyvalue")
"""Groups of database systems that share their lexical rules; under ``mysql`` double quotes hold text and backticks names."""

_SYSTEMS = {
    "mysql": "mysql", "mariadb": "mysql", "tidb": "mysql", "percona": "mysql", "singlestore": "mysql", "aurora": "mysql",
    "vitess": "mysql", "oceanbase": "mysql", "doris": "mysql", "starrocks": "mysql", "memsql": "mysql",
    "couchbase": "mysql", "azure.cosmosdb": "mysql", "cosmosdb": "mysql", "bigquery": "mysql", "gcp.bigquery": "mysql",
    "spanner": "mysql", "gcp.spanner": "mysql", "hive": "mysql", "spark": "mysql", "databricks": "mysql", "impala": "mysql",
    "neo4j": "mysql", "memgraph": "mysql",
    "postgres": "postgres", "postgresql": "postgres", "cockroachdb": "postgres", "redshift": "postgres",
    "aws.redshift": "postgres", "yugabytedb": "postgres", "timescaledb": "postgres", "greenplum": "postgres",
    "edb": "postgres", "alloydb": "postgres", "duckdb": "postgres", "questdb": "postgres", "materialize": "postgres",
    "mssql": "mssql", "sqlserver": "mssql", "microsoft.sql_server": "mssql", "mssqlcompact": "mssql", "sybase": "mssql",
    "tsql": "mssql", "azure.sql": "mssql",
    "sqlite": "sqlite", "sqlite3": "sqlite", "libsql": "sqlite", "cloudflare.d1": "sqlite",
    "mongodb": "documents", "mongo": "documents", "documentdb": "documents",
    "elasticsearch": "documents", "opensearch": "documents", "couchdb": "documents",
    "dynamodb": "documents", "aws.dynamodb": "documents",
    "redis": "keyvalue", "valkey": "keyvalue", "memcached": "keyvalue", "keydb": "keyvalue", "dragonfly": "keyvalue",
}  # fmt: skip

_MYSQL = re.compile(r"`|^\s*#|\bSQL_[A-Z_]+\b|\bLIMIT\s+[0-9?]+\s*,", re.IGNORECASE | re.MULTILINE)
_POSTGRES = re.compile(r"\$[0-9]|::|\$[A-Za-z_]*\$|\bILIKE\b|\bRETURNING\b|->>|@>", re.IGNORECASE)
_MSSQL = re.compile(
    r"\[[A-Za-z_][\w ]*\](?=\s*(?:\.|,|=|\)|$|\s))|@[A-Za-z]\w*|\bTOP\s*\(?\s*[0-9@]|\bN'", re.IGNORECASE
)
_KEYVALUE = re.compile(
    r"\s*(?:GET|SET|MGET|MSET|DEL|EXISTS|EXPIRE|PEXPIRE|TTL|INCR(?:BY)?|DECR(?:BY)?|SETEX|PSETEX|SETNX|GETSET|HGET|HSET|"
    r"HMGET|HMSET|HGETALL|HDEL|HINCRBY|LPUSH|RPUSH|LPOP|RPOP|BLPOP|BRPOP|LRANGE|LLEN|SADD|SREM|SMEMBERS|SISMEMBER|ZADD|"
    r"ZREM|ZRANGE\w*|ZSCORE|PUBLISH|SUBSCRIBE|EVALSHA|EVAL|SCAN|HSCAN|XADD|XREAD\w*|UNLINK|TYPE|PING)(?:\s+[^\s=]+)*\s*"
)
_SQL = re.compile(r"\b(?:FROM|WHERE|INTO|TABLE|VALUES|SELECT)\b|=", re.IGNORECASE)


def family(dialect: str | None, statement: str) -> str:
    """Return the family whose rules a statement follows.

    Parameters
    ----------
    dialect
        A ``db.system.name`` of OpenTelemetry or what people call the system; unknown names and None let the statement
        decide.
    statement
        The statement itself.

    Examples
    --------
    >>> family("mariadb", ""), family("other_sql", "SELECT 1"), family(None, "SELECT `a` FROM `b`")
    ('mysql', 'ansi', 'mysql')
    """
    name = (dialect or "").strip().lower()
    if name in _SYSTEMS:
        return _SYSTEMS[name]
    if name.startswith(("amazon", "aws")):
        name = name.split(".")[-1]
        return _SYSTEMS.get(name, "ansi")
    return "ansi" if name else _guess(statement)


def _guess(statement: str) -> str:
    start = statement.lstrip()[:1]
    if start in ("{", "["):
        return "documents"
    if _KEYVALUE.fullmatch(statement) and not _SQL.search(statement):
        return "keyvalue"
    for name, pattern in (("mysql", _MYSQL), ("postgres", _POSTGRES), ("mssql", _MSSQL)):
        if pattern.search(statement):
            return name
    return "ansi"

"""Spark over Spark Connect: Apache Spark, Databricks, Sail; tables of a catalog, or Parquet files that the cluster reads."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa

from rca.engines.address import options_of, shown
from rca.engines.bounded import within
from rca.engines.dialect import Dialect
from rca.engines.layouts import Source
from rca.engines.mounted import MountedEngine
from rca.engines.plans import scanned
from rca.engines.scope import Estimate, Scope
from rca.errors import EngineError, QueryError

__all__ = ["DIALECT", "SparkEngine"]

DIALECT = Dialect(
    name="spark",
    quote="`",
    types={
        "VARCHAR": "STRING", "BIGINT": "BIGINT", "INTEGER": "INT", "DOUBLE": "DOUBLE", "BOOLEAN": "BOOLEAN",
        "MAP(VARCHAR, VARCHAR)": "MAP<STRING,STRING>", "VARCHAR[]": "ARRAY<STRING>", "DOUBLE[]": "ARRAY<DOUBLE>", "BIGINT[]": "ARRAY<BIGINT>",
    },
    kinds={"timestamp": "timestamp", "map": "map", "int": "(big|small|tiny)?int|long", "text": "string|varchar", "blob": "binary"},
    words={
        "ns:timestamp": "NULLIF(unix_micros({0}) * 1000, 0)",
        "ns": "NULLIF(CAST({0} AS BIGINT), 0)",
        "instant:timestamp": "timestamp_micros(CAST({0} / 1000 AS BIGINT))",
        "get": "{0}[{1}]",
        "with": "CASE WHEN COALESCE({2}, '') = '' THEN {0} ELSE map_concat(map({1}, CAST({2} AS STRING)), {0}) END",
        "empty:map": "CAST(map() AS MAP<STRING,STRING>)",
        "empty:list": "array()",
        "null:list": "NULL",
        "null:text": "CAST(NULL AS STRING)",
        "any": "any_value({0})",
        "plain": "map_filter({0}, (k, v) -> NOT startswith(k, '__'))",
        "number": "try_cast({0} AS DOUBLE)",
        "extract": "regexp_extract({0}, {1}, 1)",
        "hex": "CAST(conv({0}, 16, 10) AS BIGINT)",
        "lookup": "COALESCE(map_from_arrays(array({1}), array({2}))[{0}], '')",
        "key:digest": "concat(db_system_name, ' ', db_query_text)",
        "key:template": "regexp_replace(substr(split_part(body, '\\n', 1), 1, 1000), '[A-Za-z0-9_]*[0-9][A-Za-z0-9_]*', '0')",
        "at": "NULLIF(unix_micros({0}) * 1000, 0)",
        "each": "(SELECT TraceId, SpanId, each_1, each_2, each_3 FROM {0} LATERAL VIEW inline(arrays_zip({1}, {2}, {3})) parts AS each_1, each_2, each_3)",
        "texts": "CAST({0} AS MAP<STRING,STRING>)",
        "merge": "map_concat({0})",
        "counted": "COALESCE(CAST({0}[{1}] AS STRING), '')",
        "make:map": "map_from_arrays(array({0}), array({1}))",
        "make:list": "array({0})",
    },
    rewrites=(
        (r"\bVARCHAR\b", "STRING"),
        (r'"(\w+)"', r"`\1`"),
        (r"\bUNNEST\(", "explode("),
        (r"\bregexp_matches\(", "regexp_like("),
    ),
)  # fmt: skip

_FAREWELL_S = 5
_HINT = "rca's Spark engine needs pyspark-client: pip install 'rca[spark]'"


class SparkEngine(MountedEngine):
    """Asks Spark; nothing but SELECT and DESCRIBE is ever sent.

    Parameters
    ----------
    where
        ``sc://host:15002/;token=…?database=otel`` or ``?path=/lake/telemetry`` (Parquet that the cluster reads), or an open
        session. The token may come from ``SPARK_CONNECT_TOKEN``.

    Raises
    ------
    EngineError
        When the server cannot be reached, refuses, or holds no known tables.
    """

    name = "spark"
    dialect = DIALECT

    def __init__(self, where: Any, scope: Scope, beside: Mapping[str, pa.Table]) -> None:
        self._owned = isinstance(where, str)
        super().__init__(shown(where) if self._owned else "sc://session", scope, beside)
        options = options_of(where) if self._owned else {}
        self._over: bool | None = None  # whether a statement could be over a budget
        self._session = _session(where, self.location, scope) if self._owned else where
        wanted = {name for name in options.get("tables", "").split(",") if name}
        self.mount(self._sources(options.get("database", ""), options.get("path", ""), wanted))

    def _sources(self, database: str, path: str, wanted: set[str]) -> list[Source]:
        if path:
            return self._files(path, wanted)
        parts = [self.dialect.quoted(part) for part in database.split(".") if part]
        shown_tables = self.ask(" ".join(("SHOW TABLES", *(("IN", ".".join(parts)) if parts else ()))), {}).to_pylist()
        found = []
        for row in shown_tables:
            name = str(row["tableName"])
            if not wanted or name in wanted:
                reference = ".".join([*([] if row.get("isTemporary") else parts), self.dialect.quoted(name)])
                found.append(Source(name, reference, self._columns(reference)))
        return found

    def _files(self, path: str, wanted: set[str]) -> list[Source]:
        """Return Parquet below a path, one folder or file a table: the names are those of layouts."""
        from rca.engines.layouts import layouts

        names = wanted or {name for layout in layouts() for name in layout.names}
        found = []
        for name in sorted(names):
            for ending in ("", ".parquet"):
                reference = "parquet." + self.dialect.quoted(f"{path.rstrip('/')}/{name}{ending}")
                try:
                    columns = self._columns(reference)
                except QueryError:
                    continue
                if columns:
                    found.append(Source(name, reference, columns))
                    break
        return found

    def _columns(self, reference: str) -> dict[str, str]:
        text = "SELECT * FROM " + reference + " LIMIT 0"
        fields = self._bounded(lambda: self._session.sql(text).schema.fields, text, {})
        return {field.name: field.dataType.simpleString().upper() for field in fields}

    def ask(self, sql: str, params: Mapping[str, Any]) -> pa.Table:
        """Run one statement; names of parameters become ``:name``, lists an array of such."""
        args: dict[str, Any] = {}

        def marker(found: re.Match[str]) -> str:
            value = params.get(found[1])
            if not isinstance(value, list | tuple):
                args[found[1]] = value
                return f":{found[1]}"
            names = [f"{found[1]}_{at}" for at in range(len(value))]
            args.update(zip(names, value, strict=True))
            return f"array({', '.join(f':{name}' for name in names)})"

        text = re.sub(r"\$([A-Za-z_]\w*)", marker, sql)

        def rows() -> Any:
            return (self._session.sql(text, args=args) if args else self._session.sql(text)).toArrow()

        return self._bounded(rows, text, params)

    def _bounded(self, work: Callable[[], Any], sql: str, params: Mapping[str, Any]) -> Any:
        """Do what asks the server; it is interrupted there when its time is over, and not waited for any longer here."""
        tag = f"rca-{uuid.uuid4().hex}"

        def tagged() -> Any:
            self._session.addTag(tag)
            return work()

        try:
            return within(self.scope.timeout_s, tagged, lambda: self._session.interruptTag(tag))
        except Exception as error:  # noqa: BLE001  (the client has a dozen families of errors)
            raise _told(error, self.location, self.scope, sql, params) from None

    def estimate(self, sql: str, params: Mapping[str, Any]) -> Estimate:
        """Return what ``EXPLAIN COST`` expects; not asked where all tables together are within the budgets."""
        if self._over is None:
            sources = {source.reference for parts in self._found.values() for _, source in parts}
            whole = [self._cost("SELECT * FROM " + reference, {}) for reference in sorted(sources)]
            self._over = any(
                sum(getattr(one, what) or 0 for one in whole) > most
                for what, most in (("rows", self.scope.max_rows), ("bytes", self.scope.max_bytes))
            )
        return self._cost(sql, params) if self._over else Estimate()

    def _cost(self, sql: str, params: Mapping[str, Any]) -> Estimate:
        try:
            rows = self.ask(f"EXPLAIN COST {sql}", params)
        except QueryError:
            return Estimate()
        return scanned("\n".join(str(row) for row in rows.column(0).to_pylist()))

    def close(self) -> None:
        """End the session, where it was opened here."""
        if self._owned:
            self._owned = False
            with suppress(Exception):  # a server that is gone has ended the session, too
                within(_FAREWELL_S, self._session.stop, lambda: None)
        super().close()


def _session(where: str, location: str, scope: Scope) -> Any:
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise EngineError(_HINT) from None
    address = where.partition("?")[0]
    token = os.environ.get("SPARK_CONNECT_TOKEN", "")
    if token and "token=" not in address:
        address += ("" if "/;" in address else "/") + f";token={token}"

    def connect() -> Any:
        session = SparkSession.builder.remote(address).create()
        _impatient(session)
        session.conf.set("spark.sql.session.timeZone", "UTC")
        session.sql("SELECT 1 AS one").toArrow()
        return session

    try:
        return within(scope.timeout_s, connect, lambda: None)
    except Exception as error:  # noqa: BLE001  (the client has a dozen families of errors)
        raise _told(error, location, scope, "", {}) from None


def _impatient(session: Any) -> None:
    """Let a cut connection be said within seconds: the client's own patience is ten minutes a statement."""
    from pyspark.sql.connect.client.retries import DefaultPolicy

    session.client.set_retry_policies([DefaultPolicy(max_retries=3, initial_backoff=200, max_backoff=2000)])


def _told(
    error: Exception, location: str, scope: Scope, sql: str, params: Mapping[str, Any]
) -> EngineError | QueryError:
    """Return an error of the client as one that says what to do; never with the token."""
    text = re.sub(r"(?i)(token|password|authorization)\s*[=:]\s*\S+", r"\1=…", str(error)).strip()
    if re.search(r"UNAUTHENTICATED|PERMISSION_DENIED|invalid token", text, re.IGNORECASE):
        return EngineError(
            f"{location} refuses the token. Give it in the address (/;token=…) or in SPARK_CONNECT_TOKEN."
        )
    if isinstance(error, TimeoutError) and not sql:
        return EngineError(
            f"{location}: {urlsplit(location).netloc} takes the connection and does not answer within {scope.timeout_s} s. Is it the port of Spark Connect (15002)?"
        )
    if isinstance(error, TimeoutError) or re.search(r"DEADLINE_EXCEEDED|timed out", text, re.IGNORECASE):
        return EngineError(scope.too_slow(location))
    if re.search(
        r"UNAVAILABLE|failed to connect|Connection refused|DNS resolution|Socket closed|RETRIES_EXCEEDED|Retries exceeded"
        r"|INVALID_HANDLE|operation not found",  # the client came back for an answer that the server has dropped
        text,
        re.IGNORECASE,
    ):
        host = urlsplit(location).netloc
        what = (
            "the connection broke while a statement ran; nothing of it is used" if sql else f"nothing answers at {host}"
        )
        return EngineError(f"{location}: {what}. Is it the port of Spark Connect (15002)?")
    return QueryError(f"{location}: {text[:2000]}\nParameters: {dict(params)!r}\nStatement:\n{sql[:4000]}")

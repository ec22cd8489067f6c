"""ClickHouse, over HTTP or embedded (chDB): the collector exporter's tables, ClickStack's, SigNoz'."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import pyarrow as pa

from rca.engines.address import options_of, shown
from rca.engines.dialect import Dialect
from rca.engines.layouts import Source
from rca.engines.mounted import MountedEngine
from rca.engines.scope import Estimate, Scope
from rca.errors import EngineError, QueryError

__all__ = ["DIALECT", "ClickHouseEngine"]

_FLAT = "if(startsWith(p.2, '{{'), arrayMap(q -> (concat(p.1, '.', q.1), q.2), JSONExtractKeysAndValuesRaw(p.2)), [p])"
_LEVEL = "arrayFlatten(arrayMap(p -> " + _FLAT + ", {0}))"
_PAIRS = "JSONExtractKeysAndValuesRaw(toJSONString({0}))"
for _ in range(4):  # attributes nest where their keys have dots
    _PAIRS = _LEVEL.replace("{0}", _PAIRS)
_JSON = f"CAST(arrayMap(p -> (p.1, if(startsWith(p.2, '\"'), JSONExtractString(p.2), p.2)), {_PAIRS}) AS Map(String, String))"

DIALECT = Dialect(
    name="clickhouse",
    types={
        "VARCHAR": "String", "BIGINT": "Nullable(Int64)", "INTEGER": "Nullable(Int32)", "DOUBLE": "Nullable(Float64)",
        "BOOLEAN": "Nullable(Bool)", "MAP(VARCHAR, VARCHAR)": "Map(String, Nullable(String))",
        "VARCHAR[]": "Array(String)", "DOUBLE[]": "Array(Float64)", "BIGINT[]": "Array(Int64)",
    },
    kinds={"timestamp": "DateTime64|Nullable\\(DateTime64", "seconds": "(Nullable\\()?DateTime", "json": "JSON|Object", "map": "Map", "int": "(Nullable\\()?U?Int"},
    words={
        "ns:timestamp": "nullIf(toUnixTimestamp64Nano(toDateTime64({0}, 9)), 0)",
        "ns:seconds": "nullIf(toInt64(toUnixTimestamp({0})) * 1000000000, 0)",
        "ns": "nullIf(toInt64({0}), 0)",
        "instant:timestamp": "fromUnixTimestamp64Nano({0})",
        "instant:seconds": "fromUnixTimestamp64Nano({0})",
        "get": "CAST({0}[{1}] AS String)",
        "get:json": "ifNull(CAST({0}.`{2}` AS Nullable(String)), '')",
        "map:json": _JSON,
        "with": "if({2} = '', CAST({0} AS Map(String, String)), mapConcat(map({1}, toString({2})), CAST({0} AS Map(String, String))))",
        "empty:map": "CAST(map() AS Map(String, String))",
        "empty:list": "[]",
        "null:list": "[]",
        "null:text": "CAST(NULL AS Nullable(String))",
        "at": "nullIf(toUnixTimestamp64Nano({0}), 0)",
        "each": '(SELECT "TraceId", "SpanId", each_1, each_2, each_3 FROM {0} ARRAY JOIN {1} AS each_1, {2} AS each_2, {3} AS each_3)',
        "texts": "CAST({0} AS Map(String, String))",
        "merge": "mapConcat({0})",
        "counted": "if(mapContains({0}, {1}), toString({0}[{1}]), '')",
        "make:map": "mapFromArrays([{0}], [{1}])",
        "make:list": "[{0}]",
        "any": "any({0})",
        "plain": "mapFilter((k, v) -> NOT startsWith(k, '__'), CAST({0} AS Map(String, String)))",
        "number": "toFloat64OrNull({0})",
        "extract": "extract({0}, {1})",
        "hex": "reinterpretAsInt64(reverse(unhex(concat('00', {0}))))",
        "lookup": "transform({0}, [{1}], [{2}], '')",
        "key:digest": "concat(db_system_name, ' ', db_query_text)",
        "key:template": "replaceRegexpAll(substringUTF8(splitByChar('\\n', body)[1], 1, 1000), '[A-Za-z0-9_]*[0-9][A-Za-z0-9_]*', '0')",
    },
    rewrites=(
        (r"\bUNNEST\(", "arrayJoin("),
        (r"\bregexp_matches\(", "match("),
        (r"\bregexp_replace\(", "replaceRegexpAll("),
        (r"\bCAST\((\w*attributes) AS VARCHAR\)", r"toString(\1)"),
    ),
)  # fmt: skip

_SETTINGS = {
    "join_use_nulls": 1,  # an unmatched row of a LEFT JOIN is NULL, not 0
    "aggregate_functions_null_for_empty": 1,  # a sum over no rows is NULL, not 0
    "prefer_column_name_to_alias": 1,  # SUM(calls) AS calls sums the column
    "cast_keep_nullable": 1,
    "enable_positional_arguments": 1,
    "max_query_size": 16_000_000,
    "max_expanded_ast_elements": 5_000_000,
    "max_ast_elements": 1_000_000,
}
_COLUMNS = "SELECT database, table, groupArray(name) AS names, groupArray(type) AS types FROM system.columns"
_TOTALS = "SELECT name, ifNull(total_rows, 0) AS n FROM system.tables"
_HINT = "rca's ClickHouse engine needs clickhouse-connect: pip install 'rca[clickhouse]'"


class ClickHouseEngine(MountedEngine):
    """Asks ClickHouse; nothing but SELECT is ever sent.

    Parameters
    ----------
    where
        ``clickhouse://user@host:8123/database``, ``clickhouses://…`` for TLS, or an open client of clickhouse-connect. The
        password comes from the address or from ``CLICKHOUSE_PASSWORD``.

    Raises
    ------
    EngineError
        When the server cannot be reached, refuses, or holds no known tables.
    """

    name = "clickhouse"
    dialect = DIALECT

    def __init__(self, where: Any, scope: Scope, beside: Mapping[str, pa.Table]) -> None:
        text = where if isinstance(where, str) else f"clickhouse://{getattr(where, 'url', 'client')}"
        super().__init__(shown(text), scope, beside)
        options = options_of(text) if isinstance(where, str) else {}
        self._owned = isinstance(where, str)
        self._client = _client(where, self.location, scope) if isinstance(where, str) else where
        self._settings = _SETTINGS | {
            "max_execution_time": scope.timeout_s,
            "max_bytes_to_read": scope.max_bytes,
            "max_result_bytes": 4 * scope.max_result_bytes,
        }
        self._probe()
        self._totals: dict[str, int] = {}
        wanted = {name for name in options.get("tables", "").split(",") if name}
        database = options.get("database") or (
            urlsplit(text).path.strip("/") if self._owned and not text.startswith("chdb") else ""
        )
        self.mount(self._sources(database, wanted))

    def _probe(self) -> None:
        """Make sure that the server obeys the settings on which equal results rest."""
        probe = "SELECT b.y AS y, (SELECT SUM(number) FROM numbers(0)) AS s FROM (SELECT 1 AS x) AS a LEFT JOIN (SELECT 2 AS x, 3 AS y) AS b ON a.x = b.x"
        row = self.ask(probe, {}).to_pylist()[0]
        if row["y"] is not None or row["s"] is not None:
            raise EngineError(
                f"{self.location} ignores join_use_nulls or aggregate_functions_null_for_empty, so results would be silently wrong. Use an account that may change settings (readonly=2)."
            )

    def _sources(self, database: str, wanted: set[str]) -> list[Source]:
        place = "has(splitByChar(',', $database), database)" if database else "database = currentDatabase()"
        named = {"database": database} if database else {}
        columns = _COLUMNS + " WHERE " + place + " GROUP BY database, table ORDER BY database, table"
        totals = _TOTALS + " WHERE " + place
        self._totals = {row["name"]: int(row["n"]) for row in self.ask(totals, named).to_pylist()}
        found = []
        for row in self.ask(columns, named).to_pylist():
            table = str(row["table"])
            if not wanted or table in wanted:
                reference = f"{self.dialect.quoted(row['database'])}.{self.dialect.quoted(table)}"
                found.append(Source(table, reference, dict(zip(row["names"], row["types"], strict=True))))
        return found

    def ask(self, sql: str, params: Mapping[str, Any]) -> pa.Table:
        """Run one statement; names of parameters become ``{name:Type}``."""
        text = re.sub(r"\$([A-Za-z_]\w*)", lambda found: "{" + found[1] + ":" + _type(params.get(found[1])) + "}", sql)
        try:
            return self._client.query_arrow(
                text, parameters=dict(params) or None, settings=self._settings, use_strings=True
            )
        except Exception as error:  # noqa: BLE001  (the client has a dozen families of errors)
            raise _told(error, self.location, self.scope, text, params) from None

    def estimate(self, sql: str, params: Mapping[str, Any]) -> Estimate:
        """Return the rows that MergeTree would read; not asked where the tables together are within the budget anyway."""
        if sum(self._totals.values()) <= self.scope.max_rows:
            return Estimate()
        try:
            return Estimate(sum(int(row["rows"]) for row in self.ask(f"EXPLAIN ESTIMATE {sql}", params).to_pylist()))
        except QueryError:
            return Estimate()

    def close(self) -> None:
        """Close the connection, where it was opened here."""
        if self._owned:
            self._client.close()
        super().close()


def _client(where: str, location: str, scope: Scope) -> Any:
    try:
        import clickhouse_connect
    except ImportError:
        raise EngineError(_HINT) from None
    logging.getLogger("clickhouse_connect").addHandler(logging.NullHandler())  # what it logs, the error says
    parts = urlsplit(where)
    if parts.scheme == "chdb":
        return clickhouse_connect.get_client(dsn=where.partition("?")[0])
    secure = parts.scheme == "clickhouses" or parts.port in (8443, 9440)
    try:
        return clickhouse_connect.get_client(
            host=parts.hostname or "localhost", port=parts.port or (8443 if secure else 8123), secure=secure,
            username=unquote(parts.username or "") or os.environ.get("CLICKHOUSE_USER", "default"),
            password=unquote(parts.password or "") or os.environ.get("CLICKHOUSE_PASSWORD", ""),
            connect_timeout=10, send_receive_timeout=scope.timeout_s + 5, autogenerate_session_id=False,
        )  # fmt: skip
    except Exception as error:  # noqa: BLE001  (the client has a dozen families of errors)
        raise _told(error, location, scope, "", {}) from None


def _type(value: object) -> str:
    if isinstance(value, bool):
        return "Bool"
    if isinstance(value, int):
        return "Int64"
    if isinstance(value, float):
        return "Float64"
    return "Array(String)" if isinstance(value, list | tuple) else "String"


def _told(
    error: Exception, location: str, scope: Scope, sql: str, params: Mapping[str, Any]
) -> EngineError | QueryError:
    """Return an error of the client as one that says what to do; never with the password."""
    text = re.sub(r"(?i)(password|token|authorization)\S*\s*[=:]\s*\S+", r"\1=…", str(error)).strip()
    first = text.splitlines()[0][:400] if text else type(error).__name__
    if re.search(
        r"AUTHENTICATION_FAILED|REQUIRED_PASSWORD|Authentication failed|password is incorrect|\bCode: (19[2-4]|516)\b|HTTP (status )?(401|403)",
        text,
    ):
        return EngineError(
            f"{location} refuses the user or the password. Give them in the address or in CLICKHOUSE_USER and CLICKHOUSE_PASSWORD."
        )
    if re.search(r"TIMEOUT_EXCEEDED|Timeout exceeded|timed out|TOO_SLOW", text, re.IGNORECASE):
        return EngineError(scope.too_slow(location))
    if re.search(r"TOO_MANY_ROWS_OR_BYTES|TOO_MANY_BYTES|TOO_MANY_ROWS|Limit for (rows|result|bytes)", text):
        return EngineError(
            f"{location}: a statement is over the budget ({first}). Narrow the window (start=, end=), read a sample (sample=16), or raise max_bytes."
        )
    if re.search(r"MEMORY_LIMIT_EXCEEDED|[Mm]emory limit.*exceeded", text):
        return EngineError(
            f"{location}: a statement needs more memory than the server gives it ({first}). Narrow the window (start=, end=), read a sample (sample=16), or let the server "
            "write to disk: join_algorithm = 'grace_hash' and max_bytes_before_external_group_by in the profile of the account."
        )
    if re.search(r"\bCode: (47|115)\b", text) and not sql:
        return EngineError(
            f"{location} answers, but as no ClickHouse that rca can use: it lacks what 21.4 and newer have ({first})."
        )
    if re.search(r"UNKNOWN_DATABASE|UNKNOWN_TABLE|doesn't exist|does not exist", text):
        return EngineError(f"{location}: {first}")
    if (
        re.search(
            r"Connection|refused|resolve|Max retries|ConnectError|closed|reset|EOF|IncompleteRead|Network",
            text,
            re.IGNORECASE,
        )
        and not sql
    ):
        return EngineError(
            f"{location} cannot be reached: {_reason(text)}. Is the port the one of HTTP (8123, or 8443 with TLS)?"
        )
    if re.search(
        r"Connection (aborted|reset|broken)|refused|Max retries|closed|IncompleteRead|RemoteDisconnected",
        text,
        re.IGNORECASE,
    ):
        return EngineError(
            f"{location}: the connection broke while a statement ran ({_reason(text)}); nothing of it is used. Try again."
        )
    return QueryError(f"{location}: {text[:2000]}\nParameters: {dict(params)!r}\nStatement:\n{sql[:4000]}")


def _reason(text: str) -> str:
    found = re.search(
        r"(Connection refused|Name or service not known|[Ff]ailed to resolve|No route to host|timed out|reset by peer|IncompleteRead|closed)",
        text,
    )
    return found[1] if found else text.splitlines()[0][:200]

"""What a call calls: the name that like calls share, and whether it is noise that nobody would batch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

__all__ = [
    "CONNECT",
    "PAGE",
    "PLACEHOLDER",
    "Target",
    "is_health_route",
    "path_template",
    "statement_title",
    "target_of",
]


@dataclass(frozen=True, slots=True)
class Target:
    """What like calls share: `key` tells them apart, `title` is for people, `noise` says why they never count."""

    key: str
    title: str
    noise: str = ""


_COMMON = "ping connect disconnect hello auth quit"
_SQL = frozenset(
    f"{_COMMON} begin start commit rollback abort savepoint release set reset use discard deallocate prepare end xa pragma show open".split()
)
_REDIS = frozenset(f"{_COMMON} select client multi exec discard watch unwatch reset echo command info version".split())
_MONGO = frozenset(
    f"{_COMMON} ismaster buildinfo endsessions committransaction aborttransaction saslstart saslcontinue serverstatus".split()
)
_KEY_VALUE = ("redis", "valkey", "memcached", "dragonfly")
_CONNECT = re.compile(
    r"(^|[^a-z])((re|get|create|open|check|test)_?)?connect(ion)?s?(async)?($|[^a-z])|pool|acquire|handshake|checkout connection|[^a-z]ping$|^ping",
    re.IGNORECASE,
)
_TRIVIAL = re.compile(
    r"^\s*(select\s+(1|\?|\$1|'x'|true|version\(\)|current_\w+(\(\))?|now\(\)|@@[\w.]+|(pg_catalog\.)?set_config\(.*\))"
    r"|values\s*\(1\)|alter\s+session\s.*)(\s+from\s+dual)?\s*;?\s*$",
    re.IGNORECASE | re.DOTALL,
)
_HEALTH = re.compile(
    r"(^|/)_?(health|healthz|health[-_]?checks?|healthy|ready|readyz|readiness|live|livez|liveness|alive|isalive|ping|heartbeat|up|statusz)"
    r"(/(ready|readiness|live|liveness|startup|db|database))?/?$|grpc\.health\.",
    re.IGNORECASE,
)
_ASSET = re.compile(
    r"\.(js|mjs|css|map|png|jpe?g|gif|svg|webp|avif|bmp|ico|woff2?|ttf|otf|eot|mp[34]|webm|wasm|webmanifest)$|(^|/)(static|_next|favicon\.ico)(/|$)",
    re.IGNORECASE,
)
_TELEMETRY_PATH = re.compile(
    r"(^|/)v1/(traces|metrics|logs)/?$|(^|/)api/(v2/(spans|logs|series)|v1/(spans|series|write|push)|traces|\d+/(envelope|store))/?$|"
    r"(^|/)v0\.\d/(traces|stats)/?$|(^|/)intake/v\d/|(^|/)otlp(/|$)|(^|/)loki/api/v1/push|(^|/)(g/)?collect/?$|(^|/)ingest/(traces|metrics|logs)|"
    r"(^|/)(trace|log|metric)/v1/?$|(^|/)services/collector(/|$)",
    re.IGNORECASE,
)
_TELEMETRY_HOST = re.compile(
    r"(^|[.-])(otel|opentelemetry|otelcol|jaeger|zipkin|sentry|datadoghq|newrelic|nr-data|honeycomb|pushgateway)($|[.-])|"
    r"^events\.launchdarkly\.|^dc\.services\.visualstudio\.com$|\.applicationinsights\.azure\.com$",
    re.IGNORECASE,
)
_TELEMETRY_RPC = re.compile(
    r"opentelemetry\.proto|(Trace|Metrics|Logs)Service/Export$|jaeger\.api|/(PutTraceSegments|PutTelemetryRecords|PutMetricData|PutLogEvents)$",
    re.IGNORECASE,
)
CONNECT = r"(?i)(^|[^a-z])((re|get|create|open)_?)?connect(ion)?s?($|[^a-z])|pool|acquire"
"""Names of spans that get a connection and ask nothing."""
_VERSION = re.compile(r"^v\d+(\.\d+)*$", re.IGNORECASE)
_LONG_ID = re.compile(
    r"^(?=.*\d)[0-9A-Za-z_=-]{16,}$|^[0-9A-Za-z_-]{14,}={1,2}$|^[0-9a-f]{8}-[0-9a-f-]{27}$", re.IGNORECASE
)
_HEX = re.compile(r"^(?=.*\d)[0-9a-f]{6,}$", re.IGNORECASE)
_NUMBERED = re.compile(r"(^|[-_.~])\d+($|[-_.~])|@")
"""A name made for one thing: with a number of its own, or an address of mail."""
_KEYED = re.compile(r"\([^()]*\)$")
_DIGITS = re.compile(r"\d+")
PLACEHOLDER = r"(?i)\?|\$\d+|%s|%\(\w+\)s|@p\d+|(^|[^:\w\"']):[a-z_]\w*|\bredacted\b|\*{3,}|<\w+>|\{\w+\}"
"""What stands in a statement or address where a tracer has left a value out."""
PAGE = (
    r"(?i)\b(offset)\s+\d+|\b(limit)\s+\d+\s*,|"
    r"[?&](page|offset|cursor|after|before|start|skip|from|page_?token|next|next_?token|marker|continuation)=[^&]*"
)
"""The part of a statement or address that says which page of a list is read."""


def path_template(path: str) -> str:
    """Return a path with its ids as placeholders.

    Examples
    --------
    >>> path_template("/v1/users/4711/orders/9f8c2a17-0d4e-4c19-8c6e-2a51b7c1d3aa/items/blue-shirt-17")
    '/v1/users/{id}/orders/{id}/items/{id}'
    >>> path_template("/oauth2/token"), path_template("/odata/Items('blue')")
    ('/oauth{id}/token', '/odata/Items({id})')
    """
    return "/".join(_segment(part) for part in path.split("/"))


def _segment(part: str) -> str:
    if part.endswith(")"):
        return _KEYED.sub("({id})", part)
    if _VERSION.match(part):
        return part
    if _NUMBERED.search(part) or _LONG_ID.match(part) or _HEX.match(part):
        return "{id}"
    return _DIGITS.sub("{id}", part)


def target_of(span: dict[str, Any]) -> Target | None:
    """Return what a span calls, or None where it is no call to elsewhere.

    Parameters
    ----------
    span
        The columns of ``repeated_spans`` that name the call; ``statement`` is the text where there is no digest, ``served_as`` the
        route under which the service called took the call, where its span is there.
    """
    if span["db_system_name"]:
        return _database(span)
    if span["rpc_method"] or span["rpc_service"]:
        return _rpc(span)
    if span["http_request_method"] or span["url"]:
        return _http(span)
    return None


def _database(span: dict[str, Any]) -> Target:
    system, text = span["db_system_name"], span["db_query_digest"] or span["statement"]
    operation, collection = span["db_operation_name"], span["db_collection_name"]
    if text:
        words = text.split(None, 1)
        first = words[0].strip("(;").lower() if words else ""
        noise = "transaction or connection statement" if _is_bookkeeping(system, first, text) else ""
        return Target(key=f"{system}\0{text}", title=text, noise=noise)
    named = " ".join(part for part in (operation, collection) if part)
    if not named:  # a store spoken to over HTTP has its ids in the path
        asked = _http(span) if span["url"] else None
        named = asked.title if asked else path_template(span["span_name"])
    idle = not collection and (operation.lower() in _bookkeeping(system) or bool(_CONNECT.search(operation or named)))
    return Target(key=f"{system}\0{named}", title=named, noise="transaction or connection statement" if idle else "")


def _bookkeeping(system: str) -> frozenset[str]:
    if system in _KEY_VALUE:
        return _REDIS
    return _MONGO if "mongo" in system or "documentdb" in system else _SQL


def _is_bookkeeping(system: str, first: str, text: str) -> bool:
    if text.lstrip().startswith("{"):
        keys = re.findall(r'"(\w+)"\s*:', text)
        return bool(keys) and keys[0].lower() in _MONGO
    return first in _bookkeeping(system) or bool(_TRIVIAL.match(text))


def _rpc(span: dict[str, Any]) -> Target:
    method, service = span["rpc_method"], span["rpc_service"]
    name = method if "/" in method or not service else f"{service}/{method}"
    noise = "health check" if _HEALTH.search(name) else "telemetry export" if _TELEMETRY_RPC.search(name) else ""
    return Target(key=f"rpc\0{name}", title=name, noise=noise)


def _http(span: dict[str, Any]) -> Target:
    url = span["url"]
    parts = urlsplit(url if "//" in url else f"//{span['server_address']}{url}" if url else "")
    host = span["server_address"] or (parts.hostname or "")
    path = span["url_template"] or span["http_route"] or path_template(parts.path)
    if "{id}" not in path and span["served_as"] and not span["url_template"]:
        path = span["served_as"]
    method = span["http_request_method"] or "GET"
    noise = ""
    if _HEALTH.search(parts.path or path):
        noise = "health check"
    elif _ASSET.search(parts.path or path):
        noise = "static asset"
    elif method in ("POST", "PUT") and (_TELEMETRY_PATH.search(parts.path or path) or _TELEMETRY_HOST.search(host)):
        noise = "telemetry export"
    return Target(key=f"http\0{method}\0{host}\0{path}", title=f"{method} {host}{path}", noise=noise)


def is_health_route(route: str) -> bool:
    """Say whether a route is a health check.

    Examples
    --------
    >>> is_health_route("/readyz"), is_health_route("/checkout")
    (True, False)
    """
    return bool(_HEALTH.search(route))


_READS = re.compile(
    r"^\s*(select|delete)\b.*?\bfrom\s+([\w.\"`\[\]]+)|^\s*(update)\s+([\w.\"`\[\]]+)|^\s*(insert)\s+into\s+([\w.\"`\[\]]+)",
    re.IGNORECASE | re.DOTALL,
)
_WHERE = re.compile(
    r"\bwhere\b(.*?)(\bgroup\s+by\b|\border\s+by\b|\blimit\b|\bfor\s+update\b|$)", re.IGNORECASE | re.DOTALL
)
_COLUMN = re.compile(r"([A-Za-z_][\w.\"`]*)\s*(?:=|<|>|<=|>=|\bin\b|\blike\b|\bbetween\b)", re.IGNORECASE)


def statement_title(digest: str) -> str:
    """Return a statement in a few words: what it does, to which table, by which columns.

    Examples
    --------
    >>> statement_title("select id, percent from promotions where user_id = ? and active")
    'SELECT promotions by user_id'
    >>> statement_title("GET cart:?")
    'GET cart:?'
    """
    found = _READS.match(digest)
    if found is None:
        return digest if len(digest) <= 80 else digest[:79] + "…"
    verb, name = next((found[at], found[at + 1]) for at in (1, 3, 5) if found[at])
    bare = name.strip('"`[]')
    title = f"{verb.upper()} {bare}"
    where = _WHERE.search(digest)
    columns = [item.rpartition(".")[2].strip('"`') for item in _COLUMN.findall(where[1])] if where else []
    return f"{title} by {', '.join(dict.fromkeys(columns))}" if columns else title

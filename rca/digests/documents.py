"""Normal form of commands that are documents: MongoDB, Elasticsearch, DynamoDB, CouchDB."""

from __future__ import annotations

import re
from typing import Any

import orjson

from rca.digests.words import word_set

__all__ = ["document", "shape"]

_VOLATILE = word_set(
    "lsid $db $clustertime $readpreference $audit $client $configserverstate $configtime $topologytime txnnumber "
    "autocommit starttransaction readconcern writeconcern maxtimems maxtimemsopon comment cursor getmore apiversion "
    "apistrict apideprecationerrors operationtime shardversion databaseversion clientoperationkey fromrouter ordered "
    "allowdiskuse batchsize singlebatch let stmtid stmtids bypassdocumentvalidation maybypasswriteblocking runtimeconstants "
    "$query_hash signature preference request_cache consistentread returnconsumedcapacity isclusterquerywithoutshardkeyset "
    "issystemcollection encryptioninformation rawdata"
)
_ORDERED = frozenset(("sort", "$sort", "orderby", "pipeline", "$orderby", "hint", "projection_order"))
_DIRECTIONS = frozenset(("sort", "$sort", "orderby", "$orderby"))
_NAMED = word_set(
    "find aggregate insert update delete count distinct findandmodify findandmodify mapreduce "
    "createindexes collection tablename index ns create drop listindexes collstats getmore from localfield "
    "foreignfield as key_name $lookup"
)
_PATH = re.compile(r"(?P<verb>[A-Z]+)\s+(?P<path>/\S*)\s*(?P<rest>\{.*)?", re.DOTALL)
_SHELL = re.compile(r"(?P<head>[\w.$ ]+?)\s*(?P<rest>[{\[].*)", re.DOTALL)


def document(text: str) -> str | None:
    """Return the normal form of a command that is JSON, or JSON after a few words; None where it is not.

    Examples
    --------
    >>> document('{"find": "users", "filter": {"_id": 7, "tags": {"$in": ["a", "b"]}}, "lsid": {"id": 1}}')
    '{"find": "users", "filter": {"_id": ?, "tags": {"$in": ?}}}'
    """
    body = text.strip()
    path = _PATH.match(body)
    if path:
        inner = _parsed(path["rest"]) if path["rest"] else None
        head = f"{path['verb']} {_path(path['path'])}"
        return head if inner is None else f"{head} {shape(inner)}"
    whole = _parsed(body)
    if whole is not None:
        return shape(_verb_first(whole))
    shell = _SHELL.fullmatch(body)
    inner = _parsed(shell["rest"]) if shell else None
    return f"{shell['head']} {shape(inner)}" if shell and inner is not None else None


def _parsed(text: str) -> Any:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict | list) else None


def _verb_first(command: Any) -> Any:
    """Order a command's keys: exports that sort keys and the server's own log are of one statement."""
    if not isinstance(command, dict):
        return command
    verbs = [name for name in command if name.lower() in _NAMED and isinstance(command[name], str)][:1]
    return {name: command[name] for name in (*verbs, *sorted(command.keys() - set(verbs)))}


def _path(path: str) -> str:
    """Ids in a path are values; its query string is not part of the shape."""
    parts = path.split("?", 1)[0].split("/")
    return "/".join("?" if re.fullmatch(r"[0-9]+|[0-9a-fA-F-]{16,}", part) else part for part in parts)


def shape(value: Any, key: str = "") -> str:
    """Return the shape of a value: its keys, its lists once, a ``?`` for everything else.

    Examples
    --------
    >>> shape({"pipeline": [{"$match": {"a": 1}}, {"$limit": 5}]})
    '{"pipeline": [{"$match": {"a": ?}}, {"$limit": ?}]}'
    """
    if isinstance(value, dict):
        if len(value) == 1 and next(iter(value)) in (
            "$oid",
            "$date",
            "$numberLong",
            "$uuid",
            "$numberDecimal",
            "$binary",
        ):
            return "?"
        names = [name for name in value if name.lower() not in _VOLATILE]
        if key.lower() not in _ORDERED and key:
            names = sorted(names)
        return (
            "{"
            + ", ".join(f'"{name}": {shape(value[name], key if key in _DIRECTIONS else name)}' for name in names)
            + "}"
        )
    if isinstance(value, list):
        return _list(value, key)
    if isinstance(value, str) and key.lower() in _NAMED:
        return f'"{value}"'
    if key in _DIRECTIONS and isinstance(value, int):
        return str(value)
    return "?"


def _list(value: list[Any], key: str) -> str:
    parts: list[str] = []
    for item in value:
        text = shape(item)
        if not parts or parts[-1] != text:
            parts.append(text)
    if parts in ([], ["?"]):
        return "?"
    if key in ("documents", "updates", "deletes", "$or", "$and", "should", "must", "filter"):
        parts = sorted(set(parts))
    return "[" + ", ".join(parts) + "]"

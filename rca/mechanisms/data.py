"""Mechanisms between code and data: tables, columns, fields, indexes, caches, messages."""

from __future__ import annotations

import re

from rca.mechanisms.base import Found, Mechanism, alters, either, first, gains, inside, loses, number
from rca.mechanisms.diffs import Diff, tokens
from rca.mechanisms.facts import changed_pairs, count, gained, lost

__all__ = ["DATA"]

_TABLE = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE|TABLE)\s+[`\"\[]?([A-Za-z_][\w.]*)", re.IGNORECASE)
_MIGRATION = r"(migrat|alembic|flyway|liquibase|db/migrate|schema\.sql|\.sql$)"
_FIELD = re.compile(
    r"(?:json|bson|yaml|db|xml|avro|form|query|mapstructure|protobuf):\"([\w.-]+)"
    r"|(?:JsonProperty|JsonPropertyName|SerializedName|Column|SerialName|BsonElement|DataMember|Field|rename|alias|name)\w*\s*[(=][^)\"']*[\"'](\w[\w.-]*)[\"']"
    r"|[\"']([A-Za-z_][\w.-]*)[\"']\s*(?::|=>)"
    r"|[{,]\s*([A-Za-z_]\w{2,})\s*:\s*\w+\.\w"
    r"|\[\s*:?[\"']?([A-Za-z_][\w.-]*)[\"']\s*\]"
    r"|\.(?:get|getString|getInt|getLong|has|opt\w*|fetch|dig|Get|Value|Header|Query|Param|FormValue|GetString|header|param|field|pop)\(\s*:?[\"']([A-Za-z_][\w.-]*)[\"']"
    r"|[\"'`]([A-Za-z][A-Za-z0-9]*(?:[_.-][A-Za-z0-9]+)+|[a-z]+[A-Z]\w*)[\"'`]"
)
_PROTO = re.compile(
    r"^\s*(?:(?:optional|repeated|required)\s+)?(?P<type>[\w.]+(?:<[\w., ]+>)?)\s+(?P<name>\w+)\s*=\s*(?P<number>\d+)\s*[;\[]"
)
_WIRE = re.compile(
    r"\b(Newtonsoft|System\.Text\.Json|Jackson|Gson|Moshi|Kryo|Protobuf|msgpack|pickle|Avro|Thrift|marshal|orjson|ujson|simplejson|serde_\w+|fastjson|StringEnumConverter|"
    r"PropertyNamingStrateg\w+|JsonNamingPolicy\w*|camelCase|snake_case|camelize|underscore|WRITE_DATES_AS_TIMESTAMPS|DateTimeFormat\w*|UseProtoNames|EmitUnpopulated|EmitDefaultValues)",
    re.IGNORECASE,
)
_KEYED = r"cache|memo|redis|memcache|\bttl\b"
_FRESH = r"\b(now|time|timestamp|date|rand\w*|\w*uuid\w*|nonce|request_?id|trace_?id|session\w*|guid)\b|Time\.now|Date\.now|currentTime|nanoTime"


def _new_table(diff: Diff) -> Found | None:
    before = {name.lower() for line in diff.lines("lost") for name in _TABLE.findall(line)}
    before |= {name.lower() for item in diff.live for line in item.context for name in _TABLE.findall(line)}
    names = [name for line in diff.lines("gained") for name in _TABLE.findall(line) if name.lower() not in before]
    creates = any(
        re.search(r"CREATE\s+(TABLE|VIEW)|create_table|createTable", line, re.IGNORECASE)
        for line in diff.lines("gained")
    )
    if not names or creates or any(re.search(_MIGRATION, path) for path in diff.all_paths):
        return None
    return Found(1.0, f"it reads or writes “{names[0]}”, which no migration beside it creates")


def _field_renamed(diff: Diff) -> Found | None:
    for item in diff.live:
        for old, new in changed_pairs(item):
            before, after = _fields(old), _fields(new)
            gone, come = before - after, after - before
            if gone and come and len(gone) == len(come):
                return Found(1.0, f"a name became another: “{min(gone)}” → “{min(come)}”")
    lost_fields = {name for line in diff.lines("lost") for name in _fields(line)}
    gained_fields = {name for line in diff.lines("gained") for name in _fields(line)}
    gone, come = lost_fields - gained_fields, gained_fields - lost_fields
    similar = sorted((a, b) for a in gone for b in come if _alike(a, b))
    if similar:
        return Found(0.9, f"a name became another: “{similar[0][0]}” → “{similar[0][1]}”")
    structured = r"json:|@JsonProperty|@Column|serde|proto|Field\(|\w+\s*[:=]\s*(str|int|float|bool|string|number)\b"
    if gone and not come and lost(diff, structured):
        return Found(0.7, f"a field is gone: “{min(gone)}”")
    return None


def _fields(line: str) -> set[str]:
    found = {next(name for name in groups if name) for groups in _FIELD.findall(line)}
    proto = _PROTO.match(line)
    return found | ({proto["name"]} if proto else set())


def _wire(diff: Diff) -> Found | None:
    """Find a field of a message that got another number or type, and one way to write messages in place of another."""
    for item in diff.live:
        before, after = (
            {found["name"]: (found["number"], found["type"]) for found in map(_PROTO.match, side) if found}
            for side in (item.lost, item.gained)
        )
        for name in before.keys() & after.keys():
            if before[name] != after[name]:
                return Found(1.0, f"field “{name}” was {' '.join(before[name])} and is {' '.join(after[name])}")
    gone, come = (
        {name.lower() for line in diff.lines(side) for name in _WIRE.findall(line)} for side in ("lost", "gained")
    )
    if gone - come:
        return Found(0.9, f"messages are written otherwise: “{min(gone - come)}” is gone")
    if come - gone:
        return Found(0.7, f"messages are written otherwise: “{min(come - gone)}” is new")
    return None


def _cache_key(diff: Diff) -> Found | None:
    """Find a line that reads a cache before and after, by another key; one that never comes twice is plainest."""
    for item in diff.live:
        for old, new in changed_pairs(item):
            if not (re.search(_KEYED, old, re.IGNORECASE) and re.search(_KEYED, new, re.IGNORECASE)):
                continue
            if count(_FRESH, [new]) > count(_FRESH, [old]):
                return Found(1.0, f"the key of a cache holds what never comes twice: “{new.strip()[:90]}”")
            if tokens(old) != tokens(new) and re.search(r"[\[(].*[\])]", new):
                return Found(0.6, f"a cache is asked otherwise: “{new.strip()[:90]}”")
    return None


def _fresh_key(diff: Diff) -> Found | None:
    for item in diff.live:
        for old, new in changed_pairs(item):
            named = re.search(r"\bkey|key\b|_id\b|\bid\b|dedup|idempot|token", new, re.IGNORECASE)
            if named and count(_FRESH, [new]) > count(_FRESH, [old]):
                return Found(1.0, f"it is new each time: “{new.strip()[:90]}”")
    return None


def _alike(one: str, other: str) -> bool:
    a, b = re.sub(r"[^a-z0-9]", "", one.lower()), re.sub(r"[^a-z0-9]", "", other.lower())
    return (
        a != b
        and (
            a in b or b in a or len(set(re.split(r"[_\-.]", one.lower())) & set(re.split(r"[_\-.]", other.lower()))) > 0
        )
    ) or (a == b and one != other)


def _query_changed(diff: Diff) -> Found | None:
    where = r"\bWHERE\b|\bAND\s+[\w.]+\s*(?:[=<>]|IN\b)|\bLIMIT\b|\bINDEX\b|USE INDEX|\.limit\(|\.where\(|\.filter\(|\.hint\("
    worse = r"LIKE\s+['\"]%|\bLOWER\(|\bUPPER\(|\bCAST\(|\bOR\b.+=|ORDER BY|SELECT \*|\bOFFSET\b|NOT IN|DISTINCT|\bILIKE\b|\.order_by\(|regexp|\.Contains\(|\.ToUpper\(|\.ToLower\(|icontains|\.like\(|FROM\s+\w+(\s+\w+)?\s*,\s*\w+|CROSS JOIN|\bUNION\b"
    if lost(diff, where):
        return Found(0.9, f"a restriction of a query is gone: “{first(diff.lines('lost'), where)}”")
    asks = re.compile(r"\b(SELECT|FROM|WHERE|JOIN|query|order|filter)\b", re.IGNORECASE)
    if gained(diff, worse) and any(asks.search(line) for line in diff.lines("gained")):
        return Found(0.7, f"a query became more costly: “{first(diff.lines('gained'), worse)}”")
    return None


DATA: tuple[Mechanism, ...] = (
    Mechanism("new_table", "a table or column that is not there yet", _new_table, {"relation": 1.0, "column": 0.6, "errors": 0.2}, kind="database"),
    Mechanism("migration", "the schema changed",
              gains(r"DROP\s+(TABLE|COLUMN|INDEX|CONSTRAINT)|RENAME\s+(TO|COLUMN|TABLE)|ALTER\s+TABLE|SET NOT NULL|ADD\s+(COLUMN|CONSTRAINT)|drop_column|rename_column|remove_column|dropColumn|renameColumn|change_column", "the schema changes"),
              {"column": 1.0, "relation": 1.0, "deadlock": 0.7, "slow_query": 0.6, "constraint": 0.8, "decode": 0.4, "db_cpu": 0.4, "timeout": 0.3}, kind="database"),
    Mechanism("index_lost", "an index is gone",
              either(gains(r"DROP\s+(?:\w+\s+)?INDEX|remove_index|drop_index|dropIndex", "an index is dropped"), loses(r"CREATE\s+(UNIQUE\s+)?INDEX|add_index|createIndex|db_index=True|index=True|@Index", "an index is gone")),
              {"slow_query": 1.0, "db_cpu": 0.9, "latency": 0.5, "timeout": 0.5, "pool": 0.4, "disk": 0.3}, kind="database"),
    Mechanism("mass_write", "very many rows are written at once",
              gains(r"update_all|delete_all|insert_all|\bUPDATE\s+\w+\s+SET\b(?!.*\bWHERE\b)|DELETE FROM \w+\s*(;|\"|$)|back_?fill|VACUUM FULL|REINDEX|updateMany\(\s*\{\s*\}", "many rows are written"),
              {"stale": 1.0, "db_cpu": 0.8, "deadlock": 0.8, "disk": 0.7, "slow_query": 0.6, "latency": 0.4, "timeout": 0.4}, kind="database"),
    Mechanism("query_changed", "a query asks for more", _query_changed,
              {"slow_query": 1.0, "db_cpu": 0.9, "latency": 0.5, "memory": 0.5, "timeout": 0.5, "pool": 0.4, "data": 0.3, "disk": 0.2}, kind="database"),
    Mechanism("field_renamed", "a field or key changed its name", _field_renamed,
              {"decode": 1.0, "column": 0.8, "validation": 0.8, "nil": 0.5, "data": 0.6, "config": 0.6, "business": 0.4, "auth": 0.5, "rejected": 0.6, "not_found": 0.4, "errors": 0.2, "queue": 0.2}, kind="defect", shows="callers"),
    Mechanism("type_changed", "a type or format changed",
              either(_wire, gains(r"\b(int64|int32|string|float64|bool|uint\w*|Long|Integer|String|Decimal|bytes)\b.*(json|yaml|db|proto|column)|Marshal|serializ|encod|protobuf|avro|msgpack|Content-Type|charset|strftime|Format\(|parse", "what is written or read changed", strength=0.5)),
              {"decode": 1.0, "validation": 0.9, "data": 0.7, "column": 0.4, "business": 0.3}, kind="defect", shows="callers"),
    Mechanism("validation_added", "inputs are refused that were accepted",
              gains(r"validat|required|\bmust\b|regex|pattern|min_?length|max_?length|schema\.|BadRequest|StatusBadRequest|400\b|422\b|Err\w*Invalid|ErrNegative|raise\s+ValueError|strict|DisallowUnknownFields|additionalProperties", "a check is new", strength=0.55),
              {"validation": 1.0, "decode": 0.7, "rejected": 0.9, "data": 0.5, "errors": 0.2}, kind="defect", shows="callers"),
    Mechanism("cache_changed", "a cache is gone, shorter-lived or keyed otherwise",
              either(_cache_key, loses(r"cache|memo|lru|redis|ttl|etag|singleflight", "caching is gone", unless=r"cache|memo|lru|redis"),
                     loses(r"singleflight|\bgroup\.Do\(|coalesc|computeIfAbsent|get_or_compute|dedup|in_?flight|stale.while", "calls for the same thing are no longer made once for all", strength=0.9),
                     number(r"ttl|expir|cache|maxage|stale|memo", "what a cache keeps changed", falls=True),
                     inside(r"cache|redis|memcach|memo", "what caches changed", strength=0.6),
                     gains(r"cache[_-]?key|cacheKey|no-cache|no-store|flushall|flushdb|FlushAll|invalidate(All)?\(|evict\w*\(", "keys of a cache changed", strength=0.8)),
              {"cache": 1.0, "db_cpu": 0.6, "queries": 0.6, "latency": 0.5, "stale": 0.6, "surge": 0.3, "pool": 0.4, "throttle": 0.4, "connections": 0.3, "timeout": 0.3}, shows="callees"),
    Mechanism("key_unstable", "what tells things apart never comes twice", _fresh_key,
              {"duplicate": 1.0, "cache": 0.8, "queries": 0.3, "data": 0.4, "memory": 0.4}, shows="callees"),
    Mechanism("consumer_changed", "how messages are taken changed",
              either(number(r"prefetch|visibility|batch|partition|concurrency|consumer|poll|max_?in_?flight|\backs?\b", "how messages are taken changed", falls=None, strength=0.8),
                     loses(r"\.ack\(|\.Ack\(|commit_?offset|commitSync|deleteMessage|delete_message|basic_ack|autoCommit", "messages are no longer confirmed"),
                     alters(r"ProducerRecord|partition_?key|message_?key|routing_?key|\bkey_?by\b|partitioner|withKey|set_?key\(", "what decides where a message goes changed", strength=0.8),
                     inside(r"consumer|listener|subscriber|kafka|rabbit|sqs|queue", "what takes messages changed", strength=0.45),
                     gains(r"\.nack\(|requeue|seek\(|auto\.offset\.reset|rebalance|dead.?letter", "messages are taken otherwise", strength=0.7)),
              {"queue": 1.0, "duplicate": 0.7, "stale": 0.5, "latency": 0.3, "memory": 0.3}),
)  # fmt: skip
"""What code can do to data, and data to code."""

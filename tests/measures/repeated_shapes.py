"""Traces with and without repeated calls, drawn from a seed: each shape says how many like calls it has, or that it has none.

The shapes follow the definition in :func:`rca.repeated_queries`. Times, counts, ids and literals vary with the seed; what is repeated, and
whether it is a pattern, does not.
"""

from __future__ import annotations

import base64
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field

T0 = 1772633400 * 10**9
SERVER, CLIENT, INTERNAL, PRODUCER, CONSUMER = 2, 3, 1, 4, 5
SHAPES: list[tuple[str, Callable[[Trace], int | None]]] = []
"""Name, and what adds the spans to a trace and returns the calls of its pattern, None where there is none."""


@dataclass
class Trace:
    """A trace as OTLP spans; times in milliseconds."""

    rng: random.Random
    trace_id: str = ""
    spans: list[tuple[str, dict]] = field(default_factory=list)
    at: float = 5.0

    def __post_init__(self):
        self.trace_id = f"{self.rng.getrandbits(128) | 1:032x}"

    def add(self, name, kind, parent="", start=0.0, length=10.0, attributes=None, service="checkout", failed=False):
        """Add a span and return its id."""
        span_id = f"{self.rng.getrandbits(64) | 1:016x}"
        begin = T0 + round(start * 1e6)
        span = {"traceId": self.trace_id, "spanId": span_id, "parentSpanId": parent, "name": name, "kind": kind, "startTimeUnixNano": str(begin), "endTimeUnixNano": str(begin + round(length * 1e6)),
                "attributes": [{"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}} for key, value in (attributes or {}).items()],
                "status": {"code": 2} if failed else {}}  # fmt: skip
        self.spans.append((service, span))
        return span_id

    def root(self, name="POST /checkout", kind=SERVER, length=60_000.0, service="checkout"):
        """Add a request, or other root."""
        method, _, route = name.partition(" ")
        return self.add(
            name,
            kind,
            "",
            0.0,
            length,
            {"http.request.method": method, "http.route": route} if kind == SERVER else {},
            service,
        )

    def many(self, count, parent, call, *, gap=3.0, length=10.0, failed=0, service="checkout", wrap=0):
        """Add calls one after the other (`gap` negative: overlapping); `call` gives name, kind and attributes of each."""
        for number in range(count):
            name, kind, attributes = call(number)
            above = parent
            for level in range(wrap):
                above = self.add(f"layer{level}", INTERNAL, above, self.at, length, {}, service)
            self.add(name, kind, above, self.at, length, attributes, service, number < failed)
            self.at += length + gap
        return count

    def document(self):
        """Return the trace as one OTLP document."""
        services = sorted({service for service, _ in self.spans})
        return {"resourceSpans": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": name}}]}, "scopeSpans": [{"spans": [span for owner, span in self.spans if owner == name]}]} for name in services]}  # fmt: skip


def some(rng):
    """Return a number of calls that is a pattern."""
    return rng.choice([5, 6, 7, 9, 12, 17, 31])


def sql(text, system="postgresql", kind=CLIENT, **more):
    """Return what makes a database call of a statement with ``{}`` where its parameter stands."""

    def call(number):
        filled = text.format(*[number] * text.count("{}")) if "{}" in text else text
        return filled.split()[0], kind, {"db.system.name": system, "db.query.text": filled, **more}

    return call


def http(url, method="GET", ids=str, **more):
    """Return what makes an HTTP call of an address with ``{}`` where the id stands."""

    def call(number):
        full = url.replace("{}", ids(number))
        return method, CLIENT, {"http.request.method": method, "url.full": full, "server.address": re.split("[/:?]", full.split("//")[1])[0], **more}  # fmt: skip

    return call


def fixed(name, kind=CLIENT, **attributes):
    """Return what makes the same span each time; ``__`` in names stands for a dot."""
    named = {key.replace("__", "."): value for key, value in attributes.items()}

    def call(number):
        return name, kind, {key: value.replace("{}", str(number)) if isinstance(value, str) else value for key, value in named.items()}  # fmt: skip

    return call


def shape(name):
    """Register a shape that builds its trace itself."""

    def keep(build):
        SHAPES.append((name, build))
        return build

    return keep


def listed(prefix, positive, calls, **how):
    """Register a plain shape a call: a request that makes it a number of times."""
    for name, call in calls.items():

        def build(trace, call=call):
            count = some(trace.rng)
            trace.many(count, trace.root(), call, **how)
            return count if positive else None

        SHAPES.append((f"{prefix}{name}", build))


def uuid(number):
    return f"{number:08x}-1d2c-4b3a-8a9f-{number * 7919 + 17:012x}"


def ulid(number):
    return f"01HV{number:02d}ZQ3N7K8M2P4R6S8T0VWX"[:26]


def digest(number):
    return f"{number * 2654435761 % 2**64:016x}"


def slug(number):
    return f"{('blue', 'red', 'green', 'black', 'white')[number % 5]}-shirt-{number + 3}"


listed("sql: ", True, {
    "literal": sql("SELECT * FROM offers WHERE user_id = {}"),
    "uuid": lambda n: sql(f"SELECT * FROM users WHERE id = '{uuid(n)}'")(n),
    "ulid": lambda n: sql(f"SELECT * FROM users WHERE id = '{ulid(n)}'", "mysql")(n),
    "cast": lambda n: sql(f"SELECT * FROM users WHERE id = '{uuid(n)}'::uuid")(n),
    "backticks": sql("SELECT `id`, `name` FROM `users` WHERE `users`.`id` = {} LIMIT 1", "mysql"),
    "brackets": sql("SELECT TOP(1) [o].[Id] FROM [dbo].[Orders] AS [o] WHERE [o].[Id] = @__p_0", "microsoft.sql_server"),
    "old system name": sql("SELECT [Id] FROM [Orders] WHERE [Id] = {}", "mssql"),
    "oracle": sql("SELECT o.id FROM orders o WHERE o.id = :1", "oracle.db"),
    "named": sql("SELECT * FROM users WHERE id = :user_id", "sqlite"),
    "pyformat": sql("SELECT * FROM users WHERE id = %(id_1)s"),
    "negative and decimal": sql("SELECT * FROM rates WHERE low <= -{}.5 AND high > {}e3"),
    "hex": sql("SELECT * FROM blobs WHERE h = 0x{}F", "mysql"),
    "dates": sql("SELECT * FROM prices WHERE day = DATE '2026-03-{}'"),
    "like": sql("SELECT * FROM users WHERE mail LIKE 'user{}%'"),
    "json": sql("SELECT doc->>'name' FROM docs WHERE doc->>'id' = '{}'"),
    "between": sql("SELECT * FROM t WHERE a BETWEEN {} AND {}1"),
    "cte": sql("WITH x AS (SELECT id FROM carts WHERE user_id = {}) SELECT * FROM items JOIN x ON x.id = items.cart_id"),
    "subselect": sql("SELECT (SELECT count(*) FROM items WHERE cart_id = {}) AS n"),
    "exists": sql("SELECT 1 FROM users WHERE mail = 'a{}@b.example' LIMIT 1"),
    "update": sql("UPDATE stock SET n = n - {} WHERE sku = 'x{}'"),
    "delete": sql("DELETE FROM carts WHERE id = {}", "mysql"),
    "upsert": sql("INSERT INTO seen (id, n) VALUES ({}, 1) ON CONFLICT (id) DO UPDATE SET n = seen.n + 1"),
    "call": sql("CALL price_of({})", "mysql"),
    "exec": sql("EXEC dbo.GetOrder @id = {}", "microsoft.sql_server"),
    "null or not": lambda n: sql(f"INSERT INTO lines (a, b) VALUES ({n}, {'NULL' if n % 2 else 7})")(n),
    "true or false": lambda n: sql(f"SELECT * FROM flags WHERE id = {n} AND active = {'true' if n % 2 else 'false'}")(n),
    "list": lambda n: sql(f"SELECT * FROM offers WHERE sku IN ({', '.join(map(str, range(n + 1)))})")(n),
    "line breaks": lambda n: sql(f"SELECT *\n  FROM offers\n{' ' * n}WHERE user_id = {n}")(n),
    "end": lambda n: sql(f"SELECT * FROM offers WHERE user_id = {n}{';' if n % 2 else ''}")(n),
    "comment before": lambda n: sql(f"/* request {uuid(n)} */ SELECT * FROM offers WHERE user_id = {n}")(n),
    "comment after": lambda n: sql(f"SELECT * FROM offers WHERE user_id = {n} -- trace {digest(n)}")(n),
    "cassandra": sql("SELECT * FROM shop.carts WHERE id = {}", "cassandra"),
    "clickhouse": sql("SELECT count() FROM events WHERE user = {}", "clickhouse"),
    "spanner": sql("SELECT name FROM users WHERE id = @id", "gcp.spanner"),
    "other system": sql("SELECT name FROM users WHERE id = {}", "other_sql"),
    "old names": lambda n: ("SELECT shop", CLIENT, {"db.system": "postgresql", "db.name": "shop", "db.statement": f"SELECT * FROM offers WHERE id = {n}"}),
    "kind internal": sql("SELECT * FROM offers WHERE user_id = {}", kind=INTERNAL),
    "kind missing": sql("SELECT * FROM offers WHERE user_id = {}", kind=0),
    "only name": lambda n: ("SELECT shop.offers", CLIENT, {"db.system.name": "postgresql", "db.namespace": "shop"}),
    "summary": lambda n: ("SELECT offers", CLIENT, {"db.system.name": "postgresql", "db.query.summary": "SELECT offers"}),
    "old table": fixed("SELECT shop.offers", db__system="mysql", db__operation="SELECT", db__sql__table="offers"),
    "parameters apart": lambda n: ("SELECT", CLIENT, {"db.system.name": "postgresql", "db.query.text": "SELECT * FROM offers WHERE id = $1", "db.query.parameter.0": str(n)}),
})  # fmt: skip
listed("store: ", True, {
    "redis get": sql("GET cart:{}", "redis"),
    "redis hgetall": sql("HGETALL user:{}:prefs", "redis"),
    "redis set": lambda n: sql(f"SET cart:{n} {digest(n)} EX 60", "redis")(n),
    "redis by mail": sql("GET user:a{}x@example.org", "redis"),
    "redis hidden": sql("GET ?", "redis"),
    "redis nameless": fixed("GET", db__system__name="redis", db__operation__name="GET"),
    "redis old": fixed("redis.command", db__system="redis", db__statement="GET cart:{}"),
    "valkey": sql("GET cart:{}", "valkey"),
    "memcached": sql("get cart_{}", "memcached"),
    "memcached nameless": fixed("get", db__system="memcached", db__operation="get"),
    "mongo find": sql('{{"find": "carts", "filter": {{"user": {}}}}}'.replace("{{", "{").replace("}}", "}").replace("{}", "§"), "mongodb"),
    "mongo hidden": sql('{"find": "carts", "filter": {"user": "?"}}', "mongodb"),
    "mongo aggregate": lambda n: ("aggregate carts", CLIENT, {"db.system.name": "mongodb", "db.query.text": f'{{"aggregate": "carts", "pipeline": [{{"$match": {{"user": "{digest(n)}"}}}}]}}'}),
    "mongo old": fixed("carts.find", db__system="mongodb", db__mongodb__collection="carts", db__operation="find"),
    "dynamodb": fixed("DynamoDB.GetItem", db__system="dynamodb", rpc__system="aws-api", rpc__service="DynamoDB", rpc__method="GetItem"),
    "s3": fixed("S3.GetObject", rpc__system="aws-api", rpc__service="S3", rpc__method="GetObject", aws__s3__bucket="pictures", aws__s3__key="p/{}.bin"),
    "elasticsearch by path": lambda n: (f"GET /offers/_doc/{n}", CLIENT, {"db.system.name": "elasticsearch", "http.request.method": "GET", "url.full": f"http://es:9200/offers/_doc/{n}", "server.address": "es"}),
    "elasticsearch": fixed("search", db__system__name="elasticsearch", db__operation__name="search", db__collection__name="offers"),
    "elasticsearch body": lambda n: ("search", CLIENT, {"db.system": "elasticsearch", "db.operation": "search", "db.statement": f'{{"query": {{"term": {{"user": {n}}}}}}}'}),
    "cypher": sql("MATCH (u:User) WHERE u.id = {} RETURN u", "neo4j"),
    "couchbase": sql("SELECT b.* FROM b USE KEYS ['k{}']", "couchbase"),
    "cosmos": fixed("read_item offers", db__system__name="azure.cosmosdb", db__operation__name="read_item", db__collection__name="offers"),
})  # fmt: skip
listed("call: ", True, {
    "number": http("http://stock:8080/v1/items/{}"),
    "uuid": http("http://stock/items/{}", ids=uuid),
    "ulid": http("http://stock/items/{}/price", ids=ulid),
    "hash": http("http://stock/items/{}", ids=digest),
    "slug": http("http://stock/items/{}", ids=slug),
    "object id": http("http://stock/items/{}", ids=lambda n: f"65f2a0f7{n:016x}"),
    "base64": http("http://stock/items/{}", ids=lambda n: base64.urlsafe_b64encode(b"%016d" % n).decode()),
    "in brackets": http("http://stock/odata/Items('{}')", ids=slug),
    "two ids": http("http://stock/users/{}/orders/{}"),
    "mail": http("http://users/by-mail/{}", ids=lambda n: f"{'abcdefghijklmnopqrstuvwxyzabcdef'[n % 32] * 3}.{'xyz'[n % 3]}@example.org"),
    "query": http("http://stock/items?id={}"),
    "query, no path": http("http://stock?id={}"),
    "picture service": http("http://pictures/images/{}"),
    "old names": lambda n: ("HTTP GET", CLIENT, {"http.method": "GET", "http.url": f"http://stock/items/{n}"}),
    "old target": lambda n: ("HTTP GET", CLIENT, {"http.method": "GET", "http.target": f"/items/{n}?full=1", "net.peer.name": "stock"}),
    "post": http("http://pricing/quote", "POST"),
    "graphql": http("http://gateway/graphql", "POST"),
    "template": lambda n: ("GET", CLIENT, {"http.request.method": "GET", "url.full": f"http://stock/items/{'abcdefghijklmnopqrstuvwxyzabcdef'[n % 32]}", "url.template": "/items/{name}", "server.address": "stock"}),
    "grpc": fixed("shop.Stock/Get", rpc__system="grpc", rpc__service="shop.Stock", rpc__method="Get"),
    "grpc new": fixed("shop.Stock/Get", rpc__system__name="grpc", rpc__method="shop.Stock/Get"),
    "grpc by instance": lambda n: ("shop.Stock/Get", CLIENT, {"rpc.system": "grpc", "rpc.service": "shop.Stock", "rpc.method": "Get", "server.address": f"10.0.0.{n % 4}"}),
    "dubbo": fixed("Stock/get", rpc__system="apache_dubbo", rpc__service="Stock", rpc__method="get"),
    "files": http("http://reports/export/{}.csv"),
})  # fmt: skip
listed("none: ", False, {
    "begin": sql("BEGIN"), "start": sql("START TRANSACTION", "mysql"), "begin tran": sql("BEGIN TRAN", "microsoft.sql_server"), "commit": sql("COMMIT"),
    "rollback to": sql("ROLLBACK TO SAVEPOINT s{}"), "savepoint": sql("SAVEPOINT s{}"), "release": sql("RELEASE SAVEPOINT s{}"), "commit lower": sql("commit", "mysql"),
    "set": sql("SET LOCAL statement_timeout = {}"), "set names": sql("SET NAMES utf8mb4", "mysql"), "set config": sql("SELECT set_config('app.user', '{}', true)"),
    "show": sql("SHOW VARIABLES", "mysql"), "select 1": sql("SELECT 1"), "select 1 hidden": sql("SELECT ?"), "dual": sql("SELECT 1 FROM DUAL", "oracle.db"), "comment": sql("/* ping */ SELECT 1", "mysql"),
    "version": sql("SELECT @@version", "mysql"), "server setting": sql("SELECT @@session.transaction_isolation", "mysql"), "isolation": sql("SHOW TRANSACTION ISOLATION LEVEL"),
    "discard": sql("DISCARD ALL"), "deallocate": sql("DEALLOCATE ALL"), "use": sql("USE shop", "mysql"), "pragma": sql("PRAGMA foreign_keys = ON", "sqlite"), "session": sql("ALTER SESSION SET CURRENT_SCHEMA = SHOP", "oracle.db"),
    "xa": sql("XA PREPARE 'x{}'", "mysql"), "schema": sql("SELECT current_schema()"), "now": sql("SELECT now()"), "autocommit": sql("SET autocommit=1", "mysql"),
    "ping": sql("PING", "redis"), "auth": sql("AUTH ?", "redis"), "multi": sql("MULTI", "redis"), "select db": sql("SELECT 3", "redis"), "client": sql("CLIENT SETNAME a", "redis"),
    "hello": sql('{"hello": 1}', "mongodb"), "is master": fixed("isMaster", db__system="mongodb", db__operation="isMaster"), "mongo ping": sql('{"ping": 1, "$db": "admin"}', "mongodb"),
    "mongo commit": sql('{"commitTransaction": 1}', "mongodb"), "connect": fixed("connect", db__system="mysql"), "pool": fixed("pg-pool.connect", db__system__name="postgresql"),
    "get connection": fixed("HikariDataSource.getConnection", INTERNAL, db__system="postgresql"), "open": fixed("Open", db__system="mssql", db__operation="Open"), "pool acquire": fixed("pool.acquire", db__system="postgresql"),
    "healthz": http("http://stock/healthz"), "actuator": http("http://stock/actuator/health/readiness"), "prometheus health": http("http://stock/-/healthy"), "health of a part": http("http://stock/health/db"),
    "grpc health": fixed("grpc.health.v1.Health/Check", rpc__system="grpc", rpc__service="grpc.health.v1.Health", rpc__method="Check"),
    "scripts": http("https://cdn.example/static/chunk-{}.js"), "pictures": http("https://cdn.example/p/{}.webp?w=80"), "fonts": http("https://cdn.example/f/{}.woff2"), "next": http("https://shop.example/_next/data/b{}/index.json"),
    "otlp http": http("http://collector:4318/v1/metrics", "POST"), "otlp grpc": fixed("Export", rpc__system="grpc", rpc__service="opentelemetry.proto.collector.trace.v1.TraceService", rpc__method="Export"),
    "zipkin": http("http://zipkin:9411/api/v2/spans", "POST"), "jaeger": http("http://jaeger:14268/api/traces", "POST"), "sentry": http("https://o7.ingest.sentry.io/api/77/envelope/", "POST"), "datadog": http("http://localhost:8126/v0.4/traces", "PUT"),
    "datadog logs": http("https://http-intake.logs.datadoghq.com/api/v2/logs", "POST"), "new relic": http("https://trace-api.newrelic.com/trace/v1", "POST"), "loki": http("http://loki:3100/loki/api/v1/push", "POST"), "apm": http("http://apm:8200/intake/v2/events", "POST"),
    "splunk": http("https://splunk:8088/services/collector/event", "POST"), "honeycomb": http("https://api.honeycomb.io/1/batch/shop", "POST"), "remote write": http("http://mimir:9009/api/v1/push", "POST"),
    "flags by event": http("https://events.launchdarkly.com/bulk", "POST"), "insights": http("https://dc.services.visualstudio.com/v2/track", "POST"),
    "x-ray": fixed("XRay.PutTraceSegments", rpc__system="aws-api", rpc__service="XRay", rpc__method="PutTraceSegments"), "cloudwatch": fixed("CloudWatch.PutMetricData", rpc__system="aws-api", rpc__service="CloudWatch", rpc__method="PutMetricData"),
    "in process": fixed("price", INTERNAL), "served": fixed("GET /items", SERVER), "consumed": fixed("offers process", CONSUMER, messaging__system="kafka"),
})  # fmt: skip

OFFERS = sql("SELECT * FROM offers WHERE user_id = {}")
ITEMS = sql("SELECT * FROM items WHERE cart_id = {}")
STOCK = http("http://stock/items/{}")


@shape("time: at once")
def _(trace):
    count = some(trace.rng)
    return trace.many(count, trace.root(), OFFERS, gap=-9.5)


@shape("time: half at once, half in turn")
def _(trace):
    root = trace.root()
    return trace.many(5, root, OFFERS, gap=-9) + trace.many(5, root, OFFERS)


@shape("time: fast")
def _(trace):
    return trace.many(60, trace.root(), OFFERS, gap=0.01, length=0.05)


@shape("time: slow")
def _(trace):
    return trace.many(5, trace.root(), OFFERS, gap=100, length=1200)


@shape("time: no length")
def _(trace):
    return trace.many(some(trace.rng), trace.root(), OFFERS, gap=1, length=0)


@shape("time: long gaps, but not ten times the calls")
def _(trace):
    return trace.many(7, trace.root(), OFFERS, gap=600, length=100)


@shape("time: gaps of ten times the calls, but short")
def _(trace):
    return trace.many(9, trace.root(), OFFERS, gap=400, length=2)


@shape("time: one long gap")
def _(trace):
    root = trace.root()
    count = trace.many(4, root, OFFERS)
    trace.at += 3000
    return count + trace.many(4, root, OFFERS)


@shape("time: polling")
def _(trace):
    trace.many(some(trace.rng), trace.root(), STOCK, gap=trace.rng.uniform(520, 2000), length=20)


@shape("time: polling, the first two at once")
def _(trace):
    root = trace.root()
    trace.many(2, root, STOCK, gap=1, length=5)
    trace.many(9, root, STOCK, gap=1000, length=5)


@shape("time: calls after the request has ended")
def _(trace):
    root = trace.root(length=20)
    trace.at = 30
    return trace.many(8, root, OFFERS)


@shape("where: each in its own wrapper")
def _(trace):
    return trace.many(some(trace.rng), trace.root(), OFFERS, wrap=trace.rng.randint(1, 4))


@shape("where: two handlers")
def _(trace):
    root = trace.root()
    first, second = (trace.add(f"handler{at}", INTERNAL, root, 0, 50_000) for at in range(2))
    return trace.many(3, first, OFFERS) + trace.many(4, second, OFFERS)


@shape("where: among others, in turn")
def _(trace):
    root, count = trace.root(), some(trace.rng)
    for number in range(count):
        for call in (OFFERS, sql(f"SELECT {number} AS c{number} FROM t{'abcdefghijklmnopqrstuvwxyzABCDEF'[number]}x")):
            name, kind, attributes = call(number)
            trace.add(name, kind, root, trace.at, 5, attributes)
            trace.at += 7
    return count


@shape("where: two patterns, of which each counts")
def _(trace):
    root = trace.root()
    for number in range(6):
        offer = trace.add(*OFFERS(number)[:2], root, trace.at, 5, OFFERS(number)[2])
        trace.at += 7
        trace.add(*ITEMS(number)[:2], root, trace.at, 5, ITEMS(number)[2])
        trace.at += 7
    assert offer
    return 6


@shape("where: driver below the mapper")
def _(trace):
    root, count = trace.root(), some(trace.rng)
    for number in range(count):
        name, _, attributes = OFFERS(number)
        outer = trace.add("repository", INTERNAL, root, trace.at, 12, attributes)
        trace.add(
            name,
            CLIENT,
            outer,
            trace.at + 1,
            9,
            attributes | {"db.query.text": "SELECT * FROM offers WHERE user_id = $1"},
        )
        trace.at += 14
    return count


@shape("where: mapper, a span between, driver")
def _(trace):
    root, count = trace.root(), some(trace.rng)
    for number in range(count):
        name, _, attributes = OFFERS(number)
        outer = trace.add("repository", INTERNAL, root, trace.at, 12, attributes)
        inner = trace.add("execute", INTERNAL, outer, trace.at, 11)
        trace.add(name, CLIENT, inner, trace.at + 1, 9, attributes)
        trace.at += 14
    return count


@shape("where: client below client")
def _(trace):
    root, count = trace.root(), some(trace.rng)
    for number in range(count):
        name, kind, attributes = STOCK(number)
        outer = trace.add(name, kind, root, trace.at, 12, attributes)
        trace.add(name, kind, outer, trace.at + 1, 9, attributes)
        trace.at += 14
    return count


@shape("where: the query of each service called")
def _(trace):
    root, count = trace.root(), some(trace.rng)
    for number in range(count):
        name, kind, attributes = STOCK(number)
        call = trace.add(name, kind, root, trace.at, 12, attributes)
        served = trace.add("GET /items/{id}", SERVER, call, trace.at + 1, 10, {"http.route": "/items/{id}"}, "stock")
        trace.add(*OFFERS(number)[:2], served, trace.at + 2, 5, OFFERS(number)[2], "stock")
        trace.at += 14
    return count


@shape("where: only the one called knows the route")
def _(trace):
    root = trace.root()
    for name in ("anna", "bert", "carla", "dora", "emil", "fritz"):
        call = trace.add("GET", CLIENT, root, trace.at, 12, {"http.request.method": "GET", "url.full": f"http://users/users/{name}", "server.address": "users"})  # fmt: skip
        trace.add("GET /users/{name}", SERVER, call, trace.at + 1, 10, {"http.route": "/users/{name}"}, "users")
        trace.at += 14
    return 6


@shape("where: request in the middle of a trace")
def _(trace):
    page = trace.add("documentLoad", INTERNAL, "", 0, 60_000, {}, "web")
    call = trace.add("GET", CLIENT, page, 1, 50_000, {"http.request.method": "GET", "url.full": "https://shop.example/cart", "server.address": "shop.example"}, "web")  # fmt: skip
    served = trace.add("GET /cart", SERVER, call, 2, 40_000, {"http.route": "/cart"})
    return trace.many(some(trace.rng), served, OFFERS)


@shape("where: no root at all")
def _(trace):
    return trace.many(some(trace.rng), f"{trace.rng.getrandbits(64) | 1:016x}", OFFERS)


@shape("where: root of no kind")
def _(trace):
    return trace.many(6, trace.add("GET /cart", 0, "", 0, 60_000), OFFERS)


@shape("count: composite spans")
def _(trace):
    root = trace.root()
    for key, count in (("composite.count", 9), ("span.composite.count", 4)):
        trace.add("SELECT", CLIENT, root, trace.at, 9, OFFERS(1)[2] | {key: count})
        trace.at += 12
    return 13 + trace.many(2, root, OFFERS)


@shape("count: one composite span")
def _(trace):
    trace.add("SELECT", CLIENT, trace.root(), 5, 90, OFFERS(1)[2] | {"composite.count": 12})
    return 12


@shape("count: sampled, never weighted")
def _(trace):
    count = trace.many(some(trace.rng), trace.root(), OFFERS)
    for _, span in trace.spans:
        span["traceState"] = "ot=th:cccccccccccccd"
    return count


@shape("count: some failed")
def _(trace):
    return trace.many(9, trace.root(), OFFERS, failed=5)


@shape("count: only the last failed")
def _(trace):
    root = trace.root()
    trace.many(6, root, OFFERS)
    return 6 + trace.many(1, root, OFFERS, failed=1)


@shape("count: equal statements")
def _(trace):
    return trace.many(some(trace.rng), trace.root(), sql("SELECT plan FROM users WHERE id = 17"))


@shape("where: five in one of two requests of a trace")
def _(trace):
    trace.many(3, trace.root(), OFFERS)
    return trace.many(5, trace.root(), OFFERS)


@shape("where: below the root, and below a span that is lost")
def _(trace):
    return trace.many(3, trace.root(), OFFERS) + trace.many(4, "00000000000000ff", OFFERS)


@shape("where: each below a span of its own that is lost")
def _(trace):
    return sum(trace.many(1, f"{number + 1:016x}", OFFERS) for number in range(6))


@shape("none: four in each of two requests of a trace")
def _(trace):
    for _ in range(2):
        trace.many(4, trace.root(), OFFERS)


@shape("none: four")
def _(trace):
    trace.many(4, trace.root(), OFFERS)


@shape("none: four of each of nine")
def _(trace):
    root = trace.root()
    for letter in "abcdefghi":
        trace.many(4, root, sql(f"SELECT * FROM {letter}_offers WHERE id = {{}}"))


@shape("none: two times two, double spans")
def _(trace):
    root = trace.root()
    for number in range(4):
        outer = trace.add("repository", INTERNAL, root, trace.at, 12, OFFERS(number)[2])
        trace.add("SELECT", CLIENT, outer, trace.at + 1, 9, OFFERS(number)[2])
        trace.at += 14


@shape("none: retries")
def _(trace):
    count = some(trace.rng)
    trace.many(count, trace.root(), sql("SELECT * FROM offers WHERE user_id = 7"), failed=count - 1)


@shape("none: retries, all in vain")
def _(trace):
    count = some(trace.rng)
    trace.many(count, trace.root(), STOCK, failed=count)


@shape("none: retries by status of HTTP")
def _(trace):
    root = trace.root()
    for status in (503, 503, 429, 500, 502, 200):
        name, kind, attributes = http("http://stock/quote", "POST")(0)
        trace.add(name, kind, root, trace.at, 10, attributes | {"http.response.status_code": status})
        trace.at += 40


@shape("none: retries by status of gRPC")
def _(trace):
    root = trace.root()
    for status in (14, 14, 4, 14, 8, 0):
        trace.add("shop.Stock/Get", CLIENT, root, trace.at, 10, {"rpc.system": "grpc", "rpc.service": "shop.Stock", "rpc.method": "Get", "rpc.grpc.status_code": status})  # fmt: skip
        trace.at += 40


@shape("none: retries by type of error")
def _(trace):
    root = trace.root()
    for number in range(7):
        more = {"error.type": "java.net.SocketTimeoutException"} if number < 6 else {}
        trace.add("SELECT", CLIENT, root, trace.at, 10, sql("SELECT * FROM offers WHERE id = 1")(0)[2] | more)
        trace.at += 40


@shape("none: consumer")
def _(trace):
    trace.many(some(trace.rng), trace.root("orders process", CONSUMER), OFFERS)


@shape("none: job")
def _(trace):
    trace.many(some(trace.rng), trace.root("nightly", INTERNAL), OFFERS, wrap=2)


@shape("none: job that calls services")
def _(trace):
    root = trace.root("nightly", INTERNAL)
    for number in range(8):
        name, kind, attributes = STOCK(number)
        call = trace.add(name, kind, root, trace.at, 12, attributes)
        served = trace.add("GET /items/{id}", SERVER, call, trace.at + 1, 10, {"http.route": "/items/{id}"}, "stock")
        trace.add(*OFFERS(number)[:2], served, trace.at + 2, 5, OFFERS(number)[2], "stock")
        trace.at += 14


@shape("none: health check that asks")
def _(trace):
    trace.many(some(trace.rng), trace.root("GET /healthz"), OFFERS)


@shape("none: one batch")
def _(trace):
    trace.add("BATCH", CLIENT, trace.root(), 5, 90, {"db.system.name": "postgresql", "db.query.text": "INSERT INTO lines (a) VALUES ($1)", "db.operation.batch.size": 200})  # fmt: skip


@shape("none: one statement, many rows")
def _(trace):
    rows = ", ".join(f"({number}, 'x')" for number in range(300))
    trace.add("INSERT", CLIENT, trace.root(), 5, 90, {"db.system.name": "mysql", "db.query.text": f"INSERT INTO lines (a, b) VALUES {rows}"})  # fmt: skip


@shape("none: one query a service")
def _(trace):
    root = trace.root()
    for name in "abcdefg":
        full = f"http://{name}-service/v1/me"
        trace.add("GET", CLIENT, root, trace.at, 9, {"http.request.method": "GET", "url.full": full, "server.address": f"{name}-service"})  # fmt: skip
        trace.at += 12


@shape("none: one path, hosts named by the peer")
def _(trace):
    root = trace.root()
    for name in "abcdefg":
        trace.add("GET", CLIENT, root, trace.at, 9, {"http.method": "GET", "http.target": "/v1/me", "peer.service": f"{name}-service"})  # fmt: skip
        trace.at += 12


@shape("none: many paths of one host")
def _(trace):
    root = trace.root()
    for name in ("users", "orders", "carts", "offers", "prices", "stock", "taxes"):
        trace.add("GET", CLIENT, root, trace.at, 9, {"http.request.method": "GET", "url.full": f"http://api/v1/{name}", "server.address": "api"})  # fmt: skip
        trace.at += 12


@shape("none: many methods of one path")
def _(trace):
    root = trace.root()
    for method in ("GET", "PUT", "POST", "DELETE", "PATCH", "HEAD"):
        trace.add(method, CLIENT, root, trace.at, 9, {"http.request.method": method, "url.full": "http://api/v1/cart", "server.address": "api"})  # fmt: skip
        trace.at += 12


@shape("none: many methods of one RPC service")
def _(trace):
    root = trace.root()
    for method in ("Get", "List", "Put", "Drop", "Find", "Count"):
        trace.add(f"shop.Stock/{method}", CLIENT, root, trace.at, 9, {"rpc.system": "grpc", "rpc.service": "shop.Stock", "rpc.method": method})  # fmt: skip
        trace.at += 12


@shape("none: many operations of one collection")
def _(trace):
    root = trace.root()
    for operation in ("find", "insert", "update", "delete", "count", "distinct"):
        trace.add(operation, CLIENT, root, trace.at, 9, {"db.system.name": "mongodb", "db.operation.name": operation, "db.collection.name": "carts"})  # fmt: skip
        trace.at += 12


@shape("none: evaluations of flags")
def _(trace):
    trace.many(some(trace.rng), trace.root(), fixed("feature_flag.evaluation", INTERNAL, feature_flag__key="f{}"))


def draw(seed):
    """Return every shape of a seed: name, trace id, document, expected calls."""
    drawn = []
    for number, (name, build) in enumerate(SHAPES):
        trace = Trace(random.Random(f"{seed}-{number}"))  # noqa: S311
        expected = build(trace)
        trace.rng.shuffle(trace.spans)
        drawn.append((name, trace.trace_id, trace.document(), expected))
    return drawn

"""What the name of a metric says: which signal it is, which direction is bad, and which statistic it holds.

Names come from Prometheus exporters, OpenTelemetry, cAdvisor, CloudWatch and people. A name is cut into words
(``PodServerLatencyP99(s)`` becomes ``pod server latency p99 s``), and the first rule that fits gives the signal. Adding a
signal is adding a line to :data:`SIGNALS`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["SIGNALS", "Meaning", "Signal", "is_database", "meaning", "to_ms", "words"]


@dataclass(frozen=True, slots=True)
class Signal:
    """A kind of metric: words that name it, the direction that hurts (1 up, -1 down, 0 either), and its group."""

    name: str
    pattern: str
    bad: int
    group: str
    """``red`` (what users feel), ``saturation``, ``limit`` (a setting), ``expiry`` or ``other``."""


# The order matters: a limit before what it limits, a pool before a latency, a database's CPU before CPU.
SIGNALS: tuple[Signal, ...] = (
    Signal("expiry", r"(cert|certificate|tls|ssl|token|credential|secret|lease|license).*(expir|validity|not after|days left|ttl)|expir\w* (seconds|days)", -1, "expiry"),
    Signal("limit", r"cfs (periods|quota)|\b(limit|limits|max conns?|max (size|connections|pool|open|idle)|capacity bytes|quota|provisioned|configured|requested|pool (size|max)|threads? max|replicas desired)\b", 0, "limit"),
    Signal("throttling", r"throttl|rate limit(ed)?\b|too many requests", 1, "saturation"),
    Signal("restarts", r"\b(oom|oomkill\w*|restarts?|crash\w*|evict\w*|panic|panics|killed|terminations?)\b", 1, "saturation"),
    Signal("breaker", r"\b(circuit|breaker|bulkhead|outlier ejection)", 1, "saturation"),
    Signal("retries", r"\bretr(y|ies|ied)\b|\bhedged?\b", 1, "saturation"),
    Signal("gc", r"\b(gc|garbage|stop the world|stw|safepoint)\b", 1, "saturation"),
    Signal("db_lock", r"\b(lock|locks|deadlock\w*|row lock|blocked (sessions|queries)|latch)\b", 1, "saturation"),
    Signal("queue", r"\b(queue|queues|queued|queueing|backlog|lag|pending|waiting|runnable|consumer lag|inflight|in flight|outstanding|dead letter|dlq|unacked|unprocessed|approximate (number|age))\b", 1, "saturation"),
    Signal("pool", r"\b(pool|pools|thread|threads|worker|workers|executor|slots|goroutines|semaphore|checked out|acquire)\b", 1, "saturation"),
    Signal("connections", r"\b(connections?|conns?|sockets?|sessions?|file descriptors?|open fds|fds|ports|conntrack|ephemeral|connected clients)\b", 1, "saturation"),
    Signal("db_scan", r"\b(seq|sequential|full|table) (tup|scans?|joins?)\b|\brows examined\b|\b(docs|documents|keys) examined\b|\bselect scan\b|\bread rnd next\b|\bcollscans?\b", 1, "saturation"),
    Signal("queries", r"\b(quer(y|ies)|statements?|sql)\b.*\b(count|per|rate|number|calls|total)\b|\bn plus one\b", 1, "other"),
    Signal("replication", r"\b(replication|replica) (lag|delay|behind)|seconds behind", 1, "saturation"),
    Signal("db_cpu", r"\b(db|database|rds|pg|postgres\w*|mysql\w*|maria\w*|mongo\w*|oracle|mssql|sql|aurora)\b.*\b(cpu|load)\b|\b(cpu|load)\b.*\b(db|database)\b", 1, "saturation"),
    Signal("cpu", r"\b(cpu|processor|cores? used)\b|\bload ?(avg|average|\d+)|\b(system|node|host|os|machine) load\b", 1, "saturation"),
    Signal("memory", r"\b(memory|mem|rss|heap|working set|swap|page faults?|resident)\b", 1, "saturation"),
    Signal("disk", r"\b(disk|iops|io wait|iowait|fs|filesystem|inodes?|volume|storage|ebs|wal|fsync|syscall (read|write)|burst balance|disk usage|free space|diskio|io (reads?|writes?|time)|await)\b", 1, "saturation"),
    Signal("dns", r"\b(dns|coredns|resolver|servfail|nxdomain|lookup)\b", 1, "other"),
    Signal("network", r"\b(network|net|packets?|retransmi\w+|rtt|tcp|bandwidth|receive bytes|transmit bytes|bytes (in|out)|connect time|handshake|loss)\b", 1, "saturation"),
    Signal("cache", r"\b(cache|hit ratio|hit rate|misses|evictions)\b|(?<!request )(?<!requests )\bhits\b", 0, "other"),
    Signal("availability", r"\b(availability|available|success|uptime|up|(?<!un )healthy|ok ratio|good ratio|apdex|ready|sr|rr)\b", -1, "red"),
    Signal("errors", r"\b(error|errors|err|errs|fault|faults|fail|failed|failure|failures|5xx|4xx|50[0-9]|exceptions?|rejected|dropped|denied|invalid|corrupt\w*|mismatch\w*|abandoned|declined|timeouts?|timed out|cancel\w*|unavailable|aborted|rollbacks|malformed|duplicates?|missing|stale|lost|un ?healthy)\b", 1, "red"),
    Signal("latency", r"\b(latency|lat|duration|response time|elapsed|processing time|rq time|m?rt|p50|p90|p95|p99|p999|seconds|millis\w*|ms|delay|took|wait|age|freshness)\b", 1, "red"),
    Signal("requests", r"\b(requests?|req|rps|qps|tps|ops|throughput|workload|calls|hits|invocations|lod|load|traffic|orders|messages|events|processed|count|volume|writes?|reads?|consumed|sent|received)\b", 0, "red"),
)  # fmt: skip

_DATABASE = re.compile(
    r"\b(db|dbs|database|rds|pg|postgres\w*|pgbouncer|mysql\w*|maria\w*|mongo\w*|oracle|mssql|sqlserver|aurora|cassandra|cockroach\w*|\w{3,}db)\b"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?!XX)(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OTHER = Signal("other", "", 0, "other")
_QUANTILE = re.compile(r"\bp?(50|75|90|95|99|999)(th)?\b|\b(avg|average|mean|median|max|maximum|min|sum)\b")
_SPARE = re.compile(r"\b(free|freeable|avail|available|usable|idle|remaining|balance)\b")
_RATIO = re.compile(r"\b(ratio|rate|pct|percent|percentage|share|fraction|utili[sz]ation|usage)\b|%")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a metric's name says of it."""

    signal: str
    bad: int
    group: str
    statistic: str
    """``p99``, ``mean``, … or ``''``."""
    ratio: bool
    """Whether it is a share or a rate, not a count."""


def words(name: str) -> str:
    """Return a name as lower-case words.

    Examples
    --------
    >>> words("PodServerLatencyP99(s)"), words("http_server_5xx_rate")
    ('pod server latency p99 s', 'http server 5xx rate')
    """
    return " ".join(re.split(r"[^A-Za-z0-9%]+", _CAMEL.sub(" ", name))).strip().lower()


@lru_cache(maxsize=65_536)
def meaning(name: str) -> Meaning:
    """Say what a metric's name means.

    Examples
    --------
    >>> meaning("container_cpu_cfs_throttled_periods_total").signal
    'throttling'
    >>> meaning("availability.Average").bad, meaning("latency.p99").statistic
    (-1, 'p99')
    >>> meaning("frobnications").signal
    'other'
    """
    text = words(name)
    found = next((signal for signal in SIGNALS if re.search(signal.pattern, text)), _OTHER)
    statistic = _QUANTILE.search(text)
    ratio = bool(_RATIO.search(text))
    bad = found.bad
    if found.name in ("cpu", "memory", "disk", "connections", "pool") and _SPARE.search(text):
        bad = -1
    if found.name == "cache" and re.search(r"\b(miss|misses|evictions?)\b", text):
        bad = 1
    if found.name == "cache" and re.search(r"\bhits?\b", text):
        bad = -1
    return Meaning(found.name, bad, found.group, _statistic(statistic[0]) if statistic else "", ratio)


def is_database(service: str) -> bool:
    """Say whether the name of a service is that of a database.

    Examples
    --------
    >>> is_database("orders-postgres-0"), is_database("checkout")
    (True, False)
    """
    return bool(_DATABASE.search(words(service)))


def _statistic(text: str) -> str:
    if text[-1].isdigit() or text.endswith("th"):
        return "p" + re.sub(r"\D", "", text)
    return {"avg": "mean", "average": "mean", "maximum": "max", "median": "p50"}.get(text, text)


def to_ms(metric: str, unit: str = "") -> float:
    """Return the factor that makes milliseconds of a latency metric, by its unit or name; 1 where neither says.

    Examples
    --------
    >>> to_ms("http_request_duration_seconds"), to_ms("p99_ms"), to_ms("x", "us")
    (1000.0, 1.0, 0.001)
    """
    text = f" {words(metric)} "
    if unit in ("s", "sec", "seconds") or (not unit and (" seconds " in text or " s " in text or " sec " in text)):
        return 1000.0
    if unit in ("us", "µs") or (not unit and (" us " in text or " micros" in text)):
        return 0.001
    if unit == "ns" or (not unit and (" ns " in text or " nanos" in text)):
        return 1e-6
    return 1.0

"""Mechanisms of capacity: pools, timeouts, retries, limits, replicas, logging."""

from __future__ import annotations

import re

from rca.mechanisms.base import Found, Mechanism, alters, either, first, gains, inside, loses, number, within
from rca.mechanisms.diffs import Diff

__all__ = ["CAPACITY"]

_POOL = r"max_?(conn|open|active|idle|pool|thread|worker|size|concurren)|pool|maxconns?|conns?\b|threads?|workers?|concurrency|parallel|slots|semaphore|processes|instances|permits|backlog|queue_?(size|depth|capacity)"
_TIMEOUT = r"timeout|deadline|withtimeout|max_?wait|read_?time|connect_?time|ttl\b|grace|context|budget|after\b|lease|heartbeat|expir\w*|liveness"
_RETRY = r"retr(y|ies)|attempts?|redeliver|backoff|jitter|hedg"
_LIMIT = r"memory|heap|xmx|cpu|limits?|requests|quota|resources|maxmemory|ulimit|storage|disk|iops|shared_buffers|buffer|capacity|throughput|units|rcu|wcu"


def _log_level(diff: Diff) -> Found | None:
    added = diff.lines("gained")
    pattern = r"(log[_.-]?level|LOG_LEVEL|level)\W+.*\b(debug|trace|all)\b|setLevel\(.*DEBUG|logging\.DEBUG|zap\.NewDevelopment|(dump|pprint)\w*\(.*(request|response|body|payload)"
    if any(re.search(pattern, line, re.IGNORECASE) for line in added):
        return Found(0.9, f"more is logged: “{first(added, pattern)}”")
    return gains(r"\blog(ger)?\w*[.(]|console\.log|print(ln|f)?\(|fmt\.Print", "a line of log is new", strength=0.25)(
        diff
    )


CAPACITY: tuple[Mechanism, ...] = (
    Mechanism("pool_lowered", "a pool or its concurrency became smaller", number(_POOL, "a ceiling fell", falls=True, unless=r"idle_?time|timeout|lifetime|period|interval"),
              {"pool": 1.0, "threads": 0.9, "connections": 0.5, "queue": 0.7, "timeout": 0.5, "latency": 0.5, "throttle": 0.2}),
    Mechanism("pool_raised", "a pool or its concurrency became larger", number(_POOL, "a ceiling rose", falls=False, unless=r"idle_?time|timeout|lifetime|period|interval|idle", strength=0.7),
              {"connections": 1.0, "db_cpu": 0.6, "memory": 0.6, "throttle": 0.7, "deadlock": 0.3, "cpu": 0.4}, shows="callees"),
    Mechanism("timeout_lowered", "a time limit became shorter", number(_TIMEOUT, "a time limit fell", falls=True),
              {"timeout": 1.0, "cancelled": 0.9, "errors": 0.3, "refused": 0.2, "breaker": 0.5, "probe": 0.8}, kind="dependency", shows="callees"),
    Mechanism("timeout_raised", "a time limit became longer or is gone",
              either(number(_TIMEOUT, "a time limit rose", falls=False, strength=0.8), loses(r"timeout|deadline|WithTimeout|WithDeadline", "a time limit is gone", unless=r"timeout|deadline", strength=0.9)),
              {"threads": 0.9, "pool": 0.8, "queue": 0.7, "latency": 0.6, "memory": 0.3, "connections": 0.5}, shows="callers"),
    Mechanism("retries_raised", "failed calls are repeated more often or sooner",
              either(number(_RETRY, "retries rose", falls=False, unless=r"backoff|delay|wait|interval"), number(r"backoff|retry_?(delay|wait|interval)|initialinterval", "a pause between retries fell", falls=True),
                     loses(r"backoff|jitter|exponential|(sleep|delay|wait)\w*\(.*(attempt|retr|tries)|2\s*\*\*\s*\w+|1\s*<<\s*\w*(attempt|tries|retr)", "pauses between retries are gone", unless=r"backoff|jitter"), gains(r"retry|retries|max_?attempts|@Retryable", "retries are new", strength=0.6)),
              {"retries": 1.0, "surge": 0.6, "throttle": 0.6, "timeout": 0.2, "latency": 0.3, "queue": 0.4, "duplicate": 0.6, "connections": 0.3}, kind="dependency", shows="callees"),
    Mechanism("retries_lowered", "failed calls are repeated less", number(_RETRY, "retries fell", falls=True, unless=r"backoff|delay|wait|interval", strength=0.8),
              {"errors": 0.5, "timeout": 0.4, "refused": 0.4, "throttle": 0.3}, kind="dependency"),
    Mechanism("limit_lowered", "a limit of memory, CPU, rate or quota became lower", number(_LIMIT, "a limit fell", falls=True, unless=r"timeout|period|interval"),
              {"memory": 0.9, "restart": 0.9, "throttled": 1.0, "cpu": 0.7, "throttle": 0.9, "disk": 0.5, "gc": 0.5, "queue": 0.4, "latency": 0.3}, kind="runtime"),
    Mechanism("rate_limit", "a rate limit or breaker is stricter",
              either(number(r"rate|rps|qps|burst|threshold|breaker|permits|token|bucket|fill|per_?(second|sec|minute|min|hour)|minimumnumberofcalls|max_?requests", "a threshold moved", falls=True, strength=0.9), inside(r"rate.?limit|throttl|limiter|breaker|resilience", "what limits changed", strength=0.5), gains(r"rate.?limit|RateLimiter|throttl|limiter|CircuitBreaker|breaker", "a limiter is new", strength=0.7)),
              {"throttle": 1.0, "breaker": 1.0, "rejected": 0.9, "errors": 0.3}, shows="callers"),
    Mechanism("size_limit", "less fits into a message", number(r"(max|limit)\w*(message|msg|body|payload|recv|receive|upload|packet|record|frame|header)|(body|payload|message|upload|packet|record)\w*(size|limit|length)|max_allowed|content_?length", "a limit of size fell", falls=True),
              {"too_large": 1.0, "errors": 0.3, "decode": 0.3, "refused": 0.2}, kind="defect"),
    Mechanism("replicas_lowered", "fewer replicas", number(r"\breplicas?|min_?(replicas|instances|size)|desired|nodes|shards|maxreplicas|maxsurge|maxunavailable", "fewer replicas", falls=True),
              {"cpu": 0.8, "queue": 0.8, "latency": 0.6, "timeout": 0.4, "threads": 0.5, "throttled": 0.6}, kind="runtime"),
    Mechanism("more_logging", "more is logged", _log_level,
              {"disk": 0.9, "cpu": 0.5, "log_volume": 1.0, "latency": 0.3, "memory": 0.2}, kind="runtime"),
    Mechanism("schedule", "when something runs changed, or a job is new",
              either(number(r"cron|interval|period|every|schedule|tick", "an interval fell", falls=True, strength=0.8), alters(r"\b(schedule|cron\w*)\W{1,4}[\"'*\d@]|concurrencyPolicy", "when it runs changed", strength=0.8), gains(r"@Scheduled|cron|schedule|setInterval|time\.NewTicker|ticker|celery|periodic|backfill|reindex|vacuum|batch_?job", "a job is new", strength=0.5)),
              {"db_cpu": 0.6, "cpu": 0.6, "surge": 0.5, "deadlock": 0.4, "throttle": 0.5, "latency": 0.3, "memory": 0.2, "queue": 0.4, "disk": 0.4}, shows="callees"),
    Mechanism("probe_changed", "how health is judged changed",
              either(within(r"livenessProbe|readinessProbe|startupProbe|healthcheck|health_check", r"\b(path|port|command|exec|scheme|url|test|interval|seconds|threshold)\b", "what a probe asks changed"), number(r"probe|liveness|readiness|startup|healthcheck|failurethreshold|initialdelay", "a probe changed", falls=None, strength=0.9), gains(r"livenessProbe|readinessProbe|startupProbe|healthcheck", "a probe is new", strength=0.7), loses(r"livenessProbe|readinessProbe|preStop|terminationGracePeriod|startupProbe", "a probe is gone")),
              {"restart": 1.0, "refused": 0.6, "probe": 1.0, "errors": 0.2}, shows="callers"),
)  # fmt: skip
"""What settings of capacity can do."""

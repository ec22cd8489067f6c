"""Names of the columns of a wide table: which part is the service, which the metric."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from rca.ingest.metrics.series import SERVICE_LABELS, split_series
from rca.ingest.tables.names import find, normal

__all__ = ["split_names"]

_HEADS = frozenset((
    "cpu", "mem", "memory", "disk", "net", "network", "http", "https", "grpc", "rpc", "latency", "request", "requests", "response", "responses",
    "error", "errors", "jvm", "go", "golang", "process", "gc", "heap", "thread", "threads", "conn", "connection", "connections", "tcp", "udp", "io",
    "fs", "rx", "tx", "p50", "p90", "p95", "p99", "avg", "mean", "max", "min", "total", "num", "count", "rate", "container", "node", "kube", "system",
    "sys", "swap", "read", "write", "in", "out", "failed", "duration", "bytes", "throughput", "qps", "rps", "tps", "active", "idle", "usage", "used",
    "free", "available", "outbound", "inbound", "uptime", "saturation", "utilization", "availability", "queue", "pool", "messages", "value",
))  # fmt: skip
"""First words that no service's name has: what begins so is a metric."""

_METRIC_WORDS = _HEADS | {
    "load", "user", "cache", "hit", "miss", "success", "fail", "time", "page", "file", "client", "server", "status", "db", "sql", "query", "queries",
}  # fmt: skip
_SEPARATOR = re.compile(r"::|__|[_.:/| ]")
_STRONG = ("::", "|", "/", ":", "__")


def split_names(names: Sequence[str], *, hint: str, alone: bool) -> dict[str, tuple[str, str, dict[str, str]]]:
    """Return service, metric and labels of each column.

    A prefix is a service where prefixes and endings recur in each other's company (``carts_cpu carts_mem orders_cpu``) and
    are no words of metrics (``cpu_usage cpu_limit mem_usage``).

    Parameters
    ----------
    names
        The columns that are series.
    hint
        Name of the file: the metric of a column that is called ``value``.
    alone
        Whether the service is known otherwise, so that names are metrics as they stand.

    Examples
    --------
    >>> split_names(["carts_cpu", "carts_latency_p99", "orders_cpu"], hint="", alone=False)["carts_latency_p99"]
    ('carts', 'latency_p99', {})
    >>> split_names(["cpu_usage", "cpu_limit", "mem_usage"], hint="", alone=False)["cpu_usage"]
    ('', 'cpu_usage', {})
    """
    result: dict[str, tuple[str, str, dict[str, str]]] = {}
    plain = []
    for name in names:
        if "{" in name:
            metric, labels = split_series(name)
            key = find(labels, SERVICE_LABELS)
            result[name] = (labels.pop(key) if key else "", metric or hint, labels)
        elif normal(name) in {"value", "y", "v"}:
            result[name] = ("", _stem(hint) or name, {})
        else:
            plain.append(name)
    if alone:
        return result | {name: ("", name, {}) for name in plain}
    prefixes, endings = Counter[str](), Counter[str]()
    for name in plain:
        for prefix, _, ending in _splits(name):
            prefixes[prefix] += 1
            endings[ending] += 1
    for name in plain:
        best = max(_splits(name), key=lambda parts: _weight(parts, prefixes, endings), default=("", "", name))
        sure = _weight(best, prefixes, endings)[0] > 1
        result[name] = (best[0], best[2], {}) if best[0] and sure else ("", name, {})
    # Where one lone prefix stands before every column it may be a service or the head of a metric's name.
    services = {result[name][0] for name in plain}
    if len(services) > 1 and "" in services and sum(not result[name][0] for name in plain) * 2 > len(plain):
        return result | {name: ("", name, {}) for name in plain}
    return result


def _stem(hint: str) -> str:
    return hint.replace("\\", "/").rsplit("/", 1)[-1].split(".")[0]


def _splits(name: str) -> list[tuple[str, str, str]]:
    found = []
    for mark in _SEPARATOR.finditer(name):
        prefix, ending = name[: mark.start()], name[mark.end() :]
        strong = mark[0] in _STRONG
        if prefix and ending and (strong or _first_word(prefix) not in _HEADS):
            found.append((prefix, mark[0], ending))
    return found


def _first_word(text: str) -> str:
    return normal(text).split("_")[0]


def _weight(parts: tuple[str, str, str], prefixes: Counter[str], endings: Counter[str]) -> tuple[float, int]:
    prefix, mark, ending = parts
    weight = prefixes[prefix] * endings[ending] * (2 if mark in _STRONG else 1)
    if _first_word(ending) in _METRIC_WORDS and not _first_word(prefix).isdigit():
        weight *= 2  # what follows a service begins like a metric
    return weight, len(prefix)

"""Names of the columns of a wide table: which part is the service, which the metric."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
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
    "kubernetes", "k8s", "docker", "istio", "envoy", "trace", "otel", "aws", "pod",
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
    company = _Company(plain)
    for name in plain:
        best = max(_splits(name), key=company.weight, default=None)
        sure = best is not None and company.weight(best)[0] > 1
        result[name] = (best[0], best[2], {}) if best is not None and sure else ("", name, {})
    result |= _like_the_others(plain, result)
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


class _Company:
    """Which prefixes stand before which endings: services are what stands before the same metrics as others do."""

    def __init__(self, names: Sequence[str]) -> None:
        endings: dict[str, set[str]] = defaultdict(set)
        around: dict[str, set[str]] = defaultdict(set)
        for name in names:
            for prefix, _, ending in _splits(name):
                endings[prefix].add(ending)
                around[ending].add(prefix)
        self._endings = {prefix: frozenset(found) for prefix, found in endings.items()}
        self._around = {ending: Counter(map(self._endings.__getitem__, found)) for ending, found in around.items()}
        self._known: dict[tuple[frozenset[str], str], float] = {}

    def weight(self, parts: tuple[str, str, str]) -> tuple[float, int]:
        """Return how well a prefix goes with the others before the same ending, and its length to tell equals apart."""
        prefix, mark, ending = parts
        weight = self._alike(prefix, ending) * (2 if mark in _STRONG else 1)
        if _first_word(ending) in _METRIC_WORDS and not _first_word(prefix).isdigit():
            weight *= 2  # what follows a service begins like a metric
        return weight, len(prefix)

    def _alike(self, prefix: str, ending: str) -> float:
        """Return the endings that a prefix shares with others, by how much they have the same ones.

        ``shop_istio_requests`` stands before ``total`` as ``shop_cpu_seconds`` does, but before little else that does.
        """
        own = self._endings[prefix]
        if (own, ending) not in self._known:
            total = 0.0
            for other, times in self._around[ending].items():
                total += times * (len(own) if other is own else len(own & other) ** 2 / len(own | other))
            self._known[own, ending] = total
        return self._known[own, ending]


def _like_the_others(
    names: Sequence[str], found: dict[str, tuple[str, str, dict[str, str]]]
) -> dict[str, tuple[str, str, dict[str, str]]]:
    """Split what begins like a metric (``rate-7d9c_cpu``) where it stands before two metrics or more of other services."""
    metrics = Counter(found[name][1] for name in names if found[name][0])
    left = [name for name in names if not found[name][0]]
    marks = ((name, name[: mark.start()], name[mark.end() :]) for name in left for mark in _SEPARATOR.finditer(name))
    fits = [(name, prefix, ending) for name, prefix, ending in marks if prefix and metrics[ending] > 1]
    often = Counter(prefix for _, prefix, _ in fits)
    best: dict[str, tuple[str, str, dict[str, str]]] = {
        name: (prefix, ending, {}) for name, prefix, ending in sorted(fits, key=lambda item: often[item[1]])
    }
    return {name: parts for name, parts in best.items() if often[parts[0]] > 1}

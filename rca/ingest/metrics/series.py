"""Names of series: ``name{label="value"}``, labels as text, and which label names the service."""

from __future__ import annotations

import re

from rca.ingest.exact import loads, text_of
from rca.ingest.tables.names import find

__all__ = ["SERVICE_LABELS", "counter", "labels_of", "service_of", "split_series"]

SERVICE_LABELS = (
    "service_name", "service", "exported_service", "otel_service_name", "app_kubernetes_io_name", "label_app", "app", "application",
    "app_name", "k8s_app", "microservice", "component", "destination_service_name", "destination_workload", "workload", "deployment",
    "k8s_deployment_name", "exported_job", "job", "container", "container_name", "servicename", "dbinstance_identifier", "function_name",
    "cluster_name", "load_balancer", "pod", "pod_name", "instance", "host",
)  # fmt: skip
"""Labels that name a service, the surest first; compared as normal names."""

_SERIES = re.compile(r"([^{]*)\{(.*)\}\s*", re.DOTALL)
_LABEL = re.compile(r'\s*"?([^=",:{}]+?)"?\s*(?:=~?|:)\s*(?:"((?:[^"\\]|\\.)*)"|\'([^\']*)\'|([^,;|"]*))\s*(?:[,;|]|$)')
_ESCAPE = re.compile(r'\\(["\\n])')


def split_series(text: str) -> tuple[str, dict[str, str]]:
    """Return the name and the labels of a series.

    Examples
    --------
    >>> split_series('http_requests_total{service="checkout",code="500"}')
    ('http_requests_total', {'service': 'checkout', 'code': '500'})
    """
    found = _SERIES.fullmatch(text.strip())
    if not found:
        return text.strip(), {}
    labels = labels_of(found[2])
    return found[1].strip() or labels.pop("__name__", ""), labels


def labels_of(text: str | None) -> dict[str, str]:
    """Return labels written as JSON, as ``a="b",c="d"``, ``a=b;c=d`` or ``a:b,c:d``.

    Examples
    --------
    >>> labels_of('{"zone": "a"}'), labels_of("zone=a,rack=7"), labels_of("zone:a")
    ({'zone': 'a'}, {'zone': 'a', 'rack': '7'}, {'zone': 'a'})
    """
    if not text or not text.strip():
        return {}
    word = text.strip()
    if word.startswith("{"):
        try:
            value = loads(word)
        except ValueError:
            word = word[1:].removesuffix("}")
        else:
            return {str(name): text_of(item) for name, item in value.items() if item is not None}
    labels, at = {}, 0
    while at < len(word):
        found = _LABEL.match(word, at)
        if not found:
            labels["labels"] = text
            break
        quoted = found[2]
        labels[found[1].strip()] = (
            _ESCAPE.sub(_unescape, quoted) if quoted is not None else (found[3] or found[4] or "").strip()
        )
        at = found.end()
    return labels


def _unescape(found: re.Match[str]) -> str:
    return "\n" if found[1] == "n" else found[1]


def service_of(labels: dict[str, str]) -> str:
    """Return the service that the labels name, and take that label out; ``''`` where none does.

    Examples
    --------
    >>> labels = {"job": "shop/cart", "code": "500"}
    >>> service_of(labels), labels
    ('cart', {'code': '500', 'service.namespace': 'shop'})
    """
    left = {name: value for name, value in labels.items() if value}
    key = find(left, SERVICE_LABELS)
    if key is None:
        return ""
    value = labels.pop(key)
    if key in {"job", "exported_job"} and "/" in value:
        # OpenTelemetry writes namespace/name into the job.
        labels["service.namespace"], value = value.rsplit("/", 1)
    return value


def counter(name: str) -> bool:
    """Say whether a Prometheus name promises a counter.

    Examples
    --------
    >>> counter("http_requests_total"), counter("up")
    (True, False)
    """
    return name.endswith(("_total", "_bucket", "_count", "_sum"))

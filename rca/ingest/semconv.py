"""Which attributes become columns: stable OpenTelemetry names first, then the older ones, so that nothing counts twice.

Every attribute stays in the map under the key it came with, also one that a column was taken from: the map says what was
written, the column says what it means.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from rca.schema.systems import DB_SYSTEMS

__all__ = ["CALL_KEYS", "KINDS", "RESOURCE_KEYS", "SAMPLING_KEYS", "SPAN_KEYS", "STATUSES", "db_system", "threshold_weight", "weight_from"]  # fmt: skip

KINDS = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
"""Span kinds by their number in OTLP."""

STATUSES = ("UNSET", "OK", "ERROR")
"""Status codes by their number in OTLP."""

RESOURCE_KEYS: Mapping[str, tuple[str, ...]] = {
    "service_name": ("service.name",),
    "service_version": ("service.version",),
    "service_instance_id": ("service.instance.id",),
    "deployment_environment_name": ("deployment.environment.name", "deployment.environment"),
}
"""Columns taken from the resource, or from the span where the resource is silent."""

SPAN_KEYS: Mapping[str, tuple[str, ...]] = {
    "http_request_method": ("http.request.method", "http.method"),
    "http_route": ("http.route",),
    "http_response_status_code": ("http.response.status_code", "http.status_code"),
    "error_type": ("error.type",),
    "server_address": ("server.address", "net.peer.name", "peer.hostname"),
    "db_system_name": ("db.system.name", "db.system", "db.type"),
    "db_namespace": ("db.namespace", "db.name", "db.instance", "db.redis.database_index"),
    "db_collection_name": (
        "db.collection.name",
        "db.sql.table",
        "db.mongodb.collection",
        "db.cassandra.table",
        "db.cosmosdb.container",
        "db.elasticsearch.path_parts.index",
    ),
    "db_operation_name": ("db.operation.name", "db.operation"),
    "db_query_text": ("db.query.text", "db.statement", "sql.query"),
}
"""Columns taken from the span; the first key that has text wins."""

CALL_KEYS = ("composite.count", "span.composite.count", "db.operation.batch.size")
"""How many real calls a span stands for."""

SAMPLING_KEYS = (
    "SampleRate",
    "sampleRate",
    "sampler.param",
    "sampler.type",
    "_sample_rate",
    "_dd.rule_psr",
    "_dd.limit_psr",
    "_dd.agent_psr",
    "sampling.probability",
)
"""What senders write about sampling; :func:`weight_from` reads it."""


def db_system(text: str) -> str:
    """Return the stable name of a database system.

    Examples
    --------
    >>> db_system("mssql"), db_system("MySQL")
    ('microsoft.sql_server', 'mysql')
    """
    plain = text.lower()
    return DB_SYSTEMS.get(plain, plain)


_POWER_OF_NONE = 63


def threshold_weight(tracestate: str) -> float:
    """Return the adjusted count that a W3C tracestate carries (``ot=th:…``, formerly ``ot=p:…``), or 0 where it carries none.

    The threshold is a 56-bit rejection threshold written without its trailing zeros; a span that passed it stands for
    2**56 / (2**56 - threshold) spans (OpenTelemetry, probability sampling). Before thresholds there were powers: a span with
    ``p:3`` stands for 2**3; 63 says that it stands for none, which no weight can, so it is not known.

    Examples
    --------
    >>> threshold_weight("ot=th:8"), threshold_weight("a=b,ot=rv:1;th:c"), threshold_weight("ot=th:0"), threshold_weight("")
    (2.0, 4.0, 1.0, 0.0)
    >>> round(threshold_weight("ot=th:cccccccccccccd"), 9), threshold_weight("ot=r:5;p:3"), threshold_weight("ot=p:63")
    (5.0, 8.0, 0.0)
    """
    power = 0.0
    for member in tracestate.split(","):
        name, _, value = member.strip().partition("=")
        if name.strip() != "ot":
            continue
        for field in value.split(";"):
            key, _, text = field.partition(":")
            if key.strip() == "th" and 1 <= len(text) <= 14:
                try:
                    threshold = int(text.ljust(14, "0"), 16)
                except ValueError:
                    return 0.0
                return 2.0**56 / (2.0**56 - threshold)
            if key.strip() == "p" and text.isdecimal() and len(text) <= 2 and int(text) < _POWER_OF_NONE:
                power = 2.0 ** int(text)
    return power


def weight_from(attributes: Mapping[str, str]) -> float:
    """Return the adjusted count that sampling attributes say, or 0 where they say none.

    Honeycomb's ``SampleRate`` is a count; Jaeger's ``sampler.param`` of a probabilistic sampler and the rates of Datadog are
    probabilities. Where Datadog gives the rates of a rule and of an agent, the rule's decided; what a rule keeps is thinned out
    once more by its limit.

    Examples
    --------
    >>> weight_from({"SampleRate": "20"}), weight_from({"sampler.type": "probabilistic", "sampler.param": "0.1"})
    (20.0, 10.0)
    >>> weight_from({"sampler.type": "const", "sampler.param": "true"}), weight_from({"SampleRate": "0"})
    (0.0, 0.0)
    >>> weight_from({"_dd.rule_psr": "0.5", "_dd.limit_psr": "0.25"})
    8.0
    """
    for key in ("SampleRate", "sampleRate"):
        count = _number(attributes.get(key, ""))
        if count >= 1:
            return count
    chances = ["_dd.rule_psr", "_dd.agent_psr", "_sample_rate", "sampling.probability"]
    if attributes.get("sampler.type", "") in ("probabilistic", "adaptive", "traceidratio", "parentbased_traceidratio"):
        chances.insert(0, "sampler.param")
    for key in chances:
        chance = _number(attributes.get(key, ""))
        if 0 < chance <= 1:
            limit = _number(attributes.get("_dd.limit_psr", "")) if key == "_dd.rule_psr" else 1.0
            return 1.0 / (chance * (limit if 0 < limit <= 1 else 1.0))
    return 0.0


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if math.isfinite(value) else 0.0

"""What failed calls say of themselves: the message of a span that failed is the most telling line there is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import polars as pl

from rca.measures.texts import Text
from rca.mechanisms.symptoms import symptoms_in

__all__ = ["kind_of_text", "kinds_said", "said_of", "span_messages"]

_SAID = (
    ("certificate", frozenset(("certificate", "authority", "tls"))),
    ("dependency", frozenset(("breaker", "provider", "retries"))),
    ("database", frozenset(("pool", "deadlock", "relation", "column", "constraint", "slow_query", "connections", "failover"))),
    ("network", frozenset(("dns", "network", "refused", "reset"))),
    ("runtime", frozenset(("memory", "gc", "threads", "fd", "restart", "throttled", "disk", "probe"))),
    ("dependency", frozenset(("timeout", "throttle", "callee"))),
)  # fmt: skip
"""Kinds of fault that symptoms in messages speak of, the most telling first."""
_EMPTY = frozenset(("errors", "latency", "rejected", "callee"))
"""Symptoms that say that something failed, and not why."""
_SURGE = 3.0
"""Root of the likelihood-ratio statistic from which a message counts as surging."""


def said_of(seen: Sequence[str]) -> str:
    """Return the kind of fault that the symptoms of a message speak of; ``"defect"`` where they name none of the others.

    A message may show several (“unavailable: breaker open”): the kinds are asked in the order of how much each says.

    Examples
    --------
    >>> said_of(["breaker", "refused"]), said_of(["nil"])
    ('dependency', 'defect')
    """
    return next((kind for kind, names in _SAID if names & set(seen)), "defect")


def kind_of_text(text: str) -> str:
    """Return the kind of fault that a message speaks of; empty where it does not say why it failed.

    Examples
    --------
    >>> kind_of_text("ConnectError: [Errno -2] Name or service not known"), kind_of_text("502")
    ('network', '')
    """
    if not any(len(word) > 3 and word.isalpha() for word in text.replace(":", " ").split()):
        return ""  # a bare code
    seen = symptoms_in(text)
    return said_of(seen) if set(seen) - _EMPTY else ""


def kinds_said(texts: Sequence[Text]) -> Mapping[str, Mapping[str, tuple[float, str]]]:
    """Return for each service the kinds of fault that its failed spans speak of: share of the telling ones, and one message.

    Behind an open breaker few calls are made, so the few that are need not surge to say what opened it.
    """
    shut = {item.service_name for item in texts if item.surge > _SURGE and "breaker" in symptoms_in(item.text)}
    weights: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    examples: dict[tuple[str, str], str] = {}
    for item in texts:
        kind = kind_of_text(item.text)
        is_new = item.surge > _SURGE or (item.service_name in shut and item.during > 0 and not item.before)
        if item.duration_ns and is_new and kind:
            weights[item.service_name][kind] += item.during - item.before
            examples.setdefault((item.service_name, kind), item.text)
    return {
        service: {kind: (value / sum(found.values()), examples[service, kind]) for kind, value in found.items()}
        for service, found in weights.items()
    }


def span_messages(texts: Sequence[Text]) -> pl.DataFrame:
    """Return messages of failed spans that say why, as rows of :func:`rca.measures.logs.log_shifts`."""
    rows = [
        (item.service_name, item.text, 17, item.before, item.during, item.surge, item.text)
        for item in texts
        if item.duration_ns and kind_of_text(item.text)
    ]
    schema = {
        "service_name": pl.String, "template": pl.String, "severity_number": pl.Int32, "before": pl.Float64,
        "during": pl.Float64, "shift": pl.Float64, "example": pl.String,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")

"""Identifiers of what services say: words by which a message and a diff speak of the same thing."""

from __future__ import annotations

from collections import Counter

from rca.measures.texts import Text
from rca.mechanisms.diffs import tokens

__all__ = ["telling_words"]

_STOP = frozenset(
    ("the", "and", "for", "with", "not", "from", "this", "that", "was", "were", "has", "have", "failed", "error", "errors", "err", "exception", "request", "requests", "response", "status", "message", "call", "called", "returned", "return", "null", "nil", "none", "true", "false", "context", "log", "info", "warn", "string", "value", "values", "type", "data", "code", "http", "https", "com", "net", "org", "svc", "cluster", "local", "after", "before", "into", "out", "func", "new", "get", "set", "one", "two", "int", "list", "items", "item", "line", "name", "service", "services", "upstream", "downstream", "caller", "client", "server", "connection", "timeout", "time", "ctx", "self", "args", "kwargs", "main", "run", "handle", "handler")
)  # fmt: skip
"""Words that messages are full of anyway."""


def telling_words(
    texts: tuple[Text, ...], said: tuple[str, ...], usual: Counter[str], stems: set[str]
) -> dict[str, float]:
    """Return identifiers of texts with weights from 0 to 1: those that few texts hold and none held before weigh most."""
    pieces = [(item.text, 1.0 if item.is_error else 0.6) for item in texts] + [(text, 0.8) for text in said]
    held: Counter[str] = Counter()
    best: dict[str, float] = {}
    for text, weight in pieces:
        for word in tokens(text):
            held[word] += 1
            best[word] = max(best.get(word, 0.0), weight)
    return {
        word: weight / (1 + usual[word]) / (1 + 0.1 * held[word])
        for word, weight in best.items()
        if word not in _STOP and word not in stems and len(word) > 3
    }

"""Which service a path belongs to: directories and service names seldom agree to the letter."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["is_shared", "services_of", "stem"]

_SUFFIX = re.compile(r"[-_.]?(service|svc|server|srv|api|app|worker|backend|deployment|microservice|prod|production)$")
_SHARED = re.compile(
    r"(^|/)(pkg|lib|libs|common|shared|internal|core|platform|packages|vendor|third_party|util|utils|sdk|proto|protos|base|framework|go\.mod|package\.json|requirements\S*\.txt|pom\.xml)(/|$)"
)
_GENERIC = frozenset(
    (
        "services",
        "service",
        "src",
        "app",
        "apps",
        "cmd",
        "deploy",
        "config",
        "charts",
        "k8s",
        "helm",
        "main",
        "api",
        "web",
        "client",
        "test",
        "docs",
        "db",
        "pkg",
        "lib",
        "internal",
        "java",
        "com",
        "org",
    )
)
_SCOPE = re.compile(r"^\w+\(([\w./-]+)\)|#([\w-]{2,})")


def stem(name: str) -> str:
    """Return a service's name without what says only that it is one.

    Examples
    --------
    >>> [stem(name) for name in ("paymentservice", "ai-memory-svc", "frontend", "user_api")]
    ['payment', 'ai-memory', 'frontend', 'user']
    """
    text = name.lower().replace("_", "-")
    while True:
        shorter = _SUFFIX.sub("", text)
        if shorter == text or len(shorter) < 2:
            return text
        text = shorter


def services_of(paths: Iterable[str], services: Iterable[str], title: str = "") -> dict[str, float]:
    """Return the services that paths (or the scope in a commit's title) belong to, with how sure that is.

    Examples
    --------
    >>> services_of(["services/payment/charge.go"], ["paymentservice", "cartservice"])
    {'paymentservice': 1.0}
    >>> services_of(["scorer.go"], ["recommendationservice"], "feat(reco): log scores")
    {'recommendationservice': 0.6}
    """
    known = {name: stem(name) for name in services if name}
    out: dict[str, float] = {}
    for path in paths:
        parts = [stem(part) for part in path.lower().split("/")[:-1]]
        for name, short in known.items():
            sure = max((_same(part, short) for part in parts), default=0.0)
            if sure:
                out[name] = max(out.get(name, 0.0), sure)
    scope = _SCOPE.search(title)
    if scope and not out:
        word = stem((scope[1] or scope[2]).lower())
        for name, short in known.items():
            if len(word) >= 3 and (short.startswith(word) or word.startswith(short)) and word not in _GENERIC:
                out[name] = 0.6
    best = max(out.values(), default=0.0)
    return {name: sure for name, sure in out.items() if sure >= 0.6 * best}


def _same(part: str, short: str) -> float:
    if part == short:
        return 1.0
    if part in _GENERIC or len(part) < 4 or len(short) < 4:
        return 0.0
    flat, other = part.replace("-", ""), short.replace("-", "")
    if flat == other:
        return 1.0
    return 0.7 if other.startswith(flat) or flat.startswith(other) else 0.0


def is_shared(paths: Iterable[str]) -> bool:
    """Say whether a path lies in code that several services share.

    Examples
    --------
    >>> is_shared(["pkg/db/pool.go"]), is_shared(["services/cart/main.go"])
    (True, False)
    """
    return any(_SHARED.search(path) for path in paths)

"""H3: the process itself: garbage collection, CPU throttling, a full thread pool, memory."""

from __future__ import annotations

from rca.hypotheses.base import Hypothesis
from rca.hypotheses.evidence import error_words, excess_in, saturated
from rca.hypotheses.origin import begins_as

__all__ = ["RUNTIME"]

_WORDS = (
    r"out of memory|outofmemory|oomkill|heap space|gc overhead|garbage collect|gc pause|thread.?pool|rejectedexecution|"
    r"queue (?:is )?full|worker (?:pool|queue)|cpu thrott|event loop (?:lag|blocked)|stop.the.world|goroutine|memory limit|"
    r"too many open files|resource temporarily unavailable|evict"
)

RUNTIME = Hypothesis(
    id="H3",
    title="runtime: GC, CPU throttling, thread pool, memory",
    prior_decibans=-5.0,
    place="own",
    tests=(
        excess_in("own", "the service's own process"),
        begins_as("runtime"),
        saturated("CPU throttling", "throttling", cap=6.0),
        saturated("CPU", "cpu", cap=6.0),
        saturated("pool and queue", "pool", "queue", cap=6.0),
        saturated("garbage collection and memory", "gc", "memory", cap=6.0),
        error_words("errors of the runtime", _WORDS),
    ),
    experiments=(
        "raise the CPU limit of one replica",
        "enlarge the worker pool on a canary",
        "restart one replica and watch it",
    ),
    tried_by={"limit": "raise the CPU limit of one replica"},
    remediation="raise the limit or add replicas; shed load",
)

"""H3: the process itself: garbage collection, CPU throttling, a full thread pool, memory."""

from __future__ import annotations

from rca.hypotheses.base import Hypothesis, missing, observation
from rca.hypotheses.evidence import error_words, excess_in, saturated
from rca.hypotheses.observed import Observed
from rca.hypotheses.origin import begins_as
from rca.model import Evidence

__all__ = ["RUNTIME"]

_WORDS = (
    r"out of memory|outofmemory|oomkill|heap space|gc overhead|garbage collect|gc pause|thread.?pool|rejectedexecution|"
    r"queue (?:is )?full|worker (?:pool|queue)|cpu thrott|event loop (?:lag|blocked)|stop.the.world|goroutine|memory limit|"
    r"too many open files|resource temporarily unavailable|evict"
)


def waits_to_be_served(observed: Observed) -> Evidence:
    """Ask whether requests wait before the service takes them up, which its spans do not hold."""
    name, family = "wait before it is served", "place"
    if observed.p99_by_both is None:
        return missing(name, family, "No histogram of requests stands beside the spans of this service.")
    (metered_before, traced_before), (metered, traced) = observed.p99_by_both
    claim = f"p99 by the service's histogram {metered_before:,.0f} → {metered:,.0f} ms, by its spans {traced_before:,.0f} → {traced:,.0f} ms."
    if not observed.waits_first:
        return observation(name, family, 0.0, claim, source="elicited")
    if observed.busier:
        return observation(name, family, 0.0, f"{claim} More requests explain it.", source="a consequence")
    return observation(name, family, 9.0, f"{claim} They wait for a worker.", source="elicited")


RUNTIME = Hypothesis(
    id="H3",
    title="runtime: GC, CPU throttling, thread pool, memory",
    prior_decibans=-5.0,
    place="own",
    tests=(
        excess_in("own", "the service's own process"),
        waits_to_be_served,
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

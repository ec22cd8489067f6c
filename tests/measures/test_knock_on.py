"""What waits follows from what is slow, and is a cause only where nothing else stands out."""

from __future__ import annotations

import pytest

from rca.measures.knock_on import blames_others, causes, plain_cause
from rca.measures.services import Clue, Ranked, weight_of


def suspect(name, *clues):
    return Ranked(name, weight_of(clues), clues)


QUEUE = Clue("metric", "queue", 80.0, "its queue grew")
THROTTLED = Clue("metric", "throttling", 40.0, "it is throttled")


def test_a_queue_alone_is_a_cause():
    ranked = [suspect("a", QUEUE)]
    assert plain_cause(ranked) is None
    assert causes(ranked) == ranked


@pytest.mark.parametrize(
    "cause",
    [
        THROTTLED,
        Clue("own_time", "latency", 25.0, "it takes longer"),
        Clue("edge", "network", 30.0, "b to c: 2 → 500 ms between them"),
        Clue("metric", "db_scan", 50.0, "it reads whole tables"),
    ],
)
def test_anything_slow_further_down_outranks_the_queue_before_it(cause):
    found = causes([suspect("a", QUEUE), suspect("c", cause)])
    assert [item.service_name for item in found] == ["c", "a"]
    assert found[1].score == pytest.approx(20.0)


def test_more_requests_explain_a_queue_by_themselves():
    assert causes([suspect("a", QUEUE)], busier=True)[0].score == pytest.approx(20.0)


def test_the_wait_before_a_service_with_a_queue_is_no_gap_of_the_network():
    gap = Clue("edge", "network", 70.0, "gateway to a: 2 → 900 ms between them")
    found = causes([suspect("a", QUEUE, gap, THROTTLED), suspect("gateway", gap)])
    assert found[0].service_name == "a"
    assert found[0].clues[0] == THROTTLED


def test_a_caller_that_complains_is_believed_about_the_one_it_calls():
    complaint = Clue(
        "log", "log_errors", 60.0, "complains “dependency unavailable: breaker open” in 98 of 106 requests"
    )
    assert blames_others(complaint)
    fails = Clue("own_time", "errors", 18.0, "it fails by itself in 40 % of calls")
    ranked = [suspect("a", complaint), suspect("b", fails)]
    assert causes(ranked)[0].service_name == "b"
    assert causes(ranked[:1])[0].score == pytest.approx(60.0)  # nobody else fails: its word is all there is


def test_an_excuse_is_kept():
    excused = Ranked("a", 28.0, (QUEUE,), blamed="b")
    found = causes([excused, suspect("b", THROTTLED)])
    assert next(item for item in found if item.service_name == "a").score == pytest.approx(7.0)

"""What kind of fault shows where an incident begins, however deep that is."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from rca.hypotheses.origin import KINDS, began_elsewhere, begins_as, kinds_of, origin
from rca.measures.services import Clue, Ranked, weight_of


def seen(*suspects, failed=None, busier=False, here="shop"):
    found = SimpleNamespace(
        suspects=list(suspects), failed_spans=failed or {}, busier=busier, why={}, incident=SimpleNamespace(service_name=here)
    )  # fmt: skip
    found.origin = origin(found)
    return found


def suspect(name, *clues):
    return Ranked(name, weight_of(clues), clues)


SLOW = Clue("own_time", "latency", 40.0, "it takes longer by its own clock")
GAP = Clue("edge", "network", 40.0, "shop to stock: 2 → 300 ms between them")
SCAN = Clue("metric", "db_scan", 40.0, "whole tables are read")
STARVED = Clue("metric", "throttling", 40.0, "it is throttled")
RAISED = Clue("log", "log_errors", 40.0, "complains “NullPointerException in total()” in 9 of 10 requests")


@pytest.mark.parametrize(
    ("service", "clue", "kind"),
    [
        ("stock", SLOW, "dependency"),
        ("shop", SLOW, "runtime"),
        ("stock", GAP, "network"),
        ("postgres", SCAN, "database"),
        ("postgres", Clue("metric", "cpu", 40.0, "busy"), "database"),
        ("stock", STARVED, "runtime"),
        ("stock", RAISED, "defect"),
        ("shop", Clue("metric", "breaker", 40.0, "the breaker is open"), "dependency"),
    ],
)
def test_the_plainest_clue_tells_the_kind(service, clue, kind):
    shares = seen(suspect(service, clue)).origin.shares
    assert max(shares, key=shares.get) == kind
    assert sum(shares.values()) == pytest.approx(1.0)


def test_nobody_stands_out():
    calm = seen(suspect("stock", Clue("metric", "cpu", 4.0, "a little")))
    assert calm.origin is None
    assert begins_as("runtime")(calm).missing


def test_own_slowness_and_gaps_together_are_a_starved_process():
    found, _ = kinds_of(suspect("stock", SLOW, GAP), "shop")
    assert found["runtime"] == 40.0 > found["network"]


def test_weights_grow_with_how_plainly_it_stands_out_and_sum_over_services():
    faint, plain = (Clue("metric", "throttling", value, "throttled") for value in (12.0, 40.0))
    weights = [begins_as("runtime")(seen(suspect("stock", clue))).decibans for clue in (faint, plain)]
    assert 0 < weights[0] < weights[1] <= 10.0
    against = [begins_as(kind)(seen(suspect("stock", plain))).decibans for kind in KINDS if kind != "runtime"]
    assert all(value < 0 for value in against)


def test_it_began_elsewhere_only_where_that_service_shows_why():
    assert began_elsewhere(seen(suspect("stock", STARVED))).service_name == "stock"
    assert began_elsewhere(seen(suspect("stock", SLOW))) is None  # slow, and nothing says why: a dependency
    assert began_elsewhere(seen(suspect("shop", STARVED))) is None


def test_failed_spans_outweigh_that_calls_fail():
    breaker = Clue("metric", "breaker", 40.0, "the breaker is open")
    lost = {"shop": {"network": (0.9, "Name or service not known")}}
    shares = seen(suspect("shop", breaker), failed=lost).origin.shares
    assert max(shares, key=shares.get) == "network"
    few = {"shop": {"network": (0.2, "Name or service not known"), "dependency": (0.8, "timed out")}}
    shares = seen(suspect("shop", breaker), failed=few).origin.shares
    assert max(shares, key=shares.get) == "dependency"


def test_with_more_requests_what_begins_here_weighs_less():
    clue = Clue("metric", "cpu", 40.0, "busy")
    calm, busy = (begins_as("runtime")(seen(suspect("shop", clue), busier=value)).decibans for value in (False, True))
    assert 0 < busy < calm

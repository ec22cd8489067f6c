"""A change is weighed by whether the incident begins where it lies."""

from __future__ import annotations

import pytest

from rca.measures.calls import CallGraph
from rca.measures.periods import Periods
from rca.measures.services import Clue, Ranked
from rca.mechanisms.candidates import Candidate
from rca.mechanisms.scene import Scene
from rca.mechanisms.standing import where_it_begins
from rca.model import Incident, Window

SLOW = Clue("own_time", "latency", 60.0, "it takes longer")
GAP = Clue("edge", "network", 60.0, "shop to stock: 2 → 500 ms between them")


def weigh(touched, *standing, known=False):
    scene = Scene(
        Incident("shop", start=10, end=20), Periods(Window(0, 10), Window(10, 20)), CallGraph(), standing=standing
    )
    change = Candidate(kind="deploy", time_ns=5, live_ns=5, service_name=touched, services={touched: 1.0})
    found = where_it_begins(scene, change, known=known)
    return found[0] if found else 0.0


def test_at_the_service_that_stands_out_it_gains_and_elsewhere_it_loses():
    stands = (Ranked("stock", 60.0, (SLOW,)), Ranked("prices", 5.0, ()))
    assert weigh("stock", *stands) > 0 > weigh("prices", *stands)


def test_where_nobody_stands_out_it_says_nothing():
    assert weigh("stock", Ranked("stock", 12.0, (SLOW,))) == 0.0
    assert weigh("stock") == 0.0


@pytest.mark.parametrize("touched", ["stock", "shop"])
def test_a_gap_on_the_way_is_no_trait_of_either_end(touched):
    assert weigh(touched, Ranked("stock", 60.0, (GAP,))) < 0
    assert weigh(touched, Ranked("stock", 60.0, (GAP,)), known=True) <= 0


def test_a_database_stands_for_the_service_that_works_it():
    stands = (Ranked("postgres", 60.0, (SLOW,)), Ranked("shop", 40.0, (SLOW,)), Ranked("stock", 0.0, ()))
    assert weigh("shop", *stands) > 0 > weigh("stock", *stands)
    assert weigh("postgres", *stands) > 0

"""A flag is tied to the change that brought the code behind it."""

from __future__ import annotations

from rca.mechanisms.candidates import Candidate, _guarded
from rca.mechanisms.diffs import parse_diff

CODE = parse_diff("--- a/x.py\n+++ b/x.py\n@@ -1 +1,2 @@\n+if flags.on('quick_totals'):\n+    total = fast(lines)\n")


def deploy(at, **more):
    return Candidate(kind="deploy", time_ns=at, live_ns=at, revision=f"{at:040x}", service_name="shop", **more)


def flag(at, to="on", key="quick-totals", **more):
    return Candidate(
        kind="flag", time_ns=at, live_ns=at, feature_flag_key=key, service_name="shop", to_value=to, **more
    )


def test_the_code_is_dated_by_its_flag_and_taken_back_with_it():
    brought, switched = _guarded([deploy(10, diff=CODE), flag(50, undone_ns=90)], end_ns=100)
    assert (brought.switched_ns, brought.undone_ns) == (50, 90)
    assert switched.switches == brought.name


def test_what_was_taken_back_first_counts():
    brought, _ = _guarded([deploy(10, diff=CODE, undone_ns=95), flag(50, undone_ns=90)], end_ns=100)
    assert brought.undone_ns == 90


def test_the_last_change_that_names_the_flag_is_meant():
    first, second, _ = _guarded([deploy(10, diff=CODE), deploy(20, diff=CODE), flag(50)], end_ns=100)
    assert (first.switched_ns, second.switched_ns) == (None, 50)


def test_a_flag_that_is_turned_off_or_short_or_earlier_or_not_named_ties_nothing():
    for other in (flag(50, to="off"), flag(50, key="a"), flag(5), flag(50, key="other_totals_entirely")):
        found = _guarded([deploy(10, diff=CODE), other], end_ns=100)
        assert not any(item.switches or item.switched_ns for item in found)

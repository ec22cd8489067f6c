"""A change without a diff is read by what it says of itself, and one that says nothing is not."""

from __future__ import annotations

import pytest

from rca.mechanisms.described import described
from rca.mechanisms.doing import MECHANISMS
from rca.mechanisms.facts import changed_numbers


def row(kind="config", title="", key="", before="", after=""):
    return {"kind": kind, "title": title, "key": key, "from_value": before, "to_value": after}


@pytest.mark.parametrize(
    ("change", "mechanism"),
    [
        (row("scale", "basket CPU limit 600m -> 158m", "resources.limits.cpu", "600m", "158m"), "limit_lowered"),
        (row("scale", "fewer", "replicas", "6", "2"), "replicas_lowered"),
        (row("config", "connection pool size 40 → 4"), "pool_lowered"),
        (row("config", "retries 0 -> 3"), "retries_raised"),
        (row("config", "upstream timeout 5 s => 300 ms"), "timeout_lowered"),
        (row("migration", "drop unused index orders_buyer_idx"), "index_lost"),
        (row("config", "random_page_cost 1.1 -> 40"), "planner_changed"),
    ],
)
def test_what_it_says_is_a_mechanism(change, mechanism):
    diff = described(change)
    found = [item.name for item in MECHANISMS if item.find(diff) is not None]
    assert mechanism in found


@pytest.mark.parametrize("kind", ["deploy", "flag", "commit"])
def test_a_version_or_a_name_says_nothing(kind):
    assert described(row(kind, "basket 1.2.0 -> 1.3.0", "", "1.2.0", "1.3.0")).is_empty


def test_a_change_that_says_nothing_is_empty():
    assert described(row()).is_empty


def test_the_same_pair_is_not_read_twice():
    diff = described(row("scale", "replicas 6 -> 2", "replicas", "6", "2"))
    assert [(item.before, item.after) for item in changed_numbers(diff)] == [(6.0, 2.0)]

"""Verdicts by other tools' published rules, beside the house's own."""

from __future__ import annotations

import pytest

from rca.errors import OptionError
from rca.findings.repeated import repeated_queries

SQL = {"db_system_name": "postgresql", "span_kind": "CLIENT"}


def request(make_span, n, *, source=True, each=20, step=None, text="SELECT * FROM offers WHERE id = {}", **more):
    """A request: perhaps one list, then so many look-ups."""
    digest = "select * from offers where id = ?"
    rows = [make_span(1, "root", length=5000, span_kind="SERVER", http_route="/cart")]
    if source:
        rows.append(
            make_span(1, "list", "root", start=1, length=4, db_query_text="SELECT 1", db_query_digest="x", **SQL)
        )
    for at in range(n):
        length = each(at) if callable(each) else each
        start = 10 + at * (step if step is not None else 30)
        same = {"db_query_text": text.format(at), "db_query_digest": digest}
        rows.append(make_span(1, f"q{at}", "root", start=start, length=length, **(SQL | same | more)))
    return rows


def verdicts(store):
    found = {}
    for preset in (None, "sentry", "perf-sentinel"):
        table = repeated_queries(store, preset=preset).table
        flagged = table.filter(table["pattern"] != "none")
        found[preset or "rca"] = [(row["pattern"], row["calls"]) for row in flagged.to_dicts()]
    return found


LOOP = [("n_plus_one", 6)]


@pytest.mark.parametrize(
    ("given", "rca", "sentry", "sentinel"),
    [
        ({"n": 6}, LOOP, LOOP, LOOP),
        ({"n": 6, "each": 3}, LOOP, [], LOOP),  # fast: 18 ms in all
        ({"n": 6, "source": False}, LOOP, [], LOOP),
        ({"n": 6, "step": 200, "each": 190}, LOOP, LOOP, []),  # longer than the window
        ({"n": 6, "step": 1}, [("fan_out", 6)], [], LOOP),
        ({"n": 4}, [], [], []),
        ({"n": 6, "text": "SELECT * FROM offers WHERE id = $1"}, LOOP, LOOP, []),
        ({"n": 6, "text": "SELECT * FROM offers WHERE id = 7"}, [("redundant", 6)], LOOP, [("redundant", 6)]),
        ({"n": 2, "text": "SELECT * FROM offers WHERE id = 7"}, [], [], [("redundant", 2)]),
        ({"n": 6, "text": "SELECT * FROM offers WHERE id IN ({}, ..."}, LOOP, [], LOOP),
        ({"n": 6, "text": "GET cart:{}", "db_query_digest": "GET cart:?", "db_system_name": "redis"}, LOOP, [], []),
    ],
    ids=["plain", "fast", "no-source", "slow", "concurrent", "four", "sanitised", "equal", "twice", "cut-off", "redis"],
)
def test_each_tool_by_its_own_rules(spans_store, make_span, given, rca, sentry, sentinel):
    rows = request(make_span, **given)
    assert verdicts(spans_store(rows)) == {"rca": rca, "sentry": sentry, "perf-sentinel": sentinel}


def test_a_span_in_between_ends_a_run_of_sentry_alone(spans_store, make_span):
    rows = request(make_span, 6)
    rows += [make_span(1, f"map{at}", "root", start=31 + at * 30, length=1) for at in range(6)]
    assert verdicts(spans_store(rows)) == {"rca": LOOP, "sentry": [], "perf-sentinel": LOOP}


def test_the_last_of_a_run_may_be_the_source_of_the_next(spans_store, make_span):
    rows = request(make_span, 6)
    other = {"db_query_text": "SELECT b", "db_query_digest": "select b"}
    rows += [make_span(1, f"b{at}", "root", start=300 + at * 30, length=20, **SQL, **other) for at in range(5)]
    table = repeated_queries(spans_store(rows), preset="sentry").table
    assert sorted(table["calls"]) == [5, 6]


def test_lengths_that_vary_stand_for_parameters_that_are_not_known(spans_store, make_span):
    rows = request(make_span, 6, each=lambda at: 2 + 12 * (at % 2), text="SELECT * FROM offers WHERE id = ?")
    assert verdicts(spans_store(rows))["perf-sentinel"] == LOOP


def test_a_preset_that_is_not_there_is_named(spans_store, make_span):
    with pytest.raises(OptionError, match=r"no preset 'sentri'.*sentry"):
        repeated_queries(spans_store(request(make_span, 6)), preset="sentri")


def test_a_preset_says_that_it_is_one(spans_store, make_span):
    found = repeated_queries(spans_store(request(make_span, 6)), preset="sentry")
    assert "Sentry" in found.caveats[0]
    assert found.table["critical_ms"][0] == pytest.approx(120)

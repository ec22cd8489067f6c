"""Findings from traces, on one incident whose numbers are known."""

from __future__ import annotations

import pytest

import rca
from rca.errors import NoDataError, OptionError
from rca.findings.compare_traces import compare_traces
from rca.findings.dependencies import dependencies
from rca.findings.queries_per_request import queries_per_request
from rca.findings.repeated import repeated_queries
from rca.findings.what_if import what_if


def counts(finding):
    return {(row["period"], row["calls"]): row["requests"] for row in finding.table.to_dicts()}


def test_queries_are_counted_below_the_entry_span_alone(outbreak, incident):
    found = queries_per_request(outbreak, incident)
    assert counts(found) == {("before", 1): 60.0, ("during", 12): 60.0}
    assert (found.effect.before, found.effect.after) == (1.0, 12.0)
    assert 10 < found.effect.low < 11 < found.effect.high < 11.5, (
        "a few requests may make other numbers of calls, unseen"
    )
    assert "at 13 calls" in found.effect.method
    assert (
        found.details["repeats"][0]
        | {"db_query_digest": "select * from offers where id = ?", "before": 1.0, "during": 12.0}
        == found.details["repeats"][0]
    )
    assert 11 * 20 <= found.details["p99_ms"]["value"] <= 11 * 24
    assert {row["service_version"]: row["mean"] for row in found.details["by_version"]} == {"1.0": 1.0, "1.1": 12.0}
    assert "1 before" in found.claim


def test_without_an_incident_the_roots_are_the_requests(outbreak):
    assert counts(queries_per_request(outbreak)) == {("all", 2): 60.0, ("all", 13): 60.0}


def test_weights_count_requests_not_calls(spans_store, request_spans, incident):
    store = spans_store(
        request_spans(1, -100, 2, weight=4.0) + request_spans(2, 100, 3, weight=10.0) + request_spans(3, 110, 0)
    )
    found = queries_per_request(store, incident)
    assert counts(found) == {("before", 2): 4.0, ("during", 0): 1.0, ("during", 3): 10.0}
    assert found.effect.after == pytest.approx(30 / 11)
    assert found.effect.sampling == pytest.approx(3 / 15)


def test_a_service_that_is_not_there_is_named(outbreak):
    nobody = rca.Incident("chekout", start="2026-03-04T14:10Z", end="2026-03-04T14:20Z", baseline="10m")
    with pytest.raises(NoDataError, match="chekout"):
        queries_per_request(outbreak, nobody)


def test_a_request_inside_a_request_of_the_same_service_counts_its_calls_for_both(spans_store, make_span, incident):
    rows = [
        make_span(1, "a", start=1000, length=100, span_kind="SERVER"),
        make_span(1, "b", "a", start=1010, length=50, span_kind="SERVER"),
        make_span(
            1, "q", "b", start=1020, length=10, span_kind="CLIENT", db_system_name="mysql", db_query_digest="select ?"
        ),
    ]
    assert counts(queries_per_request(spans_store(rows), incident)) == {("during", 1): 2.0}


def test_getting_a_connection_is_no_query(spans_store, make_span, incident):
    rows = [
        make_span(1, "a", start=1000, length=100, span_kind="SERVER"),
        make_span(1, "c", "a", start=1010, span_kind="CLIENT", span_name="connect", db_system_name="postgresql"),
        make_span(1, "q", "a", start=1020, span_kind="CLIENT", span_name="SELECT shop", db_system_name="postgresql"),
    ]
    assert counts(queries_per_request(spans_store(rows), incident)) == {("during", 1): 1.0}


def test_repetition_is_new_and_what_it_costs_is_said(outbreak, incident):
    found = repeated_queries(outbreak, incident)
    assert set(found.table.filter(found.table["pattern"] == "n_plus_one")["calls"]) == {12}
    assert (found.effect.before, found.effect.after) == (0.0, 1.0)
    assert found.effect.low > 0.8
    lead = found.details["targets"][0]
    assert lead["saved_ms"] == pytest.approx(lead["critical_ms"] * 11 / 12, rel=0.01)
    assert len(found.examples) == 3


def test_the_calls_that_became_more_come_first(outbreak, incident):
    found = compare_traces(outbreak, incident)
    lead = found.table.row(0, named=True)
    assert (lead["operation"], lead["calls_before"], lead["calls_during"]) == ("SELECT offers by id", 1.0, 12.0)
    assert "SELECT offers by id: 1 → 12 calls" in found.claim
    # the critical path partitions each request, so that what is added up is the length
    assert found.table["critical_ms_during"].sum() == pytest.approx(found.effect.after)
    assert found.table["critical_ms_before"].sum() == pytest.approx(found.effect.before)
    assert found.table["share_of_excess"].sum() == pytest.approx(1.0)
    assert found.table["self_ms_during"].sum() == pytest.approx(found.effect.after)


def test_a_wrapper_that_is_new_in_the_code_makes_no_new_path(spans_store, make_span, request_spans, incident):
    rows = request_spans(1, -100, 1)
    after = [row for row in request_spans(2, 100, 1) if row["span_id"] != "wrap"]
    rows += [row | {"parent_span_id": "in"} if row["span_id"] == "q0" else row for row in after]
    assert set(compare_traces(spans_store(rows), incident).table["change"]) == {""}


def test_a_call_that_vanished_is_called_so(spans_store, request_spans, incident):
    table = compare_traces(spans_store(request_spans(1, -100, 1) + request_spans(2, 100, 0)), incident).table
    assert table.filter(table["change"] == "vanished")["operation"].to_list() == ["SELECT offers by id"]


def test_without_the_repetition_the_latency_of_the_baseline_returns(outbreak, incident):
    found = what_if(outbreak, incident)
    p99 = found.table.row(2, named=True)
    assert p99["predicted_ms"] == pytest.approx(p99["before_ms"])
    assert p99["recovered"] == pytest.approx(1.0)
    assert what_if(outbreak, incident, remove="SELECT offers by id").table.equals(found.table)
    with pytest.raises(OptionError, match="SELECT offers by id"):
        what_if(outbreak, incident, remove="UPDATE stock")


def test_what_if_needs_a_repetition(spans_store, request_spans, incident):
    with pytest.raises(NoDataError, match="one statement twice"):
        what_if(spans_store(request_spans(1, -100, 1) + request_spans(2, 100, 1)), incident)


def test_hops_say_that_the_callee_waits_for_what_it_calls(outbreak, incident):
    found = dependencies(outbreak, incident)
    rows = {(row["caller"], row["callee"]): row for row in found.table.to_dicts()}
    edge = rows["gateway", "checkout"]
    assert edge["shifted"] == "callees"
    assert edge["client_p99_ms_during"] == pytest.approx(30 + 12 * 24 + 8, rel=0.02)
    assert edge["network_ms_during"] == pytest.approx(8, rel=0.02)
    assert rows["checkout", "postgresql"]["shifted"] == "calls"
    assert rows["checkout", "postgresql"]["calls_per_request_during"] == 12.0


def hop(make_span, number, second, client, server, **more):
    start = second * 1000
    return [
        make_span(number, "in", start=start, length=client + 2, span_kind="SERVER"),
        make_span(number, "call", "in", start=start + 1, length=client, span_kind="CLIENT", **more),
        make_span(number, "far", "call", start=start + 2, length=server, span_kind="SERVER", service_name="stock"),
    ]


@pytest.mark.parametrize(("client", "server", "shifted"), [(200, 195, "own"), (200, 8, "network"), (10, 8, "")])
def test_which_part_of_a_hop_shifted(spans_store, make_span, incident, client, server, shifted):
    rows = []
    for at in range(40):
        rows += hop(make_span, at + 1, -500 + at, 10, 8) + hop(make_span, at + 101, 5 + at, client, server)
    table = dependencies(spans_store(rows), incident).table
    assert table.filter(table["callee"] == "stock")["shifted"].to_list() == [shifted]


def test_failures_timeouts_and_open_breakers_are_counted(spans_store, make_span, incident):
    rows = hop(make_span, 1, -100, 10, 8)
    rows += hop(make_span, 2, 100, 10, 8, status_code="ERROR", error_type="TimeoutError")
    rows += hop(make_span, 3, 110, 10, 8, status_code="ERROR", status_message="circuit breaker is open")
    row = dependencies(spans_store(rows), incident).table.row(0, named=True)
    assert (row["error_ratio_before"], row["error_ratio_during"]) == (0.0, 1.0)
    assert (row["timeouts_during"], row["breaker_during"]) == (1.0, 1.0)


def test_of_too_many_traces_some_are_read_and_that_is_said(outbreak, incident):
    found = compare_traces(outbreak, incident, most=30)
    assert (found.effect.n_before, found.effect.n_after) == (30, 30)
    assert found.table.row(0, named=True)["operation"] == "SELECT offers by id"
    assert any("30 traces were read, drawn at random" in caveat for caveat in found.caveats)
    assert what_if(outbreak, incident, most=30).details["requests"] == 30
    assert not any("drawn" in caveat for caveat in compare_traces(outbreak, incident).caveats)

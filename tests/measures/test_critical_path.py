"""Sections cover the root exactly, and follow the rules."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rca.errors import NoDataError
from rca.measures.critical_path import critical_path, critical_paths, paths_of, self_times
from rca.measures.trees import forest

TRACE = "1"


def sections(store, trace_id=TRACE):
    frame = critical_path(store, trace_id=trace_id)
    origin = frame["start_ns"].min()
    return [(row["span_id"], (row["start_ns"] - origin) / 1e6, row["duration_ns"] / 1e6) for row in frame.to_dicts()]


def test_the_child_that_finishes_last_then_the_one_before(spans_store, make_span):
    rows = [
        make_span(1, "root", length=100),
        make_span(1, "a", "root", start=10, length=30),
        make_span(1, "b", "root", start=20, length=15),
        make_span(1, "c", "root", start=50, length=40),
    ]
    assert sections(spans_store(rows)) == [
        ("root", 0, 10),
        ("a", 10, 30),
        ("root", 40, 10),
        ("c", 50, 40),
        ("root", 90, 10),
    ]


def test_a_child_is_clipped_and_one_outside_is_dropped_with_its_children(spans_store, make_span):
    rows = [
        make_span(1, "root", length=100),
        make_span(1, "late", "root", start=60, length=80),
        make_span(1, "outside", "root", start=150, length=20),
        make_span(1, "inner", "outside", start=10, length=20),
    ]
    assert sections(spans_store(rows)) == [("root", 0, 60), ("late", 60, 40)]


def test_a_small_overlap_counts_as_one_after_the_other_and_a_large_one_does_not(spans_store, make_span):
    rows = [
        make_span(1, "root", length=1000),
        make_span(1, "a", "root", start=0, length=505),
        make_span(1, "b", "root", start=500, length=500),
        make_span(2, "root", length=1000),
        make_span(2, "a", "root", start=0, length=515),
        make_span(2, "b", "root", start=500, length=500),
    ]
    store = spans_store(rows)
    assert sections(store) == [("a", 0, 500), ("b", 500, 500)]
    assert sections(store, "2") == [("root", 0, 500), ("b", 500, 500)]


def test_what_does_not_block_is_left_out(spans_store, make_span):
    rows = [
        make_span(1, "root", length=100, span_kind="PRODUCER"),
        make_span(1, "consumer", "root", start=10, length=80, span_kind="CONSUMER"),
        make_span(1, "follows", "root", start=20, length=70, attributes={"opentracing.ref_type": "FOLLOWS_FROM"}),
    ]
    assert sections(spans_store(rows)) == [("root", 0, 100)]


def test_a_span_without_times_is_passed_through(spans_store, make_span):
    rows = [
        make_span(1, "root", length=100),
        make_span(1, "untimed", "root", start=None, length=None),
        make_span(1, "a", "untimed", start=20, length=30),
    ]
    assert sections(spans_store(rows)) == [("root", 0, 20), ("a", 20, 30), ("root", 50, 50)]


def test_of_several_roots_the_longest_is_meant(spans_store, make_span):
    rows = [make_span(1, "short", length=50), make_span(1, "orphan", "gone", start=10, length=200)]
    assert sections(spans_store(rows)) == [("orphan", 0, 200)]


def test_shared_ids_are_two_spans(spans_store, make_span):
    rows = [
        make_span(1, "root", length=100, span_kind="SERVER"),
        make_span(1, "rpc", "root", start=10, length=80, span_kind="CLIENT"),
        make_span(1, "rpc", "root", start=20, length=60, span_kind="SERVER", service_name="pricing"),
        make_span(1, "db", "rpc", start=30, length=40, span_kind="CLIENT", service_name="pricing"),
    ]
    frame = critical_path(spans_store(rows), trace_id="1")
    by = {(row["span_id"], row["service_name"]): 0 for row in frame.to_dicts()}
    for row in frame.to_dicts():
        by[row["span_id"], row["service_name"]] += row["duration_ns"] // 1_000_000
    assert by == {("root", "checkout"): 20, ("rpc", "checkout"): 20, ("rpc", "pricing"): 20, ("db", "pricing"): 40}


def test_a_circle_of_parents_ends(spans_store, make_span):
    rows = [make_span(1, "a", "b", length=10), make_span(1, "b", "a", length=20)]
    assert sections(spans_store(rows)) == [("b", 0, 20)]


def test_an_unknown_trace_is_named(spans_store):
    with pytest.raises(NoDataError, match="no span of trace"):
        critical_path(spans_store([]), trace_id="7")


@st.composite
def traces(draw):
    size = draw(st.integers(1, 25))
    rows = []
    for at in range(size):
        parent = draw(st.integers(-1, at - 1)) if at else -1
        rows.append(
            {
                "trace_id": "t",
                "span_id": str(at),
                "parent_span_id": "" if parent < 0 else str(parent),
                "span_kind": draw(st.sampled_from(["INTERNAL", "PRODUCER", "CONSUMER"])),
                "service_name": "s",
                "span_name": "n",
                "start_ns": draw(st.integers(0, 100)),
                "duration_ns": draw(st.integers(1 if at == 0 else 0, 100)),
            }
        )
    return pl.DataFrame(rows)


@settings(max_examples=200, deadline=None)
@given(traces())
def test_sections_partition_the_root(spans):
    tree = forest(spans)
    paths = paths_of(tree)
    roots = spans.filter(pl.Series(tree.roots))
    root = roots.sort("duration_ns", descending=True, maintain_order=True).row(0, named=True)
    at = root["start_ns"]
    for row in paths.to_dicts():
        assert row["start_ns"] == at
        assert row["duration_ns"] > 0
        at += row["duration_ns"]
    assert at == root["start_ns"] + root["duration_ns"]


@settings(max_examples=200, deadline=None)
@given(traces())
def test_self_time_is_what_no_blocking_child_covers(spans):
    own = self_times(forest(spans))
    rows = spans.to_dicts()
    kinds = {row["span_id"]: row["span_kind"] for row in rows}
    for row, found in zip(rows, own, strict=True):
        moments = set(range(row["start_ns"], row["start_ns"] + row["duration_ns"]))
        for child in rows:
            handed_over = child["span_kind"] == "CONSUMER" and kinds.get(child["parent_span_id"]) == "PRODUCER"
            if child["parent_span_id"] == row["span_id"] and not handed_over:
                moments -= set(range(child["start_ns"], child["start_ns"] + child["duration_ns"]))
        assert found == len(moments)


def test_many_traces_at_once_equal_one_by_one(spans_store, make_span):
    rows = []
    for trace in range(1, 6):
        rows.append(make_span(trace, "root", length=100 + trace))
        rows += [make_span(trace, f"c{at}", "root", start=at * 9, length=trace * 3) for at in range(10)]
    store = spans_store(rows)
    together = critical_paths(store, [f"{trace:032x}" for trace in range(1, 6)])
    for (trace_id,), part in together.group_by("trace_id"):
        assert part.drop("trace_id").equals(critical_path(store, trace_id=trace_id))

"""Statistics of two parts, added, are the statistics of the whole: partitions, days and shards can be merged."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rca
from rca.sql import statement

MINUTE = 60_000_000_000
KEYS = {
    "red": ["bin_ns", "service_name", "bucket"],
    "own_time": ["service_name", "span_name", "bucket"],
    "sampling_by_minute": ["service_name", "minute_ns"],
    "dependency_hops": ["caller", "callee", "kind", "side", "bucket"],
    "edge_gaps": ["caller", "callee", "bucket"],
    "span_errors": ["service_name", "span_name", "status_message", "bucket"],
    "inventory_spans": ["service_name"],
}
LEAST = {"first_ns": pl.min, "last_ns": pl.max, "trace_id": pl.min, "example_trace_id": pl.max}


def merged(parts: list[pl.DataFrame], keys: list[str]) -> list[dict[str, object]]:
    """Add what is additive, and keep the least or greatest of what is one of many."""
    whole = pl.concat(parts)
    rest = [name for name in whole.columns if name not in keys]
    made = [LEAST[name](name) if name in LEAST else pl.sum(name) for name in rest]
    return whole.group_by(keys).agg(made).select(whole.columns).sort(keys).to_dicts()


@st.composite
def traces(draw):
    """Traces of a few spans: caller and callee, weights that no power of two divides."""
    rows = []
    for number in range(draw(st.integers(1, 12))):
        weight = 1 / draw(st.sampled_from([1.0, 0.3, 0.07, 0.011]))
        start = draw(st.integers(0, 5 * MINUTE)) / 1e6
        failed = draw(st.booleans())
        depth = draw(st.integers(1, 4))
        lengths = [draw(st.integers(1, 900)) for _ in range(depth)]
        rows += [
            (number, f"{place:x}", f"{place - 1:x}" if place else "", start + place, lengths[place], weight, failed)
            for place in range(depth)
        ]
    return rows


@pytest.mark.parametrize("name", sorted(KEYS))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=traces(), cut=st.integers(0, 12))
def test_parts_add_up_to_the_whole(name, rows, cut, make_span, fill_spans):
    spans = [
        make_span(
            trace, at, parent, start=start, length=length, adjusted_count=weight, service_name=f"s{int(at, 16) % 3}",
            span_kind=("SERVER", "CLIENT")[int(at, 16) % 2], status_code="ERROR" if failed else "UNSET", error_type="timeout" if failed else "",
        )
        for trace, at, parent, start, length, weight, failed in rows
    ]  # fmt: skip
    low = 1_772_633_400_000_000_000
    params = {
        "service": "", "start_ns": low + 2 * MINUTE, "end_ns": low + 10 * MINUTE, "before_start_ns": low, "before_end_ns": low + 2 * MINUTE,
        "bin_ns": MINUTE,
    }  # fmt: skip
    halves = (
        [row for row in spans if int(row["trace_id"], 16) < cut],
        [row for row in spans if int(row["trace_id"], 16) >= cut],
    )
    found = []
    for part in (spans, *halves):
        with rca.open() as store:
            if part:
                fill_spans(store, part)
            found.append(store.query(statement(name).sql, params))
    assert merged(found[1:], KEYS[name]) == merged(found[:1], KEYS[name])

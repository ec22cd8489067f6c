"""The critical path: which span the clock was waiting for, moment by moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from rca.errors import NoDataError
from rca.measures.trees import Flags, Forest, Ints, forest
from rca.sql import statement
from rca.store import Store

__all__ = ["Sections", "critical_path", "critical_paths", "critical_sections", "paths_of", "self_times"]

_OVERLAP = 0.01
"""Share of the parent's length by which two children may overlap and still count as one after the other."""


def critical_path(store: Store, *, trace_id: str) -> pl.DataFrame:
    """Return what one request was waiting for: sections that follow each other and cover its root span exactly.

    From the end of a span backwards: the child that finishes last is on the path, then the child that finishes last
    before that one starts, and so on; what no child covers is the span's own time. A child is clipped to its parent, and
    left out with its descendants where it lies wholly outside. Siblings that overlap by less than 1 % of the parent's
    length count as one after the other. A child that follows from its parent, and a consumer below a producer, does not
    block and is left out. Of several roots the longest is meant; clocks are never adjusted.

    Parameters
    ----------
    store
        The store.
    trace_id
        The trace, in hex digits of any case, short ones padded.

    Returns
    -------
    polars.DataFrame
        One row a section, in time: ``span_id``, ``start_ns``, ``duration_ns``, ``service_name``, ``span_name``,
        ``depth`` (ancestors of the span).

    Raises
    ------
    NoDataError
        When the trace is not in the store, or none of its spans has a start and a length.

    Examples
    --------
    >>> import rca
    >>> critical_path(rca.open(), trace_id="ab")
    Traceback (most recent call last):
    rca.errors.NoDataError: The store holds no span of trace 000000000000000000000000000000ab.
    """
    wanted = trace_id.strip().lower().zfill(32)
    spans = store.query(statement("trace_spans").sql, trace_id=wanted)
    if spans.is_empty():
        raise NoDataError(f"The store holds no span of trace {wanted}.")
    paths = paths_of(forest(spans))
    if paths.is_empty():
        raise NoDataError(f"No root span of trace {wanted} has a start and a length, so there is no path to follow.")
    return paths.drop("trace_id")


def critical_paths(store: Store, trace_ids: Iterable[str]) -> pl.DataFrame:
    """Return the critical path of many traces in one frame.

    Parameters
    ----------
    store
        The store.
    trace_ids
        The traces, as stored. Those that are absent, or have no root with a length, give no row.

    Returns
    -------
    polars.DataFrame
        The columns of :func:`critical_path` after ``trace_id``, sorted by trace and time.
    """
    wanted = sorted(set(trace_ids))
    spans = store.query(statement("local/spans_of_traces").sql, trace_ids=wanted)
    return paths_of(forest(spans))


def paths_of(tree: Forest) -> pl.DataFrame:
    """Return the critical path of the longest root of every trace in a forest."""
    found = critical_sections(tree, longest_roots(tree))
    names = ["trace_id", "span_id", "service_name", "span_name"]
    frame = tree.spans.select(names)[found.row].with_columns(
        start_ns=pl.Series(found.start), duration_ns=pl.Series(found.length), depth=pl.Series(tree.depth()[found.row])
    )
    columns = ["trace_id", "span_id", "start_ns", "duration_ns", "service_name", "span_name", "depth"]
    return frame.select(columns).sort("trace_id", "start_ns")


@dataclass(frozen=True, slots=True)
class Sections:
    """Sections of critical paths: the row of the span, and when it was waited for."""

    row: Ints
    start: Ints
    length: Ints


def longest_roots(tree: Forest) -> Ints:
    """Return the row of the longest root with a length of every trace; of equals the first."""
    standing = _standing(tree)
    rows = np.flatnonzero(standing.timed & (standing.parent < 0) & (standing.end > standing.start))
    roots = tree.spans["trace_id"].gather(rows).to_frame().with_columns(row=pl.Series(rows))
    length = pl.Series("length", (standing.end - standing.start)[rows])
    ordered = roots.with_columns(length).sort("length", "row", descending=[True, False])
    return np.sort(ordered.unique("trace_id", keep="first")["row"].to_numpy()).astype(np.int64)


def critical_sections(tree: Forest, roots: Ints) -> Sections:
    """Return the sections that cover the given root rows, which need a start and a length.

    The spans of all traces advance together: level by level, and within a level the siblings from the last to finish to
    the first, so that the cost is a few array operations a span.
    """
    standing = _standing(tree)
    start, end = standing.start, standing.end
    order, first, count = _children(tree, standing)
    rows, begins, ends = [], [], []
    node, low, high = roots, start[roots], end[roots]
    while node.size:
        cursor, slack = high.copy(), (high - low) * _OVERLAP
        below: list[tuple[Ints, Ints, Ints]] = []
        active = np.flatnonzero(count[node] > 0)
        rank = 0
        while active.size:
            child = order[first[node[active]] + rank]
            at = cursor[active]
            begin, finish = np.maximum(start[child], low[active]), np.minimum(end[child], high[active])
            taken = (finish > begin) & (begin < at) & ((finish <= at) | (finish - at < slack[active]))
            chosen, finish = active[taken], np.minimum(finish, at)[taken]
            rows.append(node[chosen])
            begins.append(finish)
            ends.append(cursor[chosen])
            cursor[chosen] = begin[taken]
            below.append((child[taken], begin[taken], finish))
            rank += 1
            active = active[(count[node[active]] > rank) & (cursor[active] > low[active])]
        rows.append(node)
        begins.append(low)
        ends.append(cursor)
        node, low, high = (np.concatenate(parts) for parts in zip(*below, strict=True)) if below else (_NONE,) * 3
    return _sections(rows, begins, ends)


_NONE: Ints = np.empty(0, dtype=np.int64)


def _sections(rows: list[Ints], begins: list[Ints], ends: list[Ints]) -> Sections:
    row, begin, end = (np.concatenate(parts) if parts else _NONE for parts in (rows, begins, ends))
    some = end > begin
    return Sections(row[some], begin[some], (end - begin)[some])


@dataclass(frozen=True, slots=True)
class _Standing:
    """Where each span stands in time; one without a start or length is passed through: its children are its parent's."""

    start: Ints
    end: Ints
    timed: Flags
    parent: Ints


def _standing(tree: Forest) -> _Standing:
    start = tree.spans["start_ns"].fill_null(0).to_numpy()
    length = tree.spans["duration_ns"].fill_null(-1).to_numpy()
    timed: Flags = tree.spans["start_ns"].is_not_null().to_numpy() & (length >= 0)
    parent = tree.parent if timed.all() else tree.above(timed)
    return _Standing(start, start + np.maximum(length, 0), timed, parent)


def _children(tree: Forest, standing: _Standing) -> tuple[Ints, Ints, Ints]:
    """Blocking children of each row: their rows from the last to finish to the first, where they begin, how many."""
    parent = standing.parent
    rows = np.flatnonzero((parent >= 0) & standing.timed & _blocking(tree, parent))
    order = rows[np.lexsort((standing.start[rows], -standing.end[rows], parent[rows]))]
    count = np.bincount(parent[rows], minlength=parent.size).astype(np.int64)
    first = np.concatenate(([0], np.cumsum(count)[:-1])) if count.size else count
    return order, first, count


def _blocking(tree: Forest, parent: Ints) -> Flags:
    kind = tree.spans["span_kind"]
    consumer: Flags = (kind == "CONSUMER").to_numpy()
    producer: Flags = (kind == "PRODUCER").to_numpy()
    blocking: Flags = ~(consumer & producer[parent])
    if "reference_type" in tree.spans.columns:
        blocking &= (tree.spans["reference_type"].str.to_lowercase() != "follows_from").to_numpy()
    return blocking


def self_times(tree: Forest) -> Ints:
    """Return the nanoseconds of each span that no blocking child covers; 0 where it has no length."""
    standing = _standing(tree)
    order, first, count = _children(tree, standing)
    # From the last to finish to the first: what lies before the earliest start so far is newly covered.
    reached = standing.end.copy()
    covered = np.zeros(reached.size, dtype=np.int64)
    active, rank = np.flatnonzero(count > 0), 0
    while active.size:
        child = order[first[active] + rank]
        begin = np.maximum(standing.start[child], standing.start[active])
        finish = np.minimum(standing.end[child], reached[active])
        covered[active] += np.maximum(0, finish - begin)
        reached[active] = np.minimum(reached[active], np.maximum(begin, standing.start[active]))
        rank += 1
        active = active[count[active] > rank]
    return np.where(standing.timed, standing.end - standing.start - covered, 0)

"""Like calls as other tools judge them, to compare verdicts: Sentry's "N+1 Queries" issue and perf-sentinel's findings.

Thresholds are those that the tools publish: Sentry's documentation of its N+1 issue and the defaults of its detector,
perf-sentinel's design notes on detection. Their rules leave out much that the house rules see (calls that overlap, that other
calls interrupt, that take longer than a window, that are no SQL); that is what the comparison is for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from rca.measures.like_calls import placed_calls, shown, weighed
from rca.measures.trees import Forest

__all__ = ["PRESETS", "Preset", "perf_sentinel_groups", "sentry_groups"]

_SENTRY_LEAST = 5
_SENTRY_TOTAL_NS = 50_000_000
"""What the repeated spans must take together; 100 ms in older versions and in the documentation's "usually"."""
_WINDOW_NS = 500_000_000
_SENTINEL_LEAST = 5
_SANITISED_LEAST = 15
_SANITISED_SPREAD = 0.5


@dataclass(frozen=True, slots=True)
class Preset:
    """The rules of one tool."""

    title: str
    least: int
    """Like calls of one trace from which the rules can say something."""
    groups: Callable[[Forest], pl.DataFrame]


def sentry_groups(tree: Forest) -> pl.DataFrame:
    """Return the groups that Sentry's N+1 detector reports, with the columns of :func:`rca.measures.like_calls.like_calls`.

    The spans of one service's part of a trace are walked depth first. A database span is the source; those after it with one
    other statement, under the same parent, one after the other without overlap and without a span of another kind between
    them, are a run. A run is reported from five spans and 50 ms in all; redis, connecting, and texts cut off with an
    ellipsis do not count.
    """
    runs = [run for _, rows in _segments(tree) for run in _runs(tree, rows)]
    member = {row: number for number, run in enumerate(runs) for row in run}
    calls = placed_calls(tree, merged=False)
    mine = calls.filter(pl.col("row").is_in(list(member)))
    group = mine["row"].replace_strict(member, return_dtype=pl.Int64) if mine.height else mine["row"]
    return _reported(tree, mine.with_columns(group=group), pl.lit("n_plus_one"))


def perf_sentinel_groups(tree: Forest) -> pl.DataFrame:
    """Return the N+1 and redundant groups that perf-sentinel reports, with the columns of :func:`rca.measures.like_calls.like_calls`.

    Calls of a trace with one template, SQL or outgoing HTTP, are N+1 from five on with five different parameters whose
    starts lie within 500 ms. Where statements come without their parameters, lengths that vary (by half of their mean), or
    fifteen calls, stand for different parameters. Two calls with one template and equal parameters are redundant.
    """
    calls = placed_calls(tree, merged=False).filter(~pl.col("db_system_name").is_in(["redis", "memcached", "mongodb"]))
    over = ["trace_id", "key"]
    start, length = pl.col("start_ns"), pl.col("duration_ns").cast(pl.Float64)
    known = pl.col("known").all().over(over)
    differing = pl.col("literals").n_unique().over(over) >= _SENTINEL_LEAST
    spread = (length.std(ddof=0) / length.mean()).over(over) >= _SANITISED_SPREAD
    varied = pl.when(known).then(differing).otherwise(spread | (pl.len().over(over) >= _SANITISED_LEAST))
    close = (start.max() - start.min()).over(over) <= _WINDOW_NS
    looped = (pl.len().over(over) >= _SENTINEL_LEAST) & varied & close
    judged = calls.with_columns(looped=looped.fill_null(value=False))
    same = pl.when("looped").then(pl.lit("")).otherwise("literals")
    judged = judged.with_columns(same=same).with_columns(size=pl.len().over(*over, "same"))
    kept = judged.filter(pl.col("looped") | (pl.col("known") & (pl.col("size") >= 2)))
    kept = kept.with_columns(group=pl.struct("trace_id", "key", "same").rank("dense").cast(pl.Int64) - 1)
    pattern = pl.when("looped").then(pl.lit("n_plus_one")).otherwise(pl.lit("redundant"))
    return _reported(tree, kept, pattern)


PRESETS = {
    "sentry": Preset("Sentry's N+1 detector", _SENTRY_LEAST, sentry_groups),
    "perf-sentinel": Preset("perf-sentinel's detection", 2, perf_sentinel_groups),
}


def _reported(tree: Forest, calls: pl.DataFrame, pattern: pl.Expr) -> pl.DataFrame:
    ordered = calls.with_columns(verdict=pattern).sort("group", "start_ns", "row")
    verdicts = ordered.group_by("group", maintain_order=True).agg(pl.first("verdict"))
    groups = weighed(tree, ordered).with_columns(reason=pl.lit(""))
    return shown(groups.with_columns(verdicts["verdict"].alias("pattern")))


def _segments(tree: Forest) -> Iterator[tuple[int, list[int]]]:
    """Yield the spans of each service's part of a trace, depth first and by start."""
    start = tree.spans["start_ns"].fill_null(0).to_numpy()
    below: dict[int, list[int]] = defaultdict(list)
    for row in np.lexsort((np.arange(start.size), start)).tolist():
        below[int(tree.parent[row])].append(row)
    entry = tree.spans["span_kind"].is_in(["SERVER", "CONSUMER"]).to_list()
    parts: dict[int, list[int]] = defaultdict(list)
    waiting = [(row, row) for row in reversed(below[-1])]
    while waiting:
        row, head = waiting.pop()
        head = row if entry[row] else head
        parts[head].append(row)
        waiting += [(child, head) for child in reversed(below.get(row, []))]
    yield from parts.items()


def _runs(tree: Forest, rows: list[int]) -> Iterator[list[int]]:
    """Yield the runs of one part that are long enough."""
    spans = [_Span(tree, row) for row in rows]
    source: _Span | None = None
    run: list[_Span] = []
    for span in spans:
        if span.statement and source is not None and span.goes_on(source, run):
            run.append(span)
            continue
        if _enough(run):
            yield [one.row for one in run]
        last = run[-1] if run else None
        run, source = [], None
        if span.statement:  # the last of a run may be the source of the next
            source = last if last is not None and span.goes_on(last, []) else span
            run = [span] if source is last else []
    if _enough(run):
        yield [one.row for one in run]


class _Span:
    """What the rules look at in one span."""

    __slots__ = ("begin", "end", "parent", "row", "statement")

    def __init__(self, tree: Forest, row: int) -> None:
        found = tree.spans.row(row, named=True)
        system, text = found["db_system_name"], found["db_query_text"] or found["span_name"]
        cut = text.endswith(("...", "…"))
        joined = any(word in text.lower() for word in ("pg-pool.connect", "pg.connect", "pg_connect"))
        counts = system not in ("", "redis") and not cut and not joined
        counts = counts and (system != "mongodb" or "{" in text)
        self.row = row
        self.parent = found["parent_span_id"]
        self.statement = (found["db_query_digest"] or text) if counts and found["span_kind"] != "SERVER" else ""
        self.begin = found["start_ns"] or 0
        self.end = self.begin + (found["duration_ns"] or 0)

    def goes_on(self, source: _Span, run: list[_Span]) -> bool:
        """Whether this span is the next of a run that follows `source`."""
        before = run[-1] if run else source
        same = self.statement == run[0].statement if run else self.statement != source.statement
        return same and self.parent == source.parent and self.begin >= before.end


def _enough(run: list[_Span]) -> bool:
    return len(run) >= _SENTRY_LEAST and sum(span.end - span.begin for span in run) >= _SENTRY_TOTAL_NS

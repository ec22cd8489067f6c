"""Like calls: how often one request asks the same thing, measured exactly on the traces where it may be many times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from rca.measures.callers import merged_calls, roots_above, served_routes
from rca.measures.critical_path import critical_sections, longest_roots
from rca.measures.targets import PAGE, PLACEHOLDER, Target, is_health_route, target_of
from rca.measures.trees import Flags, Forest, Ints, forest
from rca.model import Window
from rca.sql import statement
from rca.store import Store

__all__ = ["ALWAYS", "LEAST", "LikeCalls", "groups_of", "lay_out", "like_calls", "placed_calls"]
__all__ += ["shown", "weighed"]

LEAST = 5
"""Like calls of one request from which they can be a pattern."""
ALWAYS = Window(-(2**63), 2**63 - 1)
"""A window that holds every start."""

_POLL_GAP_NS = 500_000_000
_POLL_RATIO = 10


@dataclass(frozen=True, slots=True)
class LikeCalls:
    """Groups of like calls, and how many traces they come from."""

    groups: pl.DataFrame
    examined: int
    """Traces looked at."""
    candidates: int
    """Traces in which some service makes so many like calls, those not looked at included."""


def like_calls(
    store: Store,
    window: Window = ALWAYS,
    *,
    service: str = "",
    most: int = 5_000,
    least: int = LEAST,
    rule: Callable[[Forest], pl.DataFrame] | None = None,
) -> LikeCalls:
    """Return every group of like calls in the traces where one service makes five or more.

    Parameters
    ----------
    store
        The store.
    window
        Calls that start outside do not make a trace one to look at.
    service
        Only traces in which this service takes part; '' for all.
    most
        Traces to look at, at most; those with the lowest ids, which are random.
    least
        Like calls of one trace from which it is looked at.
    rule
        Groups and judges the calls of a forest; left out, :func:`groups_of`.

    Returns
    -------
    LikeCalls
        ``groups`` has one row a group: ``trace_id``, ``parent_span_id``, ``service_name``, ``target``, ``calls``,
        ``pattern``, ``reason`` (why it is none), ``db_system_name``, ``parameters`` (``identical``, ``differing`` or ``unknown``),
        ``start_ns``, ``total_ns`` (sum of the calls), ``critical_ns`` (what of it the request waited for), ``saved_ns``
        (what one call for all would save of that), ``parallel`` (calls under way at once, on average), ``failed``,
        ``code_location``, ``adjusted_count`` (requests that the trace stands for; never multiplied into ``calls``) and
        ``root_name``.

    Examples
    --------
    >>> import rca
    >>> like_calls(rca.open()).groups.height
    0
    """
    bounds = {"from_ns": window.start_ns, "to_ns": window.end_ns, "least": least}
    spans = store.query(statement("repeated_spans").sql, bounds, most=most)
    examined, candidates = spans["trace_id"].n_unique(), int(spans["candidates"][0]) if spans.height else 0
    if service:
        spans = spans.filter((pl.col("service_name") == service).any().over("trace_id"))
    return LikeCalls((rule or groups_of)(forest(spans)), examined, candidates)


def lay_out(tree: Forest, *, merged: bool = True) -> pl.DataFrame:
    """Return one row a call: its ``row`` in the forest and what it calls; `merged` makes double spans of one call one."""
    names = [
        "db_system_name", "db_collection_name", "db_operation_name", "db_query_digest", "statement", "rpc_service",
        "rpc_method", "http_request_method", "http_route", "server_address", "url", "url_template", "span_name", "served_as",
    ]  # fmt: skip
    kind, text = pl.col("span_kind"), pl.col("db_query_text")
    outgoing = (kind == "CLIENT") | ((pl.col("db_system_name") != "") & ~kind.is_in(["SERVER", "CONSUMER"]))
    found = tree.spans.with_row_index("row").filter(outgoing).with_columns(
        pl.col("row").cast(pl.Int64),
        statement=pl.when(pl.col("db_query_digest") == "").then(text).otherwise(pl.lit("")),
        literals=pl.when(pl.col("db_system_name") == "").then("url").otherwise(text),
    ).join(served_routes(tree), on="row", how="left", maintain_order="left").with_columns(pl.col("served_as").fill_null(""))  # fmt: skip
    unique = found.select(names).unique(maintain_order=True)
    targets = [target_of(item) or Target("", "") for item in unique.iter_rows(named=True)]
    columns = [
        pl.Series(name, [getattr(target, name) for target in targets], dtype=pl.String)
        for name in ("key", "title", "noise")
    ]
    calls = found.join(unique.with_columns(columns), on=names, how="inner", maintain_order="left")
    literals = pl.col("literals")
    in_body = (pl.col("db_system_name") == "") & pl.col("http_request_method").is_in(["POST", "PUT", "PATCH"])
    paged = literals.str.replace(PAGE, "$1$2$3=")
    calls = calls.filter(pl.col("key") != "").select(
        "row", "key", "title", "noise", "literals", "db_system_name",
        known=(literals != "") & ~literals.str.contains(PLACEHOLDER) & ~in_body,
        page=pl.when(paged != literals).then(paged).otherwise(pl.lit("")),
    )  # fmt: skip
    return merged_calls(tree, calls) if merged else calls


def groups_of(tree: Forest) -> pl.DataFrame:
    """Return the groups of like calls in a forest of ``repeated_spans``; see :func:`like_calls`."""
    calls = placed_calls(tree)
    keys = ["trace_id", "request", "service_name", "key"]
    calls = calls.with_columns(roots_above(tree, calls)).filter(pl.col("calls").sum().over(keys) >= 2)
    calls = calls.with_columns(group=pl.struct(keys).rank("dense").cast(pl.Int64) - 1).sort("group", "start_ns", "row")
    return shown(_judged(weighed(tree, calls)))


def placed_calls(tree: Forest, *, merged: bool = True) -> pl.DataFrame:
    """Return the calls of :func:`lay_out` with where, when and how often they were made."""
    calls = lay_out(tree, merged=merged)
    where = tree.spans.select(
        "trace_id", "service_name", "start_ns", "duration_ns", "failed", "calls", "batch_size", "adjusted_count"
    )[calls["row"].to_numpy()]
    return calls.hstack(where).with_columns(calls=pl.when(pl.col("batch_size") != "").then(1).otherwise("calls"))


def weighed(tree: Forest, calls: pl.DataFrame) -> pl.DataFrame:
    """Return one row a ``group`` of calls, which lie in the order of group and start: what it costs and where it is made."""
    groups = _measured(calls).hstack([_critical(tree, calls)])
    lowest, missing = _lowest_common(tree, calls)
    saved = (pl.col("critical_ns") - pl.col("total_ns") / pl.col("calls")).clip(0).round().cast(pl.Int64)
    parameters = (
        pl.when(pl.col("known") & (pl.col("literals") == 1) & (pl.col("calls") <= pl.col("spans"))).then(pl.lit("identical"))
        .when(pl.col("known") & (pl.col("calls") <= pl.col("spans"))).then(pl.lit("differing"))
        .otherwise(pl.lit("unknown"))
    )  # fmt: skip
    groups = groups.with_columns(*_surroundings(tree, groups, lowest, missing), saved_ns=saved, parameters=parameters)
    return groups.with_columns(parallel=(pl.col("total_ns") / pl.col("busy_ns")).fill_nan(1.0))


def shown(groups: pl.DataFrame) -> pl.DataFrame:
    """Return the columns of :func:`like_calls`."""
    return groups.select(
        "trace_id", "parent_span_id", "service_name", "target", "calls", "pattern", "reason", "parameters", "start_ns",
        "db_system_name", "total_ns", "critical_ns", "saved_ns", "parallel", "failed", "code_location", "adjusted_count",
        "root_name",
    )  # fmt: skip


def _critical(tree: Forest, calls: pl.DataFrame) -> pl.Series:
    """Nanoseconds of the critical path inside the calls of each group, or below them."""
    row, group = calls["row"].to_numpy(), calls["group"].to_numpy()
    of = np.full(tree.parent.size, -1, dtype=np.int64)
    of[row] = group
    sections = critical_sections(tree, longest_roots(tree))
    total = np.zeros(int(group.max(initial=-1)) + 1)
    called = of >= 0
    inside, length = tree.nearest(called)[sections.row], sections.length
    above = tree.above(called)
    while inside.size:  # a call may lie inside a call of another group, which waits for it too
        held = inside >= 0
        inside, length = inside[held], length[held]
        total += np.bincount(of[inside], weights=length, minlength=total.size)
        outer = above[inside]
        inside = np.where((outer >= 0) & (of[outer] != of[inside]), outer, -1)
    return pl.Series("critical_ns", np.rint(total).astype(np.int64))


def _measured(calls: pl.DataFrame) -> pl.DataFrame:
    start, length = pl.col("start_ns"), pl.col("duration_ns").fill_null(0)
    end = start + length
    reached = end.cum_max().shift(1).over("group")
    timed = calls.with_columns(
        length=length, gap=start - reached, overlaps=start < reached - length * 0.01,
        covered=(end - pl.max_horizontal(start, reached)).clip(0),
        leading=pl.int_range(pl.len()).over("group") < pl.len().over("group") - 1,
    )  # fmt: skip
    return timed.group_by("group", maintain_order=True).agg(
        pl.first("trace_id", "service_name", "noise", "db_system_name"),
        pl.first("title").alias("target"),
        pl.sum("calls"),
        pl.first("row"),
        spans=pl.len(),
        start_ns=pl.min("start_ns"),
        total_ns=pl.sum("length"),
        busy_ns=pl.sum("covered"),
        typical_ns=pl.col("length").median(),
        gap_ns=pl.col("gap").median(),
        overlapping=pl.col("overlaps").mean().fill_null(0.0),
        failed=pl.sum("failed"),
        retried=(pl.col("failed") == 1).filter("leading").all() & (pl.len() > 1),
        literals=pl.col("literals").n_unique(),
        known=pl.col("known").all(),
        pages=pl.col("page").n_unique(),
        paged=(pl.col("page") != "").all(),
        adjusted_count=pl.max("adjusted_count"),
    )


def _lowest_common(tree: Forest, calls: pl.DataFrame) -> tuple[Ints, list[str]]:
    """Find the lowest span above all calls of each group (-1: none), and the parent that all name where it is absent."""
    group, row = calls["group"].to_numpy(), calls["row"].to_numpy()
    first = np.flatnonzero(np.concatenate(([True], group[1:] != group[:-1]))) if group.size else group
    named = tree.spans["parent_span_id"].gather(row)
    depth, at = tree.depth(), tree.parent[row]
    while at.size:
        level = np.where(at >= 0, depth[at], -1)
        climbs = level > np.minimum.reduceat(level, first)[group]
        if not climbs.any():
            apart = np.minimum.reduceat(at, first) != np.maximum.reduceat(at, first)
            climbs = apart[group] & (at >= 0)
            if not climbs.any():
                break
        at = np.where(climbs, tree.parent[at], at)
    lowest = at[first] if at.size else at
    same = pl.DataFrame({"group": group, "named": named}).group_by("group", maintain_order=True)
    missing = same.agg(pl.when(pl.col("named").n_unique() == 1).then(pl.first("named")).otherwise(pl.lit("")).first())
    return lowest, missing["named"].to_list()


def _surroundings(tree: Forest, groups: pl.DataFrame, lowest: Ints, missing: list[str]) -> list[pl.Series]:
    kind, row = tree.spans["span_kind"], groups["row"].to_numpy()
    start = np.where(lowest >= 0, lowest, row)
    top = tree.top()[start]
    server: Flags = (kind == "SERVER").to_numpy()
    entry = tree.nearest(server)[start]
    idle: Flags = kind.is_in(["CONSUMER", "INTERNAL"]).to_numpy() & ~tree.orphan
    background = (entry < 0) & (lowest >= 0) & idle[top]
    root = np.where(entry >= 0, entry, top)
    asked = zip(tree.spans["http_route"].gather(root), tree.spans["span_name"].gather(root), strict=True)
    health = [is_health_route(route or name.rpartition(" ")[2]) for route, name in asked]
    ids = tree.spans["span_id"].gather(np.maximum(lowest, 0)).to_list() if groups.height else list[str]()
    parents = [own if at >= 0 else gone for own, at, gone in zip(ids, lowest, missing, strict=True)]
    return [
        pl.Series("parent_span_id", parents, dtype=pl.String),
        pl.Series("background", background, dtype=pl.Boolean),
        pl.Series("health", health, dtype=pl.Boolean),
        tree.spans["span_name"].gather(root).alias("root_name"),
        _code_locations(tree, row).alias("code_location"),
    ]


def _code_locations(tree: Forest, row: Ints) -> pl.Series:
    """Where the code is that makes the call: on its span, or the nearest above that says."""
    parts = tree.spans.select("code_file", "code_line", "code_function")
    has: Flags = ((parts["code_file"] != "") | (parts["code_function"] != "")).to_numpy()
    at = tree.nearest(has)[row]
    found = parts[np.maximum(at, 0)].with_columns(pl.Series("said", at >= 0, dtype=pl.Boolean))
    file, line, function = pl.col("code_file"), pl.col("code_line"), pl.col("code_function")
    place = pl.when(line != "").then(file + ":" + line).otherwise(file)
    both = (file != "") & (function != "")
    text = pl.when(both).then(place + " in " + function).when(file != "").then(place).otherwise(function)
    return found.select(pl.when("said").then(text).otherwise(pl.lit("")).alias("code")).to_series()


def _judged(groups: pl.DataFrame) -> pl.DataFrame:
    polling = (pl.col("gap_ns") >= _POLL_GAP_NS) & (pl.col("gap_ns") >= _POLL_RATIO * pl.col("typical_ns"))
    reason = (
        pl.when(pl.col("calls") < LEAST).then(pl.lit("fewer than 5 calls"))
        .when(pl.col("noise") != "").then("noise")
        .when("health").then(pl.lit("health check"))
        .when("background").then(pl.lit("background work"))
        .when("retried").then(pl.lit("retries of a failed call"))
        .when(polling.fill_null(value=False)).then(pl.lit("polling"))
        .when(pl.col("paged") & (pl.col("pages") == 1) & (pl.col("literals") == pl.col("spans"))).then(pl.lit("pages of one list"))
        .otherwise(pl.lit(""))
    )  # fmt: skip
    pattern = (
        pl.when(pl.col("reason") != "").then(pl.lit("none"))
        .when(pl.col("parameters") == "identical").then(pl.lit("redundant"))
        .when(pl.col("overlapping") > 0.5).then(pl.lit("fan_out"))
        .otherwise(pl.lit("n_plus_one"))
    )  # fmt: skip
    return groups.with_columns(reason=reason).with_columns(pattern=pattern)

"""Requests of two cohorts by call path: how often each step is made, what it takes, what of it is waited for, what fails."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from rca.measures.critical_path import critical_sections, self_times
from rca.measures.requests import Requests
from rca.measures.targets import path_template, statement_title
from rca.measures.trees import Flags, Forest, Ints

__all__ = ["PathUse", "call_paths"]

Amounts = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PathUse:
    """What requests do by call path.

    `paths` has one row a path: ``path`` (its code), ``parent`` (code of the step above, -1 for the request itself),
    ``service_name``, ``operation``, ``statement``, ``depth``, ``text``. `use` has one row a request and path: ``request``
    (position in `requests`), ``path``, ``calls``, ``self_ns``, ``critical_ns``, ``failed``. `requests` has one row an
    outermost request: ``trace_id``, ``during``, ``weight``, ``duration_ns``.
    """

    paths: pl.DataFrame
    use: pl.DataFrame
    requests: pl.DataFrame


def call_paths(asked: Requests) -> PathUse:
    """Return what each request does, step by step.

    A path runs from the request's entry span through every span that calls, is called, or speaks to a database; spans
    inside a service (INTERNAL) are folded into the step that contains them, so that a new wrapper in the code does not
    make a new path. A database call is named by its statement. Times of the critical path add up to the request's length.
    """
    tree = asked.tree
    outer, during, weight = _outermost(asked)
    lead = np.zeros(tree.parent.size, dtype=bool)
    lead[outer] = True
    owner = tree.nearest(lead)
    kept = _kept(tree, lead) & (owner >= 0)
    paths, code = _codes(tree, kept, lead)
    fold = tree.nearest(kept)
    place = np.full(tree.parent.size, -1, dtype=np.int64)
    place[outer] = np.arange(outer.size)
    use = _use(tree, kept, fold, np.where(owner >= 0, place[np.maximum(owner, 0)], -1), code, outer)
    listed = tree.spans["trace_id"].gather(outer).to_frame().with_columns(
        during=pl.Series(during), weight=pl.Series(weight), duration_ns=tree.spans["duration_ns"].gather(outer)
    )  # fmt: skip
    return PathUse(paths, use, listed)


def _outermost(asked: Requests) -> tuple[Ints, Flags, Amounts]:
    """Leave out requests inside other requests of the service, and those without a length."""
    tree = asked.tree
    marked = np.zeros(tree.parent.size, dtype=bool)
    marked[asked.rows] = True
    timed = (tree.spans["duration_ns"].fill_null(-1) > 0).to_numpy()[asked.rows]
    keep = (tree.above(marked)[asked.rows] < 0) & timed
    return asked.rows[keep], asked.during[keep], asked.weights[keep]


def _kept(tree: Forest, lead: Flags) -> Flags:
    inner: Flags = (
        tree.spans["span_kind"].is_in(["INTERNAL", "UNSPECIFIED"]) & (tree.spans["db_system_name"] == "")
    ).to_numpy()
    above = tree.spans["service_name"].to_numpy()
    parent = np.maximum(tree.parent, 0)
    crossing = (tree.parent >= 0) & (above != above[parent])  # tracers without kinds: a change of service is a call
    kept: Flags = ~inner | lead | crossing
    return kept


def _codes(tree: Forest, kept: Flags, lead: Flags) -> tuple[pl.DataFrame, Ints]:
    """Give each path a number, level by level: a step is its parent's path and its own name."""
    names = ["service_name", "name", "statement"]
    asked = pl.when(pl.col("statement") != "").then("statement").otherwise("span_name")
    spans = tree.spans.select("service_name", "statement", name=asked, row=pl.int_range(pl.len())).filter(
        pl.Series(kept)
    )
    unique = _labels(spans.select(names).unique(maintain_order=True))
    labelled = spans.join(unique, on=names, how="left", maintain_order="left")
    label = np.full(tree.parent.size, -1, dtype=np.int64)
    label[labelled["row"].to_numpy()] = labelled["label"].to_numpy()
    wide = unique.height + 1
    above = np.where(lead, -1, tree.above(kept))
    code = np.full(tree.parent.size, -1, dtype=np.int64)
    rows, parents, labels, depth = np.flatnonzero(lead), [], [], 0
    waiting = np.flatnonzero(kept & ~lead)
    depths: list[int] = []
    while rows.size:
        up = np.where(above[rows] >= 0, code[above[rows]], -1)
        pairs, inverse = np.unique((up + 1) * wide + label[rows], return_inverse=True)
        code[rows] = len(depths) + inverse
        parents.append(pairs // wide - 1)
        labels.append(pairs % wide)
        depths += [depth] * pairs.size
        ready = code[above[waiting]] >= 0
        rows, waiting, depth = waiting[ready], waiting[~ready], depth + 1
    parent = np.concatenate(parents) if parents else np.empty(0, dtype=np.int64)
    first = unique.unique("label", keep="first").sort("label")
    named = first[np.concatenate(labels)] if labels else first.clear()
    return _named(named, parent, depths), code


def _labels(unique: pl.DataFrame) -> pl.DataFrame:
    """Name each step for people and number the names: ids in the name of an operation do not make another operation."""
    operations = [
        statement_title(statement) if statement else path_template(name) if "/" in name else name
        for name, statement in unique.select("name", "statement").iter_rows()
    ]
    named = unique.with_columns(operation=pl.Series(operations, dtype=pl.String))
    same = pl.struct(
        "service_name", "statement", pl.when(pl.col("statement") != "").then("name").otherwise("operation")
    )
    return named.with_columns(label=same.rank("dense").cast(pl.Int64) - 1)


def _named(named: pl.DataFrame, parent: Ints, depths: list[int]) -> pl.DataFrame:
    texts: list[str] = []
    for at, (up, service, operation) in enumerate(zip(parent, named["service_name"], named["operation"], strict=True)):
        own = f"{service} {operation}"
        texts.append(f"{texts[up]} → {own}" if 0 <= up < at else own)
    return named.select("service_name", "statement", "operation").with_columns(
        path=pl.int_range(pl.len(), dtype=pl.Int64),
        parent=pl.Series(parent, dtype=pl.Int64),
        depth=pl.Series(depths, dtype=pl.Int64),
        text=pl.Series(texts, dtype=pl.String),
    )


def _use(tree: Forest, kept: Flags, fold: Ints, request: Ints, code: Ints, outer: Ints) -> pl.DataFrame:
    size = tree.parent.size
    sections = critical_sections(tree, outer)
    waited = np.bincount(fold[sections.row], weights=sections.length, minlength=size)
    inside = np.flatnonzero((fold >= 0) & (request >= 0))
    own = np.bincount(fold[inside], weights=self_times(tree)[inside], minlength=size)
    rows = np.flatnonzero(kept & (code >= 0))
    spans = tree.spans.select("calls", "failed")[rows]
    steps = pl.DataFrame(
        {"request": request[rows], "path": code[rows], "self_ns": own[rows], "critical_ns": waited[rows]}
    )
    counted = steps.hstack(spans).group_by("request", "path")
    return counted.agg(pl.sum("calls"), pl.sum("failed"), pl.sum("self_ns"), pl.sum("critical_ns"), spans=pl.len())

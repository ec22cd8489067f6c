"""What requests wait for in database calls: critical-path time by request and statement."""

from __future__ import annotations

import numpy as np
import polars as pl

from rca.measures.critical_path import critical_sections
from rca.measures.requests import Requests

__all__ = ["statement_use"]


def statement_use(asked: Requests) -> pl.DataFrame:
    """Return, for each request and statement, how often it is called and what the request waits for it.

    Returns
    -------
    polars.DataFrame
        One row a request and statement: ``request`` (position in ``asked.rows``), ``statement``, ``calls``,
        ``total_ns`` (sum of the calls) and ``critical_ns`` (what of it lies on the request's critical path). A call below
        several nested requests counts for the innermost.
    """
    tree, calls = asked.tree, asked.calls
    timed = tree.spans["start_ns"].is_not_null() & (tree.spans["duration_ns"].fill_null(-1) > 0)
    usable = timed.to_numpy()[asked.rows]
    place = np.full(tree.parent.size, -1, dtype=np.int64)
    place[asked.rows] = np.arange(asked.rows.size)
    row = calls["row"].to_numpy()
    marked = place >= 0
    request = tree.above(marked)[row]
    called = np.zeros(tree.parent.size, dtype=bool)
    called[row] = True
    sections = critical_sections(tree, asked.rows[usable])
    inside = tree.nearest(called)[sections.row]
    waited = np.bincount(inside[inside >= 0], weights=sections.length[inside >= 0], minlength=tree.parent.size)
    # The path of an outer request runs through the inner ones too: each moment of a call is counted once a path.
    lane = np.maximum(1, _paths_through(asked, usable)[row])
    return (
        calls.with_columns(
            request=pl.Series(np.where(request >= 0, place[np.maximum(request, 0)], -1)),
            total_ns=tree.spans["duration_ns"].gather(row).fill_null(0),
            critical_ns=pl.Series(np.rint(waited[row] / lane).astype(np.int64)),
        )
        .filter(pl.col("request") >= 0)
        .group_by("request", "statement", maintain_order=True)
        .agg(pl.sum("calls"), pl.sum("total_ns"), pl.sum("critical_ns"))
    )


def _paths_through(
    asked: Requests, usable: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """How many of the requests lie above each span."""
    tree = asked.tree
    marked = np.zeros(tree.parent.size, dtype=bool)
    marked[asked.rows[usable]] = True
    above, found = tree.above(marked), np.zeros(tree.parent.size, dtype=np.int64)
    at = above.copy()
    while bool((at >= 0).any()):
        found += at >= 0
        at = np.where(at >= 0, above[np.maximum(at, 0)], -1)
    return found

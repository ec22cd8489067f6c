"""Traces as trees in arrays: who is below whom, for millions of spans at once.

Every trace of a frame is laid into the same few arrays, so that ancestry, depth and paths cost a handful of numpy passes
over all spans (pointer jumping), not a Python loop over each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

__all__ = ["Flags", "Forest", "Ints", "forest"]

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_ENTRY_KINDS = ("SERVER", "CONSUMER")


@dataclass(frozen=True, slots=True)
class Forest:
    """The spans of a frame with, for each row, the row of its parent.

    `orphan` marks spans that name a parent which is not in the frame; `cyclic` those that are their own ancestor, whose
    parent is cut. Both stand as roots.
    """

    spans: pl.DataFrame
    parent: Ints
    orphan: Flags
    cyclic: Flags

    @property
    def roots(self) -> Flags:
        """Spans without a parent in the frame."""
        return self.parent < 0

    def column(self, name: str) -> npt.NDArray[np.generic]:
        """Return one column of the frame as an array."""
        return self.spans[name].to_numpy()

    def depth(self) -> Ints:
        """Return how many ancestors each span has."""
        steps = (self.parent >= 0).astype(np.int64)
        at = self.parent.copy()
        todo = np.flatnonzero(at >= 0)
        while todo.size:
            ahead = at[todo]
            steps[todo] += steps[ahead]
            at[todo] = at[ahead]
            todo = todo[at[todo] >= 0]
        return steps

    def nearest(self, wanted: Flags) -> Ints:
        """Return the row of the nearest wanted span on the way up, the span itself included; -1 where there is none."""
        at = np.where(wanted, np.arange(self.parent.size), self.parent)
        todo = np.flatnonzero((at >= 0) & ~wanted)
        todo = todo[~wanted[at[todo]]]
        while todo.size:
            at[todo] = at[at[todo]]
            todo = todo[at[todo] >= 0]
            todo = todo[~wanted[at[todo]]]
        return at

    def above(self, wanted: Flags) -> Ints:
        """Return the row of the nearest wanted span strictly above each span; -1 where there is none."""
        nearest = self.nearest(wanted)
        return np.where(self.parent >= 0, nearest[self.parent], -1)

    def top(self) -> Ints:
        """Return the row of the root above each span, the span itself where it is one."""
        return self.nearest(self.roots)


def forest(spans: pl.DataFrame) -> Forest:
    """Lay the traces of a frame into arrays.

    Parameters
    ----------
    spans
        Columns ``trace_id``, ``span_id``, ``parent_span_id``, ``span_kind`` and ``service_name``; a row a span, in any
        order. Spans that share an id (Zipkin's client and server halves) are told apart by their kind: the server's half
        is below the client's, and children belong to the half of their own service, else to the server's.

    Examples
    --------
    >>> rows = [("t", "a", "", "SERVER", "x"), ("t", "b", "a", "CLIENT", "x"), ("t", "c", "gone", "SERVER", "y")]
    >>> names = ["trace_id", "span_id", "parent_span_id", "span_kind", "service_name"]
    >>> tree = forest(pl.DataFrame(rows, schema=names, orient="row"))
    >>> tree.parent.tolist(), tree.orphan.tolist()
    ([-1, 0, -1], [False, False, True])
    """
    parent = _fast_parents(spans)
    if parent is None:
        columns = ["trace_id", "span_id", "parent_span_id", "span_kind", "service_name"]
        parent = _shared_parents(spans.select(columns).with_row_index("row"))
    orphan = (spans["parent_span_id"] != "").to_numpy() & (parent < 0)
    cyclic = _cyclic(parent)
    parent[cyclic] = -1
    return Forest(spans, parent, orphan, cyclic)


def _fast_parents(spans: pl.DataFrame) -> Ints | None:
    """Parents by sorted hashes; None where ids are shared, or two hashes meet, so that only the exact join can tell."""
    hashes = spans.select(
        trace=pl.col("trace_id").hash(1), own=pl.col("span_id").hash(2), up=pl.col("parent_span_id").hash(2)
    )
    trace, own, up = (hashes[name].to_numpy() for name in hashes.columns)
    high, half = np.uint64(0xFFFFFFFF00000000), np.uint64(32)
    keys = (trace & high) | (own >> half)
    order = np.argsort(keys)
    ordered = keys[order]
    if spans.height > 1 and bool(np.any(ordered[1:] == ordered[:-1])):
        return None
    # Asked in the order of the keys, the spans of one trace lie together, and the search stays in the cache.
    wanted = ((trace & high) | (up >> half))[order]
    at = np.minimum(np.searchsorted(ordered, wanted), max(spans.height - 1, 0))
    target = order[at] if spans.height else order
    named = (spans["parent_span_id"] != "").to_numpy()[order]
    found = named & (ordered[at] == wanted) if spans.height else named
    if bool(np.any((own[target] != up[order])[found])) or bool(np.any((trace[target] != trace[order])[found])):
        return None
    parent = np.full(spans.height, -1, dtype=np.int64)
    parent[order] = np.where(found, target, -1)
    return parent


def _parents(children: pl.DataFrame, candidates: pl.DataFrame) -> Ints:
    targets = candidates.filter(pl.col("span_id") != "").select(
        "trace_id", pl.col("span_id").alias("parent_span_id"), pl.col("row").cast(pl.Int64).alias("target")
    )
    found = children.join(targets, on=["trace_id", "parent_span_id"], how="left", maintain_order="left")
    return found["target"].fill_null(-1).to_numpy().copy()


def _shared_parents(keyed: pl.DataFrame) -> Ints:
    """Parents where ids are shared: the half of the same service first, then the server's half, then any."""
    is_entry = pl.col("span_kind").is_in(_ENTRY_KINDS)
    ranked = keyed.sort(~is_entry, "row")
    any_half = _parents(keyed, ranked.unique(["trace_id", "span_id"], keep="first", maintain_order=True))
    keys = ["trace_id", "span_id", "service_name"]
    own = ranked.unique(keys, keep="first", maintain_order=True).filter(pl.col("span_id") != "")
    own = own.select("trace_id", pl.col("span_id").alias("parent_span_id"), "service_name", target="row")
    same = keyed.join(own, on=["trace_id", "parent_span_id", "service_name"], how="left", maintain_order="left")
    mine = same["target"].cast(pl.Int64).fill_null(-1).to_numpy()
    parent = np.where(mine >= 0, mine, any_half)
    callers = keyed.filter((pl.col("span_id") != "") & ~is_entry).unique(["trace_id", "span_id"], keep="first")
    callers = callers.select("trace_id", "span_id", caller=pl.col("row").cast(pl.Int64))
    above = keyed.join(callers, on=["trace_id", "span_id"], how="left", maintain_order="left")["caller"].fill_null(-1)
    below_caller = keyed["span_kind"].is_in(_ENTRY_KINDS).to_numpy() & (above.to_numpy() >= 0)
    return np.where(below_caller, above.to_numpy(), parent)


def _cyclic(parent: Ints) -> Flags:
    """Spans that never reach a root: after as many doublings as a chain of all spans needs, they still climb."""
    at = parent.copy()
    todo = np.flatnonzero(at >= 0)
    for _ in range(int(parent.size).bit_length() + 1):
        if not todo.size:
            break
        at[todo] = at[at[todo]]
        todo = todo[at[todo] >= 0]
    stuck = np.zeros(parent.size, dtype=bool)
    stuck[todo] = True
    return stuck

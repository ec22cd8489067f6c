"""What tests of several rooms share: a store filled with spans that are written down in a few words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pytest

import rca
from rca import schema
from rca.store import Store

START_NS = 1_772_633_400_000_000_000
"""2026-03-04T14:10Z."""


def span(trace: int | str, at: str, parent: str = "", **more: Any) -> dict[str, Any]:
    """One row of the table spans; times in milliseconds after START_NS as ``start`` and ``length``."""
    start, length = more.pop("start", 0), more.pop("length", 10)
    row = {
        "trace_id": f"{trace:032x}" if isinstance(trace, int) else trace,
        "span_id": at,
        "parent_span_id": parent,
        "service_name": "checkout",
        "span_name": at,
        "span_kind": "INTERNAL",
        "start_ns": None if start is None else START_NS + int(start * 1e6),
        "duration_ns": None if length is None else int(length * 1e6),
    }
    return row | more


def insert_spans(store: Store, rows: list[dict[str, Any]]) -> None:
    names = sorted({name for row in rows for name in row})
    columns = {}
    for name in names:
        values = [row.get(name) for row in rows]
        if name.endswith("attributes"):
            columns[name] = pa.array(
                [list((value or {}).items()) for value in values], pa.map_(pa.string(), pa.string())
            )
        else:
            columns[name] = pa.array(values, schema.arrow_schema("spans").field(name).type)
    store.engine.insert("spans", schema.conform("spans", pa.table(columns)))


@pytest.fixture
def spans_store() -> Iterator[Callable[[list[dict[str, Any]]], Store]]:
    """A function that puts rows made by :func:`span` into a new store."""
    stores = []

    def make(rows: list[dict[str, Any]]) -> Store:
        store = rca.open()
        stores.append(store)
        insert_spans(store, rows)
        return store

    yield make
    for store in stores:
        store.close()


@pytest.fixture
def make_span() -> Callable[..., dict[str, Any]]:
    return span


@pytest.fixture
def fill_spans() -> Callable[[Store, list[dict[str, Any]]], None]:
    """The function that puts rows made by :func:`span` into a store of the test's own."""
    return insert_spans

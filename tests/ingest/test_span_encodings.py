"""The same spans in some fifty encodings give the same rows, whatever they hold."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

import rca

SPEC = importlib.util.spec_from_file_location("span_encodings", Path(__file__).with_name("span_encodings.py"))
encodings = sys.modules["span_encodings"] = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(encodings)

COLUMNS = "trace_id, span_id, parent_span_id, service_name, span_name, span_kind, start_ns, duration_ns, status_code"
WHOLE = encodings.OTLP | encodings.PROTOBUF | encodings.CLICKHOUSE | encodings.TEMPO
"""Encodings that hold everything."""
LESS = {"zipkin": {"INTERNAL": "UNSPECIFIED"}, "datadog": {"OK": "UNSET"}}
"""What an encoding has no word for."""


def ingested(tmp_path, spans, write):
    path = tmp_path / "spans"
    path.write_bytes(write(spans))
    store = rca.open()
    report = store.ingest(path)
    assert (report.total("records_read"), report.total("records_quarantined")) == (len(spans), 0)
    return store


def rest(store):
    """Return what is beside the columns, events and links."""
    spans = store.query(
        "SELECT span_id, attributes, resource_attributes, status_message, adjusted_count FROM spans ORDER BY span_id"
    )
    events = store.query("SELECT span_id, time_ns, event_name, attributes FROM span_events ORDER BY ALL")
    return spans.rows(), events.rows(), store.query("SELECT span_id, linked_trace_id, linked_span_id FROM span_links ORDER BY ALL").rows()  # fmt: skip


@pytest.mark.parametrize("seed", [3, 8])
def test_every_encoding_gives_the_canonical_rows(tmp_path, seed):
    spans = encodings.drawn(seed)
    expected = sorted(span.row for span in spans)
    first = None
    for name, write in (WHOLE | encodings.OTHERS).items():
        store = ingested(tmp_path, spans, write)
        less = LESS.get(name.partition(",")[0], {})
        rows = store.query(f"SELECT {COLUMNS} FROM spans").rows()
        assert sorted(rows) == sorted(tuple(less.get(cell, cell) for cell in row) for row in expected), name
        if name in WHOLE:
            first = first or rest(store)
            assert rest(store) == first, name


@pytest.mark.parametrize("name", [name for name in encodings.PROTOBUF if "z" not in name])
def test_a_message_that_breaks_off_is_accounted_for(tmp_path, name):
    spans = encodings.drawn(2)
    path = tmp_path / "spans"
    path.write_bytes(encodings.PROTOBUF[name](spans)[:-3])
    store = rca.open()
    report = store.ingest(path)
    assert report.total("records_quarantined") == 1
    kept = {row[0] for row in store.query("SELECT span_id FROM spans").rows()}
    assert kept < {span.span_id for span in spans}

"""Requests counted by time, latency and group."""

from __future__ import annotations

import json

import rca

START = 1_772_633_400 * 10**9
SECOND = 10**9
INCIDENT = rca.Incident("shop", start=START, end=START + 400 * SECOND, baseline="400s")


def spans():
    for at in range(800):
        route = f"/r{at % 8}"
        length = 50 if at < 400 else 50 + at
        yield {
            "traceId": f"{at + 1:032x}",
            "spanId": f"{at + 1:016x}",
            "name": f"GET {route}",
            "kind": 2,
            "startTimeUnixNano": str(START + (at - 400) * SECOND),
            "endTimeUnixNano": str(START + (at - 400) * SECOND + length * 10**6),
            "attributes": [{"key": "http.route", "value": {"stringValue": route}}],
            "status": {"code": 2 if at % 100 == 0 else 0},
        }


def test_every_request_is_in_one_cell(tmp_path):
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    document = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": list(spans())}]}]}
    place = tmp_path / "spans.json"
    place.write_text(json.dumps(document))
    with rca.open() as store:
        store.ingest(place)
        cells = rca.request_cells(store, INCIDENT)
    assert cells["requests"].sum() == 800
    assert cells["errors"].sum() == 8
    assert cells["group"].n_unique() == 6  # five routes and the others
    assert cells["bin_ns"].n_unique() <= 41
    assert cells.select("from_ms", "to_ms").n_unique() <= 18
    assert (cells["to_ms"] > cells["from_ms"]).all()
    assert cells["from_ms"].min() <= 50 <= cells["to_ms"].min()

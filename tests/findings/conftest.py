"""An incident in a few spans: requests of checkout that begin to ask once for each item."""

from __future__ import annotations

import pytest

import rca

START_NS = 1_772_633_400_000_000_000
SQL = {"db_system_name": "postgresql", "span_kind": "CLIENT"}


@pytest.fixture
def incident():
    return rca.Incident("checkout", start=START_NS, end=START_NS + 600 * 10**9, baseline="10m")


@pytest.fixture
def request_spans(make_span):
    """A function that writes one request through a gateway: so many look-ups of so many ms, at a second of the incident."""

    def make(number, second, calls, *, each=20, version="1.0", weight=1.0, own=30):
        start, length = second * 1000, own + calls * each
        more = {"adjusted_count": weight, "service_version": version}
        rows = [
            make_span(
                number, "edge", start=start, length=length + 10, span_kind="SERVER", service_name="gateway", **more
            ),
            make_span(
                number,
                "out",
                "edge",
                start=start + 1,
                length=length + 8,
                span_kind="CLIENT",
                service_name="gateway",
                **more,
            ),
            make_span(
                number,
                "own",
                "edge",
                start=start,
                length=1,
                service_name="gateway",
                db_query_text="x",
                db_query_digest="x",
                **(more | SQL),
            ),
            make_span(
                number,
                "in",
                "out",
                start=start + 3,
                length=length,
                span_kind="SERVER",
                http_route="/cart",
                span_name="POST /cart",
                **more,
            ),
            make_span(number, "wrap", "in", start=start + 4, length=length - 5, **more),
        ]
        for at in range(calls):
            text = {
                "db_query_text": f"select * from offers where id = {at}",
                "db_query_digest": "select * from offers where id = ?",
            }
            rows.append(
                make_span(number, f"q{at}", "wrap", start=start + 5 + at * each, length=each, **(more | SQL | text))
            )
        return rows

    return make


@pytest.fixture
def outbreak(spans_store, request_spans):
    """A store: 60 requests with one look-up before, 60 with twelve during."""
    rows = []
    for at in range(60):
        rows += request_spans(1 + at, -590 + at * 9, 1, each=20 + at % 5)
        rows += request_spans(1001 + at, 5 + at * 9, 12, each=20 + at % 5, version="1.1")
    return spans_store(rows)

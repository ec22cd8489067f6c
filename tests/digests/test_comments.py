"""Tags in comments, and what only looks like them."""

from __future__ import annotations

import pytest

from rca.digests import tags

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize(
    "text",
    [
        f"SELECT 1 /*traceparent='{PARENT}'*/",
        f"/* controller:carts,traceparent:{PARENT} */ SELECT 1",
        f"SELECT 1 /*action='show',traceparent='{PARENT}',tracestate='rojo%3D1'*/ /* more */",
        f"SELECT 1 -- traceparent='{PARENT}'",
        f"/*application='it\\'s%20ours',traceparent='{PARENT.upper()}'*/ SELECT 1",
    ],
)
def test_trace_context(text):
    found = tags(text, "mysql")
    assert (found["trace_id"], found["span_id"]) == (TRACE, SPAN)


@pytest.mark.parametrize(
    "text",
    [
        f"SELECT 1 WHERE a <> '/*traceparent={PARENT}*/'",
        f"SELECT 1 /*traceparent='00-{'0' * 32}-{'0' * 16}-00'*/",
        "SELECT 1 /*traceparent='00-abc-01'*/",
        "SELECT 1 /* controller:carts,action:show */",
        f"SELECT 'traceparent={PARENT}'",
    ],
)
def test_no_trace_context(text):
    found = tags(text, "mysql")
    assert "trace_id" not in found
    assert "span_id" not in found


def test_values_are_decoded():
    found = tags("SELECT 1 /*route='%2Fcart%2F%5Bid%5D',application='it\\'s'*/")
    assert found == {"route": "/cart/[id]", "application": "it's"}

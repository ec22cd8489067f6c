"""What failed calls say of themselves."""

from __future__ import annotations

import pytest

from rca.hypotheses.spoken import kind_of_text, kinds_said, span_messages
from rca.measures.texts import Text, _surge


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("ConnectError: [Errno -2] Name or service not known", "network"),
        ("RemoteProtocolError: Server disconnected without sending a response.", "network"),
        ("read tcp 10.0.0.1:443: connection reset by peer", "network"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired", "certificate"),
        ("x509: certificate signed by unknown authority", "certificate"),
        ("QueuePool limit of size 4 overflow 0 reached, connection timed out", "database"),
        ("context deadline exceeded", "dependency"),
        ("java.lang.OutOfMemoryError: Java heap space", "runtime"),
        ("KeyError: 'sku'", ""),
        ("503", ""),
        ("request failed", ""),
    ],
)
def test_a_message_tells_its_kind_or_nothing(text, kind):
    assert kind_of_text(text) in ({kind, "defect"} if text.startswith("KeyError") else {kind})


def failed(text, during, *, service="shop", length=1_000, surge=9.0):
    return Text(service, text, 0.0, during, is_error=True, first_ns=1, surge=surge, duration_ns=length)


def test_shares_are_of_what_tells_and_of_spans_alone():
    texts = [
        failed("Name or service not known", 30.0),
        failed("timed out", 10.0),
        failed("502", 500.0),
        failed("connection refused", 50.0, length=0),  # a log line
        failed("connection refused", 50.0, surge=0.5),  # as always
    ]
    said = kinds_said(texts)["shop"]
    assert {kind: round(share, 2) for kind, (share, _) in said.items()} == {"network": 0.75, "dependency": 0.25}
    assert set(span_messages(texts)["template"]) == {"Name or service not known", "timed out", "connection refused"}


def test_a_message_that_stands_for_ten_surges_as_one():
    whole = _surge(0.0, 20.0, 0.5, squares=20.0)
    sampled = _surge(0.0, 20.0, 0.5, squares=200.0)  # two records of weight ten
    assert sampled == pytest.approx(whole / 10**0.5)
    assert _surge(20.0, 0.0, 0.5, squares=20.0) == pytest.approx(-whole)
    assert _surge(0.0, 0.0, 0.5, squares=0.0) == 0.0

"""Whatever part of the telemetry is there, every test of every hypothesis answers, if only with “no data”."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import rca
from rca.hypotheses import HYPOTHESES, Observed, score_hypotheses
from rca.schema import conform

SECOND = 1_000_000_000
START = 1_772_633_400 * SECOND
INCIDENT = rca.Incident("checkout", start=START + 300 * SECOND, end=START + 420 * SECOND)


def spans(make_span, fill_spans, store):
    rng = np.random.default_rng(5)
    rows = []
    for at in range(420):
        length = 400.0 if at >= 300 else 40.0
        rows.append(make_span(at + 1, "a", span_kind="SERVER", start=1000 * at, length=length + rng.random()))
        rows.append(make_span(at + 1, "b", "a", span_kind="CLIENT", start=1000 * at + 1, length=length - 5, server_address="pricing"))  # fmt: skip
        rows.append(make_span(at + 1, "c", "b", span_kind="SERVER", start=1000 * at + 2, length=20, service_name="pricing"))  # fmt: skip
    fill_spans(store, rows)


def logs(store):
    rows = [{"time_ns": START + at * SECOND, "service_name": "checkout", "severity_number": 17 if at >= 300 else 9, "body": "request failed" if at >= 300 else "request served"} for at in range(420)]  # fmt: skip
    store.engine.insert("logs", conform("logs", pa.Table.from_pylist(rows)))


def metrics(store):
    rows = [{"time_ns": START + at * 5 * SECOND, "service_name": "checkout", "metric_name": name, "value": float(at % 3 + 10 * (at >= 60))} for at in range(84) for name in ("cpu_usage", "http_server_errors_ratio")]  # fmt: skip
    store.engine.insert("metrics", conform("metrics", pa.Table.from_pylist(rows)))


@pytest.mark.parametrize("present", [("spans",), ("logs",), ("metrics",), ("spans", "logs"), ("logs", "metrics")])
def test_every_test_answers_on_a_part_of_the_telemetry(make_span, fill_spans, present):
    with rca.open() as store:
        if "spans" in present:
            spans(make_span, fill_spans, store)
        if "logs" in present:
            logs(store)
        if "metrics" in present:
            metrics(store)
        verdicts = score_hypotheses(store, INCIDENT)
        assert {item.id for item in verdicts} >= {item.id for item in HYPOTHESES}
        for hypothesis in HYPOTHESES:
            for test in hypothesis.tests:
                assert test(Observed(store, INCIDENT)) is not None

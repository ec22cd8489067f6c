from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from rca.findings.detect import detect_incident
from rca.measures.felt import felt
from rca.measures.periods import periods
from rca.measures.red import whole_window
from rca.schema import conform

SECOND = 1_000_000_000
START = 1_772_633_400 * SECOND


def filled(make_span, spans_store, *, onset=600, over=900, seconds=1500, slow=0.1, failed=False, a_second=3, seed=3):
    """Requests of checkout: a few in a hundred slow or failed between two seconds, else hardly any."""
    rng = np.random.default_rng(seed)
    rows = []
    for index in range(seconds * a_second):
        at = index / a_second
        bad = rng.random() < (slow if onset <= at < over else 0.002)
        length = 900.0 if bad and not failed else float(rng.gamma(4, 12))
        status = "ERROR" if bad and failed else "UNSET"
        rows.append(make_span(index + 1, "a", span_kind="SERVER", start=1000 * at, length=length, status_code=status))
    return spans_store(rows)


def seconds_of(time_ns):
    return (time_ns - 1_772_633_400_000_000_000) / SECOND


@pytest.mark.parametrize("failed", [False, True])
def test_slow_and_failed_requests_tell_since_when(make_span, spans_store, failed):
    store = filled(make_span, spans_store, failed=failed)
    found = felt(store, "checkout", START + 780 * SECOND, extent=whole_window(store))
    assert found is not None
    assert found.signal == ("error_ratio" if failed else "p99")
    assert seconds_of(found.start_low_ns) <= 600 <= seconds_of(found.start_high_ns)
    assert abs(seconds_of(found.end_ns) - 900) < 40
    assert found.inside > 10 * found.outside


def test_a_calm_service_was_felt_by_nobody(make_span, spans_store):
    store = filled(make_span, spans_store, slow=0.002)
    assert felt(store, "checkout", START + 780 * SECOND, extent=whole_window(store)) is None


def test_few_requests_say_nothing(make_span, spans_store):
    store = filled(make_span, spans_store, seconds=12, onset=6, over=10, slow=1.0)
    assert felt(store, "checkout", START + 8 * SECOND, extent=whole_window(store)) is None


def test_an_alert_comes_after_the_onset(make_span, spans_store):
    store = filled(make_span, spans_store)
    alert = pa.table(
        {
            "time_ns": [START + 760 * SECOND],
            "kind": ["incident"],
            "service_name": ["checkout"],
            "title": ["LatencyHigh"],
            "attributes": pa.array([[("metric", "p99")]], pa.map_(pa.string(), pa.string())),
        }
    )
    store.engine.insert("changes", conform("changes", alert))
    incident = detect_incident(store)
    assert incident.service_name == "checkout"
    assert seconds_of(incident.onset_low_ns) <= 600 <= seconds_of(incident.onset_high_ns)
    assert abs(seconds_of(incident.end_ns) - 900) < 40


def test_without_an_alert_the_same_stretch_is_found(make_span, spans_store):
    incident = detect_incident(filled(make_span, spans_store, slow=0.3))
    assert seconds_of(incident.onset_low_ns) <= 600 <= seconds_of(incident.onset_high_ns)
    assert abs(seconds_of(incident.end_ns) - 900) < 30


def test_an_explicit_window_stays(make_span, spans_store):
    incident = detect_incident(filled(make_span, spans_store), service="checkout", start=START + 700 * SECOND, end=START + 800 * SECOND)  # fmt: skip
    assert (seconds_of(incident.start_ns), seconds_of(incident.end_ns)) == (700, 800)


def test_an_alert_on_what_no_request_shows_leaves_a_baseline(make_span, spans_store):
    store = filled(make_span, spans_store, slow=0.002, seconds=240)
    alert = {
        "time_ns": [START + 120 * SECOND],
        "kind": ["incident"],
        "service_name": ["checkout"],
        "title": ["DiskFull"],
    }
    store.engine.insert("changes", conform("changes", pa.table(alert)))
    incident = detect_incident(store)
    assert seconds_of(incident.start_ns) == pytest.approx(60, abs=2)
    assert periods(store, incident).baseline.end_ns <= incident.start_ns

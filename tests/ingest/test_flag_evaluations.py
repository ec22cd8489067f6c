"""Changes of flags that only evaluations tell of: one row a turn of the flag, none for a mix that stays."""

from __future__ import annotations

import json
import random

import pytest

import rca
from rca.ingest.changes.evaluations import Run, turns

T0 = 1772625600 * 10**9
SECOND = 10**9


def event(at, variant, key="new-pricing", context="", name="feature_flag.evaluation", variant_key="feature_flag.result.variant"):  # fmt: skip
    pairs = {"feature_flag.key": key, variant_key: variant, "feature_flag.context.id": context}
    attributes = [{"key": key, "value": {"stringValue": text}} for key, text in pairs.items() if text]
    return {"timeUnixNano": str(T0 + at * SECOND), "name": name, "attributes": attributes}


def logs(events, service="cart"):
    records = [{**item, "eventName": item["name"], "name": None} for item in events]
    return {"resourceLogs": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}, "scopeLogs": [{"logRecords": records}]}]}  # fmt: skip


def spans(events, service="cart"):
    made = [{"traceId": f"{at + 1:032x}", "spanId": f"{at + 1:016x}", "name": "GET /", "kind": 2, "startTimeUnixNano": item["timeUnixNano"], "endTimeUnixNano": item["timeUnixNano"], "events": [item] * 3} for at, item in enumerate(events)]  # fmt: skip
    return {"resourceSpans": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}, "scopeSpans": [{"spans": made}]}]}  # fmt: skip


def found(tmp_path, *documents):
    with rca.open() as store:
        for at, document in enumerate(documents):
            path = tmp_path / f"{at}.json"
            path.write_text(json.dumps(document))
            assert store.ingest(path).total("records_quarantined") == 0
            store.ingest(path)  # the same again says nothing new
        rows = store.query("SELECT * FROM changes WHERE kind = 'flag' ORDER BY time_ns, service_name").to_dicts()
    return [((row["time_ns"] - T0) // SECOND, row["feature_flag_key"], row["from_value"], row["to_value"], row["service_name"]) for row in rows]  # fmt: skip


def mixed(share, start, count, rng):
    return [event(start + at, "on" if rng.random() < share else "off", context=f"u{rng.randint(1, 10**6)}") for at in range(count)]  # fmt: skip


OFF_ON = [event(at, "off") for at in range(5)] + [event(at, "on") for at in range(5, 10)]
HISTORIES = {
    "off then on": (OFF_ON, [(5, "off", "on")]),
    "on and off again": (OFF_ON + [event(at, "off") for at in range(10, 20)], [(5, "off", "on"), (10, "on", "off")]),
    "one variant": ([event(at, "on") for at in range(50)], []),
    "half and half": (mixed(0.5, 0, 400, random.Random(1)), []),  # noqa: S311
    "one in ten from first to last": (mixed(0.1, 0, 400, random.Random(2)), []),  # noqa: S311
    "some are always on": ([event(at, "on" if at % 7 == 3 else "off", context=f"u{at % 7}") for at in range(300)], []),
    "one stray": ([event(at, "off") for at in range(40)] + [event(40, "on")], []),
    "a stray of somebody known": ([event(at, "off", context="u1") for at in range(40)] + [event(40, "on", context="u1")], [(40, "off", "on")]),
    "rolled out to one in five": ([*mixed(0.0, 0, 300, random.Random(3)), event(300, "on"), *mixed(0.2, 301, 300, random.Random(3))], [(300, "off", "on")]),  # noqa: S311
    "old names": ([event(at, "off" if at < 4 else "on", name="feature_flag", variant_key="feature_flag.variant") for at in range(8)], [(4, "off", "on")]),
}  # fmt: skip


@pytest.mark.parametrize("carrier", [logs, spans])
@pytest.mark.parametrize("name", HISTORIES)
def test_a_history(tmp_path, name, carrier):
    events, expected = HISTORIES[name]
    assert found(tmp_path, carrier(events)) == [(at, "new-pricing", before, after, "cart") for at, before, after in expected]  # fmt: skip


def test_the_order_of_files_says_nothing(tmp_path):
    first, second = logs(OFF_ON[:5]), logs(OFF_ON[5:])
    assert found(tmp_path, second, first) == found(tmp_path, first, second) == [(5, "new-pricing", "off", "on", "cart")]


def test_one_turn_is_one_change_whoever_sees_it(tmp_path):
    later = [event(int(at["timeUnixNano"]) // SECOND - T0 // SECOND + 2, at["attributes"][1]["value"]["stringValue"]) for at in OFF_ON]  # fmt: skip
    assert found(tmp_path, logs(OFF_ON), logs(later, "pricing")) == [(5, "new-pricing", "off", "on", "cart")]


@pytest.mark.parametrize("told_first", [True, False])
def test_what_an_audit_log_tells_is_not_told_twice(tmp_path, told_first):
    audit = [{"id": 1, "type": "feature-environment-enabled", "createdBy": "ann", "createdAt": "2026-03-04T12:00:04Z", "featureName": "new-pricing", "environment": "production", "data": None, "preData": None}]  # fmt: skip
    documents = [audit, logs(OFF_ON)] if told_first else [logs(OFF_ON), audit]
    assert found(tmp_path, *documents) == [(4, "new-pricing", "off", "on", "")]


def test_a_long_ramp_is_cut_into_its_steps():
    rng = random.Random(4)  # noqa: S311
    shares = [0.0] * 500 + [0.1] * 500 + [0.5] * 500 + [1.0] * 500
    cut = turns([Run("on" if rng.random() < share else "off", at, 1) for at, share in enumerate(shares)])
    assert [round(turn.time_ns, -2) for turn in cut] == [500, 1000, 1500]
    assert [(turn.from_value, turn.to_value) for turn in cut] == [("off", "on")] * 3


def test_a_mix_that_stays_is_cut_in_less_than_one_of_fifty():
    rng = random.Random(5)  # noqa: S311
    alarms = sum(bool(turns([Run("on" if rng.random() < 0.3 else "off", at, 1) for at in range(300)])) for _ in range(200))  # fmt: skip
    assert alarms <= 4

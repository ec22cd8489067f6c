"""Calls a request on random stores, counted once more and plainly by the definition."""

from __future__ import annotations

import json
import random
from collections import defaultdict

import pytest

import rca

START = 1772633400 * 10**9
WINDOW = 900 * 10**9
WEIGHTS = {"": 1.0, "ot=th:0": 1.0, "ot=th:8": 2.0, "ot=th:c": 4.0, "ot=th:cccccccccccccd": 2**56 / (2**56 - 0xCCCCCCCCCCCCCD), "ot=p:5": 32.0}  # fmt: skip
TABLES = ("offers", "items", "users")
SERVER, CLIENT, INTERNAL, PRODUCER, CONSUMER = 2, 3, 1, 4, 5


def drawn(rng):
    """Return spans of one trace as plain dictionaries, parents first."""
    trace, spans = f"{rng.getrandbits(128) | 1:032x}", []
    state = rng.choice(list(WEIGHTS))
    begin = START + rng.randint(-WINDOW, WINDOW - 1)
    for number in range(rng.randint(1, 25)):
        above = rng.choice(spans) if spans and rng.random() < 0.95 else None
        span = {"trace": trace, "id": f"{rng.getrandbits(64) | 1:016x}", "parent": above["id"] if above else "", "kind": INTERNAL, "service": rng.choice(["shop", "prices"]), "system": "", "text": "",
                "calls": 1, "start": begin + number * 10**6, "state": state, "attributes": {}}  # fmt: skip
        if above is None and spans and rng.random() < 0.5:
            span["parent"] = "00000000000000ff"  # whose parent is lost
        if not spans or rng.random() < 0.2:
            span["kind"] = rng.choice([SERVER, SERVER, CONSUMER, INTERNAL, CLIENT])
        elif rng.random() < 0.7:
            database(rng, span, above)
        spans.append(span)
    return spans


def database(rng, span, above):
    """Make a span one of a database: with or without text, composite, a batch, or the driver's below the mapper's."""
    same = above is not None and above["system"] and rng.random() < 0.7
    span["kind"], span["system"] = rng.choice([CLIENT, CLIENT, INTERNAL]), above["system"] if same else rng.choice(["postgresql", "mysql"])  # fmt: skip
    table = above["table"] if same else rng.choice(TABLES)
    span["table"] = table
    span["text"] = f"SELECT * FROM {table} WHERE id = {rng.randint(1, 99)}"
    span["attributes"] = {"db.system.name": span["system"], "db.query.text": span["text"]}
    if rng.random() < 0.2:
        span["calls"] = rng.randint(2, 40)
        key = rng.choice(["composite.count", "span.composite.count", "db.operation.batch.size"])
        span["attributes"][key] = str(span["calls"])


def expected(spans, service):
    """Count by the definition; without a service every root is a request."""
    by_id = {(span["trace"], span["id"]): span for span in spans}
    found = defaultdict(lambda: defaultdict(float))
    inside = defaultdict(int)

    def above(span):
        return by_id.get((span["trace"], span["parent"]))

    def is_request(span):
        if service:
            return span["service"] == service and span["kind"] in (SERVER, CONSUMER)
        return span["parent"] == ""

    def is_double(span):
        """Say whether a call is the one that the nearest call above it says, with no request between."""
        at = above(span)
        while at is not None and at["kind"] not in (SERVER, CONSUMER):
            if at["system"]:
                return (at["system"], at["table"]) == (span["system"], span["table"])
            at = above(at)
        return False

    for span in spans:
        if not span["system"] or is_double(span):
            continue
        at = above(span)
        while at is not None:
            if is_request(at):
                inside[at["trace"], at["id"]] += span["calls"]
            at = above(at)
    for span in filter(is_request, spans):
        period = ("during" if span["start"] >= START else "before") if service else "all"
        found[period][inside[span["trace"], span["id"]]] += WEIGHTS[span["state"]]
    return {period: dict(counts) for period, counts in found.items()}


def documents(spans):
    for span in spans:
        one = {"traceId": span["trace"], "spanId": span["id"], "parentSpanId": span["parent"], "name": "n", "kind": span["kind"], "startTimeUnixNano": str(span["start"]), "endTimeUnixNano": str(span["start"] + 1000),
               "traceState": span["state"], "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in span["attributes"].items()]}  # fmt: skip
        yield json.dumps({"resourceSpans": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": span["service"]}}]}, "scopeSpans": [{"spans": [one]}]}]})  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_counts_are_those_of_the_definition(tmp_path, seed):
    rng = random.Random(seed)  # noqa: S311
    spans = [span for _ in range(250) for span in drawn(rng)]
    shuffled = list(spans)
    rng.shuffle(shuffled)
    path = tmp_path / "spans.jsonl"
    path.write_text("\n".join(documents(shuffled)))
    store = rca.open()
    assert store.ingest(path).total("records_kept") == len(spans)
    incident = rca.Incident("shop", start=START, end=START + WINDOW, baseline="15m")
    for service, asked in (("shop", [incident]), ("", [])):
        found = defaultdict(dict)
        for row in rca.queries_per_request(store, *asked).table.to_dicts():
            found[row["period"]][row["calls"]] = row["requests"]
        truth = expected(spans, service)
        assert found.keys() == truth.keys()
        for period, counts in truth.items():
            assert found[period] == pytest.approx(counts, rel=1e-9), (service, period)

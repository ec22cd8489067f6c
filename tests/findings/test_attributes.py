"""The planted attribute comes first, and nothing planted raises no alarm."""

from __future__ import annotations

import random

import pyarrow as pa
import pytest

from rca import schema
from rca.errors import NoDataError, OptionError
from rca.findings.attributes import compare_attributes

SECOND = 10**9


def requests(make_span, slow, *, n=900, seed=1):
    """Requests with a few attributes; `slow` says of their facts whether one is slow."""
    rng = random.Random(seed)  # noqa: S311
    rows = []
    for at in range(n):
        pod = rng.randint(1, 6)
        facts = {
            "app.flag": rng.choice(["on", "off"]),
            "cloud.region": rng.choice(["eu", "us", "ap"]),
            "app.items": str(rng.randint(1, 60)),
            "app.user.id": f"u{rng.randint(1, 500)}",
        }
        if rng.random() < 0.1:
            facts["app.rule"] = f"r{rng.randint(1, 60)}"
        resource = {"service.version": "2" if pod > 4 else "1", "k8s.pod.name": f"pod-{pod}"}
        late = rng.random() < (0.6 if slow(facts | resource) else 0.02)
        rows.append(
            make_span(
                at + 1, "r", start=at * 500, length=rng.uniform(1200, 1500) if late else rng.uniform(50, 200),
                span_kind="SERVER", attributes=facts, resource_attributes=resource,
            )
        )  # fmt: skip
    return rows


PLANTS = {
    "value": (lambda facts: facts["cloud.region"] == "eu", "cloud.region", "eu"),
    "version, which pods imply": (lambda facts: facts["service.version"] == "2", "service.version", "2"),
    "pod, which implies the version": (lambda facts: facts["k8s.pod.name"] == "pod-6", "k8s.pod.name", "pod-6"),
    "presence": (lambda facts: "app.rule" in facts, "app.rule", "(present)"),
    "pair": (
        lambda facts: facts["app.flag"] == "on" and facts["service.version"] == "2",
        "app.flag & service.version",
        "on & 2",
    ),
}


@pytest.mark.parametrize("plant", PLANTS)
@pytest.mark.parametrize("seed", [1, 2])
def test_the_planted_fact_comes_first(spans_store, make_span, incident, plant, seed):
    slow, attribute, value = PLANTS[plant]
    found = compare_attributes(spans_store(requests(make_span, slow, seed=seed)), incident, slower_than_ns=SECOND)
    lead = found.table.row(0, named=True)
    assert (lead["attribute"], lead["value"]) == (attribute, value)
    assert lead["p_value"] < 1e-6
    assert lead["low"] < lead["effect"] < lead["high"]
    assert lead["slow_covered"] > 0.5


def test_a_quantity_is_told_by_its_distribution(spans_store, make_span, incident):
    rows = requests(make_span, lambda facts: int(facts["app.items"]) > 45)
    lead = compare_attributes(spans_store(rows), incident, slower_than_ns=SECOND).table.row(0, named=True)
    assert lead["attribute"] == "app.items"
    assert lead["value"].startswith(">= 4")


@pytest.mark.parametrize("seed", range(5))
def test_nothing_planted_raises_no_alarm(spans_store, make_span, incident, seed):
    rows = requests(make_span, lambda _: False, seed=seed)
    found = compare_attributes(spans_store(rows), incident, slower_than_ns=SECOND)
    assert not (found.table["p_value"] < 0.05).any()
    assert "Nothing" in found.claim
    assert found.effect is None


def test_what_is_explained_by_another_comes_after(spans_store, make_span, incident):
    rows = requests(make_span, lambda facts: facts["service.version"] == "2")
    table = compare_attributes(spans_store(rows), incident, slower_than_ns=SECOND).table
    pods = table.filter(table["attribute"] == "k8s.pod.name", table["p_value"] < 0.05)
    assert set(pods["explained_by"]) == {"service.version = 2"}


def test_sampling_by_the_outcome_does_not_mislead(spans_store, make_span, incident):
    rng = random.Random(3)  # noqa: S311
    rows = requests(make_span, lambda facts: facts["cloud.region"] == "ap", n=3000)
    late = [row["duration_ns"] > SECOND for row in rows]
    kept = [
        row | {"adjusted_count": 1.0 if slow else 5.0}
        for row, slow in zip(rows, late, strict=True)
        if slow or rng.random() < 0.2
    ]
    lead = compare_attributes(spans_store(kept), incident, slower_than_ns=SECOND).table.row(0, named=True)
    assert (lead["attribute"], lead["value"]) == ("cloud.region", "ap")
    assert lead["slow_share_with"] == pytest.approx(0.6, abs=0.1)


def test_a_flag_that_was_evaluated_in_the_trace_is_a_fact(spans_store, make_span, incident):
    rows = requests(make_span, lambda facts: facts["app.flag"] == "on", n=400)
    store = spans_store(rows)
    events = [
        {
            "trace_id": row["trace_id"],
            "event_name": "feature_flag.evaluation",
            "attributes": [
                ("feature_flag.key", "new_code"),
                ("feature_flag.result.variant", row["attributes"].pop("app.flag")),
            ],
        }
        for row in rows
    ]
    kind = {"attributes": pa.map_(pa.string(), pa.string())}
    columns = {name: pa.array([event[name] for event in events], kind.get(name)) for name in events[0]}
    store.engine.insert("span_events", schema.conform("span_events", pa.table(columns)))
    table = compare_attributes(store, incident, slower_than_ns=SECOND).table
    lead = {row["attribute"]: row["value"] for row in table.head(2).to_dicts()}
    assert lead == {"app.flag": "on", "feature_flag.new_code": "on"}


def test_no_slow_request_is_an_answer(spans_store, make_span, incident):
    rows = requests(make_span, lambda _: False, n=50)
    found = compare_attributes(spans_store(rows), incident, slower_than_ns=10 * SECOND)
    assert found.table.is_empty()
    assert found.claim.startswith("No request")


def test_bad_options_and_no_data(spans_store, incident):
    with pytest.raises(OptionError, match="above 0"):
        compare_attributes(spans_store([]), incident, slower_than_ns=0)
    with pytest.raises(NoDataError, match="No request of checkout"):
        compare_attributes(spans_store([]), incident)

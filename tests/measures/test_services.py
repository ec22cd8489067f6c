from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import rca
from rca.errors import NoDataError
from rca.measures.attribution import attribute
from rca.measures.calls import CallGraph, call_graph
from rca.measures.edges import edge_gaps, edge_suspects
from rca.measures.periods import periods
from rca.measures.services import rank_services, window_params
from rca.measures.shifts import metric_shifts, shift
from rca.schema import conform
from rca.times import parse_time

SECOND = 1_000_000_000
NOON = parse_time("2026-01-05T12:00Z")


@pytest.fixture
def store():
    with rca.open() as opened:
        yield opened


def put(store, table, **columns):
    store.engine.insert(table, conform(table, pa.table(columns)))


def series(store, service, metric, values, start=NOON - 3600 * SECOND, step=10):
    times = [start + index * step * SECOND for index in range(len(values))]
    n = len(values)
    put(
        store,
        "metrics",
        time_ns=times,
        service_name=[service] * n,
        metric_name=[metric] * n,
        value=list(map(float, values)),
    )


INCIDENT = rca.Incident("shop", start=NOON, end=NOON + 600 * SECOND, baseline="1h")


def noisy(seed, level, jump, calm=360, hot=60):
    values = level * (1 + 0.02 * np.random.default_rng(seed).standard_normal(calm + hot))
    values[calm:] += jump
    return values


def fill(store, factor=1.0):
    series(store, "shop", "cpu", noisy(1, 40, 4))
    series(store, "stock", "cpu", noisy(2, 20, 60))
    series(store, "mail", "cpu", noisy(3, 30, 0))
    for seed, name in enumerate(("shop", "stock", "mail")):
        series(store, name, "memory", factor * noisy(10 + seed, 500, 20 * seed))


def test_the_service_whose_resource_moved_most_comes_first(store):
    fill(store)
    ranked = rank_services(store, INCIDENT)
    assert ranked["service_name"][0] == "stock"
    assert ranked["signal"][0] == "cpu"
    assert "cpu" in ranked["claim"][0]


def test_a_change_of_unit_changes_nothing(store):
    fill(store)
    with rca.open() as other:
        fill(other, factor=1e6)
        one, two = rank_services(store, INCIDENT), rank_services(other, INCIDENT)
    assert one["service_name"].to_list() == two["service_name"].to_list()
    assert one["score"].to_list() == pytest.approx(two["score"].to_list())


def test_constant_series_are_no_evidence(store):
    series(store, "shop", "cpu", [5.0] * 420)
    series(store, "stock", "cpu", noisy(2, 20, 10))
    ranked = rank_services(store, INCIDENT)
    assert ranked.filter(ranked["service_name"] == "shop")["score"][0] == 0


def test_nothing_to_rank(store):
    with pytest.raises(NoDataError):
        rank_services(store, INCIDENT)


def latency_story(store):
    """The stock service slows in the middle of the incident only; the shop waits for it three times a request."""
    burst = np.zeros(420)
    burst[380:400] = 0.1
    rng = np.random.default_rng(5)

    def wobble():
        return 0.002 * rng.standard_normal(420)

    series(store, "shop", "latency.avg", 0.4 + 3 * burst + wobble())
    series(store, "stock", "latency.avg", 0.05 + burst + 0.1 * wobble())
    series(store, "mail", "latency.avg", np.where(np.arange(420) < 360, 0.2, 0.5) + wobble())
    for name, calls in (("shop", 100), ("stock", 300), ("mail", 20)):
        series(store, name, "requests", [calls] * 420)
    put(store, "service_edges", caller=["shop", "shop"], callee=["stock", "mail"])


def test_excess_is_divided_along_calls(store):
    latency_story(store)
    ranked = rank_services(store, INCIDENT, signal="latency.avg")
    assert ranked["service_name"][0] == "stock"
    assert ranked["own_share"][0] == pytest.approx(1, abs=0.1)
    shop = ranked.filter(ranked["service_name"] == "shop")
    assert abs(shop["own_share"][0]) < 0.2


def test_a_level_that_moved_before_the_burst_is_not_blamed(store):
    latency_story(store)
    found = attribute(store, periods(store, INCIDENT), "shop", "latency.avg", call_graph(store))
    assert found.filter(found["service_name"] == "mail")["score"][0] < 0.1


def test_unknown_metric_or_service(store):
    latency_story(store)
    with pytest.raises(NoDataError, match=r"latency\.avg"):
        rank_services(store, INCIDENT, signal="latency.average")
    stranger = rca.Incident("shoop", start=NOON, end=NOON + 600 * SECOND, baseline="1h")
    with pytest.raises(NoDataError, match="Did you mean shop"):
        rank_services(store, stranger, signal="latency.avg")


def traces(store, requests, *, complaint=("stock refused", 17)):
    """Requests as (time, slow, fail): gateway calls shop and stock; `slow` seconds are lost between gateway and stock."""
    spans, logs = [], []
    for number, (at, slow, fail) in enumerate(requests):
        trace, ids = f"{number:032x}", [f"{number:012x}{part:04x}" for part in range(5)]
        lengths = (0.1 + slow, 0.03, 0.028, 0.03 + slow, 0.028)
        names = (("gateway", "GET /", "SERVER"), ("gateway", "call shop", "CLIENT"), ("shop", "GET /shop", "SERVER"),
                 ("gateway", "call stock", "CLIENT"), ("stock", "GET /stock", "SERVER"))  # fmt: skip
        parents = ("", ids[0], ids[1], ids[0], ids[3])
        for span, parent, (service, name, kind), length in zip(ids, parents, names, lengths, strict=True):
            spans.append({"trace_id": trace, "span_id": span, "parent_span_id": parent, "service_name": service,
                          "span_name": name, "span_kind": kind, "start_ns": at, "duration_ns": int(length * SECOND)})  # fmt: skip
        said = complaint if fail else ("done", 9)
        for service, body, severity in (("shop", "basket read", 9), ("stock", *said)):
            logs.append(
                {"time_ns": at, "service_name": service, "body": body, "severity_number": severity, "trace_id": trace}
            )
    for table, rows in (("spans", spans), ("logs", logs)):
        store.engine.insert(table, conform(table, pa.Table.from_pylist(rows)))


def half_hour(*, slow=0.0, fail=False):
    """Sixty requests over twenty minutes; what goes wrong goes wrong from noon."""
    times = [NOON - 600 * SECOND + number * 20 * SECOND for number in range(60)]
    return [(at, slow * (at >= NOON), fail and at >= NOON) for at in times]


def test_time_lost_between_services_names_the_edge(store):
    traces(store, half_hour(slow=1.0))
    incident = rca.Incident("gateway", start=NOON, end=NOON + 600 * SECOND, baseline="10m")
    ranked = rank_services(store, incident)
    assert ranked["service_name"][0] == "stock"
    assert ranked["signal"][0] == "network"


def test_a_complaint_in_every_request_of_a_kind(store):
    traces(store, half_hour(fail=True))
    incident = rca.Incident("gateway", start=NOON, end=NOON + 600 * SECOND, baseline="10m")
    ranked = rank_services(store, incident)
    assert ranked["service_name"][0] == "stock"
    assert "stock refused" in " ".join(ranked["clues"][0].to_list())
    assert ranked.filter(ranked["service_name"] == "shop")["score"][0] < 1


def test_what_is_thrown_is_a_complaint_also_as_information(store):
    traces(store, half_hour(fail=True), complaint=("java.lang.IllegalStateException: no stock", 9))
    incident = rca.Incident("gateway", start=NOON, end=NOON + 600 * SECOND, baseline="10m")
    ranked = rank_services(store, incident)
    assert ranked["service_name"][0] == "stock"
    assert "complains “java.lang.IllegalStateException" in " ".join(ranked["clues"][0].to_list())


def test_graph_from_spans_and_given_edges(store):
    traces(store, [(NOON, 0.0, False)])
    put(store, "service_edges", caller=["stock"], callee=["warehouse"])
    graph = call_graph(store)
    assert graph.below("gateway") == {"shop": 1, "stock": 1, "warehouse": 2}
    assert graph.above("warehouse") == {"stock": 1, "gateway": 2}


def test_a_parent_whose_trace_id_was_lost_is_found_by_its_id(store):
    put(store, "spans", trace_id=["a" * 32, "b" * 32], span_id=["1" * 16, "2" * 16], parent_span_id=["", "1" * 16],
        service_name=["front", "back"], span_name=["x", "y"], start_ns=[NOON, NOON], duration_ns=[5, 5])  # fmt: skip
    assert call_graph(store).below("front") == {"back": 1}


def test_cycles_end():
    graph = CallGraph.of([("a", "b"), ("b", "a")])
    assert graph.below("a") == {"b": 1}


def test_edges_without_slowing_suspect_nobody(store):
    traces(store, half_hour())
    incident = rca.Incident("gateway", start=NOON, end=NOON + 600 * SECOND, baseline="10m")
    assert edge_suspects(edge_gaps(store, window_params(periods(store, incident)))) == {}


@pytest.mark.parametrize("factor", [1e-9, 1.0, 1e9])
def test_shift_has_no_unit(factor):
    past, now = np.arange(20.0) + 3, np.arange(10.0) + 30
    assert shift(factor * past, factor * now) == pytest.approx(shift(past, now))


def test_counters_are_rates_with_resets(store):
    steps = np.r_[np.arange(0, 3600, 10), np.arange(0, 6000, 100)].astype(float)
    times = [NOON - 3600 * SECOND + index * 10 * SECOND for index in range(len(steps))]
    n = len(steps)
    put(store, "metrics", time_ns=times, service_name=["shop"] * n, metric_name=["errors_total"] * n, value=steps.tolist(),
        metric_type=["sum"] * n, temporality=["cumulative"] * n)  # fmt: skip
    row = metric_shifts(store, periods(store, INCIDENT)).row(0, named=True)
    assert row["before"] == pytest.approx(1, rel=0.01)
    assert row["during"] == pytest.approx(10, rel=0.2)


def shifted(store, name):
    found = metric_shifts(store, periods(store, INCIDENT))
    return found.filter(found["metric_name"] == name).row(0, named=True)


def test_a_plain_column_that_is_a_running_sum_by_name_and_values_is_a_rate(store):
    steps = np.r_[np.full(360, 10.0), np.full(60, 100.0)] * np.random.default_rng(1).uniform(0.5, 1.5, 420)
    running = np.cumsum(steps)
    running[100:] -= running[99]  # a fresh start
    series(store, "shop", "cpu_seconds_total", running)
    row = shifted(store, "cpu_seconds_total")
    assert row["before"] == pytest.approx(1, rel=0.1)
    assert row["during"] == pytest.approx(10, rel=0.1)


def test_counts_a_minute_are_no_running_sum_whatever_their_name(store):
    series(store, "shop", "requests_total", 100 * noisy(1, 1, 0.5))
    series(store, "shop", "backlog", np.arange(420))
    assert shifted(store, "requests_total")["during"] == pytest.approx(150, rel=0.1)
    assert shifted(store, "backlog")["before"] == pytest.approx(179.5)


def test_who_hands_on_failures_is_not_blamed_for_failing_more_steadily(store):
    """The caller failed a little before, so its unrest is small; the culprit never failed."""
    rng = np.random.default_rng(4)
    culprit = np.r_[np.zeros(360), rng.poisson(15, 60)]
    series(store, "stock", "errors", culprit)
    series(store, "shop", "errors", 0.02 * (rng.random(420) < 0.1) + 0.8 * culprit)
    assert rank_services(store, INCIDENT)["service_name"][0] == "stock"


def test_an_idle_service_that_stirs_is_not_blamed(store):
    series(store, "mail", "cpu", 1e-4 * noisy(1, 1, 1.5))
    series(store, "shop", "cpu", noisy(2, 0.5, 0))
    series(store, "stock", "cpu", noisy(3, 0.3, 0))
    series(store, "stock", "memory", noisy(4, 500, 400))
    series(store, "shop", "memory", noisy(5, 500, 0))
    ranked = rank_services(store, INCIDENT)
    assert ranked["service_name"][0] == "stock"


def test_scores_of_a_table_are_the_scores_of_its_series(store):
    rng = np.random.default_rng(3)
    kinds = {"flat": np.full(420, 2.0), "zero": np.zeros(420), "new": np.r_[np.zeros(360), np.ones(60)],
             "noisy": rng.lognormal(size=420), "risen": np.r_[rng.normal(5, 1, 360), rng.normal(9, 1, 60)]}  # fmt: skip
    for name, values in kinds.items():
        series(store, "shop", name, values)
    found = dict(metric_shifts(store, periods(store, INCIDENT)).select("metric_name", "score").iter_rows())
    for name, values in kinds.items():
        assert found[name] == pytest.approx(shift(values[:360], values[360:]))

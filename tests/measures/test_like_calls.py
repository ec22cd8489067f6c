"""What counts as one repeated call, and what never does."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from rca.measures.like_calls import like_calls
from rca.measures.targets import path_template, statement_title
from rca.sql import statement

SQL = {"db_system_name": "postgresql", "span_kind": "CLIENT"}


def lookups(make_span, n, *, parent="root", every=20, length=10, text="SELECT * FROM offers WHERE id = {}", **more):
    digest = more.pop("digest", "select * from offers where id = ?")
    return [
        make_span(
            1,
            f"q{at}",
            parent,
            start=5 + at * every,
            length=length,
            db_query_text=text.format(at),
            db_query_digest=digest,
            **(SQL | more),
        )
        for at in range(n)
    ]


def root(make_span, **more):
    return make_span(1, "root", length=2000, **({"span_kind": "SERVER", "http_route": "/cart"} | more))


def only(store):
    groups = like_calls(store).groups
    flagged = groups.filter(groups["pattern"] != "none").to_dicts()
    return flagged[0] if flagged else None


def test_sequential_calls_with_differing_parameters(spans_store, make_span):
    found = only(spans_store([root(make_span), *lookups(make_span, 7)]))
    assert (found["pattern"], found["calls"], found["parent_span_id"], found["parameters"]) == (
        "n_plus_one",
        7,
        "root",
        "differing",
    )
    assert (found["total_ns"], found["critical_ns"], found["saved_ns"]) == (70_000_000, 70_000_000, 60_000_000)
    assert found["parallel"] == 1.0


def test_four_are_too_few(spans_store, make_span):
    assert only(spans_store([root(make_span), *lookups(make_span, 4)])) is None


def test_equal_literals_are_redundant_and_sanitised_ones_are_not(spans_store, make_span):
    same = lookups(make_span, 5, text="SELECT * FROM offers WHERE id = 7")
    assert only(spans_store([root(make_span), *same]))["pattern"] == "redundant"
    unknown = lookups(make_span, 5, text="SELECT * FROM offers WHERE id = $1")
    found = only(spans_store([root(make_span), *unknown]))
    assert (found["pattern"], found["parameters"]) == ("n_plus_one", "unknown")


def test_concurrent_calls_fan_out_and_save_little(spans_store, make_span):
    found = only(spans_store([root(make_span), *lookups(make_span, 8, every=0.5, length=50)]))
    assert found["pattern"] == "fan_out"
    assert found["parallel"] > 5
    assert found["saved_ns"] < 10_000_000


def test_wrappers_do_not_split_a_group(spans_store, make_span):
    rows = [root(make_span), make_span(1, "apply", "root", length=500)]
    for at in range(6):
        rows.append(make_span(1, f"w{at}", "apply", start=at * 20, length=15))
        rows += [row | {"span_id": f"q{at}"} for row in lookups(make_span, 1, parent=f"w{at}")]
    found = only(spans_store(rows))
    assert (found["calls"], found["parent_span_id"]) == (6, "apply")


def test_the_span_of_the_driver_inside_that_of_the_orm_is_the_same_call(spans_store, make_span):
    rows = [root(make_span), *lookups(make_span, 6, span_kind="INTERNAL")]
    rows += [
        row | {"span_id": f"d{at}", "parent_span_id": f"q{at}"}
        for at, row in enumerate(lookups(make_span, 6, length=5))
    ]
    assert only(spans_store(rows))["calls"] == 6


def test_composite_spans_stand_for_many_and_weights_do_not(spans_store, make_span):
    rows = [root(make_span, adjusted_count=5.0), *lookups(make_span, 2, adjusted_count=5.0)]
    rows[1] |= {"calls": 9, "attributes": {"composite.count": "9"}}
    found = only(spans_store(rows))
    assert (found["calls"], found["adjusted_count"]) == (10, 5.0)


def test_one_batch_is_one_call(spans_store, make_span):
    batch = lookups(make_span, 1) + lookups(make_span, 3, every=30)[1:]
    batch[0] |= {"calls": 100, "attributes": {"db.operation.batch.size": "100"}}
    assert only(spans_store([root(make_span), *batch])) is None


def test_two_services_with_the_same_statement_are_two_groups(spans_store, make_span):
    rows = [
        root(make_span),
        make_span(1, "other", "root", start=500, length=400, span_kind="SERVER", service_name="pricing"),
    ]
    rows += lookups(make_span, 3) + [
        row | {"span_id": f"p{at}"}
        for at, row in enumerate(lookups(make_span, 3, parent="other", service_name="pricing"))
    ]
    assert only(spans_store(rows)) is None


def test_a_parent_that_is_missing_names_the_group(spans_store, make_span):
    found = only(spans_store(lookups(make_span, 5, parent="gone")))
    assert (found["calls"], found["parent_span_id"]) == (5, "gone")


def http(make_span, n, url, **more):
    return [
        make_span(
            1, f"h{at}", "root", start=5 + at * 20, length=10, span_kind="CLIENT", http_request_method=more.get("method", "GET"),
            server_address="stock", attributes={"url.full": url.format(at)},
        )
        for at in range(n)
    ]  # fmt: skip


def test_http_calls_with_ids_in_the_path(spans_store, make_span):
    found = only(spans_store([root(make_span), *http(make_span, 6, "http://stock/v1/items/{}")]))
    assert (found["target"], found["calls"]) == ("GET stock/v1/items/{id}", 6)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (lambda make: [root(make), *lookups(make, 6, status_code="ERROR")[:5], *lookups(make, 6)[5:]], "retries of a failed call"),
        (lambda make: [root(make) | {"duration_ns": 10**10}, *lookups(make, 6, every=1000)], "polling"),
        (lambda make: [root(make, span_kind="CONSUMER"), *lookups(make, 9)], "background work"),
        (lambda make: [root(make, span_kind="INTERNAL"), *lookups(make, 9)], "background work"),
        (lambda make: [root(make, http_route="/healthz"), *lookups(make, 9)], "health check"),
        (lambda make: [root(make), *lookups(make, 9, text="SET x = {}", digest="set x = ?")], "transaction or connection statement"),
        (lambda make: [root(make), *lookups(make, 9, text="SAVEPOINT s{}", digest="savepoint s?")], "transaction or connection statement"),
        (lambda make: [root(make), *lookups(make, 9, text="SELECT 1", digest="select ?")], "transaction or connection statement"),
        (lambda make: [root(make), *lookups(make, 9, text="", digest="", span_name="pool.acquire")], "transaction or connection statement"),
        (lambda make: [root(make), *lookups(make, 9, text="", digest="", db_operation_name="PING", db_system_name="redis")], "transaction or connection statement"),
        (lambda make: [root(make), *lookups(make, 6, text="SELECT * FROM t ORDER BY id LIMIT 10 OFFSET {}0")], "pages of one list"),
        (lambda make: [root(make), *http(make, 6, "http://stock/static/a{}.js")], "static asset"),
        (lambda make: [root(make), *http(make, 6, "http://stock/v1/traces", method="POST")], "telemetry export"),
        (lambda make: [root(make), *http(make, 6, "http://stock/items?page={}")], "pages of one list"),
    ],
)  # fmt: skip
def test_what_never_is_a_pattern(spans_store, make_span, rows, reason):
    groups = like_calls(spans_store(rows(make_span))).groups
    assert set(groups["pattern"]) == {"none"}
    assert reason in set(groups["reason"])


def test_a_server_below_a_background_root_still_serves_requests(spans_store, make_span):
    rows = [make_span(1, "top", length=3000), root(make_span) | {"parent_span_id": "top"}, *lookups(make_span, 6)]
    assert only(spans_store(rows))["calls"] == 6


def test_a_real_redis_set_is_a_call(spans_store, make_span):
    calls = lookups(make_span, 6, text="SET cart:{} 1", digest="SET ? ?", db_system_name="redis")
    assert only(spans_store([root(make_span), *calls]))["calls"] == 6


def test_where_the_code_is(spans_store, make_span):
    code = {"code.file.path": "offers.py", "code.line.number": "12", "code.function.name": "load"}
    rows = [
        root(make_span),
        make_span(1, "apply", "root", length=900, attributes=code),
        *lookups(make_span, 5, parent="apply"),
    ]
    assert only(spans_store(rows))["code_location"] == "offers.py:12 in load"


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/a/b", "/a/b"),
        ("/v2/a/17", "/v2/a/{id}"),
        ("/a/deadbeef01", "/a/{id}"),
        ("/a/SKU-7", "/a/{id}"),
        ("/s3/web2", "/s{id}/web{id}"),
        ("", ""),
    ],
)
def test_path_template(path, template):
    assert path_template(path) == template


def test_statement_title():
    assert statement_title("update stock set n = ? where sku = ? and shop.id in (?)") == "UPDATE stock by sku, id"
    assert statement_title("insert into lines (a) values (?)") == "INSERT lines"


def test_what_a_span_does_not_say_is_not_called_equal(spans_store, make_span):
    """A composite span shows one statement of many; the body of a POST is in no span."""
    composite = make_span(1, "q", "root", length=200, calls=12, db_query_text="SELECT 7", db_query_digest="d", **SQL)
    found = only(spans_store([root(make_span), composite]))
    assert (found["pattern"], found["calls"], found["parameters"]) == ("n_plus_one", 12, "unknown")
    sent = {"span_kind": "CLIENT", "http_request_method": "POST", "server_address": "search"}
    posts = [
        make_span(1, f"p{at}", "root", start=5 + at * 20, attributes={"url.full": "http://search/_search"}, **sent)
        for at in range(6)
    ]
    assert only(spans_store([root(make_span), *posts]))["pattern"] == "n_plus_one"
    gets = [row | {"http_request_method": "GET"} for row in posts]
    assert only(spans_store([root(make_span), *gets]))["pattern"] == "redundant"


def test_traces_with_enough_like_calls_are_found_whatever_else_they_call(spans_store, make_span):
    rng, rows, expected = random.Random(4), [], set()  # noqa: S311  (no secret)
    for trace in range(1, 120):
        made = [rng.randint(0, rng.choice((3, 30, 90))) for _ in range(rng.choice((4, 20, 60)))]
        made += [0] * rng.choice((0, 4, 6))
        batch = 200 if trace % 40 == 0 else 1
        rows += [
            make_span(trace, f"c{at}", start=at, db_query_digest=f"select {digest}", calls=batch, **SQL)
            for at, digest in enumerate(made)
        ]
        times = max(Counter(made).values()) * batch
        expected |= {trace} if times >= 5 else set()
    store = spans_store(rows)
    found = store.query(statement("repeated_spans").sql, from_ns=-(2**62), to_ns=2**62, least=5, most=1000)
    assert 10 < len(expected) < 110
    assert {int(name, 16) for name in found["trace_id"].unique()} == expected
    assert found["candidates"].unique().to_list() == [len(expected)]
    part = store.query(statement("repeated_spans").sql, from_ns=-(2**62), to_ns=2**62, least=5, most=3)
    assert (part["trace_id"].n_unique(), part["candidates"][0]) == (3, len(expected))

"""Small results in the shapes that the figures take."""

from __future__ import annotations

import polars as pl

from rca.model import Effect, Evidence, Experiment, Finding, Incident, Verdict, Verdicts, Window

MINUTE = 60_000_000_000
START = 1_772_633_400_000_000_000
BASELINE = Window(START - 10 * MINUTE, START)
DURING = Window(START, START + 10 * MINUTE)
INCIDENT = Incident("checkout", start=START, end=START + 10 * MINUTE)
NASTY = "</script><img src=x onerror=alert(1)> \x1b[31m"


def finding(name, table, **more):
    return Finding(
        name=name,
        claim=more.pop("claim", f"{name}: something moved"),
        table=table,
        window=DURING,
        baseline=BASELINE,
        **more,
    )


def effect(name="p99"):
    return Effect(
        name=name,
        before=400.0,
        after=2500.0,
        low=1800.0,
        high=2400.0,
        unit="ms",
        n_before=900,
        n_after=1100,
        method="cluster bootstrap",
    )


def red():
    rows = [
        {"bucket_ns": START + (at - 10) * MINUTE, "service_name": "checkout", "requests": 500 + at, "error_ratio": 0.002 if at < 10 else 0.02,
         "p50_ms": 80.0, "p95_ms": 220.0 if at < 10 else 1500.0, "p99_ms": 400.0 if at < 10 else 2500.0}
        for at in range(20)
    ]  # fmt: skip
    return pl.DataFrame(rows)


def changes():
    rows = [
        {"time_ns": START - 6 * MINUTE, "kind": "deploy", "service_name": "gateway", "title": "gateway 1.4.1"},
        {
            "time_ns": START - 1 * MINUTE,
            "kind": "flag",
            "service_name": "checkout",
            "title": f"personalized promotions {NASTY}",
        },
    ]
    return pl.DataFrame(rows)


def latency():
    rows = [
        {"period": period, "bucket_low_ms": low, "bucket_high_ms": low * 1.3, "count": count}
        for period, shift in (("before", 1.0), ("during", 3.0))
        for low, count in ((50.0 * shift, 400), (80.0 * shift, 300), (150.0 * shift, 80), (400.0 * shift, 8))
    ]
    return finding(
        "latency",
        pl.DataFrame({"period": ["before", "during"], "p99_ms": [400.0, 2500.0]}),
        details={"distribution": rows},
        effect=effect(),
    )


def calls():
    rows = [{"period": "before", "calls": 1, "requests": 900.0}, {"period": "during", "calls": 1, "requests": 300.0}]
    rows += [{"period": "during", "calls": number, "requests": 80.0} for number in range(8, 16)]
    return finding(
        "queries_per_request",
        pl.DataFrame(rows),
        effect=effect("queries per request"),
        claim="A request makes 1 → 12 database calls",
    )


def slow():
    rows = [
        {
            "db_query_digest": f"SELECT * FROM promotions WHERE user_id = ? {NASTY}",
            "calls": 40,
            "total_ms": 32_000.0,
            "p99_ms": 1200.0,
            "suspicion": "missing_index",
        },
        {
            "db_query_digest": "SELECT * FROM carts WHERE id = ?",
            "calls": 9,
            "total_ms": 5_200.0,
            "p99_ms": 640.0,
            "suspicion": "none",
        },
    ]
    return finding("slow_queries", pl.DataFrame(rows), caveats=("The log holds statements of 500 ms and more only.",))


def saturated():
    rows = [
        {
            "signal": "db_cpu",
            "service_name": "postgres",
            "metric_name": "process_cpu_ratio",
            "before": 0.62,
            "during": 0.97,
            "score": 8.1,
            "p_value": 0.002,
            "unit": "1",
        },
        {
            "signal": "pool",
            "service_name": "checkout",
            "metric_name": "worker_queue_length",
            "before": 0.0,
            "during": 7.5,
            "score": 6.0,
            "p_value": 0.004,
            "unit": "1",
        },
        {
            "signal": "throttling",
            "service_name": "checkout",
            "metric_name": NASTY,
            "before": 0.02,
            "during": 0.31,
            "score": 4.4,
            "p_value": 0.01,
            "unit": "1",
        },
    ]
    return finding("saturation", pl.DataFrame(rows))


def ranked():
    rows = [
        {
            "kind": "deploy",
            "service_name": "checkout",
            "revision": "a" * 40,
            "feature_flag_key": "",
            "time_ns": START - MINUTE,
            "probability": 0.55,
            "reasons": ["same service"],
            "title": "checkout 2.8.0",
        },
        {
            "kind": "flag",
            "service_name": "checkout",
            "revision": "",
            "feature_flag_key": "promotions",
            "time_ns": START,
            "probability": 0.40,
            "reasons": ["onset"],
            "title": NASTY,
        },
        {
            "kind": "deploy",
            "service_name": "gateway",
            "revision": "b" * 40,
            "feature_flag_key": "",
            "time_ns": START - 3 * MINUTE,
            "probability": 0.03,
            "reasons": ["other service"],
            "title": "gateway 1.4.1",
        },
    ]
    return finding("deploy_correlation", pl.DataFrame(rows), details={"no_change_probability": 0.02})


def experiments():
    rows = []
    for period, p99 in (("baseline", 400.0), ("incident", 2500.0), ("control", 2500.0), ("treated", 480.0)):
        row = {"period": period, "n": 900}
        for name, value in (
            ("p99_ms", p99),
            ("p95_ms", p99 / 2),
            ("p50_ms", 80.0),
            ("error_ratio", 0.002),
            ("queries_per_request", 1.0),
        ):
            row |= {name: value, f"{name}_low": value * 0.9, f"{name}_high": value * 1.1}
        for place in ("database", "downstream", "network", "own"):
            row |= {f"slow_{place}_ms": p99 / 4}
        rows.append(row)
    common = {
        "effects": (effect(),),
        "treated": DURING,
        "control": BASELINE,
        "hypotheses": (),
        "table": pl.DataFrame(rows),
    }
    return (
        Experiment(
            name=f"flag off {NASTY}",
            kind="flag_off",
            claim="96 % gone",
            recovered=0.96,
            recovered_low=0.9,
            recovered_high=1.02,
            concurrent=False,
            **common,
        ),
        Experiment(
            name="canary",
            kind="canary",
            claim="71 % back",
            recovered=0.71,
            recovered_low=0.4,
            recovered_high=1.1,
            concurrent=True,
            **common,
        ),
    )


def verdicts():
    def one(name, status, score, probability, *evidence):
        return Verdict(
            id=name,
            title=f"title of {name}",
            status=status,
            prior_decibans=-5.0,
            decibans=score,
            probability=probability,
            evidence=evidence,
        )

    seen = Evidence(name="excess in database calls", decibans=9.2, kind="observation", claim="82 %", family="place")
    again = Evidence(name="queries per request", decibans=10.0, kind="observation", claim="1 → 12", family="calls")
    gone = Evidence(name=f"errors {NASTY}", decibans=-2.0, kind="observation", claim="none", family="logs")
    none = Evidence(name="locks", decibans=0.0, kind="observation", claim="no metric", family="resources", missing=True)
    tried = Evidence(name="experiment: flag off", decibans=27.0, kind="experiment", claim="96 %", family="experiment")
    return Verdicts(
        (
            one("H2", "confirmed", 39.2, 0.999, seen, again, gone, none, tried),
            one("H3", "contributing", 4.0, 0.001, seen),
            one("H1", "open", -12.0, 0.0),
        )
    )


def spans(calls_made, trace_id):
    rows = [
        {
            "trace_id": trace_id,
            "span_id": "1",
            "parent_span_id": "",
            "service_name": "checkout",
            "span_name": "POST /checkout",
            "span_kind": "SERVER",
            "db_system_name": "",
            "start_ns": START,
            "duration_ns": 100_000_000 * calls_made,
        }
    ]
    rows += [
        {
            "trace_id": trace_id,
            "span_id": str(number + 2),
            "parent_span_id": "1",
            "service_name": "checkout",
            "span_name": f"SELECT promotions {NASTY}",
            "span_kind": "CLIENT",
            "db_system_name": "postgresql",
            "start_ns": START + number * 95_000_000,
            "duration_ns": 90_000_000,
        }
        for number in range(calls_made)
    ]
    return pl.DataFrame(rows)


def hops():
    rows = [
        {"caller": "checkout", "callee": "pricing", "client_p99_ms_before": 210.0, "client_p99_ms_during": 220.0},
        {"caller": "gateway", "callee": "checkout", "client_p99_ms_before": 400.0, "client_p99_ms_during": 2500.0},
    ]
    return finding("dependencies", pl.DataFrame(rows))


def stated():
    """Statements with their probability, and whether they were right."""
    probabilities = [0.15, 0.35, 0.45, 0.55, 0.7, 0.75, 0.9, 0.95, 0.97, 0.99]
    return pl.DataFrame({"probability": probabilities, "right": [p > 0.4 for p in probabilities]})


def compared_attributes():
    rows = [
        {"attribute": "feature_flag.promotions", "value": NASTY, "p_value": 1e-6, "effect": 0.9, "low": 0.8, "high": 0.95},
        {"attribute": "http.route", "value": "/checkout", "p_value": 0.4, "effect": 0.05, "low": -0.01, "high": 0.1},
    ]  # fmt: skip
    return finding("compare_attributes", pl.DataFrame(rows), effect=effect("share"))


def compared_traces():
    rows = [
        {"service_name": "checkout", "operation": f"SELECT promotions {NASTY}", "slow_calls_before": 0.0, "slow_calls_during": 11.0,
         "slow_ms_before": 0.0, "slow_ms_during": 3300.0},
        {"service_name": "pricing", "operation": "POST /quote", "slow_calls_before": 1.0, "slow_calls_during": 1.0,
         "slow_ms_before": 60.0, "slow_ms_during": None},
    ]  # fmt: skip
    return finding("compare_traces", pl.DataFrame(rows), effect=effect("length"))


def predicted():
    rows = [
        {"quantile": name, "before_ms": 100.0 * at, "during_ms": 900.0 * at, "predicted_ms": 120.0 * at, "low": 90.0 * at, "high": 150.0 * at}
        for at, name in enumerate(("p50", "p95", "p99"), 1)
    ]  # fmt: skip
    return finding("what_if", pl.DataFrame(rows), effect=effect("p99"))


def said():
    rows = [
        {"service_name": "checkout", "message": f"no connection in time {NASTY}", "complains": True, "per_minute_before": 0.0, "per_minute_during": 4.3, "surge": 3.9},
        {"service_name": "checkout", "message": "order placed", "complains": False, "per_minute_before": 90.0, "per_minute_during": 40.0, "surge": -6.0},
    ]  # fmt: skip
    return finding("messages", pl.DataFrame(rows))


def waits():
    pairs = [("11", "10"), ("12", "10"), ("13", "12"), ("13", "10"), ("21", "22"), ("22", "21")]
    rows = [{"waiter": waiter, "holder": holder, "mode": "ShareLock", "db_query_digest": f"update stock {NASTY}"} for waiter, holder in pairs]  # fmt: skip
    return finding("slow_queries", slow().table, details={"waits": rows})


def shifted():
    from rca.stats import placebo_test

    return placebo_test([float(at * 7919 % 101) for at in range(300)] + [500.0 + at for at in range(20)], 300, 20)


def cells():
    rows = [
        {"bin_ns": START + at * MINUTE, "from_ms": 100.0 * 2**step, "to_ms": 200.0 * 2**step, "group": group, "requests": 10.0, "errors": 1.0}
        for at in range(6) for step in range(3) for group in ("/checkout", NASTY)
    ]  # fmt: skip
    return pl.DataFrame(rows)

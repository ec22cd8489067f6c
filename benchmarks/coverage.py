"""Do the 95 % intervals hold under sampling? python benchmarks/coverage.py [--seeds 200] [--json FILE]

The recorded incident's requests to checkout are taken for the whole truth. Traces are drawn from them at 1, 5, 20 and 100 %,
as head sampling does (each trace by itself, weight 1/share), and the interval that `rca` gives is compared with the value of
all of them. What is drawn is part of what is asked for, so that intervals made for an endless stream of requests cover more
than 95 % the larger the share is; at 100 % there is nothing left to be wrong about: the interval is for the service, not for
what was recorded. Where a sample cannot bound a p99 from above, the interval says so (no upper end) and covers. The most calls
that a request can make is not taken from the sample: the service's log, which is not sampled, knows it.
"""

from __future__ import annotations

import argparse
import json
import pathlib

import numpy as np
import polars as pl

import rca
from rca.measures.logged import logged_requests
from rca.measures.requests import requests
from rca.model import Window
from rca.stats import quantile_interval
from rca.stats.counts import sampled_count_interval
from rca.stats.weighted import count_draws, interval, share_draws, weighted_mean

DATA = pathlib.Path(__file__).resolve().parents[1] / "data" / "checkout-incident"
SHARES = (0.01, 0.05, 0.2, 1.0)


def recorded() -> tuple[pl.DataFrame, int]:
    """Return one row a request (``queries``, ``failed``, ``duration_ms``), and the most queries of a request in the log."""
    with rca.open() as store:
        store.ingest(DATA / "traces" / "checkout.otlp.jsonl.gz", DATA / "logs")
        span = store.query("SELECT MIN(start_ns) AS low, MAX(start_ns) + 1 AS high FROM spans").row(0)
        middle = (span[0] + span[1]) // 2
        incident = rca.Incident("checkout", start=middle, end=span[1], baseline=(span[0], middle))
        asked = requests(store, incident)
        entries = asked.entries
        truth = pl.DataFrame(
            {"queries": asked.counts(), "failed": entries["failed"], "duration_ms": entries["duration_ns"] / 1e6}
        )
        logged = logged_requests(store, "checkout", Window(-(2**62), 2**62))
        return truth, int(logged["calls"].max())


def covered(truth: pl.DataFrame, most: int, share: float, seed: int) -> dict[str, tuple[bool, float]]:
    """Say for each quantity whether the interval of one sample covers, and how wide it is relative to the truth."""
    drawn = truth.filter(pl.Series(np.random.default_rng(seed).random(truth.height) < share))
    weights = np.full(drawn.height, 1 / share)
    bounds = {
        "count": sampled_count_interval(drawn.height, share),
        "error rate": interval(share_draws(drawn["failed"].to_numpy(), weights)),
        "queries per request": interval(count_draws(drawn["queries"].to_numpy(), weights, most=most)),
    }
    p99 = quantile_interval(drawn["duration_ms"].to_numpy(), 0.99)
    bounds["p99"] = (p99.low, p99.high)
    exact = {
        "count": float(truth.height),
        "error rate": weighted_mean(truth["failed"].to_numpy(), np.ones(truth.height)),
        "queries per request": float(truth["queries"].mean()),
        "p99": float(np.quantile(truth["duration_ms"].to_numpy(), 0.99, method="inverted_cdf")),
    }
    found = {}
    for name, value in exact.items():
        low, high = bounds[name]
        inside = (low is None or low <= value * (1 + 1e-12)) and (high is None or high >= value * (1 - 1e-12))
        width = float("inf") if low is None or high is None else (high - low) / value
        found[name] = (inside, width)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    (truth, most), rows = recorded(), []
    print(f"{truth.height} requests, {truth['failed'].sum()} failed, {most} queries at most")
    for share in SHARES:
        runs = [covered(truth, most, share, seed) for seed in range(options.seeds)]
        for name in runs[0]:
            inside = np.mean([run[name][0] for run in runs])
            width = float(np.median([run[name][1] for run in runs]))
            rows.append({"sampling": share, "quantity": name, "covered": float(inside), "median_width": width})
            print(f"{share:5.0%}  {name:20} covered {inside:6.1%}  median width {width:7.1%} of the value", flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()

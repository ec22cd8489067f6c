"""The fault-free control: python benchmarks/control.py [--windows N] [--seed S] [--json FILE] [RECORDING …]

An incident is claimed at random times where nothing was wrong, and everything that would be said about it is counted. Each
claim is false there: a hypothesis that is supported, a change that is blamed. What comes out is the rate at which the
scoring cries wolf, with its interval (Wilson, 95 %); windows of one recording overlap, so it is optimistic.

A recording's truth says where its fault begins; what lies after it is deleted from the store, so that neither the window
nor the baseline can touch it. Changes before it stay: they are innocent, and blaming one is an error.
"""

from __future__ import annotations

import argparse
import json
import math
import pathlib
import random
import time
from collections import Counter
from datetime import datetime

ROOT = pathlib.Path(__file__).resolve().parents[1]
DATA = ROOT / "data"
BLAMED = 0.5
"""Probability from which a change is blamed."""
TIMED = {
    "spans": "start_ns",
    "logs": "time_ns",
    "metrics": "time_ns",
    "queries": "time_ns",
    "changes": "time_ns",
    "span_events": "time_ns",
}


def fault_free(truth: pathlib.Path) -> tuple[int, int]:
    """Return the stretch of a recording before its fault, in epoch ns: the phases before the first that is at fault."""
    label = json.loads((truth / "phases.json").read_text())
    healthy = []
    for phase in label["phases"]:
        if label.get("onset") is None and phase["name"] in {"deployed", "flag_on", "incident", "surge", "after"}:
            break
        healthy.append(phase)
    onset = label.get("onset") or healthy[-1]["end"]
    return _ns(healthy[0]["start"]), _ns(onset)


def _ns(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1e3) * 1_000_000


def healthy_store(recording: pathlib.Path, end_ns: int):
    """Ingest a recording into memory and delete everything from its fault on."""
    import duckdb

    import rca

    connection = duckdb.connect()
    store = rca.open(connection)
    store.ingest(recording)
    for table, column in TIMED.items():
        connection.execute(f"DELETE FROM {table} WHERE {column} >= ?", [end_ns])
    return store


def windows(
    start: int, end: int, count: int, rng: random.Random, shortest: float, longest: float
) -> list[tuple[int, int]]:
    """Draw windows that leave at least as much before them as they are long."""
    out = []
    for _ in range(count):
        length = round(rng.uniform(shortest, min(longest, (end - start) / 2.2e9)) * 1e9)
        at = round(rng.uniform(start + length, end - length))
        out.append((at, at + length))
    return out


def interval(hits: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Return Wilson's interval of a share."""
    if not n:
        return 0.0, 1.0
    share = hits / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def judge(store, service: str, start: int, end: int) -> dict:
    """Return what is said of a window in which nothing was wrong."""
    import rca
    from rca.errors import NoDataError

    incident = rca.Incident(service, start=start, end=end)
    supported, why, blamed, top = [], [], "", 0.0
    try:
        for verdict in rca.score_hypotheses(store, incident):
            if verdict.status == "supported" and verdict.id != "none":
                supported.append(verdict.id)
                why = [
                    (item.name, round(item.decibans, 1), item.claim[:110])
                    for item in verdict.evidence
                    if item.decibans > 0
                ]
        ranked = rca.deploy_correlation(store, incident).table
        if ranked.height:
            best = ranked.row(0, named=True)
            top = float(best["probability"])
            blamed = f"{best['kind']} {best['service_name']} {best['title']}" if top > BLAMED else ""
    except NoDataError as error:
        return {"supported": [], "why": [str(error)], "blamed": "", "probability": 0.0, "no_data": True}
    return {"supported": supported, "why": why, "blamed": blamed, "probability": top, "no_data": False}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "recordings", nargs="*", type=pathlib.Path, default=[DATA / "quiet-day", DATA / "checkout-incident"]
    )
    parser.add_argument("--windows", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shortest", type=float, default=30.0, help="seconds")
    parser.add_argument("--longest", type=float, default=90.0, help="seconds")
    parser.add_argument("--services", default="checkout,gateway,pricing,inventory")
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    services = options.services.split(",")
    rows = []
    for number, recording in enumerate(options.recordings):
        count = (options.windows * (number + 1)) // len(options.recordings) - (options.windows * number) // len(
            options.recordings
        )
        start, end = fault_free(recording.with_name(f"{recording.name}.truth"))
        store = healthy_store(recording, end)
        began = time.process_time()
        for at, until in windows(start, end, count, rng, options.shortest, options.longest):
            service = rng.choice(services)
            row = judge(store, service, at, until) | {
                "recording": recording.name,
                "service": service,
                "start_ns": at,
                "end_ns": until,
            }
            rows.append(row)
            if row["supported"] or row["blamed"]:
                offset = (at - start) / 1e9
                print(
                    f"{recording.name} {service} +{offset:.0f} s for {(until - at) / 1e9:.0f} s: {row['supported']} {row['blamed']} {row['probability']:.2f}",
                    *row["why"],
                    sep="\n    ",
                    flush=True,
                )
        print(
            f"{recording.name}: {count} windows, {(time.process_time() - began) / max(1, count):.2f} CPU s each",
            flush=True,
        )
        store.close()
    report(rows, options.json)


def report(rows: list[dict], out: pathlib.Path | None) -> None:
    """Print the rates."""
    told = [row for row in rows if not row["no_data"]]
    false = sum(bool(row["supported"]) for row in told)
    blamed = sum(bool(row["blamed"]) for row in told)
    kinds = Counter(item for row in told for item in row["supported"])
    for name, hits in (("supported", false), ("blamed changes", blamed)):
        low, high = interval(hits, len(told))
        print(f"false {name}: {hits} of {len(told)} = {hits / max(1, len(told)):.1%} ({low:.1%} to {high:.1%})")
    print("by hypothesis:", dict(kinds), "| without data:", len(rows) - len(told))
    if out is not None:
        out.write_text(json.dumps({"windows": rows, "supported": false, "blamed": blamed, "n": len(told)}, indent=1))


if __name__ == "__main__":
    main()

"""How often the labelled incidents are read right: python benchmarks/incidents.py [FOLDER] [--only PATTERN] [--json FILE]

FOLDER (``data/incidents``) holds one folder an incident, recorded from the running lab, and beside it ``NAME.truth`` with the
label, which only this program reads. Each incident is investigated as a user would: the folder is read, the alert in it sets
service and time, every hypothesis is weighed and every change ranked.

Counted are: whether the first hypothesis is one that the label allows; whether the change that is blamed (the first, where
it is likelier than “no change did it”) is the culprit, and whether it is a decoy; and how far probabilities are from
frequencies (expected calibration error over ten equal bins, interval by bootstrap over incidents).

Next to each figure stands the fault-free control: the same scoring of the second half of the baseline against the first.
What it gets right there, it gets right without having seen the fault.

Weights are multiplied by one factor (a temperature), fitted by log loss on the recordings declared ``fit``; figures are those
of the part declared ``test``, and, over all, with the factor fitted on all other kinds of fault (leave one fault out).
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import math
import pathlib
import time

import numpy as np
from control import fault_free, healthy_store, interval
from scipy.optimize import minimize_scalar

ROOT = pathlib.Path(__file__).resolve().parents[1]
SLACK_NS = 9_000_000_000
"""A release takes this long from its switch to its note."""
LOOK_BACK_NS = 28_000_000_000
"""The alert looks back 20 s and waits 10 s before it fires."""
BINS = 10


def investigate(recording: pathlib.Path, label: dict) -> dict:
    """Return what is said of one incident, and whether it is right."""
    import rca
    from rca.errors import NoDataError

    began = time.process_time()
    store = rca.open()
    store.ingest(recording)
    read = time.process_time()
    try:
        found = rca.investigate(store)
        row = outcome(found.verdicts, found.changes, found.incident, label)
    except NoDataError:
        # no onset was found: what a person then gives is the time that the alert itself looks back
        fired = store.query("SELECT max(time_ns) AS at FROM changes WHERE kind = 'incident'").row(0)[0]
        found = rca.investigate(store, service="checkout", start=fired - LOOK_BACK_NS, end=fired + LOOK_BACK_NS)
        row = outcome(found.verdicts, found.changes, found.incident, label) | {"onset_given": True}
    row |= {"ingest_s": read - began, "investigate_s": time.process_time() - read}
    store.close()
    return row


def control(recording: pathlib.Path, label: dict, truth: pathlib.Path) -> dict:
    """Score the second half of the baseline against the first, as if the fault had been there."""
    import rca
    from rca.errors import NoDataError

    start, end = fault_free(truth)
    store = healthy_store(recording, end)
    middle = (start + end) // 2
    incident = rca.Incident("checkout", start=middle, end=end, baseline=(start, middle))
    try:
        verdicts, changes = rca.score_hypotheses(store, incident), rca.deploy_correlation(store, incident)
    except NoDataError:
        verdicts, changes = rca.Verdicts(()), None
    row = outcome(verdicts, changes, incident, label)
    store.close()
    return row


def outcome(verdicts, changes, incident, label: dict) -> dict:
    """Compare verdicts and ranking with a label."""
    scores = {item.id: item.decibans for item in verdicts}
    first = next(iter(verdicts), None)
    top = first.id if first is not None else "none"
    contributing = [item.id for item in verdicts if item.status in {"supported", "contributing"}]
    begin = round(time_ns(label["phases"][1]["begin"]))
    blamed, probability, nobody = "", 1.0, 1.0
    right_change = not label["culprit"]
    if changes is not None:
        nobody = probability = float(changes.details["no_change_probability"])
        best = changes.table.row(0, named=True) if changes.table.height else None
        if best is not None and best["probability"] > nobody:
            probability = float(best["probability"])
            blamed = f"{best['kind']} {best['service_name']}: {best['title'][:50]}"
            same = all(
                best[key] == value
                for key, value in (
                    ("kind", label["culprit"].get("kind")),
                    ("service_name", label["culprit"].get("service")),
                )
            )
            at = best["live_ns"] or best["time_ns"]
            right_change = same and begin - SLACK_NS / 3 <= at <= begin + SLACK_NS
    return {
        "scores": scores, "top": top, "status": first.status if first is not None else "", "found": contributing,
        "right": top in label["expect"], "all_right": set(label["expect"]) <= {top, *contributing} if label["both"] else top in label["expect"],
        "blamed": blamed, "change_right": right_change, "decoy": bool(blamed) and not right_change, "change_probability": probability,
        "no_change": nobody, "incident": str(incident) if incident is not None else "none",
        "onset_error_s": None if incident is None else ((incident.onset_ns or incident.start_ns) - begin) / 1e9,
    }  # fmt: skip


def time_ns(text: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(text).timestamp() * 1e9


def softmax(scores: dict[str, float], factor: float) -> dict[str, float]:
    """Return probabilities of hypotheses whose decibans are multiplied by a factor."""
    top = max(scores.values())
    odds = {name: 10 ** (factor * (value - top) / 10) for name, value in scores.items()}
    return {name: value / sum(odds.values()) for name, value in odds.items()}


def log_loss(factor: float, rows: list[dict]) -> float:
    """Return the mean surprise at the labels, in nats; nothing where there is none."""
    if not rows:
        return math.nan
    total = 0.0
    for row in rows:
        told = softmax(row["scores"], factor)
        total -= math.log(max(1e-12, sum(told.get(name, 0.0) for name in row["expect"])))
    return total / len(rows)


def fitted(rows: list[dict]) -> float:
    """Return the factor with the least log loss."""
    if not rows:
        return 1.0
    return float(minimize_scalar(log_loss, bounds=(0.05, 3.0), args=(rows,), method="bounded").x)


def calibration(stated: np.ndarray, right: np.ndarray) -> float:
    """Return the expected calibration error over equal bins."""
    at = np.minimum((stated * BINS).astype(int), BINS - 1)
    return float(
        sum(
            abs(stated[at == b].mean() - right[at == b].mean()) * (at == b).mean()
            for b in range(BINS)
            if (at == b).any()
        )
    )


def calibrated(stated: list[float], right: list[bool]) -> str:
    """Return the error with its interval, by bootstrap over incidents."""
    if not stated:
        return "no incident"
    s, r = np.array(stated), np.array(right, dtype=float)
    rng = np.random.default_rng(1)
    draws = [calibration(s[pick], r[pick]) for pick in rng.integers(0, len(s), (2000, len(s)))]
    low, high = np.quantile(draws, [0.025, 0.975])
    return f"{calibration(s, r):.3f} ({low:.3f} to {high:.3f}, n = {len(s)})"


def share(rows: list[dict], key: str) -> str:
    hits = sum(bool(row[key]) for row in rows)
    low, high = interval(hits, len(rows))
    return f"{hits}/{len(rows)} = {hits / max(1, len(rows)):.2f} ({low:.2f} to {high:.2f})"


def report(rows: list[dict]) -> None:
    """Print all figures."""
    fit = [row for row in rows if row["part"] == "fit"]
    test = [row for row in rows if row["part"] == "test"]
    for name, part in (("fit", fit), ("test", test), ("all", rows)):
        if part:
            print(f"\n{name}: {len(part)} incidents")
            told = [row for row in part if row["scores"]]
            print(
                f"  top hypothesis right   {share(part, 'right')}   control {share([row['control'] for row in part], 'right')}"
            )
            print(f"  both of two found      {share([row for row in part if row['both']], 'all_right')}")
            print(
                f"  culprit change right   {share(part, 'change_right')}   where one did it {share([row for row in part if row['culprit']], 'change_right')}"
            )
            print(
                f"  decoy blamed           {share(part, 'decoy')}   control {share([row['control'] for row in part], 'blamed')}"
            )
            print(
                f"  supported in control   {sum(row['control']['status'] == 'supported' and row['control']['top'] != 'none' for row in part)}/{len(part)}"
            )
            print(
                f"  calibration, changes   {calibrated([row['change_probability'] for row in part], [row['change_right'] for row in part])}"
            )
            print(
                f"  calibration, factor 1  {calibrated([max(softmax(row['scores'], 1.0).values()) for row in told], [row['right'] for row in told])}"
            )
    scored = [row for row in rows if row["scores"]]
    factor = fitted([row for row in scored if row["part"] == "fit"])
    print(
        f"\nfactor fitted on fit: {factor:.2f}, log loss there {log_loss(factor, [r for r in scored if r['part'] == 'fit']):.2f}"
    )
    held = [row for row in scored if row["part"] == "test"]
    if held:
        print(
            f"on test: log loss {log_loss(factor, held):.2f} (factor 1: {log_loss(1.0, held):.2f}), calibration {calibrated([max(softmax(r['scores'], factor).values()) for r in held], [r['right'] for r in held])}"
        )
    left_out = []
    for row in scored:
        other = fitted([item for item in scored if item["fault"] != row["fault"]])
        left_out.append((max(softmax(row["scores"], other).values()), row["right"]))
        row["probability_left_out"] = left_out[-1][0]
    print(
        f"leave one fault out: calibration {calibrated([item[0] for item in left_out], [item[1] for item in left_out])}"
    )
    print(
        f"CPU seconds an incident: read {np.mean([row['ingest_s'] for row in rows]):.2f}, investigate {np.mean([row['investigate_s'] for row in rows]):.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=pathlib.Path, default=ROOT / "data" / "incidents")
    parser.add_argument("--only", default="*")
    parser.add_argument("--no-control", action="store_true")
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    rows = []
    for truth in sorted(options.folder.glob("*.truth")):
        recording = truth.with_suffix("")
        if not fnmatch.fnmatch(recording.name, options.only) or not (truth / "phases.json").exists():
            continue
        label = json.loads((truth / "phases.json").read_text())
        row = {"name": recording.name, "fault": recording.name.rsplit("-", 1)[0], "part": label["part"], "expect": label["expect"],
               "both": label["both"], "culprit": label["culprit"]} | investigate(recording, label)  # fmt: skip
        row["control"] = control(recording, label, truth) if not options.no_control else row
        rows.append(row)
        marks = ("ok " if row["right"] else "BAD") + (" ok " if row["change_right"] else " BAD")
        ranked = sorted(row["scores"].items(), key=lambda item: -item[1])[:3]
        print(
            f"{marks} {row['name']:24} expect {'/'.join(row['expect']):10} top {', '.join(f'{n} {v:.0f}' for n, v in ranked)} [{row['status']}] found {row['found']}; blamed {row['blamed'] or 'none'} {row['change_probability']:.2f}; onset {row['onset_error_s']}",
            flush=True,
        )
    report(rows)
    if options.json is not None:
        plain = [
            {key: value for key, value in row.items() if key != "control"}
            | ({"control": {"top": row["control"]["top"], "status": row["control"]["status"]}})
            for row in rows
        ]
        options.json.write_text(json.dumps(plain, indent=1, default=str) + "\n")


if __name__ == "__main__":
    main()

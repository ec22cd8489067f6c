"""Runs the acceptance scorers beside the project and fails where a suite falls below the number that is kept.

    python tests/ratchet.py [--raise] [--only AREA]

The numbers are in ``acceptance_floor.json``; ``--raise`` writes down what was reached where it is higher. Without the
scorers' folder it says so and passes: they are not part of the project.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
FLOOR = HERE / "acceptance_floor.json"
ACCEPT = HERE.parent.parent / "shared" / "accept"
AREAS = ("queries", "traces", "logs", "incidents")
SECONDS = float(os.environ.get("RCA_RATCHET_SECONDS", "1200"))


def passes(area: str, deadline: float) -> dict[str, int] | None:
    """Return passes a suite, or None where time ran out."""
    left = deadline - time.monotonic()
    if left < 60:
        return None
    command = [sys.executable, str(ACCEPT / f"{area}.py"), "--rca", f"{sys.executable} -m rca", "--json"]
    environment = os.environ | {"PYTHONPATH": str(HERE.parent)}
    with tempfile.TemporaryFile("w+") as out:
        try:
            subprocess.run(command, stdout=out, check=True, timeout=left, env=environment, cwd=HERE.parent)
        except subprocess.TimeoutExpired:
            return None
        out.seek(0)
        document = json.load(out)
    return by_suite(document)


def by_suite(document: dict) -> dict[str, int]:
    """Return passes a suite; each scorer writes its answer in a shape of its own."""
    if "suites" in document:
        return {suite: counts["passed"] for suite, counts in document["suites"].items()}
    found = document.get("results") or document.get("cases")
    if not isinstance(found, list):
        return {"all": document["passed"]}
    return dict(collections.Counter(case["suite"] for case in found if case["passed"]))


def main() -> int:
    """Compare every suite with its floor."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raise", dest="higher", action="store_true")
    parser.add_argument("--only", choices=AREAS)
    options = parser.parse_args()
    if not ACCEPT.is_dir():
        print("acceptance: the scorers' folder is not beside the project, nothing to compare")
        return 0
    floor: dict[str, dict[str, int]] = json.loads(FLOOR.read_text()) if FLOOR.exists() else {}
    deadline, fallen = time.monotonic() + SECONDS, []
    for area in [options.only] if options.only else AREAS:
        reached = passes(area, deadline)
        if reached is None:
            print(f"acceptance: {area} not finished within {SECONDS:g} s, not compared")
            continue
        for suite, least in floor.get(area, {}).items():
            now = reached.get(suite, 0)
            print(f"acceptance: {area} {suite}: {now} (floor {least})")
            if now < least:
                fallen.append(f"{area} {suite}: {now} of at least {least}")
        if options.higher:
            kept = floor.setdefault(area, {})
            for suite, now in reached.items():
                kept[suite] = max(now, kept.get(suite, 0))
            FLOOR.write_text(json.dumps(floor, indent=2, sort_keys=True) + "\n")
    for line in fallen:
        print(f"acceptance: below the floor: {line}", file=sys.stderr)
    return 1 if fallen else 0


if __name__ == "__main__":
    sys.exit(main())

"""The tools' own cases, where they lie beside the project."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest

from rca.digests import digest

MANIFEST = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "queries" / "MANIFEST.json"


@pytest.mark.shared
def test_pairs():
    if not MANIFEST.exists():
        pytest.skip("the acceptance corpus is not beside the project")
    cases = [case for case in json.loads(MANIFEST.read_text())["cases"] if case["suite"] == "digest_pairs"]
    mine, theirs = defaultdict(set), defaultdict(set)
    for case in cases:
        found = digest(case["input"], case["dialect"], style=case["style"])
        if case["style"] == "rca":
            mine[found].add(case["name"])
            theirs[case["truth"]["class"]].add(case["name"])
        else:
            assert found in case["truth"]["any_of"], case["name"]
    assert sorted(map(sorted, mine.values())) == sorted(map(sorted, theirs.values()))

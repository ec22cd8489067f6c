"""Two hundred shapes of traces: what is repeated is found with its exact number of calls, and what is not is left alone."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections import defaultdict
from pathlib import Path

import pytest

import rca

SPEC = importlib.util.spec_from_file_location("repeated_shapes", Path(__file__).with_name("repeated_shapes.py"))
shapes = sys.modules["repeated_shapes"] = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(shapes)


@pytest.mark.parametrize("seed", [1, 2])
def test_every_shape_gets_its_verdict(tmp_path, seed):
    drawn = shapes.draw(seed)
    path = tmp_path / "traces.jsonl"
    path.write_text("\n".join(json.dumps(document) for *_, document, _ in drawn))
    store = rca.open()
    assert store.ingest(path).total("records_quarantined") == 0
    flagged = defaultdict(list)
    for row in rca.repeated_queries(store).table.to_dicts():
        if row["pattern"] != "none":
            flagged[row["trace_id"]].append(row["calls"])
    missed = [(name, expected, flagged[trace]) for name, trace, _, expected in drawn if expected is not None and expected not in flagged[trace]]  # fmt: skip
    alarms = [(name, flagged[trace]) for name, trace, _, expected in drawn if expected is None and flagged[trace]]
    assert (missed, alarms) == ([], [])


def test_there_are_enough_shapes_of_either_kind():
    expected = [expected is not None for *_, expected in shapes.draw(1)]
    assert sum(expected) >= 60
    assert len(shapes.SHAPES) - sum(expected) >= 60

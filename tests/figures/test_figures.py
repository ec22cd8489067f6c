"""Every figure: drawn offline, deterministic, small, accessible, and nothing from data becomes markup."""

from __future__ import annotations

import json
import re
import sys
from itertools import combinations
from pathlib import Path

import html5lib
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
import sample

from rca import figures as fig
from rca.errors import NoDataError, OptionError
from rca.figures.notebook import mimebundle
from rca.figures.save import _tables, csv_of, svg

FIGURES = {
    "timeline": lambda: fig.timeline(
        sample.red(),
        incident=sample.INCIDENT,
        changes=sample.changes(),
        experiments=sample.experiments(),
        claim="p99 rose 6 times",
    ),
    "distribution": lambda: fig.distribution(sample.latency()),
    "waterfall": lambda: fig.waterfall(sample.spans(1, "a" * 32), sample.spans(12, "b" * 32)),
    "query_counts": lambda: fig.query_counts(sample.calls()),
    "statements": lambda: fig.statements(sample.slow()),
    "saturation": lambda: fig.saturation(sample.saturated()),
    "change_ranking": lambda: fig.change_ranking(sample.ranked()),
    "experiment_effects": lambda: fig.experiment_effects(sample.experiments()),
    "evidence": lambda: fig.evidence(sample.verdicts()["H2"]),
    "scoreboard": lambda: fig.scoreboard(sample.verdicts()),
    "calibration": lambda: fig.calibration(sample.stated()),
    "results": lambda: fig.results(sample.experiments()[0].table),
    "service_map": lambda: fig.service_map(sample.hops()),
    "attribute_ranking": lambda: fig.attribute_ranking(sample.compared_attributes()),
    "call_paths": lambda: fig.call_paths(sample.compared_traces()),
    "error_budget": lambda: fig.error_budget(sample.red().with_columns(errors=5.0), slo=0.999),
    "explorer": lambda: fig.explorer(sample.cells()),
    "lock_graph": lambda: fig.lock_graph(sample.waits()),
    "message_surges": lambda: fig.message_surges(sample.said()),
    "placebo": lambda: fig.placebo(sample.shifted()),
    "prediction": lambda: fig.prediction(sample.predicted()),
}


@pytest.fixture(params=sorted(FIGURES))
def chart(request):
    return FIGURES[request.param]()


def test_every_figure_is_tried_here():
    drawn = {name for name in fig.__all__ if name.islower() and name not in {"enable", "save"}}
    assert drawn == set(FIGURES)


def test_files(chart, tmp_path):
    paths = fig.save(chart, tmp_path / "figure")
    starts = {".svg": b"<svg", ".png": b"\x89PNG", ".pdf": b"%PDF", ".csv": b""}
    for path in paths:
        assert path.read_bytes().startswith(starts[path.suffix])
        assert path.stat().st_size > 50


def test_same_input_same_figure(chart, request):
    name = request.node.callspec.params["chart"]
    assert json.dumps(FIGURES[name]().to_dict(), sort_keys=True) == json.dumps(chart.to_dict(), sort_keys=True)
    assert svg(FIGURES[name]()) == svg(chart)


def test_small_and_described(chart):
    text = json.dumps(chart.to_dict())
    assert len(text) < 200_000
    assert '"description"' in text
    assert chart.to_dict()["title"]["text"]


def test_no_markup_from_data(chart):
    tree = html5lib.parse(f"<!doctype html><body>{svg(chart)}</body>", namespaceHTMLElements=False)
    tags = {str(node.tag).rsplit("}", 1)[-1] for node in tree.iter() if isinstance(node.tag, str)}
    assert not tags & {"script", "img", "a", "iframe", "object"}
    assert "href" not in json.dumps(chart.to_dict())
    assert not re.search(r"(?<!\\)\\u001b", json.dumps(chart.to_dict())), "control characters are shown, not sent"


def test_notebook_bundle_draws_without_a_network(chart):
    bundle = mimebundle(chart.to_dict())
    assert set(bundle) == {"application/vnd.vega.v5+json", "image/png", "text/plain"}
    assert "marks" in bundle["application/vnd.vega.v5+json"]


def test_slides_have_larger_letters():
    plain = fig.distribution(sample.latency()).to_dict()
    try:
        fig.enable("slides")
        slide = fig.distribution(sample.latency()).to_dict()
    finally:
        fig.enable()
    assert slide["config"]["axis"]["labelFontSize"] > plain["config"]["axis"]["labelFontSize"]
    with pytest.raises(OptionError, match=r"no theme 'slide'.*slides"):
        fig.enable("slide")


def test_brushes_are_linked_and_survive_compiling():
    spec = fig.explorer(sample.cells()).to_dict()
    assert {item["name"] for item in spec["params"]} >= {"time", "latency"}
    signals = json.dumps(mimebundle(spec)["application/vnd.vega.v5+json"])
    assert "time_store" in signals
    assert "latency_store" in signals


def test_circles_of_waits_and_roots_are_drawn():
    nodes = [row for table in _tables(fig.lock_graph(sample.waits()).to_dict()) for row in table if "role" in row]
    roots = {row["text"].split()[0].rstrip(",") for row in nodes if row["role"] == "root"}
    assert roots >= {"10"}
    assert len(nodes) == 6


def test_nothing_to_draw_is_said():
    for draw, empty in (
        (fig.lock_graph, sample.slow()),
        (fig.message_surges, sample.finding("messages", sample.said().table.head(0))),
        (fig.attribute_ranking, sample.finding("a", sample.compared_attributes().table.head(0))),
        (fig.explorer, sample.cells().head(0)),
    ):
        with pytest.raises(NoDataError):
            draw(empty)


def test_too_many_marks_are_refused():
    frame = sample.red()
    with pytest.raises(OptionError, match=r"2,000 rows at most"):
        fig.timeline(frame.sample(3000, with_replacement=True, seed=1))


def test_spreadsheets_see_no_formula():
    assert csv_of({"data": {"values": [{"a": "=1+1"}, {"a": "fine"}]}}) == '"a"\n"\'=1+1"\n"fine"\n'


# Machado, Oliveira and Fernandes (2009), severity 1.0
CVD = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def lab(linear):
    xyz = (
        np.array(
            [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
        )
        @ linear
    )
    scaled = xyz / np.array([0.95047, 1.0, 1.08883])
    root = np.where(scaled > 0.008856, np.cbrt(scaled), 7.787 * scaled + 16 / 116)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


def linear(colour):
    values = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


@pytest.mark.parametrize("kind", ["normal", *CVD])
def test_colours_stay_apart(kind):
    matrix = np.array(CVD[kind]) if kind in CVD else np.eye(3)
    for group in (fig.PALETTE, ("#0072B2", "#D55E00")):
        seen = [lab(np.clip(matrix @ linear(colour), 0, 1)) for colour in group]
        assert min(float(np.linalg.norm(a - b)) for a, b in combinations(seen, 2)) >= 20

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rca.errors import OptionError
from rca.stats import judge

NAN = float("nan")


@pytest.mark.parametrize(
    ("control", "canary", "label"),
    [
        ([1, 2, 3, 4, 5, 6], [101, 102, 103, 104, 105, 106], "high"),
        ([101, 102, 103, 104, 105, 106], [1, 2, 3, 4, 5, 6], "low"),
        ([1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1], "pass"),
        ([0] * 8, [0, 0, 3, 0, 1, 1, 0, 2], "high"),  # sparse errors where there were none
        ([0] * 8, [0, 0, 0, 0, 0, 0, 0, 2], "pass"),  # a single one
        ([7] * 6, [7] * 6, "pass"),
        ([7] * 6, [8] * 6, "high"),
        ([1, 2, 3], [50, 60, 70], "high"),  # few points, but far away
        ([1, 2, 3], [2, 3, 4], "pass"),
        ([], [1, 2, 3], "no_data"),
        ([1, 2, 3], [NAN, NAN], "no_data"),
        ([NAN, None, 5], [9], "no_data"),
        ([1, 2, 3], [1, 2, float("inf")], "error"),
    ],
)
def test_verdicts(control, canary, label):
    verdict = judge(control, canary)
    assert verdict.label == label, verdict.reason
    assert len(verdict.reason) > 20


def test_a_canary_that_only_varies_more_does_not_pass():
    generator = np.random.default_rng(0)
    calm, wild = 100 + generator.normal(0, 1, 30), 100 + generator.normal(0, 12, 30)
    assert judge(calm, wild).label == "high"
    assert "varies more" in judge(calm, wild).reason
    assert judge(wild, calm).label == "low"


def test_direction_says_what_counts():
    low, high = [1, 2, 3, 4, 5, 6], [11, 12, 13, 14, 15, 16]
    assert judge(low, high, direction="increase").label == "high"
    unwatched = judge(low, high, direction="decrease")
    assert unwatched.label == "pass"
    assert "only a decrease" in unwatched.reason
    with pytest.raises(OptionError, match="sideways"):
        judge(low, high, direction="sideways")
    with pytest.raises(OptionError, match="sideways"):
        judge([], [], direction="sideways")


def test_a_trifle_passes_however_many_points_there_are():
    generator = np.random.default_rng(1)
    verdict = judge(generator.normal(100, 10, 20_000), generator.normal(100.8, 10, 20_000))
    assert verdict.label == "pass"


def test_equal_arms_are_rarely_blamed():
    generator = np.random.default_rng(2)
    for draw in (lambda: generator.lognormal(0, 1, 20), lambda: generator.poisson(0.3, 20)):
        blamed = sum(judge(draw(), draw()).label != "pass" for _ in range(200))
        assert blamed <= 24  # 6 to 8 % expected, three standard errors above


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.integers(-5, 40)), max_size=15),
    st.lists(st.one_of(st.none(), st.integers(-5, 40)), max_size=15),
    st.sampled_from([0.001, 1024.0]),
)
def test_swapping_the_arms_mirrors_the_verdict_and_the_unit_does_not_matter(control, canary, factor):
    mirror = {"high": "low", "low": "high"}
    label = judge(control, canary).label
    assert label in ("pass", "high", "low", "no_data")
    assert judge(canary, control).label == mirror.get(label, label)
    scaled = [[None if value is None else value * factor for value in arm] for arm in (control, canary)]
    assert judge(*scaled).label == label

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rca.stats import change_points


def test_steps_are_found_where_they_are():
    values = np.random.default_rng(0).normal(size=300)
    values[100:] += 5
    values[220:] -= 8
    assert change_points(values) == pytest.approx([100, 220], abs=2)


def test_a_bend_of_a_trend_is_a_regime():
    index = np.arange(200)
    values = np.where(index < 120, 0.5 * index, 60 - 1.5 * (index - 120)) + np.random.default_rng(1).normal(size=200)
    found = change_points(values)
    assert len(found) == 1
    assert found[0] == pytest.approx(120, abs=3)


@pytest.mark.parametrize(
    "values", [[], [1.0], [3.0] * 40, [None] * 30, [1, 2, 3, 4, 5], list(range(100)), [float("nan")] * 9]
)
def test_nothing_changes_in_constants_lines_and_next_to_nothing(values):
    assert change_points(values) == []


def test_noise_has_no_regimes():
    generator = np.random.default_rng(2)
    assert sum(bool(change_points(generator.normal(size=200))) for _ in range(40)) <= 1


def test_a_spike_is_no_regime():
    values = np.random.default_rng(3).normal(size=200)
    values[[60, 61, 130]] += 30
    assert change_points(values) == []


def test_missing_points_are_skipped_and_indexes_stay_those_of_the_input():
    values = list(np.random.default_rng(4).normal(size=120) + np.repeat([0.0, 9.0], 60))
    values[20:30] = [None] * 10
    values[70] = float("inf")
    assert change_points(values) == pytest.approx([60], abs=1)


def test_long_series_are_exact_and_fast():
    values = np.random.default_rng(5).normal(size=1440)
    values[701:] += 2
    began = time.process_time()
    assert change_points(values) == pytest.approx([701], abs=2)
    assert time.process_time() - began < 0.5
    far = np.random.default_rng(6).normal(size=20_000)
    far[12_345:] += 3
    assert change_points(far) == pytest.approx([12_345], abs=2)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([1e-9, 1e-3, 1e6]), st.sampled_from([0.0, 1e3]))
def test_the_unit_does_not_matter(seed, factor, offset):
    generator = np.random.default_rng(seed)
    values = generator.normal(size=90) + np.repeat([0.0, 6.0, 2.0], 30)
    assert change_points(factor * (values + offset)) == change_points(values)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats(-1e300, 1e300), st.just(float("nan"))), max_size=60))
def test_any_input_gives_ascending_indexes(values):
    found = change_points(values)
    assert found == sorted(set(found))
    assert all(0 < index < len(values) for index in found)

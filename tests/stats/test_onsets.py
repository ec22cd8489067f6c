from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rca.errors import OptionError
from rca.stats import onset


def test_a_step_that_lasts():
    values = np.random.default_rng(0).normal(100, 5, 120)
    values[80:] += 40
    found = onset(None, values)
    assert found.low_index <= 80 <= found.high_index
    assert found.high_index - found.low_index <= 3
    assert (found.ramp, found.end_index) == (0, 120)
    assert (found.before, found.after) == pytest.approx((100, 140), abs=3)


def test_a_ramp_starts_where_it_leaves_the_level():
    values = np.random.default_rng(1).normal(0, 1, 200)
    values += 12 * np.clip((np.arange(200) - 99) / 30, 0, 1)
    found = onset(None, values)
    assert found.low_index <= 100 <= found.high_index
    assert 18 <= found.ramp <= 40


def test_recovery_does_not_disturb_and_is_reported():
    values = np.random.default_rng(2).normal(0, 1, 300)
    values[150:190] += 6
    found = onset(None, values, direction="increase")
    assert found.low_index <= 150 <= found.high_index
    assert found.end_index == pytest.approx(190, abs=2)


def test_times_come_back_in_their_own_unit():
    minute = 60_000_000_000
    start = 1_772_632_800_000_000_000
    values = np.r_[np.random.default_rng(3).normal(0, 1, 50), np.random.default_rng(4).normal(9, 1, 20)]
    found = onset(start + minute * np.arange(70), values)
    assert found.time == start + 50 * minute
    assert found.low <= found.time <= found.high


@pytest.mark.parametrize("values", [[], [1.0] * 50, [None] * 50, [1, 2, 1], np.random.default_rng(5).normal(size=200)])
def test_nothing_stands_out_of_noise_and_constants(values):
    found = onset(None, values)
    assert (found.index, found.time, found.low, found.high) == (None,) * 4


def test_the_range_covers_the_truth():
    generator = np.random.default_rng(6)
    covered = 0
    for _ in range(80):
        values = generator.normal(size=150)
        values[90:] += 2.5
        found = onset(None, values)
        covered += found.low_index <= 90 <= found.high_index
    assert covered >= 72


def test_direction_chooses_the_excursion():
    values = np.random.default_rng(7).normal(0, 1, 200)
    values[50:70] -= 12
    assert onset(None, values, direction="decrease").index == pytest.approx(50, abs=1)
    assert onset(None, values).index == pytest.approx(50, abs=1)
    recovery = onset(None, values, direction="increase")
    assert recovery.index is None or recovery.index >= 69


def test_missing_points_are_skipped():
    values = list(np.r_[np.zeros(40), np.full(40, 5.0)] + np.random.default_rng(8).normal(0, 0.2, 80))
    values[10:20] = [None] * 10
    assert onset(None, values).index == 40


def test_long_series_stay_exact():
    values = np.random.default_rng(9).normal(0, 1, 5000)
    values[3333:3900] += 4
    found = onset(None, values)
    assert found.low_index <= 3333 <= found.high_index
    assert found.end_index == pytest.approx(3900, abs=3)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([1e-6, 1e6]))
def test_the_unit_does_not_matter(seed, factor):
    values = np.random.default_rng(seed).normal(size=60) + np.repeat([0.0, 6.0], 30)
    one, other = onset(None, values), onset(None, factor * values)
    assert (one.index, one.low_index, one.high_index) == (other.index, other.low_index, other.high_index)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(OptionError, match="direction"):
        onset(None, [1, 2], direction="up")
    with pytest.raises(OptionError, match="one time a value"):
        onset([1], [1, 2])
    with pytest.raises(OptionError, match="ascending"):
        onset([2, 1], [1, 2])


def test_a_step_without_noise_has_an_onset():
    found = onset(None, [1.0] * 20 + [2.0] * 20)
    assert (found.index, found.low_index, found.high_index) == (20, 20, 20)
    assert onset(None, [0.0] * 30 + [1.0], direction="increase").index in (None, 30)

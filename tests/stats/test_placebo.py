from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from rca.errors import NoDataError, OptionError
from rca.stats import placebo_test
from rca.stats.placebo import ks_distances


def ar1(generator, length, phi, series):
    noise = generator.normal(size=(length + 100, series))
    level = np.zeros_like(noise)
    for step in range(1, len(noise)):
        level[step] = phi * level[step - 1] + noise[step]
    return level[100:].T


@pytest.mark.parametrize("phi", [0.0, 0.8, 0.95])
def test_random_moments_fire_at_the_nominal_rate_however_smooth_the_noise(phi):
    series = ar1(np.random.default_rng(5), 312, phi, 500)
    rate = np.mean([placebo_test(values, 300, 12).p_value <= 0.05 for values in series])
    assert 0.02 <= rate <= 0.08  # 0.05 and three standard errors of 500 series


def test_the_smallest_p_value_is_not_claimed_more_often_than_it_says():
    series = ar1(np.random.default_rng(6), 360, 0.9, 500)
    results = [placebo_test(values, 330, 30) for values in series]
    smallest = results[0].smallest
    assert min(result.p_value for result in results) >= smallest
    assert np.mean([result.p_value <= smallest * 1.0001 for result in results]) <= 2 * smallest


def test_a_clear_shift_gets_the_smallest_p_value():
    values = np.random.default_rng(1).normal(size=624)
    values[600:] += 8
    result = placebo_test(values, 600, 24)
    assert result.p_value == result.smallest < 0.01
    assert result.statistic == 1.0
    assert result.shift == pytest.approx(8, abs=1)
    assert result.n_placebos == 553


def test_saturated_distances_are_told_apart_by_size():
    # a smooth wave: windows of 5 never overlap in value, so every distance is 1 on its flanks
    wave = np.sin(np.arange(400) / 12)
    wave[395:] = wave[394] + 50
    assert placebo_test(wave, 395, 5).p_value < 0.01


def test_season_compares_the_same_time_of_day_only():
    day = np.concatenate([np.zeros(72), np.full(24, 10.0)])
    noise = np.random.default_rng(3).normal(size=96 * 20)
    values = np.tile(day, 20) + noise
    at = 96 * 18 + 72  # the daily rise: unusual for a moment at random, usual for this time of day
    usual = placebo_test(values[: at + 12], at, 12, season=96, tolerance=1)
    assert placebo_test(values[: at + 12], at, 12).p_value < usual.p_value
    assert usual.p_value > 0.1
    values[at : at + 12] += 30
    unusual = placebo_test(values[: at + 12], at, 12, season=96, tolerance=1)
    assert unusual.p_value == unusual.smallest
    assert unusual.n_placebos < 60


def test_missing_points_are_left_out_and_too_many_are_no_data():
    values = list(np.random.default_rng(2).normal(size=220))
    values[150:190] = [None] * 40
    values[205] = float("inf")
    assert 0 < placebo_test(values, 200, 20).p_value <= 1
    with pytest.raises(NoDataError, match="missing"):
        placebo_test(values, 185, 20)


@pytest.mark.parametrize(("at", "window"), [(5, 10), (95, 10)])
def test_windows_must_fit(at, window):
    with pytest.raises(NoDataError, match="outside the series"):
        placebo_test(range(100), at, window)


def test_a_history_without_another_moment_says_so():
    with pytest.raises(NoDataError, match="no other moment"):
        placebo_test(range(20), 10, 10)


@pytest.mark.parametrize(
    "options", [{"window": 1}, {"window": 5, "season": 1}, {"window": 5, "season": 9, "tolerance": -1}]
)
def test_senseless_options_are_refused(options):
    with pytest.raises(OptionError):
        placebo_test(range(100), 50, **options)


@settings(deadline=None)
@given(st.lists(st.integers(0, 8), min_size=12, max_size=12))
def test_distances_are_those_of_scipy_also_with_ties(values):
    before, after = np.array(values[:6], dtype=float), np.array(values[6:], dtype=float)
    assert ks_distances(before[None], after[None])[0] == pytest.approx(ks_2samp(before, after).statistic)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(1e-6, 1e6), st.floats(-1e3, 1e3))
def test_the_unit_does_not_matter(seed, factor, offset):
    values = np.random.default_rng(seed).integers(0, 50, 80).astype(float)
    one, other = placebo_test(values, 70, 8), placebo_test(values * 1024, 70, 8)
    assert one.p_value == other.p_value
    assert placebo_test(factor * values + offset, 70, 8).statistic == pytest.approx(one.statistic)


def kinds(generator, n):
    noise = generator.normal(size=(n,))
    smooth = np.convolve(noise, np.full(5, 0.45), mode="same")
    return {
        "heavy tails": generator.standard_t(2, n),
        "counts": generator.poisson(3, n).astype(float),
        "mostly zero": (generator.random(n) < 0.05) * generator.lognormal(0, 1, n),
        "trend": np.linspace(0, 5, n) + smooth,
        "day and night": 3 * np.sin(np.arange(n) * 2 * np.pi / 96 + generator.uniform(0, 6)) + smooth,
        "random walk": np.cumsum(noise),
        "rounded": np.round(smooth),
    }


@pytest.mark.parametrize("kind", list(kinds(np.random.default_rng(0), 10)))
def test_series_of_every_kind_fire_at_the_nominal_rate(kind):
    """At five per cent, more than 22 of 250 would be a chance of one in a hundred."""
    generator = np.random.default_rng(22)
    fired = sum(placebo_test(kinds(generator, 228)[kind], 216, 12).p_value <= 0.05 for _ in range(250))
    assert fired <= 22

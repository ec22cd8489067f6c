from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from rca.errors import NoDataError, OptionError
from rca.stats import quantile_change, quantile_interval


def bursts(generator, minutes, each, spread):
    label = np.repeat(np.arange(minutes), each)
    return np.exp(generator.normal(0, spread, minutes)[label] + generator.normal(0, 0.8, len(label))), label


@pytest.mark.parametrize("spread", [0.0, 0.6])
def test_p99_is_covered_also_when_minutes_differ(spread):
    generator = np.random.default_rng(11)
    truth = np.exp(np.hypot(0.8, spread) * 2.3263478740408408)
    covered = 0
    for _ in range(200):
        values, minute = bursts(generator, 60, 60, spread)
        interval = quantile_interval(values, 0.99, minute)
        covered += interval.low <= truth and (interval.high is None or truth <= interval.high)
    assert covered / 200 >= 0.92


def following(generator, minutes, each, spread, phi):
    """Return values whose minutes follow each other: a slow one comes after a slow one."""
    level = np.zeros(minutes)
    now = generator.normal(0, spread)
    for minute in range(minutes):
        now = phi * now + generator.normal(0, spread * np.sqrt(1 - phi * phi))
        level[minute] = now
    label = np.repeat(np.arange(minutes), each)
    return np.exp(level[label] + generator.normal(0, 0.8, len(label))), label


@pytest.mark.parametrize(("q", "deviate"), [(0.5, 0.0), (0.95, 1.6449)])
def test_it_is_covered_where_slow_minutes_follow_slow_ones(q, deviate):
    generator = np.random.default_rng(14)
    truth = np.exp(np.hypot(0.8, 0.3) * deviate)
    covered = alone = 0
    for _ in range(150):
        values, minute = following(generator, 60, 50, 0.3, 0.6)
        interval = quantile_interval(values, q, minute)
        covered += interval.low <= truth <= interval.high
        shuffled = generator.permutation(60)[minute]  # the same minutes, their order lost
        interval = quantile_interval(values, q, shuffled)
        alone += interval.low <= truth <= interval.high
    assert covered / 150 >= 0.9 > alone / 150


def test_ignoring_bursts_would_not_cover():
    generator = np.random.default_rng(12)
    values, minute = bursts(generator, 60, 200, 0.6)
    plain, clustered = quantile_interval(values, 0.99), quantile_interval(values, 0.99, minute)
    assert clustered.high - clustered.low > 1.5 * (plain.high - plain.low)
    assert clustered.clusters == 60
    assert plain.clusters is None


def test_the_upper_end_is_open_exactly_where_no_order_statistic_can_bound_it():
    # the largest of n values exceeds p99 with probability 1 - 0.99^n, which reaches 97.5 % at n = 368
    assert quantile_interval(range(367), 0.99).high is None
    assert quantile_interval(range(368), 0.99).high == 367


@pytest.mark.parametrize(("n", "q"), [(50, 0.5), (200, 0.9), (1000, 0.99)])
def test_without_clusters_it_is_the_exact_binomial_interval(n, q):
    interval = quantile_interval(range(1, n + 1), q)
    low, high = int(interval.low), int(interval.high)
    assert 1 - binom.cdf(low - 1, n, q) >= 0.975
    assert binom.cdf(high - 1, n, q) >= 0.975
    assert 1 - binom.cdf(low, n, q) < 0.975 or binom.cdf(high - 2, n, q) < 0.975


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0.1, 1e6), min_size=3, max_size=80), st.sampled_from([0.1, 0.5, 0.9]), st.randoms())
def test_order_and_unit_do_not_matter_and_the_estimate_lies_inside(values, q, random):
    one = quantile_interval(values, q)
    mixed = list(values)
    random.shuffle(mixed)
    assert quantile_interval(mixed, q) == one
    scaled = quantile_interval([1024 * value for value in values], q)
    assert scaled.estimate == 1024 * one.estimate
    assert one.low is None or one.low <= one.estimate
    assert one.high is None or one.high >= one.estimate


def test_a_wider_level_gives_a_wider_interval():
    values = np.random.default_rng(0).normal(size=500)
    narrow, wide = quantile_interval(values, 0.9, level=0.8), quantile_interval(values, 0.9, level=0.99)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_missing_values_are_dropped_together_with_their_labels():
    values, labels = [1.0, None, 3.0, float("nan"), 5.0, 6.0], ["a", "b", "a", "b", "c", "c"]
    interval = quantile_interval(values, 0.5, labels)
    assert (interval.n, interval.clusters, interval.estimate) == (4, 2, 3.0)


def test_masked_values_are_missing():
    masked = np.ma.masked_array(np.arange(100.0), mask=np.arange(100) >= 50)
    assert quantile_interval(masked, 0.5) == quantile_interval(range(50), 0.5)


def test_what_cannot_be_answered_says_why():
    with pytest.raises(NoDataError, match="No finite value"):
        quantile_interval([None, float("nan")], 0.5)
    with pytest.raises(NoDataError, match="share one cluster"):
        quantile_interval([1, 2, 3], 0.5, ["m"] * 3)
    with pytest.raises(OptionError, match="one label for each value"):
        quantile_interval([1, 2, 3], 0.5, ["m"])
    for q in (0, 1, 99):
        with pytest.raises(OptionError, match="q is"):
            quantile_interval([1, 2, 3], q)


def test_the_ratio_of_quantiles_covers_the_truth():
    generator = np.random.default_rng(4)
    covered = 0
    for _ in range(150):
        change = quantile_change(generator.lognormal(0, 0.8, 400), generator.lognormal(np.log(3), 0.8, 500), 0.9)
        covered += change.low <= 3 <= change.high
    assert covered / 150 >= 0.9


def test_a_change_has_an_open_end_where_a_quantile_has():
    change = quantile_change(range(1, 101), range(5, 2005), 0.99)
    assert change.low is None  # p99 before has no upper end, so the ratio has no lower one
    assert change.high is not None
    difference = quantile_change(range(1, 2001), range(101, 2101), 0.5, scale="difference")
    assert difference.estimate == 100
    assert difference.low < 100 < difference.high
    with pytest.raises(OptionError, match="ratio"):
        quantile_change([1, 2], [1, 2], 0.5, scale="factor")
    with pytest.raises(NoDataError, match="positive"):
        quantile_change([0, 0, 0], [1, 2, 3], 0.5)

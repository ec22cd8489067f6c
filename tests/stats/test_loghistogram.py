from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rca.errors import NoDataError, OptionError
from rca.stats import LogHistogram, bucket_index, bucket_value, compare_histograms, histogram_quantile_interval

durations = st.lists(st.floats(1.0, 1e12), min_size=1, max_size=60)


@settings(deadline=None)
@given(st.floats(1e-3, 1e15), st.integers(0, 8))
def test_a_value_lies_in_its_bucket_and_close_to_its_representative(value, scale):
    index = bucket_index([value], scale=scale)[0]
    growth = 2 ** (1 / 2**scale)
    assert growth**index * (1 - 1e-9) <= value <= growth ** (index + 1) * (1 + 1e-9)
    assert abs(float(bucket_value(index, scale=scale)) / value - 1) <= (growth - 1) / (growth + 1) * 1.0001 + 1e-9


@settings(deadline=None)
@given(durations, st.floats(0.01, 0.99))
def test_a_quantile_is_never_more_than_109_basis_points_off(values, q):
    exact = np.quantile(values, q, method="inverted_cdf")
    assert abs(LogHistogram.of(values).quantile(q) / exact - 1) <= 0.0109


@settings(deadline=None)
@given(durations, durations, st.integers(-2, 5))
def test_merging_and_coarsening_are_exact(one, two, scale):
    merged = LogHistogram.of(one).merge(LogHistogram.of(two)).downscale(scale)
    whole = LogHistogram.of(one + two, scale=scale)
    assert merged.index.tolist() == whole.index.tolist()
    assert merged.count.tolist() == whole.count.tolist()
    assert merged.n == len(one) + len(two)
    other_way = LogHistogram.of(two).downscale(scale).merge(LogHistogram.of(one))
    assert other_way.index.tolist() == whole.index.tolist()


def test_weights_count_and_n_stays_what_was_seen():
    sampled = LogHistogram.of([10.0, 100.0], weights=[1.0, 99.0])
    assert sampled.quantile(0.5) == pytest.approx(100, rel=0.011)
    assert (sampled.total, sampled.n) == (100.0, 2)
    assert sampled.mean == pytest.approx(99.1, rel=0.011)


def test_zeros_are_counted_apart():
    histogram = LogHistogram.of([0, 0, 0, 8.0, float("nan"), -1.0])
    assert (histogram.zero, histogram.n, histogram.quantile(0.5)) == (3.0, 4, 0.0)
    assert histogram.quantile(0.9) == pytest.approx(8, rel=0.011)
    assert histogram.share_above(1) == 0.25


def test_the_interval_contains_the_order_statistics_interval():
    values = np.random.default_rng(0).lognormal(18, 0.8, 3000)
    interval = histogram_quantile_interval(LogHistogram.of(values), 0.99)
    assert interval.low < interval.estimate < interval.high
    assert interval.low <= np.exp(18 + 0.8 * 2.326) <= interval.high
    assert interval.high / interval.low < 1.6


def test_bursts_widen_the_interval_of_a_histogram():
    generator = np.random.default_rng(1)
    minute = np.repeat(np.arange(60), 100)
    values = np.exp(18 + generator.normal(0, 0.6, 60)[minute] + generator.normal(0, 0.8, 6000))
    histogram = LogHistogram.of(values)
    matrix = np.zeros((60, len(histogram.index)))
    np.add.at(matrix, (minute, np.searchsorted(histogram.index, bucket_index(values))), 1)
    plain = histogram_quantile_interval(histogram, 0.99)
    clustered = histogram_quantile_interval(histogram, 0.99, clusters=matrix)
    assert clustered.high - clustered.low > 1.3 * (plain.high - plain.low)
    assert clustered.clusters == 60
    with pytest.raises(OptionError, match="columns"):
        histogram_quantile_interval(histogram, 0.99, clusters=matrix[:, 1:])


def test_sampled_values_count_once_however_much_they_weigh():
    few = LogHistogram.of(np.random.default_rng(2).lognormal(0, 1, 100), weights=np.full(100, 50.0))
    assert histogram_quantile_interval(few, 0.99).high is None


def test_comparison_finds_a_shift_and_only_a_shift():
    generator = np.random.default_rng(3)
    before, same, slower = (LogHistogram.of(generator.lognormal(m, 1, 2000)) for m in (3, 3, 3.7))
    assert compare_histograms(before, slower).typical_ratio == pytest.approx(np.exp(0.7), rel=0.1)
    assert compare_histograms(before, slower).p_value < 1e-6
    assert compare_histograms(before, same).p_value > 0.001


def test_what_cannot_be_answered_says_why():
    empty = LogHistogram.of([])
    for ask in (lambda: empty.quantile(0.5), lambda: empty.mean, lambda: compare_histograms(empty, empty)):
        with pytest.raises(NoDataError):
            ask()
    with pytest.raises(OptionError, match="cannot be split"):
        LogHistogram.of([1.0]).downscale(6)
    with pytest.raises(OptionError, match="positive"):
        bucket_index([0.0])
    with pytest.raises(OptionError, match="equally long"):
        LogHistogram.from_buckets([1, 2], [1])


@settings(max_examples=20, deadline=None)
@given(durations)
def test_it_agrees_with_the_formula_of_the_sql(values):
    want = [int(np.ceil(np.log(value) * 32 / np.log(2)) - 1) for value in values]
    assert bucket_index(values).tolist() == want

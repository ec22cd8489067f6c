from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from rca.errors import NoDataError, OptionError
from rca.stats import Interval, mean_interval, proportion_interval, rate_ratio_interval


@settings(deadline=None)
@given(st.integers(0, 200), st.integers(1, 200), st.sampled_from(["wilson", "jeffreys"]))
def test_a_share_lies_in_its_interval_and_both_in_0_to_1(k, extra, method):
    interval = proportion_interval(k, k + extra, method=method)
    assert 0 <= interval.low <= interval.estimate <= interval.high <= 1
    mirrored = proportion_interval(extra, k + extra, method=method)
    assert mirrored.low == pytest.approx(1 - interval.high, abs=1e-9)


def test_jeffreys_is_the_beta_posterior():
    interval = proportion_interval(3, 50, method="jeffreys")
    assert (interval.low, interval.high) == pytest.approx(beta.ppf([0.025, 0.975], 3.5, 47.5))


def test_bursts_of_errors_widen_the_interval_enough():
    generator = np.random.default_rng(1)
    covered = plain = 0
    for _ in range(200):
        trials = generator.integers(50, 150, 60)
        errors = generator.binomial(trials, np.minimum(0.02 * generator.gamma(1, 1, 60), 1))
        clustered, iid = proportion_interval(errors, trials), proportion_interval(errors.sum(), trials.sum())
        covered += clustered.low <= 0.02 <= clustered.high
        plain += iid.low <= 0.02 <= iid.high
    assert covered / 200 >= 0.88
    assert covered > plain


def test_a_given_design_effect_is_used():
    assert proportion_interval(10, 1000, design_effect=4).high > proportion_interval(10, 1000).high


def test_senseless_shares_are_refused():
    with pytest.raises(OptionError, match="method"):
        proportion_interval(1, 2, method="wald")
    with pytest.raises(OptionError, match="between 0 and trials"):
        proportion_interval(3, 2)
    with pytest.raises(OptionError, match="design_effect"):
        proportion_interval(1, 2, design_effect=0)
    with pytest.raises(NoDataError, match="no trials"):
        proportion_interval(0, 0)


def test_the_ratio_of_rates_covers_the_truth_also_in_bursts():
    generator = np.random.default_rng(2)
    covered = 0
    for _ in range(200):
        before, after = (generator.poisson(rate * generator.gamma(2, 0.5, 40)) for rate in (3, 6))
        interval = rate_ratio_interval(before, np.full(40, 100), after, np.full(40, 100))
        covered += interval.low <= 2 <= interval.high
    assert covered / 200 >= 0.91


def test_a_rate_from_zero_has_no_upper_bound():
    interval = rate_ratio_interval(0, 1000, 12, 1000)
    assert interval.estimate == float("inf")
    assert interval.high is None
    assert interval.low > 2
    gone = rate_ratio_interval(12, 1000, 0, 1000)
    assert (gone.estimate, gone.low) == (0.0, 0.0)
    with pytest.raises(NoDataError, match="no events"):
        rate_ratio_interval(0, 10, 0, 10)
    with pytest.raises(NoDataError, match="no exposure"):
        rate_ratio_interval(1, 0, 1, 10)


@settings(deadline=None)
@given(st.integers(1, 50), st.integers(1, 50))
def test_turning_the_ratio_round_inverts_it(a, b):
    one, other = rate_ratio_interval(a, 1000, b, 1000), rate_ratio_interval(b, 1000, a, 1000)
    assert other.estimate == pytest.approx(1 / one.estimate)
    assert other.low == pytest.approx(1 / one.high)


def test_spans_of_one_trace_are_drawn_together():
    generator = np.random.default_rng(3)
    trace = np.repeat(np.arange(40), 10)
    values = generator.normal(0, 1, 40)[trace] + generator.normal(0, 0.1, 400)
    clustered, plain = mean_interval(values, clusters=trace), mean_interval(values)
    assert clustered.high - clustered.low > 2.5 * (plain.high - plain.low)
    assert (clustered.clusters, plain.clusters) == (40, None)


def test_the_mean_of_skewed_clusters_is_covered():
    generator = np.random.default_rng(4)
    covered = 0
    for _ in range(120):
        weights = generator.choice([1.0, 5.0], 60)
        interval = mean_interval(generator.lognormal(0, 0.8, 60), weights=weights, resamples=400)
        covered += interval.low <= np.exp(0.32) <= interval.high
    assert covered / 120 >= 0.86


def test_weights_are_sampling_weights():
    assert mean_interval([1.0, 10.0], weights=[9, 1]).estimate == pytest.approx(1.9)
    assert mean_interval([1.0, 10.0, 5.0], weights=[1, 1, 0]).n == 2
    with pytest.raises(OptionError, match="negative"):
        mean_interval([1.0, 2.0], weights=[1, -1])
    with pytest.raises(NoDataError, match="All weights"):
        mean_interval([1.0, 2.0], weights=[0, 0])
    with pytest.raises(NoDataError, match="one observation or one cluster"):
        mean_interval([1.0, 2.0], clusters=["a", "a"])


def test_many_clusters_use_the_formula():
    interval = mean_interval(np.random.default_rng(5).normal(10, 2, 5000))
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * 2 / np.sqrt(5000), rel=0.05)
    assert "linearised" in interval.method


def test_an_interval_knows_what_it_excludes():
    assert Interval(2, 1, None, 0.95, 9, "").excludes(0.5)
    assert not Interval(2, 1, None, 0.95, 9, "").excludes(1e9)
    assert not Interval(2, 1, None, 0.95, 9, "").bounded
    assert Interval(2, 1, 3, 0.95, 9, "").bounded

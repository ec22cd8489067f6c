from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rca.errors import NoDataError, OptionError
from rca.stats import difference_in_differences, recovered_share


def minutes(generator, median, count=30, each=40, spread=0.2):
    label = np.repeat(np.arange(count), each)
    return median * np.exp(generator.normal(0, spread, count)[label] + generator.normal(0, 0.4, count * each)), label


def test_a_flag_that_removes_nearly_all_of_the_excess():
    generator = np.random.default_rng(0)
    (before, a), (during, b), (treated, c) = (minutes(generator, m) for m in (400, 2500, 480))
    share = recovered_share(
        before, during, treated, statistic=0.5, clusters_before=a, clusters_during=b, clusters_treated=c
    )
    assert share.low < 0.962 < share.high
    assert share.low > 0.85
    assert (share.n, share.clusters) == (3600, 30)


def test_the_share_is_covered():
    generator = np.random.default_rng(1)
    covered = 0
    for _ in range(60):
        (before, a), (during, b), (treated, c) = (minutes(generator, m) for m in (100, 600, 350))
        share = recovered_share(
            before, during, treated, clusters_before=a, clusters_during=b, clusters_treated=c, resamples=200
        )
        covered += share.low <= 0.5 <= share.high
    assert covered / 60 >= 0.85


def test_without_a_clear_excess_there_is_no_interval():
    generator = np.random.default_rng(2)
    before, during, treated = (generator.lognormal(0, 1, 200) for _ in range(3))
    share = recovered_share(before, during, treated)
    assert share.low is None
    assert share.high is None
    assert "not clear of zero" in share.method
    with pytest.raises(NoDataError, match="no excess"):
        recovered_share([1, 1], [1, 1], [1, 1])


def test_an_error_ratio_is_a_mean_of_zeros_and_ones():
    zeros_and_ones = [np.repeat([1.0, 0.0], [bad, 1000 - bad]) for bad in (2, 210, 3)]
    share = recovered_share(*zeros_and_ones, statistic="mean")
    assert share.estimate == pytest.approx(207 / 208)
    assert share.low < share.estimate < share.high


def test_two_thousand_resamples_of_five_thousand_values_are_quick():
    values, label = minutes(np.random.default_rng(3), 100, 60, 84)
    for labels in ({}, {"clusters_before": label, "clusters_during": label, "clusters_treated": label}):
        began = time.process_time()
        recovered_share(values, 6 * values, 2 * values, **labels)
        assert time.process_time() - began < 2  # 0.1 s on an idle machine


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([1e-6, 1024.0]))
def test_the_unit_does_not_matter(seed, factor):
    generator = np.random.default_rng(seed)
    arms = [generator.lognormal(m, 0.3, 60) for m in (0, 2, 1)]
    one = recovered_share(*arms, resamples=100)
    other = recovered_share(*(factor * arm for arm in arms), resamples=100)
    assert (other.estimate, other.low, other.high) == pytest.approx((one.estimate, one.low, one.high))


def test_quantiles_of_resamples_are_those_of_a_plain_bootstrap():
    generator = np.random.default_rng(4)
    before, during, treated = (generator.lognormal(m, 0.5, 600) for m in (0, 2, 1))
    share = recovered_share(before, during, treated, statistic=0.9, resamples=4000)
    drawn = [np.quantile(generator.choice(arm, (4000, 600)), 0.9, axis=1) for arm in (before, during, treated)]
    plain = np.quantile((drawn[1] - drawn[2]) / (drawn[1] - drawn[0]), [0.025, 0.975])
    assert (share.low, share.high) == pytest.approx(plain, abs=0.02)


def test_what_both_arms_share_cancels():
    generator = np.random.default_rng(5)
    label = np.repeat(np.arange(30), 20)
    common = [generator.normal(0, 2, 30)[label] for _ in range(2)]
    cells = [
        level + common[period] + generator.normal(0, 0.5, 600) for level, period in ((10, 0), (13, 1), (9, 0), (10, 1))
    ]  # treated before and after, control before and after: the effect is 2
    joint = difference_in_differences(*cells, [label, label + 100, label, label + 100])
    apart = difference_in_differences(*cells, [label, label + 100, label + 200, label + 300])
    assert joint.low < 2 < joint.high
    assert joint.high - joint.low < 0.5 * (apart.high - apart.low)


def test_ratios_of_growing_signals():
    generator = np.random.default_rng(6)
    cells = [level * generator.lognormal(0, 0.1, 300) for level in (10, 40, 100, 200)]
    effect = difference_in_differences(*cells, scale="ratio", statistic=0.5)
    assert effect.low < 2 < effect.high
    assert effect.excludes(1)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(OptionError, match="statistic"):
        recovered_share([1], [2], [1], statistic="median")
    with pytest.raises(OptionError, match="scale"):
        difference_in_differences([1], [1], [1], [1], scale="log")
    with pytest.raises(OptionError, match="four samples"):
        difference_in_differences([1], [1], [1], [1], [[1]])
    with pytest.raises(NoDataError, match="treated"):
        recovered_share([1, 2], [3, 4], [None])
    with pytest.raises(NoDataError, match="positive"):
        difference_in_differences([0, 0], [1, 1], [1, 1], [1, 1], scale="ratio")

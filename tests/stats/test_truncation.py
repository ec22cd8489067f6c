from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr

from rca.errors import NoDataError, OptionError
from rca.stats import truncated_summary


def test_what_lies_below_the_threshold_is_estimated_from_the_tail():
    generator = np.random.default_rng(0)
    every = generator.lognormal(np.log(50), 1, 40_000)
    seen = truncated_summary(every[every >= 60], 60)
    assert seen.share_logged.low <= ndtr(np.log(50 / 60)) <= seen.share_logged.high
    assert seen.executions.low <= 40_000 <= seen.executions.high
    assert seen.median.low <= 50 <= seen.median.high
    assert seen.p99.low <= 50 * np.exp(2.326) <= seen.p99.high


def test_a_tail_that_determines_nothing_gives_no_estimate():
    generator = np.random.default_rng(1)
    power_law = 500 * (generator.pareto(1.5, 2000) + 1)
    seen = truncated_summary(power_law, 500)
    assert seen.share_logged is seen.executions is seen.median is seen.p99 is None
    assert "no fit" in seen.method


def test_the_sums_of_what_was_logged_are_exact():
    seen = truncated_summary([700, 600, 1200, 100, None], 500)
    assert (seen.n, seen.total, seen.below) == (3, 2500.0, 1)
    assert seen.quantiles[0] == (0.5, 700.0)
    assert any("not here" in sentence for sentence in seen.biased)
    assert any("below the threshold" in sentence for sentence in seen.biased)


def test_without_a_threshold_nothing_is_biased():
    seen = truncated_summary([1, 2, 3], 0)
    assert seen.biased == ()
    assert seen.share_logged is None


def test_the_unit_does_not_matter():
    values = np.random.default_rng(2).lognormal(0, 1, 3000)
    one, other = (truncated_summary(f * values, f * 1.0) for f in (1.0, 1e6))
    assert other.share_logged.estimate == pytest.approx(one.share_logged.estimate)
    assert other.p99.high == pytest.approx(1e6 * one.p99.high)


def test_equal_durations_do_not_crash():
    assert truncated_summary([500.0] * 50, 500).share_logged is None
    assert truncated_summary([900.0] * 50, 500).n == 50


def test_what_cannot_be_answered_says_why():
    with pytest.raises(NoDataError, match="reaches the threshold"):
        truncated_summary([1, 2], 500)
    with pytest.raises(OptionError, match="threshold"):
        truncated_summary([1, 2], -1)

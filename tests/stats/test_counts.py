"""The number of requests behind a sample."""

from __future__ import annotations

import numpy as np
import pytest

from rca.errors import OptionError
from rca.stats.counts import sampled_count_interval


@pytest.mark.parametrize(("total", "share"), [(400, 0.05), (3000, 0.01), (2000, 0.2)])
def test_the_interval_holds_as_often_as_it_says(total, share):
    seen = np.random.default_rng(3).binomial(total, share, 2000)
    ends = [sampled_count_interval(int(number), share) for number in seen]
    covered = np.mean([low <= total <= high for low, high in ends])
    assert 0.93 <= covered <= 0.97


def test_nothing_seen_is_not_nothing_there():
    low, high = sampled_count_interval(0, 0.1)
    assert low == 0
    assert 10 < high < 50


@pytest.mark.parametrize("share", [0.0, -0.1, 1.5])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(OptionError, match="share is the probability"):
        sampled_count_interval(5, share)

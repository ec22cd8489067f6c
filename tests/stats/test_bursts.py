from __future__ import annotations

import numpy as np
import pytest

from rca.errors import OptionError
from rca.stats.bursts import bad_stretch


def traffic(rng, share, bins=400, mean=6):
    total = rng.poisson(mean, bins)
    return rng.binomial(total, share), total


def test_the_interval_of_the_begin_covers_it_as_often_as_it_says():
    rng = np.random.default_rng(11)
    covered = []
    for _ in range(200):
        at = int(rng.integers(120, 280))
        share = np.where((np.arange(400) >= at) & (np.arange(400) < at + 90), 0.15, 0.01)
        bad, total = traffic(rng, share)
        found = bad_stretch(bad, total, first=at + 45, last=at + 45)
        assert found is not None
        covered.append(found.start_low <= at <= found.start_high)
    assert np.mean(covered) >= 0.93


def test_no_stretch_is_found_where_the_share_never_changes():
    rng = np.random.default_rng(12)
    found = [bad_stretch(*traffic(rng, 0.02)) for _ in range(200)]
    assert sum(item is not None for item in found) <= 10


def test_failures_in_clusters_count_for_less():
    even, total = np.zeros(240), np.full(240, 20)
    even[100:220] = 3
    clustered = np.zeros(240)
    (
        clustered[100:220:30],
        clustered[101:220:30],
        clustered[102:220:30],
        clustered[103:220:30],
        clustered[104:220:30],
    ) = 18, 18, 18, 18, 18
    assert even.sum() == clustered.sum()
    # as many, but five bins in thirty share them
    assert bad_stretch(even, total).dispersion == 1
    found = bad_stretch(clustered, np.full(240, 20))
    assert found is None or found.dispersion > 1.5


def test_the_stretch_reaches_the_moment_it_was_asked_for():
    bad, total = np.zeros(100), np.full(100, 20)
    bad[10:20], bad[60:70] = 15, 9
    assert bad_stretch(bad, total).start == 10
    found = bad_stretch(bad, total, first=65, last=65)
    assert found.start <= 65 < found.end


def test_counts_that_cannot_be_are_refused():
    with pytest.raises(OptionError, match="no bin more bad events"):
        bad_stretch([3, 0, 0], [2, 2, 2])
    with pytest.raises(OptionError):
        bad_stretch([1, 0], [2, 2, 2])


def test_nothing_bad_or_nothing_else_is_no_stretch():
    assert bad_stretch([0] * 20, [5] * 20) is None
    assert bad_stretch([5] * 20, [5] * 20) is None

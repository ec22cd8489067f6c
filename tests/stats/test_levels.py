"""A change of level is found where it is, and seldom where it is not, also in series with a memory."""

from __future__ import annotations

import numpy as np
import pytest

from rca.errors import NoDataError
from rca.stats.levels import level_change


def remembering(generator, n, memory):
    noise = generator.normal(size=n)
    series = np.empty(n)
    series[0] = noise[0]
    for at in range(1, n):
        series[at] = memory * series[at - 1] + noise[at]
    return series


@pytest.mark.parametrize("memory", [0.0, 0.5])
def test_false_alarms_stay_near_the_nominal_rate(memory):
    generator = np.random.default_rng(4)
    fired = sum(
        level_change(remembering(generator, 120, memory), remembering(generator, 120, memory)).p_value < 0.05
        for _ in range(400)
    )
    assert 0.02 <= fired / 400 <= 0.10


def test_a_burst_that_leaves_the_median_alone_is_found():
    generator = np.random.default_rng(5)
    calm = (generator.random(60) < 0.02).astype(float)
    bursts = np.where(generator.random(60) < 0.3, generator.integers(4, 12, 60), 0).astype(float)
    assert np.median(bursts) == np.median(calm)
    found = level_change(calm, bursts)
    assert found.p_value < 0.01
    assert found.low > 0


def test_the_interval_covers_the_true_difference():
    generator = np.random.default_rng(6)
    covered = 0
    for _ in range(400):
        found = level_change(generator.exponential(1.0, 60), generator.exponential(2.0, 60))
        covered += found.low <= 1.0 <= found.high
    assert covered / 400 >= 0.92


def test_units_and_constants():
    base, more = np.arange(20.0) % 3, np.arange(20.0) % 3 + 2
    assert level_change(base, more).p_value == pytest.approx(level_change(base * 1e6, more * 1e6).p_value)
    assert level_change([1.0] * 8, [1.0] * 8).p_value == 1.0
    assert level_change([1.0] * 8, [2.0] * 8).p_value < 0.05
    with pytest.raises(NoDataError, match="6 points"):
        level_change([1, 2, 3], [1] * 10)

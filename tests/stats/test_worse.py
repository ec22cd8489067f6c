"""What is worse than before, and what only always moves like this."""

import numpy as np
import pytest

from rca.stats.worse import worse


def _ar1(rng, n, phi):
    noise = rng.normal(size=n)
    out = np.zeros(n)
    for at in range(1, n):
        out[at] = phi * out[at - 1] + noise[at]
    return out


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.8])
def test_fires_no_more_often_than_it_says_under_autocorrelation(phi):
    rng = np.random.default_rng(7)
    fired = 0
    for _ in range(400):
        series = _ar1(rng, 140, phi)
        fired += worse(series[60:100], series[100:], history=series[:100]).p_value <= 0.05
    assert fired <= 0.08 * 400


def test_sees_a_shift_of_two_deviations():
    rng = np.random.default_rng(8)
    seen = 0
    for _ in range(200):
        series = _ar1(rng, 80, 0.3)
        series[40:] += 2.0
        seen += worse(series[:40], series[40:]).p_value <= 0.01
    assert seen >= 0.9 * 200


def test_better_is_not_worse_and_no_unit_matters():
    rng = np.random.default_rng(9)
    before, during = rng.normal(10, 1, 30), rng.normal(6, 1, 30)
    assert worse(before, during).p_value > 0.99
    assert worse(before * 1e6, during * 1e6).deviate == pytest.approx(worse(before, during).deviate)


def test_too_few_points_say_nothing():
    assert worse(np.array([1.0, np.nan, 2.0, 3.0]), np.arange(9.0)) is None

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rca.errors import NoDataError
from rca.stats import quantile_shift, shift_score

points = st.lists(st.integers(-1000, 1000).map(float), min_size=1, max_size=30)


@settings(deadline=None)
@given(points, points, st.sampled_from([1e-9, 1e6, 1e9]))
def test_the_unit_does_not_matter(before, after, factor):
    plain = shift_score(before, after).score
    assert shift_score(
        [factor * value for value in before], [factor * value for value in after]
    ).score == pytest.approx(plain, rel=1e-9, abs=1e-12)


@settings(deadline=None)
@given(points, points)
def test_the_sign_is_the_direction(before, after):
    score = shift_score(before, after)
    assert np.sign(score.score) == np.sign(np.mean(after) - np.mean(before)) or abs(score.score) < 1e-9
    assert shift_score([-value for value in before], [-value for value in after]).score == pytest.approx(-score.score)


def test_ranking_survives_a_change_of_unit_of_one_signal():
    generator = np.random.default_rng(0)
    pairs = [(generator.normal(50, 5, 60), generator.normal(50 + 4 * k, 5, 20)) for k in range(5)]
    scores = [shift_score(*pair).score for pair in pairs]
    pairs[2] = tuple(1e6 * side for side in pairs[2])
    assert np.argsort([shift_score(*pair).score for pair in pairs]).tolist() == np.argsort(scores).tolist()


def test_constants_have_a_score_and_no_change_has_none():
    assert shift_score([0, 0, 0], [0, 0]).score == 0
    assert shift_score([7, 7, 7], [7, 7]).score == 0
    risen = shift_score([0, 0, 0], [3, 3])
    assert 10 < risen.score < 200
    assert risen.probability == 1.0
    assert shift_score([1e-300] * 3, [2e-300] * 3).score == shift_score([1.0] * 3, [2.0] * 3).score


def test_empty_sides_say_so():
    with pytest.raises(NoDataError, match="0 after"):
        shift_score([1, 2], [None])
    with pytest.raises(NoDataError, match="0 before"):
        quantile_shift([], [1])


def test_a_shift_in_quantiles_of_the_baseline():
    generator = np.random.default_rng(1)
    shift = quantile_shift(generator.normal(size=500), generator.normal(1.0, 1, 200))
    assert shift.low < 0.841 < shift.high
    none = quantile_shift(generator.normal(size=500), generator.normal(size=200))
    assert none.low < 0.5 < none.high

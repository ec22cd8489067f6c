from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rca.errors import NoDataError, OptionError
from rca.stats import sequential_test

LOOKS = 60


def runs(generator, ratio, *, bursts=False, share=1, repeats=300):
    for _ in range(repeats):
        burst_a, burst_b = (generator.gamma(2, 0.5, LOOKS) if bursts else np.ones(LOOKS) for _ in range(2))
        a = generator.poisson(4 * share * burst_a)
        b = generator.poisson(4 * ratio * burst_b)
        yield sequential_test(a, b, np.full(LOOKS, 400 * share), np.full(LOOKS, 400))


@pytest.mark.parametrize(("bursts", "share"), [(False, 1), (True, 1), (False, 19), (True, 19)])
def test_looking_sixty_times_stops_a_true_null_in_at_most_five_percent(bursts, share):
    results = runs(np.random.default_rng(3), 1.0, bursts=bursts, share=share)
    assert np.mean([result.first_look() is not None for result in results]) <= 0.07


def test_a_doubled_rate_is_found_soon():
    looks = [result.first_look() for result in runs(np.random.default_rng(4), 2.0, repeats=100)]
    assert None not in looks
    assert np.median(looks) <= 13


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=30))
def test_p_values_never_rise_and_the_arms_are_interchangeable(looks):
    a, b = zip(*looks, strict=True)
    one = sequential_test(a, b, [100] * len(a), [100] * len(a))
    other = sequential_test(b, a, [100] * len(a), [100] * len(a))
    assert len(one.p_values) == len(a)
    assert all(0 < later <= earlier <= 1 for earlier, later in zip(one.p_values, one.p_values[1:], strict=False))
    assert one.p_values == pytest.approx(other.p_values)


def test_later_looks_do_not_change_earlier_ones():
    a, b = [3, 5, 2, 8], [9, 12, 10, 1]
    whole = sequential_test(a, b, [100] * 4, [100] * 4).p_values
    assert sequential_test(a[:2], b[:2], [100] * 2, [100] * 2).p_values == pytest.approx(whole[:2])


def test_a_missing_or_empty_look_counts_for_nothing():
    result = sequential_test([4, None, 4, 9], [9, 9, 9, 9], [400, 400, 0, 400], [400, 400, 400, 400])
    assert result.n == 2
    assert result.p_values[0] == result.p_values[1] == result.p_values[2]
    assert result.ratio == pytest.approx(18 / 13)


def test_no_events_is_no_evidence():
    result = sequential_test([0] * 5, [0] * 5, [10] * 5, [10] * 5)
    assert set(result.p_values) == {1.0}
    assert result.ratio is None
    assert result.p_value == 1.0


def test_the_same_data_give_the_same_answer():
    data = ([80, 70], [4, 9], [7600, 7600], [400, 400])
    assert sequential_test(*data) == sequential_test(*data)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(OptionError, match="lengths differ"):
        sequential_test([1, 2], [1], [1, 1], [1, 1])
    with pytest.raises(OptionError, match="holds -1; pass the new count of each look"):
        sequential_test([-1], [1], [1], [1])
    with pytest.raises(NoDataError, match="no look"):
        sequential_test([], [], [], [])


def rare(generator):
    return (*generator.poisson(0.05, (2, 60)), np.full(60, 400), np.full(60, 400))


def many_looks(generator):
    return (*generator.poisson(4, (2, 400)), np.full(400, 400), np.full(400, 400))


def changing_arms(generator):
    """Requests of both arms change from look to look, and both fail in the same bursts."""
    one, two = generator.integers(1, 2000, (2, 60))
    burst = generator.gamma(1, 1, 60)
    return generator.poisson(0.01 * one * burst), generator.poisson(0.01 * two * burst), one, two


def drifting(generator):
    rate = 4 * np.exp(np.cumsum(generator.normal(0, 0.15, 60)))
    return generator.poisson(rate), generator.poisson(rate), np.full(60, 400), np.full(60, 400)


def own_bursts(generator):
    return (*generator.poisson(4 * generator.gamma(0.3, 1 / 0.3, (2, 60))), np.full(60, 400), np.full(60, 400))


@pytest.mark.parametrize("arms", [rare, many_looks, changing_arms, drifting, own_bursts])
def test_equal_rates_are_left_to_run(arms):
    """At five per cent, more than seventeen of two hundred would be a chance of one in a hundred."""
    generator = np.random.default_rng(21)
    stops = sum(sequential_test(*arms(generator)).first_look() is not None for _ in range(200))
    assert stops <= 17

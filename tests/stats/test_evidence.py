from __future__ import annotations

from math import inf, log10

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rca.errors import OptionError
from rca.stats import CAPS, cap, combine_family, decibans, p_value_decibans, posterior, probability

weights = st.lists(st.floats(-20, 20), min_size=1, max_size=8)


def test_decibans_are_ten_times_the_decimal_logarithm():
    assert decibans(2) == pytest.approx(3.0103)
    assert (decibans(0), decibans(inf)) == (-inf, inf)
    with pytest.raises(OptionError):
        decibans(-1)


@pytest.mark.parametrize(("p_value", "factor"), [(0.05, 2.456), (0.01, 7.988), (0.001, 53.25)])
def test_p_values_enter_through_the_bound(p_value, factor):
    assert p_value_decibans(p_value) == pytest.approx(10 * log10(factor), abs=1e-3)


@settings(deadline=None)
@given(st.floats(1e-12, 1), st.floats(1e-12, 1))
def test_a_smaller_p_value_never_weighs_less(one, other):
    small, large = sorted((one, other))
    assert p_value_decibans(small) >= p_value_decibans(large) - 1e-9 >= -1e-9


@settings(deadline=None)
@given(weights, st.floats(0, 1))
def test_a_family_weighs_between_its_mean_and_its_sum(family, rho):
    whole = combine_family(family, rho, limit=1000)
    low, high = sorted((sum(family), sum(family) / len(family)))
    assert low - 1e-9 <= whole <= high + 1e-9
    assert abs(combine_family(family, rho)) <= CAPS["family"]


def test_missing_evidence_weighs_nothing():
    assert combine_family([6.0, None, float("nan")], 0.5) == 6.0
    assert combine_family([None], 0.5) == 0.0
    with pytest.raises(OptionError, match="rho"):
        combine_family([1.0], 1.5)


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=3), st.floats(-500, 500), min_size=1, max_size=6))
def test_a_posterior_adds_up_and_keeps_the_order(evidence):
    made = posterior(evidence)
    assert sum(made.values()) == pytest.approx(1)
    best = max(evidence, key=evidence.__getitem__)
    assert made[best] == max(made.values())


def test_a_prior_shifts_the_posterior():
    assert posterior({"a": 0.0, "b": 0.0}, {"a": 3, "b": 1})["a"] == pytest.approx(0.75)
    assert posterior({}) == {}
    for prior in ({"a": 1}, {"a": 1, "b": 0}):
        with pytest.raises(OptionError, match="prior"):
            posterior({"a": 0.0, "b": 0.0}, prior)


def test_one_hypothesis_on_its_own():
    assert probability(0.0, 0.2) == pytest.approx(0.2)
    assert probability(30.0) == pytest.approx(1000 / 1001)
    assert probability(-1e9) == 0.0
    assert probability(1e9) == 1.0
    with pytest.raises(OptionError):
        probability(0.0, 1.0)


def test_caps_hold_both_ways():
    assert [cap(weight, 10) for weight in (-99, -3, 0, 99)] == [-10, -3, 0, 10]

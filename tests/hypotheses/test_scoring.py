"""Weights add up, within caps, and only experiments settle anything."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rca.hypotheses.base import Hypothesis, missing, observation
from rca.hypotheses.experimental import experimental_evidence, share_decibans
from rca.hypotheses.scoring import FAMILY_CAP, OBSERVATION_CAP, family_decibans, judge, total
from rca.hypotheses.weights import CAP, of_p_value, of_ratio, of_share
from rca.model import Experiment, Window

finite = st.floats(-30, 30)
UNSEEN = SimpleNamespace(requests=None)
"""A store that says nothing of where the time of requests went."""


@given(st.lists(finite, max_size=6))
def test_a_family_never_exceeds_its_cap_nor_its_plain_sum(weights):
    got = family_decibans(weights)
    assert abs(got) <= FAMILY_CAP + 1e-9
    if weights and (all(value >= 0 for value in weights) or all(value <= 0 for value in weights)):
        assert abs(got) <= abs(sum(weights)) + 1e-9


@given(st.floats(1e-12, 1.0))
def test_a_p_value_never_speaks_for_the_null(p_value):
    assert 0 <= of_p_value(p_value) <= CAP


@given(st.floats(0.01, 100), st.floats(1.01, 3))
def test_a_ratio_weighs_more_the_further_it_is(ratio, spread):
    here = of_ratio(ratio, ratio / spread, ratio * spread)
    assert abs(here) <= CAP
    if ratio >= 3:
        assert here >= of_ratio(1.0, 1 / spread, spread)


def test_a_wide_share_weighs_less_than_a_narrow_one():
    generator = np.random.default_rng(1)
    narrow, wide = np.clip(generator.normal(0.8, 0.02, 500), 0, 1), generator.uniform(0, 1, 500)
    assert of_share(narrow) > of_share(wide)
    assert of_share(np.full(10, np.nan)) == 0.0


def test_observations_are_capped_whatever_their_number():
    many = [observation(str(at), f"family {at}", 10.0, "c", source="s") for at in range(20)]
    assert total(many) == (OBSERVATION_CAP, 0.0)


def hypothesis(name, weight, place=""):
    return Hypothesis(
        id=name,
        title=name,
        prior_decibans=-5.0,
        place=place,
        tests=(lambda _: observation("t", "f", weight, "c", source="s"),),
    )


def experiment(recovered, low, high, *, isolates=(), database=(900.0, 10.0), own=(100.0, 90.0)):
    rows = [
        {
            "period": period,
            "slow_database_ms": database[at],
            "slow_own_ms": own[at],
            "slow_downstream_ms": 50.0,
            "slow_network_ms": 1.0,
        }
        for at, period in enumerate(("control", "treated"))
    ]
    window = Window(0, 10)
    return Experiment(name="x", kind="flag_off", claim="c", effects=(), treated=window, control=window, recovered=recovered, recovered_low=low,
                      recovered_high=high, concurrent=False, hypotheses=isolates, table=pl.DataFrame(rows))  # fmt: skip


def test_observations_support_and_experiments_confirm():
    hypotheses = (hypothesis("H2", 10.0, "database"), hypothesis("H3", -5.0, "own"))
    seen = judge(UNSEEN, hypotheses, ())
    assert seen["H2"].status == "supported"
    settled = judge(UNSEEN, hypotheses, (experiment(0.96, 0.9, 1.0),))
    assert settled["H2"].status == "confirmed"
    assert settled["H3"].status in {"open", "refuted"}


@pytest.mark.parametrize(
    ("low", "symptoms", "status"), [(0.04, 8.0, "contributing"), (0.0, 8.0, "refuted"), (0.04, 1.0, "refuted")]
)
def test_a_second_mechanism_contributes_by_its_symptoms_and_its_share(low, symptoms, status):
    def place(_):
        return observation("place", "place", -10.0, "c", source="s")

    def resources(_):
        return observation("cpu", "resources", symptoms, "c", source="s")

    second = Hypothesis(id="H3", title="t", prior_decibans=-5.0, place="own", tests=(place, resources))
    share = SimpleNamespace(value=0.07, low=low, high=0.1)
    observed = SimpleNamespace(
        requests=SimpleNamespace(places=("own", "database"), excess_share=lambda _: (share, None))
    )
    trigger = experiment(0.96, 0.9, 1.0)
    found = judge(observed, (hypothesis("H2", 10.0, "database"), second), (trigger,))
    assert found["H2"].status == "confirmed"
    assert found["H3"].status == status


@pytest.mark.parametrize(
    ("low", "begins", "status"), [(0.4, "here", "contributing"), (0.1, "here", "open"), (0.4, "further down", "open")]
)
def test_what_the_first_mechanism_leaves_over_needs_one_plain_symptom(low, begins, status):
    def symptoms(_):
        found = (("slow", "hops", 8.0), ("failing", "hops", -2.0), ("messages", "logs", -2.0))
        return [observation(name, family, weight, "c", source="s") for name, family, weight in found]

    tests = tuple((lambda _, at=at: symptoms(_)[at]) for at in range(3))
    second = Hypothesis(id="H1", title="t", prior_decibans=-5.0, place="downstream", tests=tests)
    share = SimpleNamespace(value=0.58, low=low, high=0.7)
    deeper = SimpleNamespace(service_name="b", shares={"dependency": 0.1}) if begins == "further down" else None
    observed = SimpleNamespace(
        requests=SimpleNamespace(excess_share=lambda _: (share, None), places=("downstream", "own")),
        origin=deeper,
        incident=SimpleNamespace(service_name="a"),
    )
    found = judge(observed, (hypothesis("H3", 10.0, "own"), second), ())
    assert found["H1"].status == status


def test_an_experiment_that_changes_nothing_refutes_what_it_isolates():
    hypotheses = (hypothesis("H2", 2.0, "database"), hypothesis("H3", 1.0, "own"))
    found = judge(UNSEEN, hypotheses, (experiment(0.02, -0.1, 0.1, isolates=("H3",)),))
    assert found["H3"].status == "refuted"
    assert not [item for item in found["H2"].evidence if item.kind == "experiment"]


def test_a_trigger_speaks_for_the_place_from_which_time_went_away():
    database, own = hypothesis("H2", 0.0, "database"), hypothesis("H3", 0.0, "own")
    tried = experiment(0.96, 0.9, 1.0)
    assert experimental_evidence(database, tried).decibans > 10
    assert experimental_evidence(own, tried).decibans < 0
    assert experimental_evidence(hypothesis("defect", 0.0), tried) is None


@pytest.mark.parametrize(("low", "high"), [(None, None), (0.1, 0.9), (None, 0.1)])
def test_an_open_or_wide_interval_says_nothing(low, high):
    assert share_decibans(0.5, low, high) == 0.0


def test_nothing_to_go_by_is_no_data():
    alone = Hypothesis(id="H1", title="t", prior_decibans=-5.0, tests=(lambda _: missing("t", "f", "none"),))
    assert judge(UNSEEN, (alone, hypothesis("H2", 9.0)), ())["H1"].status == "no_data"


def test_probabilities_add_up():
    found = judge(UNSEEN, tuple(hypothesis(str(at), float(at)) for at in range(6)), ())
    assert sum(item.probability for item in found) == pytest.approx(1.0)

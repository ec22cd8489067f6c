from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from rca.errors import OptionError
from rca.stats import fdr


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.sampled_from(["by", "bh"]))
def test_it_agrees_with_scipy(p_values, method):
    assert fdr(p_values, method) == pytest.approx(false_discovery_control(p_values, method=method))


def test_missing_tests_stay_missing_and_do_not_count():
    adjusted = fdr([0.01, None, 0.04], "bh")
    assert np.isnan(adjusted[1])
    assert adjusted[[0, 2]] == pytest.approx(fdr([0.01, 0.04], "bh"))
    assert fdr([]).tolist() == []


def test_what_makes_no_sense_is_refused():
    with pytest.raises(OptionError, match="holm"):
        fdr([0.1], "holm")
    with pytest.raises(OptionError, match=r"1\.2"):
        fdr([0.1, 1.2])

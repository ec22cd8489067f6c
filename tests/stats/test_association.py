"""Exact tests of association, against scipy's own."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import hypergeom, mannwhitneyu

from rca.stats.association import enrichment, rank_sum


@st.composite
def tables(draw):
    total = draw(st.integers(1, 50_000))
    size, hits = draw(st.integers(0, total)), draw(st.integers(0, total))
    return draw(st.integers(0, min(size, hits))), size, hits, total


@settings(max_examples=300, deadline=None)
@given(tables())
def test_enrichment_is_fishers_tail(table):
    hit, size, hits, total = table
    assert float(enrichment(hit, size, hits, total)) == pytest.approx(
        float(hypergeom.sf(hit - 1, total, hits, size)), rel=1e-7, abs=1e-9
    )


def test_far_tails_keep_their_digits():
    ours = enrichment([40, 80], [50, 500], [100, 1000], [10_000, 10_000])
    assert ours == pytest.approx(hypergeom.sf([39, 79], 10_000, [100, 1000], [50, 500]), rel=1e-7)
    assert 0 < ours[0] < 1e-50


def test_enrichment_takes_arrays_and_single_values():
    assert enrichment([1, 2], [5, 5], 10, 100).shape == (2,)
    assert enrichment(1, 5, 10, 100).shape == ()
    assert float(enrichment(0, 5, 10, 100)) == 1.0


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=2, max_size=60))
def test_rank_sum_is_scipys(pairs):
    values, outcome = np.array([value for value, _ in pairs], dtype=float), np.array([out for _, out in pairs])
    p = rank_sum(values, outcome)
    if outcome.all() or not outcome.any():
        assert np.isnan(p)
    elif len(set(values)) == 1:
        assert p == 1.0
    else:
        assert p == pytest.approx(mannwhitneyu(values[outcome], values[~outcome], method="asymptotic").pvalue)


def test_they_do_not_load_scipy_stats():
    code = "import sys; from rca.stats.association import enrichment, rank_sum; enrichment(1, 2, 3, 9); sys.exit('scipy.stats' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

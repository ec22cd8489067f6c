from __future__ import annotations

import pytest

from rca.errors import NoDataError, OptionError
from rca.stats import burn_rate


def test_a_steady_error_ratio_at_the_objective_burns_at_one():
    steady = burn_rate([1] * 500, [1000] * 500, 0.999)
    assert steady.overall == pytest.approx(1)
    assert [round(window.long_rate, 6) for window in steady.windows] == [1, 1, 1]
    assert [window.complete for window in steady.windows] == [True, True, False]


def test_both_windows_are_needed():
    long_ago = burn_rate([200] * 30 + [0] * 30, [1000] * 60, 0.999, [(60, 5, 14.4)])
    assert long_ago.windows[0].long_rate > 14.4
    assert long_ago.windows[0].short_rate == 0
    assert not long_ago.firing
    assert long_ago.windows[0].first == 0


def test_the_first_moment_is_told():
    outage = burn_rate([0] * 100 + [20] * 60, [1000] * 160, 0.999, [(60, 5, 14.4)])
    # 14.4 times the budget over an hour: 44 of 60 minutes at a burn rate of 20
    assert outage.windows[0].first == 143
    assert outage.firing


def test_minutes_without_traffic_do_not_count():
    gap = burn_rate([2, None, 0, 2], [100, 100, 0, 100], 0.99, [(2, 1, 1.0)])
    assert gap.bad == 4
    assert gap.overall == pytest.approx(2)
    assert burn_rate([1, 0], [100, 0], 0.99, [(1, 1, 1.0)]).windows[0].long_rate is None


def test_what_makes_no_sense_is_refused():
    with pytest.raises(OptionError, match="slo"):
        burn_rate([1], [1], 1.0)
    with pytest.raises(OptionError, match="running sums"):
        burn_rate([-1], [1], 0.9)
    with pytest.raises(OptionError, match="long >= short"):
        burn_rate([1], [1], 0.9, [(1, 5, 1.0)])
    with pytest.raises(OptionError, match="one of each"):
        burn_rate([1], [1, 2], 0.9)
    with pytest.raises(NoDataError, match="no requests"):
        burn_rate([0], [0], 0.9)

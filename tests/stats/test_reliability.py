from __future__ import annotations

import numpy as np
import pytest

from rca.errors import NoDataError, OptionError
from rca.stats import calibration


def test_honest_probabilities_score_well_and_boasting_ones_badly():
    generator = np.random.default_rng(0)
    truth = generator.uniform(0.05, 0.95, 1000)
    outcome = generator.random(1000) < truth
    honest = calibration(truth, outcome)
    boasting = calibration(np.where(truth > 0.5, 0.99, 0.01), outcome)
    assert honest.ece.estimate < 0.05
    assert boasting.ece.low > honest.ece.high
    assert boasting.brier.estimate > honest.brier.estimate
    assert boasting.log_loss.estimate > honest.log_loss.estimate
    assert honest.enough
    assert sum(count for _, _, count in honest.bins) == 1000


def test_scores_are_the_textbook_ones():
    result = calibration([0.8, 0.8, 0.3], [1, 0, 0])
    assert result.brier.estimate == pytest.approx((0.04 + 0.64 + 0.09) / 3)
    assert result.log_loss.estimate == pytest.approx(-(np.log(0.8) + np.log(0.2) + np.log(0.7)) / 3)
    assert not result.enough


def test_certainties_cost_much_but_not_everything():
    assert np.isfinite(calibration([0.0, 1.0], [1, 0]).log_loss.estimate)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(NoDataError):
        calibration([], [])
    with pytest.raises(OptionError, match="one outcome for each"):
        calibration([0.5], [1, 0])
    for p, y in (([1.5], [1]), ([0.5], [0.3])):
        with pytest.raises(OptionError, match="between 0 and 1"):
            calibration(p, y)

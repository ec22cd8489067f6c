"""Statistics for telemetry, on plain sequences and arrays: honest under autocorrelation, bursts, peeking and odd data.

Everything is a pure function that returns a small frozen result or a plain list; nothing here knows of a store.

================================================== ==========================================================
question                                           function
================================================== ==========================================================
did it change here, more than it always does?      :func:`placebo_test`
where does a new regime start?                     :func:`change_points`
when did the excursion begin?                      :func:`onset`
how large is p99, a share, a mean, and how sure?   :func:`quantile_interval`, :func:`histogram_quantile_interval`,
                                                   :func:`proportion_interval`, :func:`mean_interval`
how much did it change?                            :func:`quantile_change`, :func:`rate_ratio_interval`,
                                                   :func:`shift_score`, :func:`quantile_shift`,
                                                   :func:`compare_histograms`
is the canary worse? may I look already?           :func:`judge`, :func:`sequential_test`
what did the experiment do?                        :func:`recovered_share`, :func:`difference_in_differences`
how much does this evidence weigh?                 :func:`decibans`, :func:`p_value_decibans`,
                                                   :func:`combine_family`, :func:`posterior`
do the probabilities mean what they say?           :func:`calibration`
which of many tests still count?                   :func:`fdr`
what does a log with a threshold leave out?        :func:`truncated_summary`
how fast does the error budget burn?               :func:`burn_rate`
================================================== ==========================================================
"""

from __future__ import annotations

from rca.stats.arrays import Interval
from rca.stats.burn import SRE_WINDOWS, BurnRate, WindowBurn, burn_rate
from rca.stats.canary import JudgeResult, judge
from rca.stats.changepoints import change_points
from rca.stats.evidence import CAPS, cap, combine_family, decibans, p_value_decibans, posterior, probability
from rca.stats.histograms import HistogramComparison, compare_histograms, histogram_quantile_interval
from rca.stats.intervals import mean_interval, proportion_interval, rate_ratio_interval
from rca.stats.loghistogram import LogHistogram, bucket_index, bucket_value
from rca.stats.multiplicity import fdr
from rca.stats.onsets import Onset, onset
from rca.stats.placebo import PlaceboResult, placebo_test
from rca.stats.quantiles import quantile_change, quantile_interval
from rca.stats.reliability import Calibration, calibration
from rca.stats.resampling import difference_in_differences, recovered_share
from rca.stats.sequential import SequentialResult, sequential_test
from rca.stats.shifts import ShiftScore, quantile_shift, shift_score
from rca.stats.truncation import TruncatedSummary, truncated_summary

__all__ = [
    "CAPS",
    "SRE_WINDOWS",
    "BurnRate",
    "Calibration",
    "HistogramComparison",
    "Interval",
    "JudgeResult",
    "LogHistogram",
    "Onset",
    "PlaceboResult",
    "SequentialResult",
    "ShiftScore",
    "TruncatedSummary",
    "WindowBurn",
    "bucket_index",
    "bucket_value",
    "burn_rate",
    "calibration",
    "cap",
    "change_points",
    "combine_family",
    "compare_histograms",
    "decibans",
    "difference_in_differences",
    "fdr",
    "histogram_quantile_interval",
    "judge",
    "mean_interval",
    "onset",
    "p_value_decibans",
    "placebo_test",
    "posterior",
    "probability",
    "proportion_interval",
    "quantile_change",
    "quantile_interval",
    "quantile_shift",
    "rate_ratio_interval",
    "recovered_share",
    "sequential_test",
    "shift_score",
    "truncated_summary",
]

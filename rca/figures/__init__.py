"""Figures one would publish: one pure function a figure, from a result to an Altair chart.

A figure takes what a function of `rca` returned, or your own frame with the same columns; it never sees a store. Title is
the claim, subtitle the window and n, times are UTC, every colour has a second channel, and data are escaped: no byte of a
log becomes markup. In a notebook charts are drawn by a renderer that works without a network.

Adding a figure: one file here, one import below.
"""

from __future__ import annotations

from rca.figures.attributes import attribute_ranking
from rca.figures.calibration import calibration
from rca.figures.call_paths import call_paths
from rca.figures.changes import change_ranking
from rca.figures.dependencies import service_map
from rca.figures.distribution import distribution
from rca.figures.error_budget import error_budget
from rca.figures.evidence import evidence
from rca.figures.experiments import experiment_effects
from rca.figures.explorer import explorer
from rca.figures.locks import lock_graph
from rca.figures.messages import message_surges
from rca.figures.placebo import placebo
from rca.figures.prediction import prediction
from rca.figures.queries import query_counts
from rca.figures.results import results
from rca.figures.saturation import saturation
from rca.figures.save import save
from rca.figures.scoreboard import scoreboard
from rca.figures.statements import statements
from rca.figures.theme import MAX_MARKS, PALETTE, enable
from rca.figures.timeline import timeline
from rca.figures.waterfall import waterfall

__all__ = [
    "MAX_MARKS",
    "PALETTE",
    "attribute_ranking",
    "calibration",
    "call_paths",
    "change_ranking",
    "distribution",
    "enable",
    "error_budget",
    "evidence",
    "experiment_effects",
    "explorer",
    "lock_graph",
    "message_surges",
    "placebo",
    "prediction",
    "query_counts",
    "results",
    "saturation",
    "save",
    "scoreboard",
    "service_map",
    "statements",
    "timeline",
    "waterfall",
]

enable()

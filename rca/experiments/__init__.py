"""Controlled experiments: what one change on purpose did, against a control.

Only these can confirm or refute a hypothesis. A toggle compares a window before and after; a canary compares two versions
in the same window, which no shared cause in time can fake.
"""

from __future__ import annotations

from rca.experiments.follow_up import follow_up
from rca.experiments.kinds import KINDS, Kind, kind_named
from rca.experiments.measure import experiment
from rca.experiments.recorded import experiments_recorded

__all__ = ["KINDS", "Kind", "experiment", "experiments_recorded", "follow_up", "kind_named"]

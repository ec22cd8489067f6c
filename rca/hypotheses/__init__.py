"""H1 to H4 and what else it could be, weighed.

Adding a hypothesis: one file with a :class:`Hypothesis`, one line in ``HYPOTHESES``; or pass your own to
:func:`score_hypotheses`.
"""

from __future__ import annotations

from collections.abc import Sequence

from rca.errors import OptionError
from rca.hypotheses.base import Hypothesis
from rca.hypotheses.database import DATABASE
from rca.hypotheses.dependency import DEPENDENCY
from rca.hypotheses.network import NETWORK
from rca.hypotheses.observed import Observed
from rca.hypotheses.other import OTHERS
from rca.hypotheses.runtime import RUNTIME
from rca.hypotheses.scoring import judge
from rca.model import Experiment, Incident, Verdicts
from rca.store import Store

__all__ = ["HYPOTHESES", "Hypothesis", "Observed", "score_hypotheses"]

HYPOTHESES: tuple[Hypothesis, ...] = (DEPENDENCY, DATABASE, RUNTIME, NETWORK, *OTHERS)


def score_hypotheses(
    store: Store,
    incident: Incident,
    *,
    experiments: Sequence[Experiment] = (),
    hypotheses: Sequence[Hypothesis] = HYPOTHESES,
    observed: Observed | None = None,
) -> Verdicts:
    """Weigh what could explain the incident: for and against, missing evidence shown as missing.

    Parameters
    ----------
    experiments
        From :func:`rca.experiment`. Without any, no hypothesis is confirmed or refuted.
    hypotheses
        What to weigh; they compete with each other, so one of them should be "none of these".
    observed
        The findings, where they were made already.

    Returns
    -------
    Verdicts
        Most probable first; ``verdicts["H2"]`` is one of them. Weights are decibans; see ``docs/scoring.md``.

    Raises
    ------
    OptionError
        When two hypotheses share an id.
    """
    ids = [item.id for item in hypotheses]
    if len(set(ids)) < len(ids):
        raise OptionError(f"Every hypothesis needs an id of its own, but these were given: {', '.join(ids)}.")
    return judge(observed or Observed(store, incident), hypotheses, experiments)

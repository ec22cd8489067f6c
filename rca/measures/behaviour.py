"""What services do while they serve a request: log lines that begin, vanish or surge, given the kind of request.

Traffic changes its mix all the time, so counts of log lines do too. Here a line is compared only among requests of one
kind (who called, which operation): an error line in nearly every such request that had none before, or a line of
progress that no longer comes, tells of the code and not of the traffic.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from rca.sql import statement
from rca.store import Store

__all__ = ["behaviour_shifts"]

Array: TypeAlias = npt.NDArray[Any]

_WARNING = 13
_BAD_WORDS = r"(?i)error|exception|fail|panic|fatal|refused|denied|timed? ?out|unavailable|invalid"
_THROWN = r"(?i)[a-z](exception|error):|\b(traceback|panic|fatal|caused by|stack ?trace)\b"
"""What is thrown is a complaint also where it is written as information."""

SCHEMA = {
    "caller": pl.String,
    "service_name": pl.String,
    "operation": pl.String,
    "event": pl.String,
    "severity_number": pl.Int32,
    "before": pl.Int64,
    "before_all": pl.Int64,
    "during": pl.Int64,
    "during_all": pl.Int64,
    "example": pl.String,
    "example_trace_id": pl.String,
    "is_bad": pl.Boolean,
    "deviance": pl.Float64,
}


def behaviour_shifts(store: Store, params: Mapping[str, int]) -> pl.DataFrame:
    """Return log lines whose share of requests moved the wrong way: complaints that rose, progress that fell.

    Parameters
    ----------
    store
        The telemetry; spans and logs must share trace ids.
    params
        The windows, as the statement ``local/log_events`` names them.

    Returns
    -------
    polars.DataFrame
        ``caller, service_name, operation, event, severity_number, before, before_all, during, during_all, example,
        example_trace_id, is_bad`` (a complaint), ``deviance`` (likelihood-ratio statistic of two shares, chi-squared
        with one degree of freedom where nothing changed); greatest first.
    """
    frame = store.query(statement("local/log_events").sql, params)
    if frame.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    severity, event = pl.col("severity_number"), pl.col("event")
    unsaid = (severity == 0) & event.str.contains(_BAD_WORDS)
    complaint = (severity >= _WARNING) | unsaid | event.str.contains(_THROWN)
    frame = frame.with_columns(complaint.alias("is_bad")).filter(
        (pl.col("before_all") > 0) & (pl.col("during_all") > 0)
    )
    before, before_all = frame["before"].to_numpy(), frame["before_all"].to_numpy()
    during, during_all = frame["during"].to_numpy(), frame["during_all"].to_numpy()
    rose = during / during_all > before / before_all
    deviance = _deviance(before, before_all) + _deviance(during, during_all)
    deviance -= _deviance(before + during, before_all + during_all)
    wrong = np.where(frame["is_bad"].to_numpy(), rose, ~rose)
    frame = frame.with_columns(pl.Series("deviance", 2 * deviance)).filter(pl.Series(wrong & (deviance > 0)))
    return frame.select(list(SCHEMA)).sort("deviance", "service_name", "event", descending=[True, False, False])


def _deviance(hits: Array, trials: Array) -> Array:
    """Return the greatest log-likelihood of a binomial share."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = hits / trials
        yes = np.where(hits > 0, hits * np.log(share), 0.0)
        no = np.where(trials > hits, (trials - hits) * np.log1p(-share), 0.0)
    return np.asarray(yes + no, dtype=np.float64)

"""Log messages that are new or come more often."""

from __future__ import annotations

import polars as pl

from rca.errors import NoDataError
from rca.measures.periods import Periods
from rca.sql import statement
from rca.store import Store

__all__ = ["log_shifts"]


def log_shifts(store: Store, windows: Periods) -> pl.DataFrame:
    """Return every log template with its rate before and during, the most surging first.

    The shift is the signed root of the Poisson likelihood-ratio statistic of two rates: unit-free, near a standard
    normal where nothing changed, and finite where a message is new. Sampled records count once each, whatever they stand for.

    Returns
    -------
    polars.DataFrame
        ``service_name, template, severity_number, before, during`` (weighted records), ``rate_ratio`` (per time, half a
        record added to both), ``shift``, ``first_ns``, ``example``, ``example_trace_id``.

    Raises
    ------
    NoDataError
        When neither window holds a log record.
    """
    before, during = windows.baseline, windows.incident
    params = {
        "before_start_ns": before.start_ns,
        "before_end_ns": before.end_ns,
        "start_ns": during.start_ns,
        "end_ns": during.end_ns,
    }
    frame = store.query(statement("log_templates").sql, params)
    if frame.is_empty():
        raise NoDataError(f"No log record lies in the baseline ({before}) or the incident ({during}).")
    share = during.length_ns / (before.length_ns + during.length_ns)
    total = pl.col("before") + pl.col("during")
    expected_during, expected_before = total * share, total * (1 - share)
    deviance = 2 * (_term("during", expected_during) + _term("before", expected_before))
    deviance = deviance / pl.max_horizontal(pl.col("squares") / total, 1.0)
    sign = pl.when(pl.col("during") >= expected_during).then(1.0).otherwise(-1.0)
    ratio = (pl.col("during") + 0.5) / during.length_ns / ((pl.col("before") + 0.5) / before.length_ns)
    return (
        frame.with_columns(ratio.alias("rate_ratio"), (sign * deviance.clip(lower_bound=0).sqrt()).alias("shift"))
        .drop("squares")
        .sort("shift", "service_name", "template", descending=[True, False, False])
    )


def _term(name: str, expected: pl.Expr) -> pl.Expr:
    return pl.when(pl.col(name) > 0).then(pl.col(name) * (pl.col(name) / expected).log()).otherwise(0.0)

"""Who calls whom, and which hop changed."""

from __future__ import annotations

import altair as alt
import polars as pl

from rca.errors import NoDataError
from rca.figures.dumbbell import LEGEND, dumbbell
from rca.figures.theme import Chart, framed, label, titled
from rca.model import Finding

__all__ = ["service_map"]


def service_map(hops: Finding, *, top: int = 20) -> Chart:
    """Draw every hop with its latency at p99 before and during, as the caller sees it.

    Parameters
    ----------
    hops
        From :func:`rca.dependencies`: ``caller, callee, client_p99_ms_before, client_p99_ms_during``.
    top
        How many hops.

    Raises
    ------
    NoDataError
        When no call between services is known.
    """
    known = hops.table.drop_nulls(["client_p99_ms_before", "client_p99_ms_during"]).filter(
        (pl.col("client_p99_ms_before") > 0) & (pl.col("client_p99_ms_during") > 0)
    )
    if known.is_empty():
        raise NoDataError("No call between services is traced in both windows.")
    rows = known.head(top)
    names = [label(f"{row['caller']} → {row['callee']}", 52) for row in rows.to_dicts()]
    frame = rows.select(
        pl.Series("name", names),
        pl.col("client_p99_ms_before").alias("before"),
        pl.col("client_p99_ms_during").alias("during"),
    )
    x = alt.X("before:Q", title="p99 of the call, ms (log)", scale=alt.Scale(type="log"))
    chart = dumbbell(frame, x, alt.Axis(labelLimit=380), "Latency of each hop before and during")
    chart = chart.properties(width=400, height=alt.Step(26))
    return chart.properties(title=titled(hops.claim, framed(hops.window, hops.baseline), LEGEND))

"""Latency before and during, as the share of requests that took longer."""

from __future__ import annotations

import altair as alt
import polars as pl

from rca.errors import NoDataError
from rca.figures.theme import AFTER, BEFORE, Chart, framed, limited, records, titled
from rca.model import Finding

__all__ = ["distribution"]


def distribution(latency: Finding) -> Chart:
    """Draw the share of requests slower than each latency, before and during, on logarithmic axes.

    Both axes are logarithmic because the tail is the story: one request in a hundred stands a third of the way down.

    Parameters
    ----------
    latency
        From ``rca.latency``; ``details["distribution"]`` has ``period, bucket_low_ms, bucket_high_ms, count``.

    Raises
    ------
    NoDataError
        When the finding holds no distribution.
    """
    rows = latency.details.get("distribution")
    if not rows:
        raise NoDataError("This finding holds no latency distribution.")
    frame = pl.DataFrame(rows, infer_schema_length=None).filter(pl.col("count") > 0).sort("period", "bucket_high_ms")
    total = pl.col("count").sum().over("period")
    slower = (1 - pl.col("count").cum_sum().over("period") / total).clip(lower_bound=0)
    curve = limited(
        frame.with_columns(slower.alias("share_slower")).filter(pl.col("share_slower") > 0), "a distribution"
    )
    n = int(frame["count"].sum())
    scale = alt.Scale(domain=["before", "during"], range=[BEFORE, AFTER])
    line = (
        alt.Chart(
            records(curve, ("period", "bucket_high_ms", "share_slower")),
            description="Share of requests slower than a latency, before and during",
        )
        .mark_line(interpolate="step-after", strokeWidth=2)
        .encode(
            x=alt.X(
                "bucket_high_ms:Q",
                title="latency (ms, log)",
                scale=alt.Scale(type="log", nice=False),
            ),
            y=alt.Y(
                "share_slower:Q",
                title="share of requests that took longer (log)",
                scale=alt.Scale(type="log"),
                axis=alt.Axis(format="~%"),
            ),
            color=alt.Color("period:N", title=None, scale=scale),
            strokeDash=alt.StrokeDash(
                "period:N", title=None, scale=alt.Scale(domain=["before", "during"], range=[[5, 3], [1, 0]])
            ),
        )
    )
    quantiles = alt.InlineData(values=[{"share": 0.05, "name": "p95"}, {"share": 0.01, "name": "p99"}])
    rule = alt.Chart(quantiles).mark_rule(color="#999", strokeDash=[2, 2]).encode(y="share:Q")
    text = (
        alt.Chart(quantiles)
        .mark_text(align="left", dx=4, dy=-6, color="#666")
        .encode(y="share:Q", x=alt.value(0), text="name:N")
    )
    chart = alt.layer(rule, text, line).properties(height=280)
    return chart.properties(title=titled(latency.claim, framed(latency.window, latency.baseline, n)))

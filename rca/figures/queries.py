"""How many database calls a request makes, before and during."""

from __future__ import annotations

import altair as alt
import polars as pl

from rca.figures.theme import AFTER, BEFORE, Chart, framed, records, titled
from rca.model import Finding

__all__ = ["query_counts"]

_MOST = 40
"""Counts above this share one bar."""


def query_counts(calls: Finding) -> Chart:
    """Draw the distribution of database calls per request, before above during.

    Parameters
    ----------
    calls
        From :func:`rca.queries_per_request`: ``period, calls, requests``.
    """
    frame = (
        calls.table.with_columns(pl.min_horizontal("calls", pl.lit(_MOST)).alias("calls"))
        .group_by("period", "calls")
        .agg(pl.col("requests").sum())
    )
    frame = frame.with_columns((pl.col("requests") / pl.col("requests").sum().over("period")).alias("share")).sort(
        "period", "calls"
    )
    periods = [name for name in ("before", "during", "all") if name in frame["period"].to_list()]
    colours = {"before": BEFORE, "during": AFTER, "all": BEFORE}
    n = calls.effect.n_before + calls.effect.n_after if calls.effect else None
    title = "database calls in one request" + (
        f" ({_MOST} stands for {_MOST} and more)" if frame["calls"].max() == _MOST else ""
    )
    # a bar of one request in a hundred is a hair: its share is written above it
    frame = frame.with_columns(pl.col("share").map_elements(_words, return_dtype=pl.String).alias("words"))
    data = records(frame, ("period", "calls", "requests", "share", "words"))
    base = alt.Chart(data, description="Share of requests by number of database calls").encode(
        x=alt.X(
            "calls:Q",
            title=title,
            axis=alt.Axis(tickMinStep=1, format="d"),
            scale=alt.Scale(domain=[-0.5, float(str(frame["calls"].max() or 0)) + 0.5], nice=False),
        ),
        y=alt.Y(
            "share:Q",
            title="share of requests",
            axis=alt.Axis(format="~%", values=[0, 0.5, 1]),
            scale=alt.Scale(domain=[0, 1.2]),
        ),
    )
    bars = base.mark_bar(width=10).encode(
        color=alt.Color(
            "period:N", scale=alt.Scale(domain=periods, range=[colours[name] for name in periods]), legend=None
        )
    )
    words = base.mark_text(dy=-7, fontSize=9, color="#333").encode(text="words:N")
    chart = (
        alt.layer(bars, words)
        .properties(height=110, width=560)
        .facet(row=alt.Row("period:N", sort=periods, title=None, header=alt.Header(labelAngle=0, labelAlign="left")))
    )
    return chart.properties(title=titled(calls.claim, framed(calls.window, calls.baseline, n)))


def _words(share: float) -> str:
    return f"{share:.0%}" if share >= 0.1 else f"{share:.1%}" if share >= 0.001 else "<0.1%"

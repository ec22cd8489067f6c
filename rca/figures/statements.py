"""The statements that cost most in the slow log."""

from __future__ import annotations

import altair as alt
import polars as pl

from rca.display import format_number
from rca.errors import NoDataError
from rca.figures.theme import AFTER, GREY, Chart, framed, label, records, ticks_to, titled
from rca.model import Finding

__all__ = ["statements"]


def statements(slow: Finding, *, top: int = 10) -> Chart:
    """Draw the statements with the most time in the slow log, those that look suspicious in another colour and named so.

    Parameters
    ----------
    slow
        From :func:`rca.slow_queries`.
    top
        How many.

    Raises
    ------
    NoDataError
        When the slow log holds nothing.
    """
    if slow.table.is_empty():
        raise NoDataError("The slow log holds no statement to draw.")
    frame = slow.table.sort("total_ms", descending=True).head(top)
    suspicion = pl.col("suspicion").fill_null("none").str.replace_all("_", " ")
    names = [f"{number}. {label(text, 52)}" for number, text in enumerate(frame["db_query_digest"].to_list(), 1)]
    shown = frame.select(
        (pl.col("total_ms") / 1000).alias("total_s"), "calls", "p99_ms", suspicion.alias("suspicion")
    ).with_columns(pl.Series("statement", names))
    detail = pl.format(
        "{} calls, p99 {} ms{}",
        pl.col("calls"),
        pl.col("p99_ms").map_elements(format_number, return_dtype=pl.String),
        pl.when(pl.col("suspicion") == "none").then(pl.lit("")).otherwise(pl.lit(", ") + pl.col("suspicion")),
    )
    data = records(
        shown.with_columns(detail.alias("detail"), (pl.col("suspicion") != "none").alias("suspicious")),
        ("statement", "total_s", "detail", "suspicious"),
    )
    longest = float(str(shown["total_s"].max() or 1))  # the words after each bar need room inside the frame
    base = alt.Chart(data, description="Statements by time in the slow log").encode(
        y=alt.Y("statement:N", sort=None, title=None, axis=alt.Axis(labelLimit=420)),
        x=alt.X(
            "total_s:Q",
            title="time in the slow log (s)",
            scale=alt.Scale(domain=[0, 2.3 * longest], nice=False),
            axis=ticks_to(longest),
        ),
    )
    bar = base.mark_bar().encode(
        color=alt.Color("suspicious:N", scale=alt.Scale(domain=[True, False], range=[AFTER, GREY]), legend=None)
    )
    text = base.mark_text(align="left", dx=4, color="#333").encode(text="detail:N")
    chart = alt.layer(bar, text).properties(width=360, height=alt.Step(26))
    return chart.properties(title=titled(slow.claim, framed(slow.window, slow.baseline), *slow.caveats[:1]))

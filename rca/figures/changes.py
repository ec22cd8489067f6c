"""Which change did it: every candidate with its probability, "no change" among them."""

from __future__ import annotations

import altair as alt
import polars as pl

from rca.display import format_probability
from rca.figures.theme import AFTER, GREY, Chart, framed, label, records, titled
from rca.model import Finding
from rca.times import format_time

__all__ = ["change_ranking"]


def change_ranking(ranked: Finding, *, top: int = 12) -> Chart:
    """Draw the posterior over the changes and "no change did it"; they add up to one.

    Parameters
    ----------
    ranked
        From :func:`rca.deploy_correlation`.
    top
        How many.
    """
    rows = []
    for row in ranked.table.head(top).iter_rows(named=True):
        what = row.get("title") or row.get("revision") or row.get("feature_flag_key") or ""
        when = format_time(row["time_ns"])[11:16] if row.get("time_ns") is not None else ""
        rows.append(
            {
                "name": label(f"{row['kind']} {row['service_name']} {when} {what}", 62),
                "probability": float(row["probability"]),
                "none": False,
            }
        )
    rows.append(
        {
            "name": "no change did it",
            "probability": float(ranked.details.get("no_change_probability", 0.0)),
            "none": True,
        }
    )
    frame = (
        pl.DataFrame(rows)
        .sort("probability", descending=True)
        .with_columns(pl.col("probability").map_elements(format_probability, return_dtype=pl.String).alias("text"))
    )
    base = alt.Chart(
        records(frame, ("name", "probability", "none", "text")), description="Probability of each change"
    ).encode(
        y=alt.Y("name:N", sort=None, title=None, axis=alt.Axis(labelLimit=440)),
        x=alt.X(
            "probability:Q",
            title="probability that it set the incident off",
            scale=alt.Scale(domain=[0, 1.15]),
            axis=alt.Axis(format="~%", values=[0, 0.25, 0.5, 0.75, 1]),
        ),
    )
    bar = base.mark_bar().encode(
        color=alt.Color("none:N", scale=alt.Scale(domain=[False, True], range=[AFTER, GREY]), legend=None)
    )
    text = base.mark_text(align="left", dx=4, color="#333").encode(text="text:N")
    chart = alt.layer(bar, text).properties(width=360, height=alt.Step(24))
    return chart.properties(title=titled(ranked.claim, framed(ranked.window, ranked.baseline)))

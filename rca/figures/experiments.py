"""What each experiment did: the share of the excess that followed it, with its interval."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import polars as pl

from rca.errors import NoDataError
from rca.figures.theme import BEFORE, Chart, label, records, titled
from rca.model import Experiment

__all__ = ["experiment_effects"]


def experiment_effects(experiments: Sequence[Experiment], *, claim: str = "") -> Chart:
    """Draw the recovered share of the excess p99 of each experiment as a point with its interval.

    Raises
    ------
    NoDataError
        When there is no experiment, or none with a share.
    """
    rows = []
    for item in experiments:
        if item.recovered is None:
            continue
        p99 = next(effect for effect in item.effects if effect.name == "p99")
        low = item.recovered_low if item.recovered_low is not None else item.recovered
        high = item.recovered_high if item.recovered_high is not None else item.recovered
        text = f"{item.recovered:.0%}   p99 {p99.before:,.0f} → {p99.after:,.0f} ms"
        rows.append(
            {
                "name": label(item.name, 40),
                "share": item.recovered,
                "low": max(low, -0.5),
                "high": min(high, 1.5),
                "text": text,
                "canary": item.concurrent,
            }
        )
    if not rows:
        raise NoDataError("There is no experiment with a share of the excess to draw.")
    frame = pl.DataFrame(rows)
    base = alt.Chart(
        records(frame, ("name", "share", "low", "high", "text", "canary")),
        description="Share of the excess that followed each experiment",
    ).encode(y=alt.Y("name:N", sort=None, title=None))
    scale = alt.Scale(domain=[-0.55, 2.55])  # to the right of the shares there is room for the words
    x = alt.X(
        "share:Q",
        title="share of the excess p99 that followed the change",
        scale=scale,
        axis=alt.Axis(format="~%", values=[-0.5, 0, 0.5, 1, 1.5]),
    )
    zero = (
        alt.Chart(alt.InlineData(values=[{"at": 0}, {"at": 1}]))
        .mark_rule(color="#999", strokeDash=[3, 3])
        .encode(x=alt.X("at:Q", scale=scale))
    )
    interval = base.mark_rule(strokeWidth=3, color=BEFORE).encode(x=alt.X("low:Q", scale=scale), x2="high:Q")
    point = base.mark_point(filled=True, size=90, color=BEFORE).encode(
        x=x,
        shape=alt.Shape("canary:N", scale=alt.Scale(domain=[False, True], range=["circle", "diamond"]), legend=None),
    )
    text = base.mark_text(align="left", color="#333").encode(x=alt.datum(1.55), text="text:N")
    chart = alt.layer(zero, interval, point, text).properties(width=640, height=alt.Step(32))
    notes = "95 % intervals from a cluster bootstrap over time bins; cut at −50 % and 150 %; diamonds are canaries, compared at the same time"
    return chart.properties(title=titled(claim or "What followed each change on purpose", notes))

"""All hypotheses side by side."""

from __future__ import annotations

import altair as alt
import polars as pl

from rca.display import format_probability
from rca.figures.theme import AFTER, BEFORE, GREY, PALETTE, Chart, label, records, titled
from rca.model import Verdict, Verdicts

__all__ = ["scoreboard"]

_STATUS = {
    "confirmed": PALETTE[3],
    "supported": AFTER,
    "contributing": PALETTE[1],
    "open": GREY,
    "refuted": BEFORE,
    "no_data": "#cccccc",
}


def scoreboard(verdicts: Verdicts) -> Chart:
    """Draw every hypothesis with its score in decibans, its status in words and its probability.

    Parameters
    ----------
    verdicts
        From :func:`rca.score_hypotheses`.
    """
    rows = [
        {
            "name": _name(item),
            "decibans": item.decibans,
            "status": item.status,
            "text": _text(item),
            "edge": max(item.decibans, 0.0),
        }
        for item in verdicts
    ]
    frame = pl.DataFrame(rows)
    low, high = min(float(frame["decibans"].min()), 0.0), max(float(frame["decibans"].max()), 0.0)  # type: ignore[arg-type]
    scale = alt.Scale(domain=[low - 2, high + (high - low) * 0.4 + 6], nice=False)
    base = alt.Chart(
        records(frame, ("name", "decibans", "status", "text", "edge")), description="Hypotheses by their score"
    ).encode(y=alt.Y("name:N", sort=None, title=None, axis=alt.Axis(labelLimit=440)))
    bar = base.mark_bar(height=16).encode(
        x=alt.X("decibans:Q", title="decibans: prior and evidence", scale=scale),
        color=alt.Color("status:N", scale=alt.Scale(domain=list(_STATUS), range=list(_STATUS.values())), legend=None),
    )
    text = base.mark_text(align="left", dx=5, color="#333").encode(x="edge:Q", text="text:N")
    zero = alt.Chart(alt.InlineData(values=[{"at": 0}])).mark_rule(color="#999").encode(x="at:Q")
    chart = alt.layer(zero, bar, text).properties(width=380, height=alt.Step(26))
    leader = verdicts[0]
    settled = "" if leader.status == "confirmed" else "; observations alone confirm nothing"
    return chart.properties(
        title=titled(
            f"{leader.id} {leader.title}: {leader.status}",
            f"{len(verdicts)} hypotheses weighed against each other{settled}",
        )
    )


def _name(verdict: Verdict) -> str:
    """Return the title, after its number where the hypothesis has one."""
    return f"{verdict.id}  {label(verdict.title, 52)}" if verdict.id[-1:].isdigit() else label(verdict.title, 56)


def _text(verdict: Verdict) -> str:
    """Return status and probability; a contributor is none of the main causes that the probabilities are about."""
    if verdict.status == "contributing":
        return "contributing"
    return f"{verdict.status.replace('_', ' ')}, {format_probability(verdict.probability)}"

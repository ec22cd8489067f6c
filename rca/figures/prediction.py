"""What latency would have been without the repeated calls, beside what it was."""

from __future__ import annotations

import altair as alt
import polars as pl

from rca.display import format_number
from rca.errors import NoDataError
from rca.figures.theme import AFTER, BEFORE, PALETTE, Chart, framed, records, titled
from rca.model import Finding

__all__ = ["prediction"]

_KINDS = ("before", "during", "predicted")


def prediction(answer: Finding) -> Chart:
    """Draw quantiles of latency before, during and as predicted without the repetition, the prediction with its interval.

    Parameters
    ----------
    answer
        From :func:`rca.what_if`: ``quantile, before_ms, during_ms, predicted_ms, low, high``.

    Raises
    ------
    NoDataError
        When the answer holds no quantile.
    """
    if answer.table.is_empty():
        raise NoDataError("This answer holds no quantile to draw.")
    rows = [
        {"quantile": row["quantile"], "kind": kind, "ms": row[f"{kind}_ms"], "text": f"{format_number(row[f'{kind}_ms'])} ms",
         "low": row["low"] if kind == "predicted" else None, "high": row["high"] if kind == "predicted" else None}
        for row in answer.table.to_dicts()
        for kind in _KINDS
        if row[f"{kind}_ms"] is not None and row[f"{kind}_ms"] > 0
    ]  # fmt: skip
    order = answer.table["quantile"].to_list()
    data = records(
        pl.DataFrame(rows, schema_overrides={"low": pl.Float64, "high": pl.Float64}),
        ("quantile", "kind", "ms", "text", "low", "high"),
    )
    base = alt.Chart(data, description="Latency before, during and predicted").encode(
        y=alt.Y("kind:N", sort=list(_KINDS), title=None),
        color=alt.Color("kind:N", scale=alt.Scale(domain=list(_KINDS), range=[BEFORE, AFTER, PALETTE[3]]), legend=None),
    )
    x = alt.X("ms:Q", title="latency, ms (log)", scale=alt.Scale(type="log", padding=30))
    point = base.mark_point(filled=True, size=90, opacity=1).encode(
        x=x,
        shape=alt.Shape("kind:N", scale=alt.Scale(domain=list(_KINDS), range=["circle", "diamond", "square"]), legend=None),
    )  # fmt: skip
    bar = base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q"), x2="high:Q")
    text = base.mark_text(dy=-11, color="#333").encode(x=x, text="text:N")
    chart = (
        alt.layer(bar, point, text)
        .properties(height=alt.Step(34), width=520)
        .facet(row=alt.Row("quantile:N", sort=order, title=None, header=alt.Header(labelAngle=0, labelAlign="left")))
    )
    n = answer.effect.n_after if answer.effect else None
    return chart.properties(
        title=titled(answer.claim, framed(answer.window, answer.baseline, n), "bar: 95 % interval of the prediction")
    )

"""What slow requests have in common, ranked, with the interval of each effect."""

from __future__ import annotations

import altair as alt
import polars as pl

from rca.errors import NoDataError
from rca.figures.theme import AFTER, GREY, Chart, framed, label, records, titled
from rca.model import Finding

__all__ = ["attribute_ranking"]

_LEVEL = 0.05


def attribute_ranking(compared: Finding, *, top: int = 12) -> Chart:
    """Draw by how much each attribute raises the share of slow requests; what chance alone could do is hollow and grey.

    Parameters
    ----------
    compared
        From :func:`rca.compare_attributes`: ``attribute, value, p_value, effect, low, high``.
    top
        How many facts.

    Raises
    ------
    NoDataError
        When no attribute was compared.
    """
    rows = compared.table.drop_nulls(["effect", "low", "high"]).head(top)
    if rows.is_empty():
        raise NoDataError("No attribute of these requests could be compared.")
    names = [
        f"{at}. {label(row['attribute'] + ' = ' + str(row['value']), 52)}"
        for at, row in enumerate(rows.select("attribute", "value").to_dicts(), 1)
    ]
    sure = (pl.col("p_value") < _LEVEL).fill_null(value=False)
    shown = rows.select(
        pl.Series("fact", names), "effect", "low", "high", pl.when(sure).then(pl.lit("p < 0.05")).otherwise(pl.lit("chance may do it")).alias("judged")
    )  # fmt: skip
    data = records(shown, ("fact", "effect", "low", "high", "judged"))
    base = alt.Chart(data, description="Share of slow requests with less without each attribute").encode(
        y=alt.Y("fact:N", sort=None, title=None, axis=alt.Axis(labelLimit=400)),
        color=alt.Color(
            "judged:N",
            title=None,
            scale=alt.Scale(domain=["p < 0.05", "chance may do it"], range=[AFTER, GREY]),
            legend=alt.Legend(orient="bottom"),
        ),
    )
    x = alt.X("low:Q", title="share of slow requests, with it less without it", axis=alt.Axis(format="+~%"))
    bar = base.mark_rule(strokeWidth=2).encode(x=x, x2="high:Q")
    point = base.mark_point(size=80, strokeWidth=2).encode(
        x="effect:Q",
        shape=alt.Shape(
            "judged:N",
            title=None,
            scale=alt.Scale(domain=["p < 0.05", "chance may do it"], range=["diamond", "circle"]),
        ),
    )
    zero = alt.Chart(alt.InlineData(values=[{"at": 0}])).mark_rule(color="#999").encode(x="at:Q")
    chart = alt.layer(zero, bar, point).properties(width=380, height=alt.Step(24))
    n = compared.effect.n_before + compared.effect.n_after if compared.effect else None
    return chart.properties(
        title=titled(
            compared.claim, framed(compared.window, None, n), "bars: 95 % intervals; p corrected for all that was tried"
        )
    )

"""Which kinds of messages surge or vanish."""

from __future__ import annotations

import altair as alt
import polars as pl

from rca.display import format_number
from rca.errors import NoDataError
from rca.figures.theme import AFTER, BEFORE, GREY, Chart, framed, label, records, ticks_to, titled
from rca.model import Finding

__all__ = ["message_surges"]

_KINDS = ("surges, complains", "surges", "vanishes")


def message_surges(said: Finding, *, top: int = 12) -> Chart:
    """Draw the messages whose rate moved most, those that complain in another colour and named so.

    Parameters
    ----------
    said
        From :func:`rca.messages`: ``service_name, message, complains, per_minute_before, per_minute_during, surge``.
    top
        How many.

    Raises
    ------
    NoDataError
        When no kind of message moved.
    """
    rows = said.table.head(top)
    if rows.is_empty():
        raise NoDataError("No kind of message comes plainly more or less often than before.")
    names = [
        f"{at}. {label(row['service_name'] + ': ' + row['message'], 64)}" for at, row in enumerate(rows.to_dicts(), 1)
    ]
    kind = (
        pl.when(pl.col("surge") < 0).then(pl.lit(_KINDS[2]))
        .when(pl.col("complains")).then(pl.lit(_KINDS[0])).otherwise(pl.lit(_KINDS[1]))
    )  # fmt: skip
    words = [
        f"{format_number(row['per_minute_before'])} → {format_number(row['per_minute_during'])} a minute, {row['kind']}"
        for row in rows.with_columns(kind.alias("kind")).to_dicts()
    ]
    shown = rows.select(pl.Series("message", names), "surge", kind.alias("kind"), pl.Series("words", words))
    low, high = float(str(shown["surge"].min())), float(str(shown["surge"].max()))
    low, high = min(low, 0.0), max(high, 0.0)
    base = alt.Chart(
        records(shown, ("message", "surge", "kind", "words")), description="Messages that surge or vanish"
    ).encode(
        y=alt.Y("message:N", sort=None, title=None, axis=alt.Axis(labelLimit=480)),
        x=alt.X(
            "surge:Q",
            title="surge (signed root of the likelihood ratio)",
            scale=alt.Scale(domain=[low, high + 1.3 * (high - low)], nice=False),
            axis=ticks_to(high),
        ),
    )
    bar = base.mark_bar().encode(
        color=alt.Color("kind:N", scale=alt.Scale(domain=list(_KINDS), range=[AFTER, BEFORE, GREY]), legend=None)
    )
    text = base.mark_text(align="left", dx=5, color="#333").encode(x=alt.X("edge:Q"), text="words:N")
    text = text.transform_calculate(edge="max(datum.surge, 0)")
    return (
        alt.layer(bar, text)
        .properties(width=400, height=alt.Step(24))
        .properties(title=titled(said.claim, framed(said.window, said.baseline)))
    )

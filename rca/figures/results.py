"""Before, during and after the fix: what came back to normal, and whether it stayed there."""

from __future__ import annotations

import altair as alt
import polars as pl

from rca.figures.theme import AFTER, BEFORE, PALETTE, Chart, records, titled

__all__ = ["results"]

_PANELS = (
    ("p99_ms", "p99 (ms)"),
    ("p95_ms", "p95 (ms)"),
    ("error_ratio", "errors (%)"),
    ("queries_per_request", "queries per request"),
)


def results(table: pl.DataFrame, *, claim: str = "") -> Chart:
    """Draw p99, p95, errors and queries per request of each period, with intervals.

    Parameters
    ----------
    table
        One row a period, in order: ``period``, and for each measure its value, ``…_low`` and ``…_high``: the table of an
        :class:`rca.Experiment` of kind ``fix`` has this shape.
    claim
        The title.
    """
    frame = table.with_columns(
        *((pl.col(f"error_ratio{end}") * 100).alias(f"error_ratio{end}") for end in ("", "_low", "_high"))
    )
    order = frame["period"].to_list()
    colours = {"baseline": BEFORE, "incident": AFTER}
    scale = alt.Scale(domain=order, range=[colours.get(name, PALETTE[5]) for name in order])
    panels = []
    for name, title in _PANELS:
        data = records(
            frame.rename({name: "value", f"{name}_low": "low", f"{name}_high": "high"}),
            ("period", "value", "low", "high"),
        )
        base = alt.Chart(data, description=f"{title} by period").encode(
            x=alt.X("period:N", sort=order, title=None, axis=alt.Axis(labelAngle=-30))
        )
        highest = max((value for value in frame[f"{name}_high"].to_list() if value is not None), default=None)
        y = alt.Y(
            "value:Q", title=title, scale=alt.Scale(domain=[0, highest * 1.05]) if highest else alt.Scale(domainMin=0)
        )
        bar = base.mark_bar(opacity=0.85).encode(y=y, color=alt.Color("period:N", scale=scale, legend=None))
        interval = base.mark_rule(color="#222", strokeWidth=1.5).encode(y="low:Q", y2="high:Q")
        panels.append(alt.layer(bar, interval).properties(width=130, height=190))
    n = ", ".join(f"{row['period']} {row['n']:,}" for row in frame.to_dicts())
    return alt.hconcat(*panels).properties(
        title=titled(claim or "Before, during and after", f"requests: {n}; lines are 95 % intervals")
    )

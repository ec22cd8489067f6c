"""Rate, errors and latency over time, with every change and experiment marked."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

import altair as alt
import polars as pl

from rca.display import escape_terminal
from rca.figures.theme import AFTER, BEFORE, GREY, PALETTE, Chart, label, limited, records, times, titled
from rca.model import Experiment, Incident
from rca.times import format_duration

__all__ = ["timeline"]

_ORDER = ("p99", "p95", "p50")
_LETTER = 0.009
"""Share of the width that a letter of a change's number needs."""


_SIDES: tuple[tuple[str, Literal["left", "right"], int], ...] = (("<=", "left", 6), (">", "right", -6))


def timeline(
    red: pl.DataFrame,
    *,
    incident: Incident | None = None,
    changes: pl.DataFrame | None = None,
    experiments: Sequence[Experiment] = (),
    claim: str = "",
) -> Chart:
    """Draw the RED timeline of one service: latency quantiles, error ratio and rate on one UTC axis.

    Parameters
    ----------
    red
        From :func:`rca.red`: ``bucket_ns, requests, error_ratio, p50_ms, p95_ms, p99_ms``. Without any length there is no panel of latency.
    incident
        Its window is shaded.
    changes
        ``time_ns, kind, title``: deploys, flags and scale changes, drawn as numbered rules.
    experiments
        Drawn as bars under the latency panel.
    claim
        The title.
    """
    frame = times(limited(red.sort("bucket_ns"), "a timeline"), "bucket_ns")
    width_ms = _width(frame)
    frame = _to_the_end(frame, width_ms)
    service = frame["service_name"][0] if "service_name" in frame.columns and frame.height else ""
    extent = _extent(frame)
    marks, key = _markers(changes, extent)
    told = any(frame[name].is_not_null().any() for name in ("p50_ms", "p95_ms", "p99_ms"))
    lengths = [_quantiles(frame)] if told else []
    lines = [*lengths, _line(frame, "error_ratio", "errors (share)", AFTER, "%"), _rate(frame, width_ms)]
    panels: list[Any] = [
        alt.layer(*_shade(incident), line, *(_rules(marks) if place else marks)).properties(height=90 if place else 200)
        for place, line in enumerate(lines)
    ]  # the first panel is the tallest and carries the numbers of the changes
    if experiments:
        panels.insert(1, _bars(experiments, extent))
    notes = [f"{service}: one step every {format_duration(width_ms * 1e6)}, times in UTC", *key]
    chart = alt.vconcat(*panels, spacing=8).resolve_scale(x="shared", color="independent", strokeDash="independent")
    return chart.properties(title=titled(claim or f"{service}: latency, errors and rate", *notes))


def _width(frame: pl.DataFrame) -> int:
    """Return the step between points in milliseconds: the smallest, since quiet stretches leave gaps."""
    at = frame["bucket_ns"].to_list()
    return min((after - before for before, after in pairwise(at) if after > before), default=60_000)


def _to_the_end(frame: pl.DataFrame, width_ms: int) -> pl.DataFrame:
    """Repeat the last point at its bin's end, so that the last step is as wide as the others."""
    return pl.concat([frame, frame.tail(1).with_columns(pl.col("bucket_ns") + width_ms)])


def _extent(frame: pl.DataFrame) -> tuple[int, int]:
    at = frame["bucket_ns"].to_list()
    return (min(at), max(at)) if at else (0, 1)


def _axis() -> alt.X:
    return alt.X("bucket_ns:T", title=None, scale=alt.Scale(type="utc"), axis=alt.Axis(format="%H:%M", tickCount=10))


def _quantiles(frame: pl.DataFrame) -> Chart:
    names = {"p50_ms": "p50", "p95_ms": "p95", "p99_ms": "p99"}
    long = (
        frame.select("bucket_ns", *names)
        .rename(names)
        .unpivot(index="bucket_ns", variable_name="quantile", value_name="latency_ms")
        .drop_nulls()
    )
    return (
        alt.Chart(records(long, ("bucket_ns", "quantile", "latency_ms")), description="Latency quantiles over time")
        .mark_line(interpolate="step-after", strokeWidth=2)
        .encode(
            x=_axis(),
            y=alt.Y("latency_ms:Q", title="latency (ms, log)", scale=alt.Scale(type="log")),
            color=alt.Color(
                "quantile:N",
                sort=list(_ORDER),
                title=None,
                scale=alt.Scale(domain=list(_ORDER), range=[PALETTE[2], PALETTE[1], PALETTE[0]]),
            ),
            strokeDash=alt.StrokeDash(
                "quantile:N",
                sort=list(_ORDER),
                title=None,
                scale=alt.Scale(domain=list(_ORDER), range=[[1, 0], [6, 3], [2, 2]]),
            ),
        )
    )


def _line(frame: pl.DataFrame, name: str, title: str, colour: str, unit: str) -> Chart:
    return (
        alt.Chart(records(frame, ("bucket_ns", name)), description=f"{title} over time")
        .mark_area(color=colour, opacity=0.35, line={"color": colour, "strokeWidth": 1.5}, interpolate="step-after")
        .encode(
            x=_axis(),
            y=alt.Y(f"{name}:Q", title=title, axis=alt.Axis(format=".1%" if unit == "%" else ",.6~g", tickCount=4)),
        )
    )


def _rate(frame: pl.DataFrame, width_ms: int) -> Chart:
    rated = frame.with_columns((pl.col("requests") * 1000.0 / width_ms).alias("per_second"))
    return _line(rated, "per_second", "requests / s", BEFORE, "")


def _shade(incident: Incident | None) -> list[Chart]:
    if incident is None:
        return []
    window = incident.window
    data = alt.InlineData(values=[{"from": window.start_ns // 1_000_000, "to": window.end_ns // 1_000_000}])
    return [
        alt.Chart(data, description="The incident")
        .mark_rect(color="#f3d9c9", opacity=0.45)
        .encode(x=alt.X("from:T", scale=alt.Scale(type="utc"), title=None), x2="to:T")
    ]


def _markers(changes: pl.DataFrame | None, extent: tuple[int, int]) -> tuple[list[Chart], list[str]]:
    """Return numbered rules for the changes, and the key that says what each number is."""
    if changes is None or changes.is_empty():
        return [], []
    ordered = (
        changes.filter(pl.col("time_ns").is_between(extent[0] * 1_000_000, extent[1] * 1_000_000))
        .sort("time_ns")
        .head(20)
    )
    rows: list[dict[str, Any]] = []
    letter, shown = (extent[1] - extent[0]) * _LETTER, -1
    for number, row in enumerate(ordered.to_dicts(), 1):
        at = row["time_ns"] // 1_000_000
        if shown >= 0 and at - rows[shown]["at"] < letter * (
            1 + len(rows[shown]["number"])
        ):  # two in one place could not be read
            rows[shown]["number"] = f"{rows[shown]['number'].split('–')[0]}–{number}"
            rows.append({"at": at, "number": ""})
        else:
            rows.append({"at": at, "number": str(number)})
            shown = len(rows) - 1
    key = [
        # no line ends within a change
        f"{number} {row['kind']}: {label(row.get('title') or row.get('service_name') or '', 48)}".replace(" ", "\u00a0")
        for number, row in enumerate(ordered.to_dicts(), 1)
    ]
    if not rows:
        return [], []
    data = alt.InlineData(values=rows)
    x = alt.X("at:T", scale=alt.Scale(type="utc"), title=None)
    rule = alt.Chart(data, description="Changes").mark_rule(color=GREY, strokeDash=[4, 3]).encode(x=x)
    edge = extent[1] - 6 * letter  # near the right edge a number stands left of its rule
    text = [
        alt.Chart(data)
        .mark_text(color="#333", dx=dx, align=align, baseline="top", fontWeight="bold")
        .encode(x=x, y=alt.value(2), text="number:N")
        .transform_filter(f"datum.at {side} {edge:.0f}")
        for side, align, dx in _SIDES
    ]
    return [rule, *text], ["; ".join(key)]


def _rules(marks: list[Chart]) -> list[Chart]:
    return marks[:1]


def _bars(experiments: Sequence[Experiment], extent: tuple[int, int]) -> Chart:
    rows = [
        {
            "from": item.treated.start_ns // 1_000_000,
            "to": item.treated.end_ns // 1_000_000,
            "name": escape_terminal(label(item.name, 24)),
        }
        for item in experiments
        if item.treated.start_ns // 1_000_000 < extent[1]
    ]
    return (
        alt.Chart(alt.InlineData(values=rows), description="Experiments")
        .mark_bar(color=PALETTE[3], opacity=0.8, height=10)
        .encode(
            x=alt.X("from:T", scale=alt.Scale(type="utc"), title=None, axis=alt.Axis(labels=False, ticks=False)),
            x2="to:T",
            y=alt.Y("name:N", title=None, sort=alt.SortField("from")),
        )
        .properties(
            height=alt.Step(16),
            title=alt.TitleParams("experiments", fontSize=12, fontWeight="normal", frame="group", offset=4),
        )
    )

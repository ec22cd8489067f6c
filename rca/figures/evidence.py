"""The evidence on one hypothesis as a waterfall in decibans, from the prior to the verdict."""

from __future__ import annotations

import altair as alt
import polars as pl

from rca.display import format_probability
from rca.figures.theme import AFTER, BEFORE, GREY, PALETTE, Chart, label, records, titled
from rca.model import Verdict

__all__ = ["evidence"]

_KINDS = ("prior", "for", "against", "experiment", "missing", "total")
_COLOURS = (GREY, AFTER, BEFORE, PALETTE[3], "#cccccc", "#333333")


def evidence(verdict: Verdict) -> Chart:
    """Draw how a hypothesis came to its score: prior, each piece of evidence, what is missing, the sum.

    Pieces of one family repeat each other and are discounted together, which the bar "repeated evidence" takes back.

    Parameters
    ----------
    verdict
        One of :func:`rca.score_hypotheses`.
    """
    frame = pl.DataFrame(_steps(verdict))
    low, high = float(frame["from"].min()), float(frame["to"].max())  # type: ignore[arg-type]
    low, high = min(low, float(frame["to"].min()), 0.0), max(high, float(frame["from"].max()), 0.0)  # type: ignore[arg-type]
    room = (high - low) * 0.16 + 1
    scale = alt.Scale(domain=[low - room, high + room], nice=False)
    data = records(frame, ("name", "from", "to", "kind", "text", "edge"))
    base = alt.Chart(data, description=f"Evidence on {verdict.id} in decibans").encode(
        y=alt.Y("name:N", sort=None, title=None, axis=alt.Axis(labelLimit=300))
    )
    bar = base.mark_bar(height=16).encode(
        x=alt.X("from:Q", title="decibans (10 dB = ten times as likely)", scale=scale),
        x2="to:Q",
        color=alt.Color(
            "kind:N",
            title=None,
            scale=alt.Scale(domain=list(_KINDS), range=list(_COLOURS)),
            legend=alt.Legend(orient="bottom"),
        ),
    )
    text = base.mark_text(align="left", dx=5, color="#333").encode(x="edge:Q", text="text:N")
    zero = alt.Chart(alt.InlineData(values=[{"at": 0}])).mark_rule(color="#999").encode(x="at:Q")
    chart = alt.layer(zero, bar, text).properties(width=460, height=alt.Step(24))
    role = "as the main cause " if verdict.status == "contributing" else ""
    claim = (
        f"{verdict.id} {verdict.title}: {verdict.status}, {role}probability {format_probability(verdict.probability)}"
    )
    return chart.properties(title=titled(claim, "evidence for and against; what could not be had weighs nothing"))


def _steps(verdict: Verdict) -> list[dict[str, object]]:
    at = verdict.prior_decibans
    rows = [_step("prior", 0.0, at, "prior")]
    for number, item in enumerate(verdict.evidence, 1):
        name = f"{number}. {label(item.name, 40)}"
        if item.missing:
            rows.append(_step(name, at, at, "missing", text="missing"))
            continue
        kind = "experiment" if item.kind == "experiment" else "for" if item.decibans >= 0 else "against"
        rows.append(_step(name, at, at + item.decibans, kind))
        at += item.decibans
    if abs(verdict.decibans - at) > 0.05:
        rows.append(
            _step("repeated evidence, caps", at, verdict.decibans, "against" if verdict.decibans < at else "for")
        )
    rows.append(_step("sum", 0.0, verdict.decibans, "total", text=f"{verdict.decibans:+.1f}"))
    return rows


def _step(name: str, start: float, end: float, kind: str, *, text: str = "") -> dict[str, object]:
    return {
        "name": name,
        "from": start,
        "to": end,
        "kind": kind,
        "text": text or f"{end - start:+.1f}",
        "edge": max(start, end),
    }

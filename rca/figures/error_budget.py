"""How fast the error budget burned, over the windows that alerts look at."""

from __future__ import annotations

import altair as alt
import polars as pl

from rca.errors import NoDataError
from rca.figures.theme import GREY, PALETTE, Chart, limited, titled
from rca.stats.burn import SRE_WINDOWS, burn_rate, burned_by_minute
from rca.stats.minutes import by_minute

__all__ = ["error_budget"]

_LENGTHS = sorted({length for long, short, _ in SRE_WINDOWS for length in (long, short)})
_DASHES = ([1, 0], [6, 3], [2, 2], [8, 2, 2, 2])


def error_budget(red: pl.DataFrame, *, slo: float, claim: str = "") -> Chart:
    """Draw the burn rate of the error budget over the windows that alerts look at, with the thresholds of these alerts.

    Parameters
    ----------
    red
        From :func:`rca.red`: ``bucket_ns, errors, requests``, in steps of a minute or less.
    slo
        The objective as a share of good requests, such as 0.999.
    claim
        The title; left out, how fast it burned over all of it.

    Raises
    ------
    NoDataError
        When no request is on record.
    """
    frame = limited(by_minute(red), "an error budget")
    if frame.is_empty():
        raise NoDataError("No request is on record, so no budget burns.")
    errors, requests = frame["errors"].to_list(), frame["requests"].to_list()
    whole = burn_rate(errors, requests, slo)
    lengths = _lengths(frame.height)
    names = [_words(length) for length in lengths]
    rows = [
        {"at": at // 1_000_000, "window": name, "rate": rate}
        for length, name in zip(lengths, names, strict=True)
        for at, rate in zip(frame["bucket_ns"].to_list(), burned_by_minute(errors, requests, slo, length), strict=True)
        if rate is not None
    ]
    step = max(1, len(rows) // 1800)
    scale = alt.Scale(domain=names, range=[*PALETTE[2::-1], PALETTE[3]])
    dash = alt.Scale(domain=names, range=[list(item) for item in _DASHES])
    line = (
        alt.Chart(alt.InlineData(values=rows[::step]), description="Burn rate of the error budget over time")
        .mark_line(strokeWidth=2)
        .encode(
            x=alt.X("at:T", title="UTC", scale=alt.Scale(type="utc"), axis=alt.Axis(format="%H:%M")),
            y=alt.Y("rate:Q", title="burn rate (1 = budget used up exactly)"),
            color=alt.Color("window:N", title="over the last", scale=scale),
            strokeDash=alt.StrokeDash("window:N", title="over the last", scale=dash),
        )
    )
    edges = [
        {"threshold": threshold, "text": f"{threshold:g}: {_words(long)} and {_words(short)}"}
        for long, short, threshold in SRE_WINDOWS
    ]
    base = alt.Chart(alt.InlineData(values=edges), description="Thresholds of the alerts").encode(y="threshold:Q")
    rules = base.mark_rule(color=GREY, strokeDash=[2, 3])
    text = base.mark_text(align="right", dx=-4, dy=-6, color="#555").encode(x=alt.value("width"), text="text:N")
    said = claim or f"The error budget burned {whole.overall:,.1f} times as fast as it may"
    note = f"{whole.bad:,.0f} of {sum(item or 0 for item in requests):,.0f} requests failed in {whole.n} minutes; objective {slo:.3%}"
    return alt.layer(rules, text, line).properties(height=240).properties(
        title=titled(said, note, "dotted: above these on both windows an alert fires; where the telemetry is shorter than a window, all of it stands for the window")
    )  # fmt: skip


def _lengths(minutes: int) -> list[int]:
    """Return the windows that the telemetry covers, and the first that it does not: the longer ones would draw the same line."""
    covered = [length for length in _LENGTHS if length < minutes]
    return [*covered, *_LENGTHS[len(covered) : len(covered) + 1]][: len(_DASHES)]


def _words(minutes: int) -> str:
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h"

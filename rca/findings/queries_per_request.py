"""How many database calls a request makes, before and during the incident, and what the change costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from rca.errors import NoDataError
from rca.findings.call_statements import p99_explained, repeats
from rca.measures.logged import complete_log
from rca.measures.request_counts import CallCounts, call_counts
from rca.measures.requests import compared_windows
from rca.measures.statement_time import statement_use
from rca.model import Effect, Finding, Incident
from rca.sql import statement
from rca.stats.weighted import DRAWS, count_draws, interval, weighted_mean, weighted_quantile
from rca.store import Store

__all__ = ["queries_per_request"]

_METHOD = "weighted mean, Bayesian bootstrap over requests with half a request at 0 and half at {} calls, the most known of a trace"
_REQUESTS = pl.col("adjusted_count") * pl.col("seen")
_FEW = 30
_UNLIKE = 0.05
"""Share of requests in which log and trace may disagree where the log is taken at its word."""


def queries_per_request(store: Store, incident: Incident | None = None) -> Finding:
    """Say how many database calls a request makes, whether that changed, what repeats, and what it costs of p99.

    A request is a SERVER or CONSUMER span of the incident's service, or a root span where there is no incident. Its calls
    are those of the database spans below it, at any depth and in any service; a composite span or batch stands for as
    many as it says, a driver's span directly inside the ORM's span of the same statement is the same call, and a span that
    only gets a connection is none. Requests
    weigh what sampling lets them stand for; calls do not. Where traces are sampled, and the service's log counts the calls of
    every request as the traces do, the numbers are the log's; so they are where no request is traced at all.

    Parameters
    ----------
    store
        The store.
    incident
        Service and window. It is compared with its baseline, or with one chosen from the data.

    Returns
    -------
    Finding
        The table has one row a period (``before``, ``during``, or ``all``) and number of calls: ``period``, ``calls``,
        ``requests`` (weighted), ``share`` of the period's requests, ``seen`` (spans). The effect is the mean number of
        calls a request; its interval is that of the service, not of the recorded requests alone, so that it has a width where all were
        recorded, and allows for rare requests with as many calls as any known one. ``details``: ``summary`` (mean, median, p99 by period), ``repeats`` (statements by the rise of
        their calls a request, new ones first), ``p99_ms`` (milliseconds of the slowest requests that the rise explains,
        with its interval: an observation, not a cause), ``by_version``, ``by_route``, ``example_before`` and
        ``example_during`` (trace ids of typical requests).

    Raises
    ------
    NoDataError
        When no request of the service lies in either window.

    Examples
    --------
    >>> import rca
    >>> queries_per_request(rca.open())
    Traceback (most recent call last):
    rca.errors.NoDataError: The store holds no root span, so there is no request to count the calls of.
    """
    counts = call_counts(store, incident)
    if counts.cells.is_empty():
        logged = _log_of(store, incident) if incident else None
        if incident is None or logged is None:
            raise NoDataError(_nothing(incident))
        return _from_log(store, incident, logged)
    each, compared = counts.each, incident is not None
    use = statement_use(counts.asked).join(
        each.select("request", "period", "adjusted_count", "drawn"), on="request", how="inner"
    )
    drawn = each.filter("drawn")
    logged = _counted_by_log(store, incident, drawn) if incident else None
    told = counts.cells if logged is None else logged
    most = max([counts.most, *told["calls"].to_list()])
    effect = _effect(told, most, compared=compared)
    rising = repeats(drawn, use.filter("drawn"), compared=compared)
    p99 = p99_explained(counts, use, rising) if incident else None
    before, during = compared_windows(store, incident) if incident else (None, None)
    return Finding(
        name="queries_per_request",
        claim=_claim(incident, effect, rising, p99, _tail(told)),
        table=_table(told),
        effect=effect,
        sql=tuple(
            statement(name).sql
            for name in ("request_call_counts", "request_spans", *(() if logged is None else ("logged_requests",)))
        ),
        window=during,
        baseline=before,
        examples=tuple(_examples(each)),
        caveats=tuple(_caveats(counts, effect, incident, logged=logged is not None)),
        details={
            "source": "spans" if logged is None else "logs",
            "summary": _summary(told),
            "repeats": rising,
            "p99_ms": p99,
            "example_before": _typical(drawn, "before"),
            "example_during": _typical(drawn, "during"),
            "by_version": _split(drawn, "service_version", most),
            "by_route": _split(drawn, "http_route", most),
        },
    )


def _from_log(store: Store, incident: Incident, logged: pl.DataFrame) -> Finding:
    """Return the finding where no request is traced, and the service's log counts the calls of each."""
    told = logged.group_by("period", "calls", "adjusted_count").agg(seen=pl.len().cast(pl.Int64))
    most = int(told["calls"].max() or 0)  # type: ignore[arg-type]
    effect = _effect(told, most, compared=True)
    before, during = compared_windows(store, incident)
    found = [
        "Calls a request are as the log counts them; which statements they are, and what they cost, no trace tells.",
        *_few(effect),
    ]
    return Finding(
        name="queries_per_request",
        claim=_claim(incident, effect, [], None, _tail(told)),
        table=_table(told),
        effect=effect,
        sql=(statement("logged_requests").sql,),
        window=during,
        baseline=before,
        examples=tuple(trace for trace in _examples(logged) if trace),
        caveats=tuple(found),
        details={
            "source": "logs",
            "summary": _summary(told),
            "repeats": [],
            "p99_ms": None,
            "by_version": _split(logged, "service_version", most),
            "by_route": _split(logged, "http_route", most),
        },
    )


def _log_of(store: Store, incident: Incident) -> pl.DataFrame | None:
    """Return ``period, calls, adjusted_count, trace_id, service_version, http_route`` of every request, where the log counts their calls."""
    logs = complete_log(store, incident.service_name, *compared_windows(store, incident))
    if logs is None or any(log["calls"].null_count() > _UNLIKE * log.height for log in logs):
        return None
    return pl.concat(
        log.drop_nulls("calls").select(
            pl.lit(period).alias("period"),
            pl.col("calls").cast(pl.Int64),
            pl.col("weight").alias("adjusted_count"),
            pl.col("example_trace_id").alias("trace_id"),
            "service_version",
            pl.col("route").alias("http_route"),
        )
        for period, log in zip(("before", "during"), logs, strict=True)
    )


def _counted_by_log(store: Store, incident: Incident, each: pl.DataFrame) -> pl.DataFrame | None:
    """Return ``period, calls, adjusted_count, seen`` of every request, where traces are sampled and the log counts the same calls."""
    counted = _log_of(store, incident)
    if counted is None:
        return None
    # a log may count its own calls alone, or other things than statements: it must say what the traces say where both speak
    once = counted.unique("trace_id", keep="none").select("trace_id", pl.col("calls").alias("logged"))
    both = each.unique("trace_id", keep="none").join(once, on="trace_id")
    unlike = both.filter(pl.col("calls") != pl.col("logged")).height
    if both.height < _FEW or unlike > _UNLIKE * both.height:
        return None
    return counted.group_by("period", "calls", "adjusted_count").agg(seen=pl.len().cast(pl.Int64))


def _nothing(incident: Incident | None) -> str:
    if incident is None:
        return "The store holds no root span, so there is no request to count the calls of."
    return (
        f"No request of {incident.service_name} (SERVER or CONSUMER span) starts in {incident.window} or its baseline. "
        "See rca.data_quality(store) for the services and times there are."
    )


def _table(cells: pl.DataFrame) -> pl.DataFrame:
    counted = cells.group_by("period", "calls").agg(requests=_REQUESTS.sum(), seen=pl.sum("seen"))
    share = pl.col("requests") / pl.col("requests").sum().over("period")
    return (
        counted.with_columns(share=share).select("period", "calls", "requests", "share", "seen").sort("period", "calls")
    )


def _of(cells: pl.DataFrame, period: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return the calls of each cell of a period, and the requests that it stands for."""
    part = cells.filter(pl.col("period") == period).select("calls", requests=_REQUESTS)
    return part["calls"].to_numpy().astype(float), part["requests"].to_numpy()


def _draws(cells: pl.DataFrame, most: int, *, seed: int, draws: int = DRAWS) -> np.ndarray[Any, Any]:
    weight, seen = cells["adjusted_count"].to_numpy(), cells["seen"].to_numpy()
    return count_draws(cells["calls"].to_numpy(), weight, most=most, seen=seen, seed=seed, draws=draws)


def _effect(cells: pl.DataFrame, most: int, *, compared: bool) -> Effect:
    cells = cells.sort("period", "calls", "adjusted_count")
    now, past = (cells.filter(pl.col("period") == name) for name in ("during" if compared else "all", "before"))
    draws = _draws(now, most, seed=1)
    if compared:
        draws = draws - _draws(past, most, seed=2)
    low, high = interval(draws)
    weight, seen = float(cells.select(_REQUESTS.sum()).item()), int(cells["seen"].sum())
    return Effect(
        name="queries per request",
        before=weighted_mean(*_of(cells, "before")) if past.height else None,
        after=weighted_mean(*_of(cells, "during" if compared else "all")) if now.height else None,
        low=low,
        high=high,
        unit="",
        n_before=int(past["seen"].sum()),
        n_after=int(now["seen"].sum()),
        method=_METHOD.format(most),
        sampling=seen / weight if weight > seen * 1.001 else None,
    )


def _summary(cells: pl.DataFrame) -> list[dict[str, Any]]:
    rows = []
    for period in cells["period"].unique().sort():
        calls, weight = _of(cells, period)
        row = {"period": period, "mean": weighted_mean(calls, weight)}
        row |= {name: weighted_quantile(calls, q, weight) for name, q in (("median", 0.5), ("p99", 0.99))}
        seen = int(cells.filter(pl.col("period") == period)["seen"].sum())
        rows.append(row | {"requests": float(weight.sum()), "seen": seen})
    return rows


def _split(each: pl.DataFrame, column: str, most: int) -> list[dict[str, Any]]:
    """Mean calls a request by value of a column, with intervals; the most requested values."""
    rows = []
    parts = each.partition_by("period", column, as_dict=True)
    for (period, value), part in sorted(parts.items(), key=lambda item: (str(item[0][0]), -item[1].height))[:60]:
        calls, weight = part["calls"].to_numpy(), part["adjusted_count"].to_numpy()
        low, high = interval(count_draws(calls, weight, most=most, draws=400))
        mean = weighted_mean(calls, weight)
        rows.append({"period": period, column: value, "mean": mean, "low": low, "high": high, "seen": part.height})
    return rows


def _examples(each: pl.DataFrame) -> list[str]:
    most = each.sort("period", "calls", "trace_id", descending=[True, True, False])
    return [str(trace) for trace in most.head(3)["trace_id"]]


def _typical(each: pl.DataFrame, period: str) -> str | None:
    """Return a trace with a usual number of calls and a usual length among those; of the incident, one of its many-call requests."""
    part = each.filter((pl.col("period") == period) & pl.col("duration_ns").is_not_null())
    if part.is_empty():
        return None
    quantile = 0.5
    if period == "during":
        many = _many(part, _summary(each.with_columns(seen=pl.lit(1))))
        part, quantile = (part, 0.9) if many.is_empty() else (many, 0.5)
    usual = weighted_quantile(part["calls"].to_numpy(), quantile, part["adjusted_count"].to_numpy())
    alike = part.filter(pl.col("calls") == usual).sort("duration_ns", "trace_id")
    return str(alike["trace_id"][alike.height // 2])


def _many(now: pl.DataFrame, summary: list[dict[str, Any]]) -> pl.DataFrame:
    """Return the requests that make at least twice as many calls as was usual, now and before."""
    ends = {row["period"]: row for row in summary}
    past = ends["before"]["p99"] if "before" in ends else 0
    return now.filter(pl.col("calls") >= 2 * max(ends["during"]["median"], past, 1))


def _tail(cells: pl.DataFrame) -> str:
    """Say what the many-call requests do where the mean hides them: few of them, far from the rest."""
    ends = {row["period"]: row for row in _summary(cells)}
    if set(ends) != {"before", "during"} or ends["during"]["p99"] < 2 * max(ends["during"]["median"], 1):
        return ""
    now = cells.filter(pl.col("period") == "during")
    many = _many(now, list(ends.values()))
    if many.is_empty():
        return ""
    share = float(many.select(_REQUESTS.sum()).item() / now.select(_REQUESTS.sum()).item())
    calls, weight = _of(many, "during")
    usual = weighted_quantile(calls, 0.5, weight)
    return f"; {share:.1%} of requests make {usual:.0f}, p99 {ends['before']['p99']:.0f} before and {ends['during']['p99']:.0f} now"


def _claim(
    incident: Incident | None, effect: Effect, repeats: list[dict[str, Any]], p99: Mapping[str, Any] | None, tail: str
) -> str:
    who = incident.service_name if incident else "A root span"
    if incident is None:
        return f"{who} makes {effect.after:.3g} database calls on average, over {effect.n_after:,} requests."
    if effect.before is None or effect.after is None:
        side = "before" if effect.before is None else "during"
        return f"{who}: no request {side} the incident was seen, so its database calls cannot be compared."
    moved = effect.low is not None and effect.high is not None and (effect.low > 0 or effect.high < 0)
    if not moved:
        return f"{who} makes {effect.after:.3g} database calls a request, as before ({effect.before:.3g})."
    text = f"{who} makes {effect.after:.3g} database calls a request, {effect.before:.3g} before"
    text += tail
    if repeats and repeats[0]["change"] * (effect.after - effect.before) > 0:
        lead = repeats[0]
        text += f"; most of the change is {lead['title']}, {lead['before']:.3g} to {lead['during']:.3g}"
    if p99 and p99["value"] >= 1:
        text += f"; the slowest 2 % of requests wait {p99['value']:,.0f} ms for the added calls"
    return text + "."


def _caveats(counts: CallCounts, effect: Effect, incident: Incident | None, *, logged: bool) -> list[str]:
    found = list(counts.notes)
    each = counts.each.filter("drawn")
    weight = float(each["adjusted_count"].sum())
    if logged:
        share = each.height / weight if weight else 1.0
        found.append(
            f"Calls a request are those of every request, from the log; which statements they are is known of the traced {share:.1%}."
        )
    elif effect.sampling is not None:
        found.append(f"Traces are sampled: {effect.sampling:.1%} of the requests were seen, and weigh accordingly.")
    if incident:
        found += _few(effect)
    orphans = int((counts.asked.tree.orphan).sum())
    if orphans:
        found.append(f"{orphans:,} spans name a parent that is not in the store; calls below them are not counted.")
    if not int(counts.cells["calls"].sum()):
        found.append("No request has a database span below it: the database client may not be instrumented.")
    return found


def _few(effect: Effect) -> list[str]:
    seen = (("before", effect.n_before), ("during", effect.n_after))
    return [f"Only {count} requests were seen {name} the incident." for name, count in seen if count < _FEW]

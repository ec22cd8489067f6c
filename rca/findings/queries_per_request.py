"""How many database calls a request makes, before and during the incident, and what the change costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from rca.errors import NoDataError
from rca.measures.logged import complete_log
from rca.measures.requests import Requests, compared_windows, requests
from rca.measures.statement_time import statement_use
from rca.measures.targets import statement_title
from rca.model import Effect, Finding, Incident
from rca.sql import statement
from rca.stats.weighted import interval, mean_draws, weighted_mean, weighted_quantile
from rca.store import Store

__all__ = ["queries_per_request"]

_METHOD = "weighted mean, bootstrap over requests"
_SLOW_SHARE = 0.02
"""The slowest requests that say what p99 is made of: those from p98 on."""
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
    every request as the traces do, the numbers are the log's.

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
        calls a request. ``details``: ``summary`` (mean, median, p99 by period), ``repeats`` (statements by the rise of
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
    asked = requests(store, incident)
    if not asked.rows.size:
        raise NoDataError(_nothing(incident))
    each = asked.entries.select("trace_id", "duration_ns", "adjusted_count", "service_version", "http_route")
    names = pl.Series(np.where(asked.during, "during", "before") if incident else np.full(asked.rows.size, "all"))
    each = each.with_columns(period=names, calls=pl.Series(asked.counts()), request=pl.int_range(pl.len()))
    use = statement_use(asked).join(each.select("request", "period", "adjusted_count"), on="request", how="inner")
    counted = _counted_by_log(store, incident, each) if incident else None
    told = each if counted is None else counted
    effect = _effect(told, compared=incident is not None)
    repeats = _repeats(each, use, compared=incident is not None)
    p99 = _p99_explained(each, use, repeats) if incident else None
    table = _table(told)
    before, during = compared_windows(store, incident) if incident else (None, None)
    return Finding(
        name="queries_per_request",
        claim=_claim(incident, effect, repeats, p99, _tail(told)),
        table=table,
        effect=effect,
        sql=tuple(
            statement(name).sql for name in ("request_spans", *(() if counted is None else ("logged_requests",)))
        ),
        window=during,
        baseline=before,
        examples=tuple(_examples(each)),
        caveats=tuple(_caveats(asked, each, effect, incident, logged=counted is not None)),
        details={
            "source": "spans" if counted is None else "logs",
            "summary": _summary(told),
            "repeats": repeats,
            "p99_ms": p99,
            "example_before": _typical(each, "before"),
            "example_during": _typical(each, "during"),
            "by_version": _split(each, "service_version"),
            "by_route": _split(each, "http_route"),
        },
    )


def _counted_by_log(store: Store, incident: Incident, each: pl.DataFrame) -> pl.DataFrame | None:
    """Return ``period, calls, adjusted_count`` of every request, where traces are sampled and the log counts the same calls."""
    logs = complete_log(store, incident.service_name, *compared_windows(store, incident))
    if logs is None or any(log["calls"].null_count() > _UNLIKE * log.height for log in logs):
        return None
    counted = pl.concat(
        log.drop_nulls("calls").with_columns(
            pl.lit(period).alias("period"), pl.col("calls").cast(pl.Int64), pl.col("weight").alias("adjusted_count")
        )
        for period, log in zip(("before", "during"), logs, strict=True)
    )
    # a log may count its own calls alone, or other things than statements: it must say what the traces say where both speak
    once = counted.unique("example_trace_id", keep="none").select(pl.col("example_trace_id").alias("trace_id"), pl.col("calls").alias("logged"))  # fmt: skip
    both = each.unique("trace_id", keep="none").join(once, on="trace_id")
    unlike = both.filter(pl.col("calls") != pl.col("logged")).height
    if both.height < _FEW or unlike > _UNLIKE * both.height:
        return None
    return counted.select("period", "calls", "adjusted_count")


def _nothing(incident: Incident | None) -> str:
    if incident is None:
        return "The store holds no root span, so there is no request to count the calls of."
    return (
        f"No request of {incident.service_name} (SERVER or CONSUMER span) starts in {incident.window} or its baseline. "
        "See rca.data_quality(store) for the services and times there are."
    )


def _table(each: pl.DataFrame) -> pl.DataFrame:
    counted = each.group_by("period", "calls").agg(requests=pl.sum("adjusted_count"), seen=pl.len())
    share = pl.col("requests") / pl.col("requests").sum().over("period")
    return (
        counted.with_columns(share=share).select("period", "calls", "requests", "share", "seen").sort("period", "calls")
    )


def _of(each: pl.DataFrame, period: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    part = each.filter(pl.col("period") == period)
    return part["calls"].to_numpy().astype(float), part["adjusted_count"].to_numpy()


def _effect(each: pl.DataFrame, *, compared: bool) -> Effect:
    after, after_weight = _of(each, "during" if compared else "all")
    before, before_weight = _of(each, "before")
    draws = mean_draws(after, after_weight, seed=1)
    has_before, has_after = bool(before.size), bool(after.size)
    if compared:
        draws = draws - mean_draws(before, before_weight, seed=2)
    low, high = interval(draws)
    weight = float(each["adjusted_count"].sum())
    sampling = each.height / weight if weight > each.height * 1.001 else None
    return Effect(
        name="queries per request",
        before=weighted_mean(before, before_weight) if has_before else None,
        after=weighted_mean(after, after_weight) if has_after else None,
        low=low,
        high=high,
        unit="",
        n_before=int(before.size),
        n_after=int(after.size),
        method=_METHOD,
        sampling=sampling,
    )


def _summary(each: pl.DataFrame) -> list[dict[str, Any]]:
    rows = []
    for period in each["period"].unique().sort():
        calls, weight = _of(each, period)
        row = {"period": period, "mean": weighted_mean(calls, weight)}
        row |= {name: weighted_quantile(calls, q, weight) for name, q in (("median", 0.5), ("p99", 0.99))}
        rows.append(row | {"requests": float(weight.sum()), "seen": int(calls.size)})
    return rows


def _repeats(each: pl.DataFrame, use: pl.DataFrame, *, compared: bool) -> list[dict[str, Any]]:
    """Statements by the rise of their calls a request; those that did not occur before come first among equals."""
    total = dict(each.group_by("period").agg(pl.sum("adjusted_count")).iter_rows())
    per = use.group_by("period", "statement").agg(
        calls=(pl.col("calls") * pl.col("adjusted_count")).sum(),
        waited=(pl.col("critical_ns") * pl.col("adjusted_count")).sum(),
        most=pl.max("calls"),
    )
    rows: dict[str, dict[str, Any]] = {}
    now = "during" if compared else "all"
    for item in per.iter_rows(named=True):
        row = rows.setdefault(
            item["statement"],
            {
                "title": statement_title(item["statement"]),
                "db_query_digest": item["statement"],
                "before": 0.0,
                "during": 0.0,
            },
        )
        name = "during" if item["period"] == now else "before"
        row[name] = item["calls"] / total[item["period"]]
        row[f"critical_ms_{name}"] = item["waited"] / total[item["period"]] / 1e6
        row[f"most_{name}"] = item["most"]
    for row in rows.values():
        row["change"] = row["during"] - row["before"]
        row["new"] = compared and row["before"] == 0
    ordered = sorted(rows.values(), key=lambda row: (-abs(row["change"]), not row["new"], row["db_query_digest"]))
    return ordered[:50]


def _p99_explained(each: pl.DataFrame, use: pl.DataFrame, repeats: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Milliseconds of the slowest requests spent in calls over and above the baseline's number of the same statement."""
    rising = {row["db_query_digest"]: row["before"] for row in repeats if row["change"] > 0}
    now = each.filter((pl.col("period") == "during") & pl.col("duration_ns").is_not_null())
    if not rising or now.is_empty():
        return None
    edge = weighted_quantile(now["duration_ns"].to_numpy(), 1 - _SLOW_SHARE, now["adjusted_count"].to_numpy())
    slow = now.filter(pl.col("duration_ns") >= edge)
    normal = pl.DataFrame({"statement": list(rising), "normal": list(rising.values())})
    extra = ((pl.col("calls") - pl.col("normal")) / pl.col("calls")).clip(0) * pl.col("critical_ns")
    spent = use.join(normal, on="statement").with_columns(extra=extra).group_by("request").agg(pl.sum("extra"))
    slow = slow.join(spent, on="request", how="left").with_columns(pl.col("extra").fill_null(0.0))
    weight = slow["adjusted_count"].to_numpy()
    milliseconds = slow["extra"].to_numpy() / 1e6
    low, high = interval(mean_draws(milliseconds, weight, seed=3))
    length = weighted_mean(slow["duration_ns"].to_numpy() / 1e6, weight)
    value = weighted_mean(milliseconds, weight)
    return {
        "value": value,
        "low": low,
        "high": high,
        "share": value / length if length else None,
        "from_ms": edge / 1e6,
        "n": slow.height,
        "method": "critical-path time of the calls beyond the baseline's number, mean over requests from p98 on",
    }


def _split(each: pl.DataFrame, column: str) -> list[dict[str, Any]]:
    """Mean calls a request by value of a column, with intervals; the most requested values."""
    rows = []
    parts = each.partition_by("period", column, as_dict=True)
    for (period, value), part in sorted(parts.items(), key=lambda item: (str(item[0][0]), -item[1].height))[:60]:
        calls, weight = part["calls"].to_numpy(), part["adjusted_count"].to_numpy()
        low, high = interval(mean_draws(calls, weight, draws=400))
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
        many = _many(part, _summary(each))
        part, quantile = (part, 0.9) if many.is_empty() else (many, 0.5)
    usual = weighted_quantile(part["calls"].to_numpy(), quantile, part["adjusted_count"].to_numpy())
    alike = part.filter(pl.col("calls") == usual).sort("duration_ns", "trace_id")
    return str(alike["trace_id"][alike.height // 2])


def _many(now: pl.DataFrame, summary: list[dict[str, Any]]) -> pl.DataFrame:
    """Return the requests that make at least twice as many calls as was usual, now and before."""
    ends = {row["period"]: row for row in summary}
    past = ends["before"]["p99"] if "before" in ends else 0
    return now.filter(pl.col("calls") >= 2 * max(ends["during"]["median"], past, 1))


def _tail(each: pl.DataFrame) -> str:
    """Say what the many-call requests do where the mean hides them: few of them, far from the rest."""
    ends = {row["period"]: row for row in _summary(each)}
    if set(ends) != {"before", "during"} or ends["during"]["p99"] < 2 * max(ends["during"]["median"], 1):
        return ""
    now = each.filter(pl.col("period") == "during")
    many = _many(now, list(ends.values()))
    if many.is_empty():
        return ""
    share = float(many["adjusted_count"].to_numpy().sum() / now["adjusted_count"].to_numpy().sum())
    usual = weighted_quantile(many["calls"].to_numpy(), 0.5, many["adjusted_count"].to_numpy())
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


def _caveats(
    asked: Requests, each: pl.DataFrame, effect: Effect, incident: Incident | None, *, logged: bool
) -> list[str]:
    found = []
    weight = float(each["adjusted_count"].sum())
    if logged:
        share = each.height / weight if weight else 1.0
        found.append(
            f"Calls a request are those of every request, from the log; which statements they are is known of the traced {share:.1%}."
        )
    elif effect.sampling is not None:
        found.append(f"Traces are sampled: {effect.sampling:.1%} of the requests were seen, and weigh accordingly.")
    for name, count in (("before", effect.n_before), ("during", effect.n_after)):
        if incident and count < _FEW:
            found.append(f"Only {count} requests were seen {name} the incident.")
    orphans = int((asked.tree.orphan).sum())
    if orphans:
        found.append(f"{orphans:,} spans name a parent that is not in the store; calls below them are not counted.")
    if not int(each["calls"].sum()):
        found.append("No request has a database span below it: the database client may not be instrumented.")
    return found

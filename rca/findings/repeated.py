"""Calls that one request makes again and again: which, how often, what they cost, and what one call for all would save."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from rca.display import format_number
from rca.errors import NoDataError, OptionError, did_you_mean
from rca.measures.like_calls import ALWAYS, LikeCalls, like_calls
from rca.measures.presets import PRESETS
from rca.measures.requests import compared_windows
from rca.measures.targets import statement_title
from rca.model import Effect, Finding, Incident, Window
from rca.sql import statement
from rca.stats.weighted import interval
from rca.store import Store

__all__ = ["repeated_queries"]

_WORDS = {
    "n_plus_one": "one after the other",
    "redundant": "with the same parameters each time",
    "fan_out": "at once",
}
_DRAWS = 2000


def repeated_queries(
    store: Store, incident: Incident | None = None, *, most: int = 5_000, preset: str | None = None
) -> Finding:
    """Say which calls a request repeats: N+1, redundant or fanned out, and what that costs.

    Like calls have the same normalised statement (or collection and operation), the same HTTP method, host and path with
    ids as placeholders, or the same RPC method, and come from one service in one trace. They are a pattern from five on,
    unless they are retries, polling, pages of one list, background work, health checks, static assets, telemetry, or
    statements of transactions and connections. Time limits play no part: fast, slow, interleaved, concurrent and
    cross-service repetition are all seen.

    Parameters
    ----------
    store
        The store.
    incident
        Limits the answer to traces in which the service takes part, in the incident and its baseline.
    most
        Traces with many like calls that are looked at exactly, at most; where there are more, the finding says so.
    preset
        ``"sentry"`` or ``"perf-sentinel"`` gives the verdicts that those tools' published rules give, for comparison:
        Sentry reports five or more statements that follow another one under the same parent, without overlap or
        interruption, of 50 ms in all; perf-sentinel five or more of one template with five different parameters within
        500 ms, and two or more with equal parameters. Only groups that they report are in the table then.

    Returns
    -------
    Finding
        The table has one row a group of like calls, those with a pattern first, by what they cost: ``trace_id``,
        ``parent_span_id`` (lowest span above them all), ``service_name``, ``target``, ``calls`` (real ones, never
        weighted), ``pattern`` (``n_plus_one`` one after the other, ``redundant`` same parameters, ``fan_out`` at once,
        ``none``), ``reason`` (why none), ``period``, ``parameters``, ``total_ms`` (sum of the calls), ``critical_ms``
        (what of it the request waited for), ``saved_ms`` (what one call for all would save), ``parallel`` (calls under
        way at once), ``failed``, ``code_location``, ``adjusted_count``, ``root_name``, ``db_system_name``, ``start_ns``.
        The effect is the share of requests with a pattern. ``details["targets"]`` sums up by target.

    Raises
    ------
    NoDataError
        When no request of the incident is traced.
    OptionError
        When there is no such preset.

    Examples
    --------
    >>> import rca
    >>> repeated_queries(rca.open()).claim
    'No request repeats a call five times or more.'
    """
    rules = _rules(preset)
    windows = compared_windows(store, incident) if incident else (None, None)
    service = incident.service_name if incident else ""
    periods = [("before", windows[0]), ("during", windows[1])] if incident else [("all", ALWAYS)]
    looked = {
        name: like_calls(store, window or ALWAYS, service=service, most=most, **rules) for name, window in periods
    }
    table = pl.concat([_shown(found.groups, name) for name, found in looked.items()])
    flagged = table.filter(pl.col("pattern") != "none")
    costly = flagged.sort("critical_ms", "calls", "trace_id", descending=[True, True, False])
    table = pl.concat(
        [costly, table.filter(pl.col("pattern") == "none").sort("calls", "trace_id", descending=[True, False])]
    )
    shares = {
        name: _share(store, service, window or ALWAYS, found)
        for (name, window), found in zip(periods, looked.values(), strict=True)
    }
    targets = _targets(flagged)
    effect = _effect(shares)
    if incident and not effect.n_after and table.is_empty():
        raise NoDataError(
            f"No request of {incident.service_name} is traced in the incident, so none can be searched for repeated calls."
        )
    return Finding(
        name="repeated_queries",
        claim=_claim(targets, effect, "during" if incident else "all"),
        table=table,
        effect=effect,
        sql=(statement("repeated_spans").sql, statement("request_totals").sql),
        window=windows[1],
        baseline=windows[0],
        examples=tuple(costly["trace_id"].unique(maintain_order=True).head(3).to_list()),
        caveats=tuple(_caveats(looked, effect, preset)),
        details={"targets": targets, "sampling": effect.sampling},
    )


def _rules(preset: str | None) -> dict[str, Any]:
    if preset is None:
        return {}
    if preset not in PRESETS:
        raise OptionError(f"There is no preset {preset!r}. {did_you_mean(preset, list(PRESETS))}")
    return {"least": PRESETS[preset].least, "rule": PRESETS[preset].groups}


def _shown(groups: pl.DataFrame, period: str) -> pl.DataFrame:
    milliseconds = [(pl.col(f"{name}_ns") / 1e6).alias(f"{name}_ms") for name in ("total", "critical", "saved")]
    return groups.with_columns(*milliseconds, period=pl.lit(period)).select(
        "trace_id", "parent_span_id", "service_name", "target", "calls", "pattern", "reason", "period", "parameters",
        "total_ms", "critical_ms", "saved_ms", "parallel", "failed", "code_location", "adjusted_count", "root_name",
        "db_system_name", "start_ns",
    )  # fmt: skip


def _share(store: Store, service: str, window: Window, found: LikeCalls) -> dict[str, float]:
    """Count requests and those with a pattern, in one period; where not every candidate was looked at, scaled up."""
    bounds = {"service": service, "from_ns": window.start_ns, "to_ns": window.end_ns}
    total = store.query(statement("request_totals").sql, bounds).row(0, named=True)
    hit = found.groups.filter(pl.col("pattern") != "none").unique("trace_id")
    scale = found.candidates / found.examined if found.examined else 1.0
    return total | {"hits": float(hit["adjusted_count"].sum()) * scale}


def _effect(shares: dict[str, dict[str, float]]) -> Effect:
    draws, values = [], []
    rng = np.random.default_rng(0)
    for share in shares.values():
        requests = max(share["requests"], share["hits"])
        effective = share["requests"] ** 2 / share["squares"] if share["squares"] else 0.0
        value = share["hits"] / requests if requests else None
        values.append(value)
        hits = effective * (value or 0.0)
        drawn = rng.beta(0.5 + hits, 0.5 + effective - hits, _DRAWS)
        draws.append(drawn if value is not None else np.full(_DRAWS, np.nan))
    low, high = interval(draws[-1] - draws[0] if len(draws) > 1 else draws[0])
    first, last = next(iter(shares.values())), list(shares.values())[-1]
    weight = sum(share["requests"] for share in shares.values())
    seen = sum(share["seen"] for share in shares.values())
    return Effect(
        name="share of requests that repeat a call",
        before=values[0] if len(values) > 1 else None,
        after=values[-1],
        low=low,
        high=high,
        unit="",
        n_before=int(first["seen"]) if len(values) > 1 else 0,
        n_after=int(last["seen"]),
        method="weighted share, Beta interval at the effective number of requests",
        sampling=seen / weight if weight > seen * 1.001 else None,
    )


def _targets(flagged: pl.DataFrame) -> list[dict[str, Any]]:
    """Sum up the groups by period, service, target and pattern; the costliest first."""
    weight = pl.col("adjusted_count")
    summed = flagged.group_by("period", "service_name", "target", "pattern").agg(
        traces=pl.col("trace_id").n_unique(),
        requests=weight.sum(),
        calls=pl.col("calls").median(),
        most=pl.col("calls").max(),
        total_ms=pl.col("total_ms").median(),
        critical_ms=pl.col("critical_ms").median(),
        saved_ms=pl.col("saved_ms").median(),
        parallel=pl.col("parallel").median(),
        cost_ms=(pl.col("critical_ms") * weight).sum(),
        parameters=pl.col("parameters").mode().sort().first(),
        code_location=pl.col("code_location").max(),
        trace_id=pl.col("trace_id").first(),
    )
    ordered = summed.sort("cost_ms", "traces", "target", descending=[True, True, False])
    return ordered.head(100).to_dicts()


def _claim(targets: list[dict[str, Any]], effect: Effect, period: str) -> str:
    now = [row for row in targets if row["period"] == period]
    if not now:
        return "No request repeats a call five times or more."
    lead = now[0]
    where = f" ({lead['code_location']})" if lead["code_location"] else ""
    name = statement_title(lead["target"])
    saving = ""
    if lead["saved_ms"] >= 0.1:
        saving = f", and waits {format_number(lead['critical_ms'])} ms for it, of which one call for all would save {format_number(lead['saved_ms'])} ms"
    share = f"{effect.after:.1%} of requests repeat a call" if effect.after is not None else "Requests repeat calls"
    before = f", {effect.before:.1%} before" if effect.before is not None else ""
    kind = f"{format_number(lead['calls'])} times {_WORDS[lead['pattern']]}"
    return f"{share}{before}: {lead['service_name']} calls {name} {kind}{where}{saving}."


def _caveats(looked: dict[str, LikeCalls], effect: Effect, preset: str | None) -> list[str]:
    found = [f"Judged by the published rules of {PRESETS[preset].title}, not by the house's own."] if preset else []
    for name, calls in looked.items():
        if calls.candidates > calls.examined:
            found.append(
                f"{calls.examined:,} of {calls.candidates:,} traces with many like calls were looked at ({name}); shares are scaled up from them."
            )
    if effect.sampling is not None:
        found.append(
            f"Traces are sampled: {effect.sampling:.1%} of the requests were seen. Calls a request are not affected."
        )
    unknown = any((calls.groups["parameters"] == "unknown").any() for calls in looked.values())
    if unknown:
        found.append("Some statements come without their parameters: whether those calls ask for the same is unknown.")
    return found

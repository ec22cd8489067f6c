"""Which statements the calls of a request are, how many more of each are made, and what that costs the slowest requests."""

from __future__ import annotations

from typing import Any

import polars as pl

from rca.measures.request_counts import CallCounts
from rca.measures.targets import statement_title
from rca.stats.weighted import interval, mean_draws, weighted_mean

__all__ = ["p99_explained", "repeats"]


def repeats(each: pl.DataFrame, use: pl.DataFrame, *, compared: bool) -> list[dict[str, Any]]:
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


def p99_explained(counts: CallCounts, use: pl.DataFrame, repeats: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Milliseconds of the slowest requests spent in calls over and above the baseline's number of the same statement."""
    rising = {row["db_query_digest"]: row["before"] for row in repeats if row["change"] > 0}
    slow = counts.slow
    if not rising or slow.is_empty():
        return None
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
        "from_ms": counts.slow_ns / 1e6,
        "n": slow.height,
        "method": "critical-path time of the calls beyond the baseline's number, mean over requests from p98 on",
    }

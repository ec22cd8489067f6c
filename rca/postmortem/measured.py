"""What a postmortem reckons beside the findings: error budget by windows, what would have been, and what was read."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

import polars as pl

from rca.display import effect_line
from rca.errors import NoDataError, RcaError
from rca.findings.what_if import what_if
from rca.investigation import Investigation
from rca.postmortem.blocks import Block, Code, Items, Paragraph, Section, Table
from rca.sql import statement
from rca.stats.burn import burn_rate
from rca.store import Store

__all__ = ["measured"]

_MINUTE = 60_000_000_000
_INPUTS = 200


def measured(store: Store, found: Investigation, parts: list[Section]) -> list[Section]:
    """Return the sections with the error budget after the impact, the prediction before the result, the inputs at the end."""
    made: list[Section] = []
    for part in parts:
        if part.title == "Result":
            made += _predicted(store, found)
        made.append(part)
        if part.title == "Impact":
            made += _budget(found)
    return [*made, *_inputs(store)]


def _budget(found: Investigation) -> list[Section]:
    slo = found.incident.slo if found.incident else None
    if slo is None or found.red.is_empty() or "errors" not in found.red.columns:
        return []
    minutes = (
        found.red.with_columns((pl.col("bucket_ns") // _MINUTE).alias("minute"))
        .group_by("minute")
        .agg(pl.col("requests").fill_null(0).sum(), pl.col("errors").fill_null(0).sum())
    )
    at = [int(minute) for minute in minutes["minute"].to_list()]
    first, last = min(at), max(at)
    every = pl.DataFrame({"minute": range(first, last + 1)}).join(minutes, on="minute", how="left").fill_null(0)
    try:
        burned = burn_rate(every["errors"].to_list(), every["requests"].to_list(), slo)
    except NoDataError:
        return []
    rows: list[dict[str, Any]] = [
        {
            "windows": f"{item.long} and {item.short} min",
            "alerts at": f"{item.threshold:g} times",
            "would have alerted": "no" if item.first is None else f"minute {item.first + 1} of {len(every)}",
            "telemetry covers the window": "yes" if item.complete else "no, what there is stands for it",
        }
        for item in burned.windows
    ]
    said = f"Over the {len(every)} minutes shown, {burned.bad:,.0f} requests failed and the objective of {slo:.3%} allows {burned.allowed:,.1f}: the budget burned {burned.overall:,.1f} times as fast as it may."
    return [Section("Error budget", (Paragraph(said), Table(rows, "Alerts on two windows at once")), level=3)]


def _predicted(store: Store, found: Investigation) -> list[Section]:
    if found.incident is None:
        return []
    try:
        answer = what_if(store, found.incident)
    except NoDataError:
        return []
    blocks: list[Block] = [Paragraph(answer.claim)]
    if answer.effect:
        blocks.append(Paragraph(effect_line(answer.effect.to_dict())))
    blocks += [Table(answer.table.to_dicts()), Items([f"To doubt: {text}" for text in answer.caveats])]
    blocks += [Code("what if", text) for text in answer.sql]
    return [Section("What if", tuple(blocks), level=3)]


def _inputs(store: Store) -> list[Section]:
    try:
        frame = store.query(statement("local/inputs").sql)
    except RcaError:  # telemetry that is analysed where it lies was never read by a ledger
        return []
    if frame.is_empty():
        return []
    rows = [
        {
            "file": PurePath(str(row["path"])).name,
            "format": row["format"],
            "SHA-256": row["sha256"],
            "records kept": row["records_kept"],
        }
        for row in frame.head(_INPUTS).iter_rows(named=True)
    ]
    shown = f"The first {_INPUTS} of {frame.height:,} files" if frame.height > _INPUTS else f"{frame.height:,} files"
    text = "Every number above was made by the SQL of the appendix from these files, and from nothing else."
    return [Section("Appendix: what was read", (Paragraph(text), Table(rows, shown)))]

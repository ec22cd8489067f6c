"""What a postmortem reckons beside the findings: error budget by windows, and what was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from rca.errors import NoDataError, RcaError
from rca.investigation import Investigation
from rca.measures.volume import telemetry_volume
from rca.postmortem.blocks import Block, Code, Figure, Paragraph, Section, Table
from rca.postmortem.pieces import made_by
from rca.sql import statement
from rca.stats.burn import burn_rate
from rca.stats.minutes import by_minute
from rca.store import Store

__all__ = ["measured"]

_INPUTS = 200


def measured(store: Store, found: Investigation, parts: list[Section], figures: Mapping[str, Figure]) -> list[Section]:
    """Return the sections with the error budget after the impact and the inputs at the end."""
    made: list[Section] = []
    for part in parts:
        made.append(part)
        if part.title == "Impact":
            made += _budget(found, figures)
        if part.title == "Trade-offs":
            made[-1] = replace(part, blocks=(*part.blocks, *_volume(store, found)))
        if part.title.endswith("the SQL behind every number"):
            more = Code("telemetry_volume", statement("telemetry_volume").sql)
            made[-1] = replace(part, blocks=(*part.blocks, more))
    return [*made, *_inputs(store)]


def _budget(found: Investigation, figures: Mapping[str, Figure]) -> list[Section]:
    slo = found.incident.slo if found.incident else None
    if slo is None or found.red.is_empty() or "errors" not in found.red.columns:
        return []
    every = by_minute(found.red)
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
    drawn = [figures["error_budget"]] if "error_budget" in figures else []
    return [Section("Error budget", (Paragraph(said), *drawn, Table(rows, "Alerts on two windows at once")), level=3)]


def _volume(store: Store, found: Investigation) -> list[Block]:
    """Say what the observing itself cost; what it did to latency is not in the data, for it was never switched alone."""
    try:
        rows = telemetry_volume(store, found.incident) if found.incident else None
    except NoDataError:
        rows = None
    if rows is None or rows.is_empty():
        return []
    said = "What was written, as stored and unweighted. Whether writing it made requests slower cannot be told: it was never switched alone."
    return [Table(rows.head(_INPUTS).to_dicts(), said), *made_by([statement("telemetry_volume").sql])]


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

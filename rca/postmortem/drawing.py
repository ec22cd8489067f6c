"""The figures of a postmortem: those that the investigation has data for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from rca.errors import NoDataError
from rca.investigation import Investigation
from rca.measures.spans import spans_of
from rca.model import Experiment, Finding
from rca.postmortem.blocks import Figure
from rca.store import Store

if TYPE_CHECKING:
    from rca.figures.press import Press

__all__ = ["draw"]


def draw(store: Store, found: Investigation, folder: Path, press: Press | None = None) -> dict[str, Figure]:
    """Draw every figure that there is data for into `folder`; return them by name. A press that runs already saves its start."""
    from altair.utils.schemapi import debug_mode

    from rca.figures.press import Press
    from rca.figures.save import begin

    if press is None:
        with Press() as own:
            return draw(store, found, folder, own)

    begun: dict[str, tuple[str, Callable[[], list[Path]]]] = {}
    with debug_mode(False):  # the tests check every figure against Vega-Lite's schema, at some cost
        for name, make in _figures(store, found):
            try:
                spec = make().to_dict(validate=False)
            except NoDataError:
                continue
            begun[name] = (_title(spec, name), begin(spec, folder / name, press))
        return {
            name: Figure(name, finish()[0].read_text(encoding="utf-8"), title)
            for name, (title, finish) in begun.items()
        }


def _title(spec: dict[str, Any], name: str) -> str:
    text = spec.get("title", {}).get("text", [name])
    return " ".join(text) if isinstance(text, list) else str(text)


def _figures(store: Store, found: Investigation) -> Iterator[tuple[str, Callable[[], Any]]]:
    from rca import figures as fig

    findings = found.findings
    if found.incident is not None and found.red.height:
        claim = findings["latency"].claim if "latency" in findings else ""
        yield (
            "timeline",
            lambda: fig.timeline(
                found.red, incident=found.incident, changes=_markers(found), experiments=found.experiments, claim=claim
            ),
        )
        slo = found.incident.slo
        if slo is not None and "errors" in found.red.columns:
            yield "error_budget", lambda: fig.error_budget(found.red, slo=slo)
    for name, source, make in (
        ("distribution", "latency", fig.distribution),
        ("query_counts", "queries_per_request", fig.query_counts),
        ("statements", "slow_queries", fig.statements),
        ("saturation", "saturation", fig.saturation),
        ("service_map", "dependencies", fig.service_map),
        ("change_ranking", "deploy_correlation", fig.change_ranking),
        ("lock_graph", "slow_queries", fig.lock_graph),
        ("call_paths", "compare_traces", fig.call_paths),
        ("attribute_ranking", "compare_attributes", fig.attribute_ranking),
        ("message_surges", "messages", fig.message_surges),
        ("prediction", "what_if", fig.prediction),
    ):
        if source in findings:
            yield name, lambda make=make, source=source: make(findings[source])  # type: ignore[misc]
    if "queries_per_request" in findings:
        yield "waterfall", lambda: _waterfall(store, found)
    if found.experiments:
        yield "experiment_effects", lambda: fig.experiment_effects(found.experiments)
    if len(found.verdicts):
        yield "scoreboard", lambda: fig.scoreboard(found.verdicts)
    for verdict in found.verdicts:
        if verdict.id.startswith("H"):
            yield f"evidence_{verdict.id}", lambda verdict=verdict: fig.evidence(verdict)  # type: ignore[misc]
    fixed = [item for item in found.experiments if item.kind == "fix"]
    if fixed:
        yield (
            "results",
            lambda: fig.results(_before_and_after(fixed[-1], findings.get("follow_up")), claim=fixed[-1].claim),
        )


def _before_and_after(fix: Experiment, later: Finding | None) -> pl.DataFrame:
    """Return baseline, incident and fix, and what followed it; the fix's control is a part of the incident."""
    table = fix.table.filter(pl.col("period") != "control").with_columns(pl.col("period").replace("treated", "fixed"))
    if later is None:
        return table
    return pl.concat([table, later.table.filter(pl.col("period").str.starts_with("follow-up"))], how="diagonal_relaxed")


def _markers(found: Investigation) -> pl.DataFrame | None:
    """Return changes and alerts as the timeline takes them."""
    if found.events.is_empty():
        return None
    return found.events.with_columns(pl.col("kind").replace("incident", "alert"))


def _waterfall(store: Store, found: Investigation) -> Any:
    from rca import figures as fig

    details = found.findings["queries_per_request"].details
    good, bad = details.get("example_before"), details.get("example_during")
    if not good or not bad:
        raise NoDataError("There is no pair of traces to compare.")
    return fig.waterfall(
        spans_of(store, str(good)), spans_of(store, str(bad)), claim="One request before and one during"
    )

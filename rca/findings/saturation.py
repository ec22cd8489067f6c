"""The finding about resources that ran short."""

from __future__ import annotations

import polars as pl

from rca.display import cell
from rca.measures.periods import periods
from rca.measures.saturation import saturation_signals
from rca.model import Effect, Finding, Incident
from rca.sql import statement
from rca.store import Store

__all__ = ["saturation"]

_NOTABLE = 4.0
"""Units of the baseline's unrest from which a shift is plain by its size."""
_SURE = 0.05
_MATTERS = 0.1
"""A mean that moved by less than a tenth matters to nobody, however sure it is."""


def saturation(store: Store, incident: Incident) -> Finding:
    """Say which resources ran short during an incident, and whether that is more than their usual unrest.

    Parameters
    ----------
    store
        The telemetry.
    incident
        Window and baseline.

    Returns
    -------
    Finding
        Table: ``signal, service_name, metric_name, before, during, change, low, high, score, p_value, q_value,
        unit, n_before, n_during, peak, bad``; ``details["signals"]`` maps each signal to its greatest score at the incident's service and
        ``details["services"]`` each service to its most shifted signal.

    Raises
    ------
    NoDataError
        When no metric of a resource lies in both windows.
    """
    table = saturation_signals(store, incident)
    windows = periods(store, incident)
    own = table.filter(pl.col("service_name").is_in([incident.service_name, ""]))
    notable = moved(table)
    top = notable.row(0, named=True) if notable.height else None
    signals = {str(row["signal"]): float(row["score"]) for row in own.sort("score").iter_rows(named=True)}
    services = {str(row["service_name"]): str(row["signal"]) for row in notable.reverse().iter_rows(named=True)}
    caveats = [*windows.notes]
    if table["p_value"].null_count() == table.height:
        caveats.append("Too few points of every metric for a test: shifts are told by their size alone.")
    return Finding(
        name="saturation",
        claim=_claim(top, notable.height),
        table=table,
        effect=_effect(top) if top else None,
        sql=tuple(statement(name).sql for name in ("metric_points", "metric_increases", "running_increases")),
        window=windows.incident,
        baseline=windows.baseline,
        caveats=tuple(caveats),
        details={"signals": signals, "services": services},
    )


def moved(table: pl.DataFrame, *, sure: float = _SURE) -> pl.DataFrame:
    """Return the rows of signals that hurt more than before beyond doubt: by their size, or by a test and a tenth.

    Examples
    --------
    >>> moved(pl.DataFrame({"score": [9.0, 1.0, 1.0], "q_value": [None, 0.01, 0.01], "before": [1.0, 1.0, 1.0],
    ...     "during": [9.0, 1.2, 1.01], "bad": [1, 1, 1]}))["during"].to_list()
    [9.0, 1.2]
    """
    hurts = pl.col("bad") * (pl.col("during") - pl.col("before")) > _MATTERS * pl.col("before").abs()
    return table.filter((pl.col("score") >= _NOTABLE) | ((pl.col("q_value") <= sure) & hurts).fill_null(value=False))


_WORDS = {
    "cpu": "CPU",
    "db_cpu": "CPU of the database",
    "db_lock": "locks of the database",
    "db_scan": "reading of whole tables",
    "gc": "garbage collection",
}
"""Signals whose names are no words."""


def _claim(top: dict[str, object] | None, count: int) -> str:
    if top is None:
        return "No resource moved beyond its usual unrest."
    where = f" of {top['service_name']}" if top["service_name"] else ""
    more = f"; {count - 1} more metrics of resources moved as plainly" if count > 1 else ""
    signal = _WORDS.get(str(top["signal"]), str(top["signal"]))
    return f"{signal[:1].upper()}{signal[1:]}{where} moved most: {top['metric_name']} {cell(top['before'])} → {cell(top['during'])}{more}."


def _effect(top: dict[str, object]) -> Effect:
    def number(name: str) -> float | None:
        return None if top[name] is None else float(str(top[name]))

    return Effect(
        name=str(top["metric_name"]),
        before=number("before"),
        after=number("during"),
        low=number("low"),
        high=number("high"),
        unit=str(top["unit"]),
        n_before=int(str(top["n_before"])),
        n_after=int(str(top["n_during"])),
        method="difference of means, batch means",
        p_value=number("p_value"),
    )

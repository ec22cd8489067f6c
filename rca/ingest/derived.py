"""Rows that follow from other rows of the store: changes of flags that only their evaluations tell of.

What an input brings is noted in its own transaction, so that a run that is killed leaves the work to the next. The rows belong
to no input (``ingest_id`` is empty) and count in no ledger; they are made anew as a whole, whatever came in which order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import groupby
from typing import Any

import pyarrow as pa

from rca.engines.duckdb import DuckDBEngine
from rca.ingest.changes.evaluations import Run, Turn, turns
from rca.schema import arrow_schema, conform
from rca.statements import named

__all__ = ["FLAGS", "derive", "note"]

FLAGS = "feature_flag.evaluation"
"""What is noted, and where such changes say they were seen."""

_TOGETHER = 60 * 10**9
"""Services see one turn of a flag within this time of each other."""
_TOLD_BEFORE, _TOLD_AFTER = 15 * 60 * 10**9, 60 * 10**9
"""A change that a tool's own records tell of is seen in evaluations so much later, or, by other clocks, earlier."""


def note(engine: DuckDBEngine, what: str) -> None:
    """Remember, in the transaction of an input, that rows have to be derived from it."""
    engine.execute(_sql("remember"))
    engine.execute(_sql("note"), {"what": what})


def derive(engine: DuckDBEngine) -> None:
    """Make the derived rows anew where an input since the last time bears on them."""
    engine.execute(_sql("remember"))
    if not engine.execute(_sql("bearing"), {"what": FLAGS})[0][0]:
        return
    told = defaultdict(list)
    for flag, time in engine.execute(_sql("told"), {"what": FLAGS}):
        told[flag].append(time)
    rows = [row for row in _changes(engine.execute(_sql("runs"))) if not _is_told(row, told[row["feature_flag_key"]])]
    engine.con.execute("BEGIN")
    engine.execute(_sql("withdraw"), {"what": FLAGS})
    if rows:
        fields = [field for field in arrow_schema("changes") if field.name in rows[0]]
        engine.insert("changes", conform("changes", pa.Table.from_pylist(rows, pa.schema(fields))))
    engine.execute(_sql("settle"), {"what": FLAGS})
    engine.con.execute("COMMIT")


def _sql(name: str) -> str:
    return named("rca.ingest", "evaluations.sql")[name]


def _changes(runs: Iterable[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """Return one change for each turn of a flag, whatever number of services saw it."""
    seen: dict[tuple[str, str, str], list[tuple[Turn, str, str]]] = defaultdict(list)
    for (service, flag), group in groupby(runs, key=lambda row: (str(row[0]), str(row[1]))):
        mine = list(group)
        provider = max(str(row[4]) for row in mine)
        for turn in turns([Run(str(row[3]), int(row[5]), int(row[6]), bool(row[7])) for row in mine]):
            seen[flag, turn.from_value, turn.to_value].append((turn, service, provider))
    found = []
    for (flag, _, _), sightings in seen.items():
        together: list[tuple[Turn, str, str]] = []
        for sighting in sorted(sightings, key=lambda item: item[0].time_ns):
            if together and sighting[0].time_ns - together[0][0].time_ns > _TOGETHER:
                found.append(_change(flag, together))
                together = []
            together.append(sighting)
        found.append(_change(flag, together))
    return sorted(found, key=lambda row: (row["time_ns"], row["feature_flag_key"]))


def _change(flag: str, sightings: list[tuple[Turn, str, str]]) -> dict[str, Any]:
    turn, service, provider = sightings[0]
    attributes = {
        "seen_in": FLAGS,
        "share_before": f"{turn.share_before:.3g}",
        "share_after": f"{turn.share_after:.3g}",
        "evaluations": str(turn.evaluations),
    }
    if provider:
        attributes["feature_flag.provider.name"] = provider
    others = sorted({name for _, name, _ in sightings[1:]} - {service})
    if others:
        attributes["also_seen_by"] = ", ".join(others)
    return {
        "time_ns": turn.time_ns, "kind": "flag", "service_name": service, "feature_flag_key": flag, "from_value": turn.from_value,
        "to_value": turn.to_value, "title": f"{flag}: {turn.from_value} → {turn.to_value}, seen in evaluations",
        "attributes": list(attributes.items()), "ingest_id": "", "record_no": None,
    }  # fmt: skip


def _is_told(row: dict[str, Any], times: Iterable[int]) -> bool:
    return any(-_TOLD_AFTER <= row["time_ns"] - time <= _TOLD_BEFORE for time in times)

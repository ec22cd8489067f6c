"""Records of a PostgreSQL log, whatever it was written as: statements with a length become queries, the rest log rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import orjson
import polars as pl
import pyarrow as pa

from rca.digests import tags
from rca.ingest.contract import Sink
from rca.ingest.logs.severity import severity_number
from rca.ingest.queries.buffer import Buffer, Ints
from rca.ingest.queries.clock import MISSING
from rca.ingest.queries.columns import Statements, arrow_text, coded_members, objects, time_column
from rca.ingest.queries.postgres_head import heads
from rca.ingest.queries.postgres_plans import Explained, explained

__all__ = ["Emitter", "Records"]

_SEVERITY = {"LOG": 9, "INFO": 9, "NOTICE": 10, "WARNING": 13, "ERROR": 17, "FATAL": 21, "PANIC": 22}
_COLUMNS = ("user", "database", "pid", "client")


@dataclass(slots=True)
class Records:
    """The records of one block, in order; every column has one value a record."""

    block: Buffer
    starts: Ints
    """Where each message begins in the block."""
    ends: Ints
    times: Ints
    """Epoch nanoseconds, ``MISSING`` where there is none."""
    levels: pl.Series
    fields: dict[str, pl.Series] = field(default_factory=dict)
    """``user database pid client`` and whatever else the log says, as text; null or ``''`` where it does not."""
    tabbed: bool = False
    """Whether lines that go on begin with a tab that is not the message's own."""


class Emitter:
    """Pushes records into the sink; what it learns lasts from block to block."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._statements = Statements("postgresql")
        self._attributes: dict[str, str] = {}

    def emit(self, records: Records) -> None:
        """Push the records of one block."""
        count = len(records.starts)
        if not count:
            return
        timed = np.flatnonzero(records.block.begins(records.starts, b"duration: "))
        found = heads(records.block, records.starts[timed], records.ends[timed])
        good = found.good
        plans = self._plans(records, timed[found.planned], found.length[found.planned])
        chosen = timed[good]
        lengths, bare = found.duration[good], found.bare[good]
        texts = records.starts[chosen] + found.length[good]
        chosen, lengths, texts, bare = self._once(records, plans, chosen, lengths, texts, bare)
        merged = int(good.sum()) - len(chosen)
        numbers = self._sink.reserve(count - merged) + np.arange(count)
        if merged:
            self._sink.duplicate(merged)
            gone = np.ones(count, dtype=np.bool_)
            gone[timed[good]] = False
            gone[chosen] = True
            numbers = numbers[0] + np.cumsum(gone) - 1
        if len(chosen):
            self._queries(records, chosen, lengths, texts, bare, plans, numbers)
        rest = np.ones(count, dtype=np.bool_)
        rest[timed[good]] = False
        if rest.any():
            self._logs(records, np.flatnonzero(rest), numbers)

    def _plans(self, records: Records, at: Ints, before: Ints) -> dict[int, Explained]:
        """Return the plans of auto_explain by record."""
        found = {}
        for record, length in zip(at.tolist(), before.tolist(), strict=True):
            text = records.block.one(int(records.starts[record]) + length, int(records.ends[record]))
            plan = explained(text.replace("\n\t", "\n") if records.tabbed else text)
            if plan is not None:
                found[record] = plan
        return found

    def _once(
        self,
        records: Records,
        plans: dict[int, Explained],
        chosen: Ints,
        lengths: Ints,
        texts: Ints,
        bare: npt.NDArray[np.bool_],
    ) -> tuple[Ints, Ints, Ints, npt.NDArray[np.bool_]]:
        """Give a statement's own record the plan that auto_explain wrote just before it, and forget that record."""
        if not plans or len(plans) == len(chosen):
            return chosen, lengths, texts, bare
        pids = records.fields.get("pid")
        waiting: dict[str, int] = {}
        gone = set()
        for place, record in enumerate(chosen.tolist()):
            session = str(pids[record]) if pids is not None else ""
            if record in plans:
                waiting[session] = record
                continue
            before = waiting.pop(session, None)
            if before is None or bare[place]:
                continue
            text = records.block.one(int(texts[place]), int(records.ends[record]))
            if _same(text, plans[before].statement):
                plans[record] = plans.pop(before)
                gone.add(before)
        keep = np.array([record not in gone for record in chosen.tolist()], dtype=np.bool_)
        return chosen[keep], lengths[keep], texts[keep], bare[keep]

    def _queries(
        self, records: Records, at: Ints, lengths: Ints, texts: Ints, bare: npt.NDArray[np.bool_],
        plans: Mapping[int, Explained], numbers: Ints,
    ) -> None:  # fmt: skip
        block = records.block
        ends = block.trimmed(texts, records.ends[at])
        text = block.text(np.minimum(texts, ends), ends)
        if records.tabbed and b"\n\t" in block:
            text = text.str.replace_all("\n\t", "\n", literal=True)
        text = self._own(records, text, at, bare, plans)
        times = records.times[at]
        columns = {
            "time_ns": time_column(np.where(times == MISSING, MISSING, times - lengths)),
            "duration_ns": pa.array(lengths),
            "db_system_name": pa.repeat(pa.scalar("postgresql"), len(at)),
            "record_no": pa.array(numbers[at]),
        }
        for name, source in (
            ("db_user", "user"),
            ("db_namespace", "database"),
            ("session_id", "pid"),
            ("client_address", "client"),
        ):
            if source in records.fields:
                columns[name] = arrow_text(records.fields[source].gather(at).fill_null(""))
        columns |= self._statements.columns(text)
        if plans:
            columns |= _plan_columns(at, plans)
        attributes = self._query_attributes(records, at, self._statements.members(text))
        if attributes is not None:
            columns["attributes"] = attributes
        self._sink.rows("queries", pa.table(columns))

    def _own(
        self, records: Records, text: pl.Series, at: Ints, bare: npt.NDArray[np.bool_], plans: Mapping[int, Explained]
    ) -> pl.Series:
        """Take the statement from its plan, and that of a length alone from the line of its session before."""
        places, values = [], []
        for place in np.flatnonzero(np.isin(at, np.fromiter(plans, dtype=np.int64, count=len(plans)))).tolist():
            places.append(place)
            values.append(plans[int(at[place])].statement)
        for place in np.flatnonzero(bare).tolist():
            places.append(place)
            values.append(_said_before(records, int(at[place])))
        return text.scatter(places, values) if places else text

    def _query_attributes(self, records: Records, at: Ints, tags: pl.Series | None) -> pa.Array | None:
        own = [name for name in records.fields if name not in _COLUMNS and name not in _LINE_ONLY]
        parts = [coded_members({name: records.fields[name].gather(at) for name in own}), tags]
        known = [part for part in parts if part is not None]
        return objects(known[0] if len(known) == 1 else known[0] + known[1]) if known else None

    def _logs(self, records: Records, at: Ints, numbers: Ints) -> None:
        body = records.block.text(records.starts[at], records.block.trimmed(records.starts[at], records.ends[at]))
        if records.tabbed:
            body = body.str.replace_all("\n\t", "\n", literal=True)
        levels = records.levels.gather(at).fill_null("")
        distinct = {level: _SEVERITY.get(level) or severity_number(level) for level in levels.unique().to_list()}
        columns = {
            "time_ns": time_column(records.times[at]),
            "severity_text": arrow_text(levels),
            "severity_number": pa.array([distinct[level] for level in levels.to_list()], pa.int32()),
            "body": arrow_text(body),
            "record_no": pa.array(numbers[at]),
        }
        if self._sink.context.service_name:
            columns["service_name"] = pa.repeat(pa.scalar(self._sink.context.service_name), len(at))
        frame = pl.DataFrame({name: values.gather(at) for name, values in records.fields.items()})
        if frame.width:
            rows = ({name: value for name, value in row.items() if value} for row in frame.iter_rows(named=True))
            columns["attributes"] = pa.array([orjson.dumps(row).decode() for row in rows], pa.string())
            columns |= _contexts(frame, len(at))
        self._sink.rows("logs", pa.table(columns))


_LINE_ONLY = frozenset(
    ("line", "session_start", "vxid", "session", "ps", "sqlstate", "txid", "backend_type", "leader_pid")
)


def _contexts(frame: pl.DataFrame, count: int) -> dict[str, pa.Array]:
    """Return trace and span id of log records whose statement names them."""
    if "statement" not in frame.columns:
        return {}
    marked = frame["statement"].fill_null("").str.contains("traceparent", literal=True).to_numpy()
    if not marked.any():
        return {}
    trace, span = [""] * count, [""] * count
    for at in np.flatnonzero(marked).tolist():
        found = tags(frame["statement"][at], "postgresql")
        trace[at], span[at] = found.get("trace_id", ""), found.get("span_id", "")
    return {"trace_id": pa.array(trace, pa.string()), "span_id": pa.array(span, pa.string())}


def _same(text: str, other: str) -> bool:
    return " ".join(text.split()).rstrip("; ") == " ".join(other.split()).rstrip("; ")


def _said_before(records: Records, record: int) -> str:
    """Return the statement that the session logged before its length (``log_statement`` with ``log_duration``)."""
    pids = records.fields.get("pid")
    mine = pids[record] if pids is not None else None
    for before in range(record - 1, max(-1, record - 200), -1):
        if pids is not None and pids[before] != mine:
            continue
        text = records.block.one(int(records.starts[before]), int(records.ends[before]))
        if text.startswith(("statement: ", "execute ")):
            said = text.partition(": ")[2].strip()
            return said.replace("\n\t", "\n") if records.tabbed else said
        if text.startswith("duration: ") and "ms  " not in text[:60]:
            return ""
    return ""


def _plan_columns(at: Ints, plans: Mapping[int, Explained]) -> dict[str, pa.Array]:
    found = [plans.get(record) for record in at.tolist()]
    return {
        "plan": pa.array([item.plan if item else None for item in found], pa.string()),
        "rows_examined": pa.array([item.rows_examined if item else None for item in found], pa.int64()),
        "rows_returned": pa.array([item.rows_returned if item else None for item in found], pa.int64()),
        "full_scan": pa.array([item.full_scan if item else None for item in found], pa.bool_()),
    }

"""Points of series on their way to the sink: what a series says of all its points is written down once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from rca.ingest.contract import Sink
from rca.ingest.metrics.series import service_of
from rca.ingest.tables.units import ucum, unit_in_name

__all__ = ["PointRows"]

_ROWS = 131_072
_MOST = 2**63
_BLOCK = pa.schema(
    [("which", pa.int32()), ("time_ns", pa.int64()), ("start_time_ns", pa.int64()), ("value", pa.float64())]
)


class PointRows:
    """Gathers points and hands them to the sink in batches."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._series: list[dict[str, Any]] = []
        self._labels: list[list[tuple[str, str]]] = []
        self._known: dict[tuple[Any, ...], int] = {}
        self._clear()

    def _clear(self) -> None:
        self._blocks: list[pa.Table] = []
        self._sealed = 0
        self._extra: dict[int, dict[str, str]] = {}
        self._clear_open()

    def _clear_open(self) -> None:
        self._which: list[int] = []
        self._times: list[int | None] = []
        self._starts: list[int | None] = []
        self._values: list[float | None] = []

    def series(
        self, name: str, labels: Mapping[str, str], *, service: str = "", unit: str = "", kind: str = "gauge", temporality: str = "",
        monotonic: bool | None = None,
    ) -> int:  # fmt: skip
        """Announce a series and return its number; the label that names the service becomes it where none is given."""
        key = (name, tuple(labels.items()), service, unit, kind, temporality, monotonic)
        number = self._known.get(key)
        if number is None:
            number = self._known[key] = len(self._series)
            own = {label: value for label, value in labels.items() if value != ""}
            found = service or service_of(own) or self._sink.context.service_name
            self._series.append(
                {"metric_name": name, "service_name": found, "unit": ucum(unit) if unit else unit_in_name(name), "metric_type": kind,
                 "temporality": temporality, "is_monotonic": monotonic}
            )  # fmt: skip
            self._labels.append(list(own.items()))
        return number

    def add(
        self,
        series: int,
        time_ns: int | None,
        value: float | None,
        *,
        extra: Mapping[str, str] | None = None,
        start_ns: int | None = None,
    ) -> None:
        """Take one point; NaN is no value, and a time that does not fit is no point."""
        if any(at is not None and abs(at) >= _MOST for at in (time_ns, start_ns)):
            name = self._series[series]["metric_name"]
            self.quarantine("the time does not fit nanoseconds in 64 bits", f"{name} {value} {time_ns} {start_ns}")
            return
        if extra:
            self._extra[self._sealed + len(self._which)] = dict(extra)
        self._which.append(series)
        self._times.append(time_ns)
        self._starts.append(start_ns)
        self._values.append(None if value is None or value != value else value)  # noqa: PLR0124  (NaN alone differs from itself)
        if self._sealed + len(self._which) >= _ROWS:
            self.flush()

    def extend(self, series: int, times_ns: pa.Array, values: pa.Array) -> None:
        """Take many points of one series: int64 and float64, no value where there is none."""
        self._seal()
        count = len(times_ns)
        self._block(pa.array(np.full(count, series, np.int32)), times_ns, pa.nulls(count, pa.int64()), values)
        if self._sealed >= _ROWS:
            self.flush()

    def _seal(self) -> None:
        """Make one block of the single points since the last."""
        if self._which:
            times, starts = pa.array(self._times, pa.int64()), pa.array(self._starts, pa.int64())
            self._block(pa.array(self._which, pa.int32()), times, starts, pa.array(self._values, pa.float64()))
            self._clear_open()

    def _block(self, which: pa.Array, times: pa.Array, starts: pa.Array, values: pa.Array) -> None:
        self._blocks.append(
            pa.table({"which": which, "time_ns": times, "start_time_ns": starts, "value": values}, _BLOCK)
        )
        self._sealed += len(which)

    def whole(self, row: Mapping[str, Any], labels: Mapping[str, str]) -> None:
        """Take a point of a histogram or summary, given as its columns."""
        self.flush()
        own = dict(labels)
        service = service_of(own) or self._sink.context.service_name
        self._sink.records(
            "metrics",
            [{"service_name": service, "unit": unit_in_name(str(row["metric_name"])), "attributes": own, **row}],
        )

    def quarantine(self, reason: str, excerpt: bytes | str, offset: int | None = None) -> None:
        """Set a record apart, in its place among the points."""
        self.flush()
        self._sink.quarantine(reason, excerpt, offset)

    def flush(self) -> None:
        """Hand over what was gathered."""
        self._seal()
        if not self._sealed:
            self._clear()
            return
        gathered = pa.concat_tables(self._blocks).combine_chunks()
        index = gathered["which"].combine_chunks()
        columns: dict[str, Any] = {name: gathered[name] for name in ("time_ns", "start_time_ns", "value")}
        for name in ("metric_name", "service_name", "unit", "metric_type", "temporality", "is_monotonic"):
            kind = pa.bool_() if name == "is_monotonic" else pa.string()
            columns[name] = pa.array([item[name] for item in self._series], kind).take(index)
        labels = self._labels
        if self._extra:
            which, labels = index.to_pylist(), list(self._labels)
            for row, more in self._extra.items():
                labels.append(list((dict(self._labels[which[row]]) | more).items()))
                which[row] = len(labels) - 1
            index = pa.array(which, pa.int32())
        columns["attributes"] = pa.DictionaryArray.from_arrays(
            index, pa.array(labels, pa.map_(pa.string(), pa.string()))
        )
        self._sink.rows("metrics", pa.table(columns))
        self._clear()
